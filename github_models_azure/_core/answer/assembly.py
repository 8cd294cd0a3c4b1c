"""A whole answer put together from the updates of a stream, tool calls and all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_NAMED_ONCE = ("id", "type", "role", "index")
_HEAD = ("id", "created", "model", "usage", "system_fingerprint")


@dataclass(slots=True)
class _Choice:
    """One choice as far as it has come."""

    finish: str | None = None
    message: dict[str, object] = field(default_factory=dict)
    calls: dict[int, dict[str, object]] = field(default_factory=dict)

    def add(self, choice: Mapping[str, object]) -> str:
        """Add what an update says of the choice, and return the text in it."""
        finish, delta = choice.get("finish_reason"), choice.get("delta")
        if isinstance(finish, str):
            self.finish = finish
        members: Mapping[str, object] = delta if isinstance(delta, Mapping) else {}
        for name, value in members.items():
            if name == "tool_calls":
                for piece in mappings(value):
                    self._piece(piece)
            elif name != "function_call":  # which the normaliser has made a tool call of
                _add(self.message, name, value)
        text = members.get("content")
        return text if isinstance(text, str) else ""

    def whole(self, index: int) -> dict[str, object]:
        """Return the choice as it would have come without a stream."""
        message: dict[str, object] = {"role": "assistant", "content": None, **self.message}
        if self.calls:
            message["tool_calls"] = [self.calls[number] for number in sorted(self.calls)]
        return {"index": index, "finish_reason": self.finish, "message": message}

    def _piece(self, piece: Mapping[str, object]) -> None:
        index = piece.get("index")
        call = self.calls.setdefault(index if isinstance(index, int) else 0, {})
        for name, value in piece.items():
            if name == "function":
                held = call.setdefault(name, {})
                if isinstance(held, dict) and isinstance(value, Mapping):
                    for member, said in value.items():
                        _add(held, member, said)
            elif name != "index":
                _add(call, name, value)


@dataclass(slots=True)
class Assembly:
    """Adds up updates that are in OpenAI's form; members that only one provider knows survive."""

    _head: dict[str, object] = field(default_factory=dict)
    _choices: dict[int, _Choice] = field(default_factory=dict)

    @property
    def finish(self) -> str | None:
        """The finish reason of the first choice."""
        return self._choices[0].finish if 0 in self._choices else None

    def add(self, update: Mapping[str, object]) -> str:
        """Add an update, and return the text of the first choice in it."""
        for name in _HEAD:
            if update.get(name) is not None:
                self._head[name] = update[name]
        text = ""
        for choice in mappings(update.get("choices")):
            index = choice.get("index")
            if isinstance(index, int):
                said = self._choices.setdefault(index, _Choice()).add(choice)
                text += "" if index else said
        return text

    def completion(self, *, only_first: bool = False) -> dict[str, object]:
        """Return the whole answer, with its first choice even if nothing came.

        :param only_first: whether to leave other choices out.
        """
        first = self._choices.get(0, _Choice())
        choices = {0: first} if only_first or not self._choices else self._choices
        whole = [choices[index].whole(index) for index in sorted(choices)]
        return {**self._head, "choices": whole}


def mappings(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the objects in a list."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item


def _add(members: dict[str, object], name: str, value: object) -> None:
    """Add a piece of a member: text is joined, lists too, anything else takes its place."""
    held = members.get(name)
    if value is None:  # said of what is not there; in a history some servers refuse it
        return
    if isinstance(value, str) and isinstance(held, str) and held:
        if name not in _NAMED_ONCE:
            members[name] = held + value
    elif isinstance(value, list) and isinstance(held, list):
        members[name] = [*held, *value]
    elif isinstance(value, dict) and isinstance(held, dict):
        members[name] = {**held, **value}
    else:
        members[name] = value
