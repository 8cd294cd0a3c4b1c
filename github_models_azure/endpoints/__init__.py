"""Endpoints: base URLs with what they serve, and the targets on them."""

from .endpoint import Endpoint, origin_of
from .presets import DEFAULT_ENDPOINT, GITHUB, GITHUB_AZURE, endpoint_for
from .target import Target, parse_target

__all__ = [
    "DEFAULT_ENDPOINT",
    "GITHUB",
    "GITHUB_AZURE",
    "Endpoint",
    "Target",
    "endpoint_for",
    "origin_of",
    "parse_target",
]
