"""The trail of one call: who was asked, who was passed over, who answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias
from urllib.parse import quote

from ._core import trail_events
from ._core.answer.usage import Usage
from ._core.trail_events import (
    Adaptation,
    Attempt,
    Event,
    JsonValue,
    Pause,
    Skip,
    event_as_json,
)

__all__ = ["Adaptation", "Attempt", "Pause", "Skip", "Trail", "Usage", "trail_of"]

TRAIL_KEY = "_github_models_trail"
"""Where a result, an error, a response or a pipeline context keeps its trail."""

Spent: TypeAlias = Callable[[], Usage | None] | Usage | None
"""The usage of an answer, or what counts it if it is asked for."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What one call did, in order; ``str(trail)`` is one readable line per step.

    ``requested`` is the target that the caller named, ``served_by`` the one that answered
    (``None`` where none did), ``waited`` the seconds slept between attempts. What the answer used
    is read as ``usage``; ``spent`` holds what is needed to tell it.
    """

    requested: str
    events: tuple[Event, ...] = ()
    served_by: str | None = None
    spent: Spent = field(default=None, compare=False, repr=False)

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

    @property
    def usage(self) -> Usage | None:
        """The tokens of the answer: as its server counted them, or an estimate, marked as such.

        Of a stream, those so far. ``None`` if no target served, or for embeddings of images whose
        server sends no usage. The answer's own ``usage`` is never filled in.
        """
        return self.spent() if callable(self.spent) else self.spent

    def __str__(self) -> str:
        served = f"served by {self.served_by}" if self.served_by else "not served"
        if self.emulated:
            served += " (emulated)"
        lines = [f"requested {self.requested}", *map(str, self.events), served]
        return "\n".join(lines)


LEFT_OUT_OF_TEXT = {
    "Trail.attempts": "each has its line",
    "Trail.skipped": "each has its line",
    "Trail.adaptations": "each has its line",
    "Trail.waited": "each wait has its line",
    "Trail.fell_back": "the first line and the last tell it",
    "Trail.usage": "the lines are steps",
    "Trail.spent": "the lines are steps",
}
"""The facts that ``str(trail)`` does not show of themselves, each with the reason."""

LEFT_OUT_OF_JSON = {
    "Trail.attempts": "they are among the events",
    "Trail.skipped": "they are among the events",
    "Trail.adaptations": "they are among the events",
    **trail_events.LEFT_OUT_OF_JSON,
}
"""The facts that :func:`trail_as_json` does not show of themselves, each with the reason."""

LEFT_OUT_OF_HEADERS = {
    "Attempt": "headers have little room",
    "Skip": "headers have little room",
    "Pause": "headers have little room",
    "Adaptation": "headers have little room",
    "Failure": "headers have little room",
    "Trail.events": "headers have little room",
    "Trail.skipped": "headers have little room",
    "Trail.adaptations": "headers have little room",
    "Trail.waited": "the caller can measure the request",
    "Trail.usage": "the headers are sent before a stream has used anything",
    "Trail.spent": "the headers are sent before a stream has used anything",
}
"""The facts that :func:`trail_headers` does not show, each with the reason."""

_PRINTABLE = "".join(chr(code) for code in range(32, 127))
_LONGEST = 200


def trail_as_json(trail: Trail) -> dict[str, JsonValue]:
    """Return a trail as a JSON object; ``events`` has one object for each step."""
    told = {one.name: getattr(trail, one.name) for one in fields(Trail) if one.name != "spent"}
    usage = trail.usage
    return {
        **told,
        "usage": None if usage is None else asdict(usage),
        "fell_back": trail.fell_back,
        "emulated": trail.emulated,
        "waited": round(trail.waited, 3),
        "events": [event_as_json(event) for event in trail.events],
    }


def trail_headers(trail: Trail) -> dict[str, str]:
    """Return the headers by which a server tells its callers who served, and what it took."""
    headers = {
        "x-github-models-requested": _header_value(trail.requested),
        "x-github-models-attempts": str(len(trail.attempts)),
        "x-github-models-fell-back": "true" if trail.fell_back else "false",
    }
    if trail.served_by is not None:
        headers["x-github-models-served-by"] = _header_value(trail.served_by)
    if trail.emulated:
        headers["x-emulated-by"] = "github_models_azure"
    return headers


def _header_value(text: str) -> str:
    """Write a name so that it can be a header: callers choose model names freely."""
    # JSON can hold half of a character, which has no bytes.
    value = quote(text[:_LONGEST], safe=_PRINTABLE, errors="replace")
    # No header begins or ends with a blank.
    return re.sub("^ +| +$", lambda found: "%20" * len(found[0]), value)


def trail_of(value: object) -> Trail | Any:
    """Return the trail of a completion, a stream, embeddings, or an error that was raised.

    Results of a stock SDK client carry none; there, pass what ``raw_response_hook`` receives, an
    error, or a stream. An error that was raised from another one has that one's. ``None`` where
    the value has no trail; the type leaves that out, as all that this package makes has one.
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
