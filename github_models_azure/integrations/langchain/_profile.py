"""What is known of a model, as LangChain's profile of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...registry import ModelRegistry, default_registry

if TYPE_CHECKING:
    from langchain_core.language_models import ModelProfile


def profile_of(model: str | None, registry: ModelRegistry | None) -> ModelProfile | None:
    """Return the profile of a model; ``None`` where the registry does not know it.

    The token limits are the model's own; what a Copilot plan let through was less.
    """
    if model is None:
        return None
    known = registry or default_registry()
    info = known.find(model) or known.find(model.partition("/")[2])
    if info is None:
        return None
    tools, images = info.tool_calling, info.supports("images")
    facts: dict[str, Any] = {
        "name": info.name or info.id,
        "max_input_tokens": info.max_input_tokens,
        "max_output_tokens": info.max_output_tokens,
        "text_inputs": info.supports("chat"),
        "text_outputs": info.supports("chat"),
        "image_inputs": images,
        "image_url_inputs": images,
        "image_tool_message": images,
        "audio_inputs": info.supports("audio"),
        "reasoning_output": info.reasoning,
        "tool_calling": tools,
        "tool_choice": tools,
        "structured_output": info.json_schema,
        "temperature": False if "temperature" in info.rejects else None,
    }
    profile: Any = {name: fact for name, fact in facts.items() if fact is not None}
    return profile  # type: ignore[no-any-return]
