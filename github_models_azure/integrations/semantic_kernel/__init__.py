"""Semantic Kernel on the clients of this package; needs the extra ``semantic-kernel``."""

from __future__ import annotations

from .._common import missing_extra

try:
    from ._chat import GitHubModelsChatCompletion
    from ._embedding import GitHubModelsTextEmbedding, Vectors
    from ._settings import (
        GitHubModelsChatPromptExecutionSettings,
        GitHubModelsEmbeddingPromptExecutionSettings,
    )
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "semantic_kernel":
        raise
    raise missing_extra("semantic-kernel", error) from error

__all__ = [
    "GitHubModelsChatCompletion",
    "GitHubModelsChatPromptExecutionSettings",
    "GitHubModelsEmbeddingPromptExecutionSettings",
    "GitHubModelsTextEmbedding",
    "Vectors",
]
