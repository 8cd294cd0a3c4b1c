"""Models: names, tiers, quotas, limits and capabilities, each with its source."""

from .data import Alias, Elsewhere
from .errors import CatalogError, OverlayError, UnknownModelError
from .model_info import ModelInfo, Plan, Quota, RateLimitTier
from .registry import ModelRegistry, default_registry

__all__ = [
    "Alias",
    "CatalogError",
    "Elsewhere",
    "ModelInfo",
    "ModelRegistry",
    "OverlayError",
    "Plan",
    "Quota",
    "RateLimitTier",
    "UnknownModelError",
    "default_registry",
]
