"""A streamed answer put together from its pieces, tool calls and all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .reader import AnswerReader
from .stages import AnswerFault, states_error

_NAMED_ONCE = ("id", "type", "role", "index")
_HEAD = ("id", "created", "model", "usage", "system_fingerprint")


@dataclass(slots=True)
class AnswerPieces:
    """Puts the first choice of a stream together; members that only one provider knows survive."""

    reader: AnswerReader = field(default_factory=AnswerReader)
    finish: str | None = None
    _head: dict[str, object] = field(default_factory=dict)
    _message: dict[str, object] = field(default_factory=dict)
    _calls: dict[int, dict[str, object]] = field(default_factory=dict)

    def take(self, update: Mapping[str, object]) -> str:
        """Add one update, and return the text in it; what makes no sense is passed over.

        :raises AnswerFault: if the update states an error.
        """
        try:
            fitted = self.reader.update(update)
        except AnswerFault:
            choices = _mappings(update.get("choices"))
            if states_error(update) or any(choice.get("error") for choice in choices):
                raise
            fitted = update
        for name in _HEAD:
            if fitted.get(name) is not None:
                self._head[name] = fitted[name]
        return "".join([self._choice(choice) for choice in _mappings(fitted.get("choices"))])

    def completion(self) -> dict[str, object]:
        """Return the whole answer, as it would have come without a stream."""
        message: dict[str, object] = {"role": "assistant", "content": None, **self._message}
        if self._calls:
            message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        choice = {"index": 0, "finish_reason": self.finish, "message": message}
        return {**self._head, "choices": [choice]}

    def _choice(self, choice: Mapping[str, object]) -> str:
        if choice.get("index") != 0:
            return ""
        finish, delta = choice.get("finish_reason"), choice.get("delta")
        if isinstance(finish, str):
            self.finish = finish
        members: Mapping[str, object] = delta if isinstance(delta, Mapping) else {}
        for name, value in members.items():
            if name == "tool_calls":
                for piece in _mappings(value):
                    self._piece(piece)
            elif name != "function_call":  # which the normaliser has made a tool call of
                _add(self._message, name, value)
        text = members.get("content")
        return text if isinstance(text, str) else ""

    def _piece(self, piece: Mapping[str, object]) -> None:
        index = piece.get("index")
        number = index if isinstance(index, int) else 0
        call = self._calls.setdefault(number, {})
        for name, value in piece.items():
            if name == "function":
                held = call.setdefault(name, {})
                if isinstance(held, dict) and isinstance(value, Mapping):
                    _add_function(held, value)
            elif name != "index":
                _add(call, name, value)


def _add_function(function: dict[str, object], piece: Mapping[str, object]) -> None:
    for name, value in piece.items():
        if name != "name" or value != function.get("name"):  # some say the name in every piece
            _add(function, name, value)


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


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item
