"""Whether an answer holds the tool call that the request demands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..failure.kinds import TOOL_CHOICE_IGNORED, Failure, FailureKind
from ..route.needs import ANY_CALL
from .stages import AnswerFault

CUT = ("content_filter", "length")
"""Finish reasons of an answer that was stopped: what it would have called is not known."""


def called_tools(message: object) -> Iterable[str]:
    """Yield the names of the tools that a message, or a piece of one, calls."""
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        name = function.get("name") if isinstance(function, Mapping) else None
        if isinstance(name, str) and name:
            yield name


@dataclass(slots=True)
class ForcedCall:
    """The stage that refuses an answer without the tool call that the request demands.

    :param demanded: the tool, :data:`ANY_CALL`, or ``None`` if no call must be made.
    :ivar kept: whether the call has come, or never will because the answer was cut; until then
        nothing in a stream counts as content.
    """

    demanded: str | None
    kept: bool = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.demanded is None

    def whole(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return a chat completion as it is.

        :raises AnswerFault: if its first choice lacks the call.
        """
        choices = body.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        choice: Mapping[str, object] = first if isinstance(first, Mapping) else {}
        self._read(choice, choice.get("message"), ended=True)
        return body

    def update(self, update: Mapping[str, object]) -> Mapping[str, object]:
        """Return the next update as it is.

        :raises AnswerFault: if a choice ends without the call.
        """
        if not self.kept:
            choices = update.get("choices")
            for choice in choices if isinstance(choices, list) else ():
                if isinstance(choice, Mapping):
                    self._read(choice, choice.get("delta"), ended=bool(choice.get("finish_reason")))
        return update

    def _read(self, choice: Mapping[str, object], said: object, *, ended: bool) -> None:
        if self.kept or self.demanded is None:
            return
        self.kept = choice.get("finish_reason") in CUT or any(
            self.demanded in (ANY_CALL, name) for name in called_tools(said)
        )
        if ended and not self.kept:
            raise AnswerFault(ignored(self.demanded))


def ignored(demanded: str) -> Failure:
    """Return the failure of a server that answered without the demanded call."""
    what = f"a call of {demanded}" if demanded else "a tool call"
    return Failure(
        FailureKind.WRONG_DIALECT,
        status=200,
        code=TOOL_CHOICE_IGNORED,
        message=f"answered without {what}, which tool_choice demands",
    )
