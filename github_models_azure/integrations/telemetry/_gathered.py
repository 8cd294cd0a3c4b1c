"""The events of a stream, gathered into the form of a whole answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Gathered:
    """What the events of one stream say together.

    :param content: whether to gather texts and tool calls as well.
    """

    __slots__ = ("_choices", "_content", "_members")

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._members: dict[str, object] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def take(self, update: Mapping[str, object]) -> None:
        """Add one event."""
        for member in ("id", "model", "usage"):
            if update.get(member):
                self._members[member] = update[member]
        choices = update.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping):
                self._take_choice(choice)

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        kept = self._choices.setdefault(index, {"index": index, "finish_reason": None})
        if choice.get("finish_reason"):
            kept["finish_reason"] = choice["finish_reason"]
        delta = choice.get("delta")
        if not (self._content and isinstance(delta, Mapping)):
            return
        message = kept.setdefault("message", {"role": "assistant", "content": [], "tool_calls": {}})
        if isinstance(delta.get("content"), str):
            message["content"].append(delta["content"])
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, Mapping):
                _take_call(message["tool_calls"], call)

    def answer(self) -> dict[str, object]:
        """Give what was gathered as an answer that came whole."""
        choices = [_whole(choice) for _, choice in sorted(self._choices.items())]
        return {**self._members, "choices": choices}


def _take_call(calls: dict[object, dict[str, Any]], call: Mapping[str, Any]) -> None:
    kept = calls.setdefault(call.get("index", 0), {"id": None, "name": None, "arguments": []})
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    kept["id"] = call.get("id") or kept["id"]
    kept["name"] = function.get("name") or kept["name"]
    kept["arguments"].append(str(function.get("arguments") or ""))


def _whole(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    if message is None:
        return choice
    calls = [
        {"id": call["id"], "function": {**call, "arguments": "".join(call["arguments"])}}
        for call in message["tool_calls"].values()
    ]
    whole = {**message, "content": "".join(message["content"]), "tool_calls": calls}
    return {**choice, "message": whole}
