"""The same names as the root, for asyncio."""

from .._version import __version__
from ..endpoints import Endpoint, Target
from ..ledger import MemoryLedger
from ..registry import ModelRegistry, RateLimitTier
from ..tokens import count_tokens
from ..trail import Trail, trail_of
from ._client import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient
from ._credentials import GitHubTokenCredential

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
