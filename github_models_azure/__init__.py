"""Keeps code that was written for azure-ai-inference getting answers.

Change one import::

    from github_models_azure import ChatCompletionsClient

A rate limit, an outage, a retired model or a retired endpoint becomes a fallback to the next target
that can serve the request; ``trail_of(answer)`` says who gave it.
"""

from ._client import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient
from ._credentials import GitHubTokenCredential
from ._version import __version__
from .endpoints import Endpoint, Target
from .ledger import MemoryLedger
from .registry import ModelRegistry, RateLimitTier
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
    "trail_of",
]
