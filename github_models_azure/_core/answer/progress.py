"""Follows an answer: where its content begins, and whether it came to a proper end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .forced_call import ForcedCall
from .stages import Body

_CONTENT = (
    "content", "tool_calls", "reasoning_content", "reasoning", "refusal", "function_call", "audio",
)  # fmt: skip


@dataclass(slots=True)
class Progress:
    """The stage that notes content, text and finish reasons; it changes nothing.

    :param forced: until its call has come, nothing counts as content.
    :ivar has_content: whether text, a tool call or a finish reason has come.
    """

    forced: ForcedCall = field(default_factory=lambda: ForcedCall(None))
    has_content: bool = False
    finished: set[int] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _text: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the first choice as far as it has come."""
        return "".join(self._text)

    @property
    def is_complete(self) -> bool:
        """Whether every choice that began has its finish reason."""
        return bool(self.finished) and self.finished == self._seen

    def whole(self, body: Body) -> Body:
        """Note what a completion holds."""
        self._note(body, "message")
        return body

    def update(self, update: Body) -> Body:
        """Note what an update of a stream adds."""
        self._note(update, "delta")
        return update

    def _note(self, body: Body, member: str) -> None:
        choices = body.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping):
                self._note_choice(choice, choice.get(member))

    def _note_choice(self, choice: Body, said: object) -> None:
        given, finished = choice.get("index"), choice.get("finish_reason")
        index = given if isinstance(given, int) else 0
        self._seen.add(index)
        text = said.get("content") if isinstance(said, Mapping) else None
        if isinstance(text, str) and not index:
            self._text.append(text)
        if not self.forced.kept:
            return
        if finished:
            self.has_content = True
            self.finished.add(index)
        if isinstance(said, Mapping) and any(said.get(name) for name in _CONTENT):
            self.has_content = True
