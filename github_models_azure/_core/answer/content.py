"""What counts as content: a piece of an answer that says something.

A role, usage, or a member that is there and empty says nothing: servers send such pieces to keep
a connection alive. An id without anything else announces what comes, and counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from .calls import LISTED

_SAYING = (
    "content", "tool_calls", "reasoning_content", "reasoning", "refusal", "function_call", "audio",
    "reasoning_details", "reasoning_text", "thinking", "thinking_blocks", LISTED,
)  # fmt: skip
_LABELS = frozenset({"type", "id", "index", "format", "expires_at"})
_DEEPEST = 8  # what is nested further is no keep-alive


def holds_content(said: object) -> bool:
    """Return whether a message, or a piece of one, has any content."""
    if not isinstance(said, Mapping):
        return False
    for name in _SAYING:
        if (value := said.get(name)) and (type(value) is str or _says(value, 0)):
            return True
    return False


def holds_content_at_all(answer: Mapping[str, object]) -> bool:
    """Return whether any choice of an answer or an update has content, before it is fitted."""
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, Mapping) and (
            holds_content(choice.get("delta")) or holds_content(choice.get("message"))
        ):
            return True
    return False


def _says(value: object, depth: int) -> bool:
    if isinstance(value, Mapping):
        inner = [one for name, one in value.items() if name not in _LABELS]
        if not inner:
            return bool(value.get("id"))
    elif isinstance(value, list):
        inner = value
    else:  # a number or a flag in place of a text says what it is
        return bool(value)
    return depth >= _DEEPEST or any(_says(one, depth + 1) for one in inner)
