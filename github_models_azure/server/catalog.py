"""The list of ``/catalog/models``, written from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..registry import ModelInfo, ModelRegistry


def catalog(registry: ModelRegistry) -> list[dict[str, Any]]:
    """Return the entries of ``/catalog/models``."""
    return [_entry(info) for info in registry.models()]


def _entry(info: ModelInfo) -> dict[str, Any]:
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
