"""The order of turns in a conversation, where a server or its template wants another."""

from __future__ import annotations

from collections.abc import Mapping

from ..trail_events import Change
from .history import ROLE_ORDER, USER_AFTER_TOOL

HEARD = "Understood."
"""What the assistant says between a tool's turn and the user's."""

_INSTRUCTED = ("developer", "system", "user")
_JOINED = ("assistant", "user")


def fit_turns(messages: list[object], refused: frozenset[str]) -> tuple[list[object], list[Change]]:
    """Return the messages in an order that the target takes, and what was changed."""
    order = ROLE_ORDER in refused
    if not order and USER_AFTER_TOOL not in refused:
        return messages, []
    fitted: list[object] = []
    changes: dict[str, None] = {}
    for message in messages:
        before = _members(fitted[-1] if fitted else None)
        last, role = before.get("role"), _members(message).get("role")
        if last == "tool" and role in _INSTRUCTED:
            fitted.append({"role": "assistant", "content": HEARD})
            changes["a turn of the assistant put between a tool's and the user's"] = None
        elif order and role == last and role in _JOINED:
            both = _both(before, _members(message))
            if both is not None:
                fitted[-1] = both
                changes[f"turns of the {role} in a row joined"] = None
                continue
        fitted.append(message)
    return fitted, [Change(text) for text in changes]


def _members(message: object) -> Mapping[str, object]:
    return message if isinstance(message, Mapping) else {}


def _both(first: Mapping[str, object], second: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return two messages of one role as one; ``None`` where they are more than contents."""
    if any(m.get("tool_calls") or m.get("function_call") for m in (first, second)):
        return None
    one, other = first.get("content"), second.get("content")
    if isinstance(one, str) and isinstance(other, str):
        return {**second, **first, "content": f"{one}\n\n{other}"}
    parts = [*_parts(one), *_parts(other)]
    return {**second, **first, "content": parts}


def _parts(content: object) -> list[object]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) else []
