"""The lines of a trail."""

from __future__ import annotations

import dataclasses

import pytest

from github_models_azure._core.failure.kinds import Failure, FailureKind
from github_models_azure._core.trail_events import Adaptation, Attempt, Event, Pause, Skip

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
