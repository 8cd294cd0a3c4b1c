"""Keeps code that was written for azure-ai-inference getting answers.

Change one import::

    from github_models_azure import ChatCompletionsClient

A rate limit, an outage, a retired model or a retired endpoint becomes a fallback to the next target
that can serve the request; ``trail_of(answer)`` says who gave it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .client.clients import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient

if TYPE_CHECKING:
    from .credentials.github import GitHubTokenCredential
    from .endpoints import Endpoint, Target
    from .ledger import MemoryLedger
    from .registry import ModelRegistry, RateLimitTier
    from .tokens import count_tokens
    from .trail import Trail, trail_of

__all__ = [
    "ChatCompletionsClient",
    "EmbeddingsClient",
    "Endpoint",
    "GitHubTokenCredential",
    "ImageEmbeddingsClient",
    "MemoryLedger",
    "ModelRegistry",
    "RateLimitTier",
    "Target",
    "Trail",
    "__version__",
    "count_tokens",
    "trail_of",
]

_LOADED_ON_USE = {
    "Endpoint": ".endpoints",
    "GitHubTokenCredential": ".credentials.github",
    "MemoryLedger": ".ledger",
    "ModelRegistry": ".registry",
    "RateLimitTier": ".registry",
    "Target": ".endpoints",
    "Trail": ".trail",
    "count_tokens": ".tokens",
    "trail_of": ".trail",
}


def __getattr__(name: str) -> Any:
    """Load what is used: importing this package costs little more than importing the SDK."""
    if name not in _LOADED_ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LOADED_ON_USE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
