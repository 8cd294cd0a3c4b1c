"""Endpoints: base URLs with what they serve, and the targets on them."""

from .dialects import DIALECTS, Dialect, read_dialect
from .endpoint import Endpoint, origin_of
from .presets import (
    DEFAULT_ENDPOINT,
    GITHUB,
    GITHUB_AZURE,
    PRESETS,
    Target,
    azure_models,
    endpoint_for,
    parse_target,
)

__all__ = [
    "DEFAULT_ENDPOINT",
    "DIALECTS",
    "GITHUB",
    "GITHUB_AZURE",
    "PRESETS",
    "Dialect",
    "Endpoint",
    "Target",
    "azure_models",
    "endpoint_for",
    "origin_of",
    "parse_target",
    "read_dialect",
]
