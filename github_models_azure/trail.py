"""The trail of one call: who was asked, who was passed over, who answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ._core.trail_events import Adaptation, Attempt, Event, Pause, Skip

__all__ = ["Adaptation", "Attempt", "Pause", "Skip", "Trail", "trail_of"]

TRAIL_KEY = "_github_models_trail"
"""Where a result, an error, a response or a pipeline context keeps its trail."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What one call did, in order; ``str(trail)`` is one readable line per step.

    ``requested`` is the target that the caller named, ``served_by`` the one that answered
    (``None`` where none did), ``waited`` the seconds slept between attempts.
    """

    requested: str
    events: tuple[Event, ...] = ()
    served_by: str | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The HTTP exchanges, in order."""
        return tuple(event for event in self.events if isinstance(event, Attempt))

    @property
    def skipped(self) -> tuple[Skip, ...]:
        """The targets that were not asked, with reasons."""
        return tuple(event for event in self.events if isinstance(event, Skip))

    @property
    def adaptations(self) -> tuple[Adaptation, ...]:
        """The changes that a target needed, lossy ones marked."""
        return tuple(event for event in self.events if isinstance(event, Adaptation))

    @property
    def waited(self) -> float:
        """Seconds slept between attempts, in all."""
        return sum(event.seconds for event in self.events if isinstance(event, Pause))

    @property
    def fell_back(self) -> bool:
        """Whether another target than the requested one answered."""
        return self.served_by is not None and self.served_by != self.requested

    @property
    def emulated(self) -> bool:
        """Whether the answer came from the emulator."""
        return any(attempt.emulated for attempt in self.attempts if attempt.failure is None)

    def __str__(self) -> str:
        served = f"served by {self.served_by}" if self.served_by else "not served"
        if self.emulated:
            served += " (emulated)"
        lines = [f"requested {self.requested}", *map(str, self.events), served]
        return "\n".join(lines)


def trail_of(value: object) -> Trail | None:
    """Return the trail of a completion, a stream, embeddings, or an error that was raised.

    Results of a stock SDK client carry none; there, pass what ``raw_response_hook`` receives, an
    error, or a stream. An error that was raised from another one has that one's. ``None`` where
    the value has no trail.
    """
    for one in (value, *_causes(value)):
        for trail in _kept_by(one):
            found = trail() if callable(trail) else trail
            if isinstance(found, Trail):
                return found
    return None


def attach_trail(value: object, trail: object) -> None:
    """Attach a trail, or a function that makes it, to a result or an error."""
    try:
        object.__setattr__(value, TRAIL_KEY, trail)
    except AttributeError:  # a value with slots: nothing of the SDK's, possibly a caller's own
        return


def _causes(error: object) -> Iterator[BaseException]:
    seen: set[int] = set()  # nothing forbids a circle
    cause = getattr(error, "__cause__", None)
    while isinstance(cause, BaseException) and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__


def _kept_by(value: object) -> Iterator[object]:
    yield getattr(value, TRAIL_KEY, None)
    context = getattr(value, "context", None)
    if isinstance(context, dict):
        yield context.get(TRAIL_KEY)
    # A stock client's stream keeps its response, its errors the answer they were made of.
    for name in ("response", "_response"):
        yield getattr(getattr(value, name, None), TRAIL_KEY, None)
