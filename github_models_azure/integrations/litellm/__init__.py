"""LiteLLM: ``github_models/openai/gpt-4.1`` in code that speaks LiteLLM.

::

    import litellm
    from github_models_azure.integrations.litellm import GitHubModelsLLM, register

    register(GitHubModelsLLM(fallback=["openai/gpt-4.1-mini"]))
    litellm.completion(model="github_models/openai/gpt-4.1", messages=[...])

What answered is in ``response._hidden_params["github_models_trail"]``. A LiteLLM proxy takes
``github_models_azure.integrations.litellm.provider`` as its ``custom_handler``.
"""

from __future__ import annotations

from .._common import missing_extra

try:
    import litellm as _litellm  # noqa: F401
except ModuleNotFoundError as error:
    raise missing_extra("litellm", error) from error

from ._provider import GitHubModelsLLM, register
from ._requests import PROVIDER

__all__ = ["PROVIDER", "GitHubModelsLLM", "provider", "register"]

provider = GitHubModelsLLM()
"""An instance whose options come from the settings, for a proxy's ``custom_provider_map``."""
