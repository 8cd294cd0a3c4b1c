"""The lists of models that the servers show, written from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import ModelInfo, ModelRegistry

Entry = dict[str, str | list[str] | dict[str, int | None] | None]


def catalog(registry: ModelRegistry) -> list[Entry]:
    """Return the entries of ``/catalog/models``."""
    return [_entry(info) for info in registry.models()]


def _entry(info: ModelInfo) -> Entry:
    _, _, name = info.id.partition("/")
    return {
        "id": info.id,
        "name": info.name,
        "registry": info.registry,
        "publisher": info.publisher,
        "summary": info.summary,
        "rate_limit_tier": None if info.tier is None else str(info.tier),
        "html_url": f"https://github.com/marketplace/models/{info.registry}/{name}",
        "version": info.version,
        "capabilities": _capabilities(info),
        "limits": {
            "max_input_tokens": info.max_input_tokens,
            "max_output_tokens": info.max_output_tokens,
        },
        "tags": list(info.tags),
        "supported_input_modalities": sorted(info.input_modalities or ()),
        "supported_output_modalities": sorted(info.output_modalities or ()),
    }


def _capabilities(info: ModelInfo) -> list[str]:
    known = (
        ("streaming", info.streaming),
        ("tool-calling", info.tool_calling),
        ("reasoning", info.reasoning),
    )
    return [name for name, has in known if has]


def legacy_models(registry: ModelRegistry) -> list[Entry]:
    """Return the entries of the legacy ``/models``, whose ids are not accepted as ``model``."""
    return [_legacy_entry(info) for info in registry.models() if info.legacy_name]


def _legacy_entry(info: ModelInfo) -> Entry:
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
