"""The one place where the SDK's classes, and what it keeps private, are named.

The SDK is frozen at 1.0.0b9; ``tests/test_sdk_pin.py`` holds what is relied upon here.
"""

from __future__ import annotations

from typing import Any

from azure.ai.inference import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient

__all__ = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]


def wrapped_policy(node: Any) -> Any:
    """Return the policy that a node of a pipeline runs: azure-core wraps those without ``send``."""
    return getattr(node, "_policy", node)
