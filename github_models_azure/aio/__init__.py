"""The same names as the root, for asyncio."""

from ..endpoints import Endpoint, Target
from ..registry import ModelRegistry, RateLimitTier
from ..trail import trail_of
from ._client import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient
from ._credentials import GitHubTokenCredential

__all__ = [
    "ChatCompletionsClient",
    "EmbeddingsClient",
    "Endpoint",
    "GitHubTokenCredential",
    "ImageEmbeddingsClient",
    "ModelRegistry",
    "RateLimitTier",
    "Target",
    "trail_of",
]
