"""Tools and the choice among them, in the words of chat/completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

_PRESETS = {"auto": "auto", "none": "none", "any": "required", "required": "required"}


def wire_tools(tools: Sequence[Any], strict: bool | None = None) -> list[dict[str, Any]]:
    """Return the definitions of functions, pydantic models, dicts and LangChain's own tools."""
    return [convert_to_openai_tool(tool, strict=strict) for tool in tools]


def wire_choice(choice: Any, tools: Sequence[dict[str, Any]]) -> Any:
    """Return a tool choice as it is sent; ``None`` where nothing is to be said of it.

    :param choice: ``auto``, ``none``, ``any`` or ``required``; a tool's name; true for any tool,
        false for none; or a dict in OpenAI's or Anthropic's form.
    :raises ValueError: for a tool that is not among those offered.
    """
    if choice is None or not tools:
        return None
    if isinstance(choice, bool):
        return "required" if choice else "none"
    if isinstance(choice, str):
        return _PRESETS.get(choice) or _named(choice, tools)
    if not isinstance(choice, dict):
        raise ValueError(f"tool_choice is a text, a bool or a dict, not {choice!r:.80}.")
    name = (choice.get("function") or choice).get("name")
    if name:
        return _named(name, tools)
    kind = choice.get("type")
    return _PRESETS.get(kind) if isinstance(kind, str) and kind in _PRESETS else choice


def _named(name: str, tools: Sequence[dict[str, Any]]) -> dict[str, Any]:
    offered = [str((tool.get("function") or tool).get("name")) for tool in tools]
    if name not in offered:
        raise ValueError(
            f"tool_choice={name!r} is none of the tools offered ({', '.join(offered)}), nor one "
            "of auto, none, any, required."
        )
    return {"type": "function", "function": {"name": name}}
