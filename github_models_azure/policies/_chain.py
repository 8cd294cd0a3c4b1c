"""Looks down the pipeline that a policy stands in."""

from __future__ import annotations

from typing import Any

from .authentication import TargetAuthenticationPolicy
from .authentication_async import AsyncTargetAuthenticationPolicy


def binds_credentials(policy: Any) -> bool:
    """Tell whether a policy further down binds credentials to origins."""
    following = getattr(policy, "next", None)
    while following is not None:
        if isinstance(following, TargetAuthenticationPolicy | AsyncTargetAuthenticationPolicy):
            return True
        following = getattr(following, "next", None)
    return False
