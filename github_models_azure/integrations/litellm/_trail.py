"""The trail of a call in the form in which LiteLLM carries it: plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from github_models_azure.trail import Adaptation, Attempt, Pause, Skip, Trail

TRAIL = "github_models_trail"
"""The key of ``_hidden_params`` under which a response keeps its trail."""


def trail_json(trail: Trail) -> dict[str, Any]:
    """Return a trail as a JSON object; ``events`` has one object for each step."""
    return {
        "requested": trail.requested,
        "served_by": trail.served_by,
        "fell_back": trail.fell_back,
        "emulated": trail.emulated,
        "waited": round(trail.waited, 3),
        "events": [_event(event) for event in trail.events],
    }


def trail_headers(trail: Trail) -> Mapping[str, str]:
    """Return the headers by which a proxy tells its callers who served; the gateway's names."""
    return {
        "x-github-models-requested": trail.requested,
        "x-github-models-served-by": trail.served_by or "",
        "x-github-models-attempts": str(len(trail.attempts)),
        "x-github-models-fell-back": str(trail.fell_back).lower(),
    }


def _event(event: Attempt | Skip | Pause | Adaptation) -> dict[str, Any]:
    match event:
        case Attempt():
            return {
                "event": "attempt",
                "target": event.target,
                "status": event.status,
                "seconds": round(event.seconds, 3),
                "retry": event.retry,
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


def _failure(attempt: Attempt) -> dict[str, Any] | None:
    failure = attempt.failure
    if failure is None:
        return None
    return {
        "kind": failure.kind.value,
        "message": failure.message,
        "code": failure.code,
        "retry_after": failure.retry_after,
    }
