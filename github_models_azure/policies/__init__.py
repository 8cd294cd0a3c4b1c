"""Pipeline policies: fallback, and credentials bound to their origins."""

from ._report import RoutePlan
from .authentication import TargetAuthenticationPolicy
from .authentication_async import AsyncTargetAuthenticationPolicy
from .fallback import FallbackPolicy
from .fallback_async import AsyncFallbackPolicy

__all__ = [
    "AsyncFallbackPolicy",
    "AsyncTargetAuthenticationPolicy",
    "FallbackPolicy",
    "RoutePlan",
    "TargetAuthenticationPolicy",
]
