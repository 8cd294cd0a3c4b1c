"""The events of a trail, for people and for programs."""

from __future__ import annotations

import dataclasses

import pytest

from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope, Window
from github_models_azure._core.trail_events import (
    Adaptation,
    Attempt,
    Event,
    Pause,
    Skip,
    event_as_json,
)

LIMITED = Failure(FailureKind.RATE_LIMITED, message="wait a minute")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Attempt("e/m", 0.0, 1.234, 200), "asked e/m: answered in 1.23 s"),
        (Attempt("e/m", 0.0, 1.0, 200, retry=True), "retried e/m: answered in 1.00 s"),
        (
            Attempt("e/m", 0.0, 1.0, 200, emulated=True),
            "asked e/m (emulated): answered in 1.00 s",
        ),
        (
            Attempt("e/m", 0.0, 0.5, 429, LIMITED),
            "asked e/m: 429 rate_limited in 0.50 s - wait a minute",
        ),
        (
            Attempt("e/m", 0.0, 0.5, None, Failure(FailureKind.UNAVAILABLE)),
            "asked e/m: no answer unavailable in 0.50 s - no message",
        ),
        (
            Attempt("e/m", 0.0, 0.5, 429, LIMITED, retry=True, emulated=True),
            "retried e/m (emulated): 429 rate_limited in 0.50 s - wait a minute",
        ),
        (Skip("e/m", "does not stream"), "skipped e/m: does not stream"),
        (Pause("e/m", 20.0), "waited 20.00 s for e/m"),
        (Adaptation("e/m", "top_p=1 dropped", lossy=True), "adapted for e/m: top_p=1 dropped"),
    ],
)
def test_each_event_is_one_line(event: Event, line: str) -> None:
    """A trail is read by people: every step says what was done, with whom, and the outcome."""
    assert str(event) == line


@pytest.mark.parametrize("event", [Attempt("t", 0.0), Skip("t", "r"), Pause("t", 1.0)])
def test_events_cannot_be_changed(event: Event) -> None:
    """What happened stays as it happened."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.target = "other"  # type: ignore[misc]


def test_each_event_is_one_object() -> None:
    """Programs tell the steps apart by `event`; what was measured is rounded."""
    skip = Skip("a/x", "cooling", FailureKind.RATE_LIMITED)
    attempt = Attempt("b/y", started=0.1239, seconds=0.5, status=200, retry=True)
    assert event_as_json(skip) == {
        "event": "skipped",
        "target": "a/x",
        "reason": "cooling",
        "kind": "rate_limited",
    }
    assert event_as_json(Adaptation("b/y", "dropped stop", lossy=True)) == {
        "event": "adapted",
        "target": "b/y",
        "change": "dropped stop",
        "lossy": True,
    }
    assert event_as_json(Pause("b/y", 1.23456)) == {
        "event": "waited",
        "target": "b/y",
        "seconds": 1.235,
    }
    assert event_as_json(attempt) == {
        "event": "attempt",
        "target": "b/y",
        "started": 0.124,
        "seconds": 0.5,
        "status": 200,
        "failure": None,
        "retry": True,
        "emulated": False,
    }


def test_a_failure_is_an_object_in_its_attempt() -> None:
    """What a server stated stays exact; enums are their words."""
    failure = Failure(
        FailureKind.RATE_LIMITED,
        Scope.ENDPOINT,
        429,
        "RateLimitReached",
        "wait",
        0.0004,
        Window.DAY,
        limit=50,
    )
    assert event_as_json(Attempt("b/y", 0.0, failure=failure))["failure"] == {
        "kind": "rate_limited",
        "scope": "endpoint",
        "status": 429,
        "code": "RateLimitReached",
        "message": "wait",
        "retry_after": 0.0004,
        "window": "day",
        "limit": 50,
        "param": None,
        "max_input_tokens": None,
    }


def test_another_event_is_refused() -> None:
    """What is no event cannot pass for one, as the type checker knows."""
    with pytest.raises(AssertionError, match="unexpected: Failure"):
        event_as_json(LIMITED)  # type: ignore[arg-type]
