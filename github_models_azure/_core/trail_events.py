"""The events of one call, and how each is written for people and for programs.

A new field of an event goes into its class here, and from there into every writer of trails but
those that name it among what they leave out (``tests/test_trail_writers.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TypeAlias

from .failure.kinds import Failure, FailureKind
from .never import assert_never

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
_Scalar: TypeAlias = bool | int | float | str | Enum | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP exchange with one target; ``failure`` is ``None`` where the target served.

    ``started`` is in seconds since the epoch, ``seconds`` how long the exchange took.
    """

    target: str
    started: float
    seconds: float = 0.0
    status: int | None = None
    failure: Failure | None = None
    retry: bool = False
    emulated: bool = False

    def __str__(self) -> str:
        what = "retried" if self.retry else "asked"
        took = f"{self.seconds:.2f} s"
        emulated = " (emulated)" if self.emulated else ""
        if self.failure is None:
            return f"{what} {self.target}{emulated}: answered in {took}"
        status = "no answer" if self.status is None else str(self.status)
        return (
            f"{what} {self.target}{emulated}: {status} {self.failure.kind.value} in {took} - "
            + (self.failure.message or "no message")
        )


@dataclass(frozen=True, slots=True)
class Skip:
    """A target that was not asked, and why; ``kind`` is the failure foreseen, where it has one."""

    target: str
    reason: str
    kind: FailureKind | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"skipped {self.target}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pause:
    """A deliberate wait of ``seconds`` before ``target`` was asked."""

    target: str
    seconds: float

    def __str__(self) -> str:
        return f"waited {self.seconds:.2f} s for {self.target}"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a request, in words; ``lossy`` where something the caller set is dropped."""

    text: str
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A declared change of the request for one target; ``lossy`` where something was dropped."""

    target: str
    change: str
    lossy: bool = False

    def __str__(self) -> str:
        return f"adapted for {self.target}: {self.change}"


Event = Attempt | Skip | Pause | Adaptation
"""One line of a trail."""

LEFT_OUT_OF_TEXT = {
    "Attempt.started": "the lines are in order",
    "Skip.kind": "the reason says it in words",
    "Adaptation.lossy": "the change says in words what was dropped",
    "Failure.scope": "it decides who is asked next, which the next lines show",
    "Failure.status": "the attempt's own stands there",
    "Failure.code": "the message is for people",
    "Failure.retry_after": "the message is for people",
    "Failure.window": "the message is for people",
    "Failure.limit": "the message is for people",
    "Failure.param": "the message is for people",
    "Failure.max_input_tokens": "the message is for people",
    "Failure.max_output_tokens": "the message is for people",
    "Failure.guessed": "it decides who is asked next, which the next lines show",
    "Failure.final": "it decides who is asked next, which the next lines show",
    "Failure.details": "the error that is raised has them",
}
"""The fields that ``str(event)`` does not show, each with the reason."""


LEFT_OUT_OF_JSON = {
    "Failure.max_output_tokens": "the message has it",
    "Failure.guessed": "it decides who is asked next, which the next events show",
    "Failure.final": "it decides who is asked next, which the next events show",
    "Failure.details": "the error that is raised has them",
}
"""The fields that :func:`event_as_json` does not show, each with the reason."""


def event_as_json(event: Event) -> dict[str, JsonValue]:
    """Return an event as a JSON object; its member ``event`` says which kind it is."""
    members = {one.name: _as_json(getattr(event, one.name)) for one in fields(event)}
    return {"event": _kind_of(event), **members}


def _kind_of(event: Event) -> str:
    match event:
        case Attempt():
            return "attempt"
        case Skip():
            return "skipped"
        case Pause():
            return "waited"
        case Adaptation():
            return "adapted"
        case _:
            return assert_never(event)


def _as_json(value: _Scalar | Failure) -> JsonValue:
    match value:
        case Failure():
            return {
                one.name: _plain(getattr(value, one.name))
                for one in fields(value)
                if f"Failure.{one.name}" not in LEFT_OUT_OF_JSON
            }
        case float():  # measured here; what a server stated stays as it is
            return round(value, 3)
        case _:
            return _plain(value)


def _plain(value: _Scalar) -> JsonValue:
    return str(value.value) if isinstance(value, Enum) else value
