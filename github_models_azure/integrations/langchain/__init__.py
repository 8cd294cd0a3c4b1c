"""LangChain: a chat model and embeddings on this package's clients; needs the extra langchain.

::

    from github_models_azure.integrations.langchain import ChatGitHubModels

    model = ChatGitHubModels(model="openai/gpt-4.1", fallback=["openai/gpt-4o"])
    model.invoke("Hello").response_metadata["served_by"]
"""

from __future__ import annotations

from .._common import missing_extra

try:
    from ._chat import ChatGitHubModels
    from ._embeddings import GitHubModelsEmbeddings
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "langchain_core":
        raise
    raise missing_extra("langchain", error) from error

__all__ = ["ChatGitHubModels", "GitHubModelsEmbeddings"]
