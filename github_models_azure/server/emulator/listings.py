"""The legacy model list of the service, written from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .json_value import Json

if TYPE_CHECKING:
    from github_models_azure.registry import ModelInfo, ModelRegistry


def legacy_models(registry: ModelRegistry) -> list[Json]:
    """Return the entries of the legacy ``/models``, whose ids are not accepted as ``model``."""
    return [_legacy_entry(info) for info in registry.models() if info.legacy_name]


def _legacy_entry(info: ModelInfo) -> Json:
    registry = info.registry or "azureml"
    version = info.version or "1"
    return {
        "id": f"azureml://registries/{registry}/models/{info.legacy_name}/versions/{version}",
        "name": info.legacy_name,
        "friendly_name": info.name,
        "model_version": version,
        "publisher": info.publisher,
        "model_family": info.publisher,
        "model_registry": registry,
        "task": "embeddings" if "embed" in info.id else "chat-completion",
        "summary": info.summary,
        "tags": list(info.tags),
    }
