"""What happened during one call, as values that can be printed and compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from .failure.kinds import Failure, FailureKind


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
