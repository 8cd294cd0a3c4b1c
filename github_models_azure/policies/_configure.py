"""From the keywords of a policy to its settings."""

from __future__ import annotations

from typing import Any

from ..endpoints.presets import PRESETS
from ._settings import OPTION_NAMES, FallbackSettings, check_options

_INNER = frozenset(
    {
        "clock", "endpoint", "endpoints", "jitter", "retry_backoff_factor", "retry_backoff_max",
        "retry_backoff_min", "retry_total", "timeout",
    }
)  # fmt: skip


def configure(fallback: Any, options: dict[str, Any]) -> FallbackSettings:
    """Check the keywords of a policy and return its settings.

    :raises TypeError: for an unknown keyword or a value of a wrong type; ValueError for one out of
        range.
    """
    unknown = sorted(options.keys() - OPTION_NAMES - _INNER)
    if unknown:
        known = ", ".join(sorted(OPTION_NAMES))
        raise TypeError(f"FallbackPolicy takes no keyword {unknown[0]!r}. Known: {known}.")
    endpoints = options.get("endpoints") or PRESETS
    checked = check_options({"fallback": fallback, **options}, endpoints)
    return FallbackSettings(**checked)
