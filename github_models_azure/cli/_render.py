"""Values as JSON, and rows as a table of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeAlias

from ..trail import Adaptation, Attempt, Pause, Skip, Trail

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None


def table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield rows as lines; a cell that is too wide takes the space of those after it."""
    for row in rows:
        line, wanted = "", 0
        for cell, width in zip(row, widths, strict=True):
            line += cell + " "
            wanted += width + 1
            line = line.ljust(wanted)
        yield line.rstrip()


def wrapped(lead: str, text: str, *, hang: int = 0, width: int = 79) -> Iterator[str]:
    """Yield a text after a lead, its further lines indented by the lead's length and ``hang``."""
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def trail_events(trail: Trail | None) -> list[JsonValue]:
    """Return the steps of a trail, one object for each."""
    return [_event(event) for event in trail.events] if trail is not None else []


def _event(event: Attempt | Skip | Pause | Adaptation) -> JsonValue:
    match event:
        case Attempt():
            return {
                "event": "attempt",
                "target": event.target,
                "status": event.status,
                "seconds": round(event.seconds, 3),
                "retry": event.retry,
                "emulated": event.emulated,
                "failure": _failure(event),
            }
        case Skip():
            return {"event": "skipped", "target": event.target, "reason": event.reason}
        case Pause():
            return {"event": "waited", "target": event.target, "seconds": round(event.seconds, 3)}
        case Adaptation():
            return {
                "event": "adapted",
                "target": event.target,
                "change": event.change,
                "lossy": event.lossy,
            }


def _failure(attempt: Attempt) -> JsonValue:
    failure = attempt.failure
    if failure is None:
        return None
    return {
        "kind": failure.kind.value,
        "message": failure.message,
        "code": failure.code,
        "retry_after": failure.retry_after,
        "window": failure.window.value,
        "limit": failure.limit,
    }


def plain(value: object) -> JsonValue:
    """Return a fact as JSON: sets sorted, dates as text, enums as their words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, frozenset | set):
        return list[JsonValue](sorted(str(item) for item in value))
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return value.isoformat() if isinstance(value, date) else str(value)
