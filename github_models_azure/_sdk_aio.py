"""The async classes of the SDK; apart from :mod:`._sdk` so that sync users do not load them."""

from __future__ import annotations

from azure.ai.inference.aio import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient

__all__ = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]
