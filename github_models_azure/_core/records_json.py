"""The steps of a trail as plain JSON, in one form wherever they are shown to programs."""

from __future__ import annotations

from typing import TypeAlias

from .trail_events import Adaptation, Attempt, Pause, Skip

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None


def event_as_json(event: Attempt | Skip | Pause | Adaptation) -> dict[str, JsonValue]:
    """Return one step as an object; ``event`` says which kind of step it is."""
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
        case _:
            return {
                "event": "adapted",
                "target": event.target,
                "change": event.change,
                "lossy": event.lossy,
            }


def _failure(attempt: Attempt) -> dict[str, JsonValue] | None:
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
