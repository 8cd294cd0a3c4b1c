"""The trail: what it says of a call, and where it is found."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from github_models_azure import Trail, trail_of
from github_models_azure._core.failure.kinds import Failure, FailureKind
from github_models_azure.trail import (
    TRAIL_KEY,
    Adaptation,
    Attempt,
    Pause,
    Skip,
    attach_trail,
    trail_as_json,
    trail_headers,
)

FAILED = Attempt(
    "e/a", 0.0, 0.5, 429, Failure(FailureKind.RATE_LIMITED, message="slow"), emulated=True
)
SERVED = Attempt("e/b", 1.0, 0.25, 200)
EVENTS = (
    Skip("e/c", "does not stream"),
    FAILED,
    Pause("e/b", 2.0),
    Pause("e/b", 0.5),
    Adaptation("e/b", "top_p=1 dropped", lossy=True),
    SERVED,
)
TRAIL = Trail("e/a", EVENTS, "e/b")


def test_events_are_told_apart() -> None:
    """Attempts, skips and adaptations each in their order, and the waits as a sum."""
    assert TRAIL.attempts == (FAILED, SERVED)
    assert TRAIL.skipped == (EVENTS[0],)
    assert TRAIL.adaptations == (EVENTS[4],)
    assert TRAIL.waited == 2.5


def test_an_empty_trail_tells_of_nothing() -> None:
    """Before anything happened there is nothing to tell."""
    trail = Trail("e/a")
    assert (trail.attempts, trail.skipped, trail.adaptations) == ((), (), ())
    assert trail.waited == 0
    assert not trail.fell_back
    assert not trail.emulated
    assert str(trail) == "requested e/a\nnot served"


def test_it_reads_as_one_line_per_step() -> None:
    """From what was requested to who served."""
    assert str(TRAIL).splitlines() == [
        "requested e/a",
        "skipped e/c: does not stream",
        "asked e/a (emulated): 429 rate_limited in 0.50 s - slow",
        "waited 2.00 s for e/b",
        "waited 0.50 s for e/b",
        "adapted for e/b: top_p=1 dropped",
        "asked e/b: answered in 0.25 s",
        "served by e/b",
    ]


@pytest.mark.parametrize(("served", "fell_back"), [("e/b", True), ("e/a", False), (None, False)])
def test_a_fallback_is_an_answer_of_another(served: str | None, fell_back: bool) -> None:
    """A call that nobody served did not fall back."""
    assert Trail("e/a", EVENTS, served).fell_back is fell_back


def test_an_emulated_answer_is_marked() -> None:
    """Only the answer counts: an emulated failure before a real answer does not."""
    assert not TRAIL.emulated
    trail = Trail("e/a", (Attempt("e/a", 0.0, 0.1, 200, emulated=True),), "e/a")
    assert trail.emulated
    assert str(trail).endswith("served by e/a (emulated)")


def test_the_json_of_a_trail_begins_with_the_summary() -> None:
    """Who was asked and who served, then every step; the lengths are rounded."""
    told = trail_as_json(replace(TRAIL, events=(*EVENTS, Pause("e/b", 0.00049))))
    events = told.pop("events")
    assert told == {
        "requested": "e/a",
        "served_by": "e/b",
        "fell_back": True,
        "emulated": False,
        "waited": 2.5,
        "usage": None,
    }
    assert isinstance(events, list)
    assert [event["event"] for event in events if isinstance(event, dict)] == [
        *("skipped", "attempt", "waited", "waited", "adapted", "attempt", "waited"),
    ]


def test_the_headers_name_whom_there_is_to_name() -> None:
    """Nothing is said of a target that did not answer, nor of an emulator that was not there."""
    assert trail_headers(TRAIL) == {
        "x-github-models-requested": "e/a",
        "x-github-models-attempts": "2",
        "x-github-models-fell-back": "true",
        "x-github-models-served-by": "e/b",
    }
    assert trail_headers(Trail("e/a")) == {
        "x-github-models-requested": "e/a",
        "x-github-models-attempts": "0",
        "x-github-models-fell-back": "false",
    }
    emulated = Trail("e/a", (Attempt("e/a", 0.0, 0.1, 200, emulated=True),), "e/a")
    assert trail_headers(emulated)["x-emulated-by"] == "github_models_azure"


def test_a_name_that_is_no_header_is_quoted_and_cut() -> None:
    """Callers choose model names: line ends and half characters reach no server as such."""
    headers = trail_headers(Trail("e/m\r\nx-evil: 1\u20ac\ud800" + "m" * 300))
    assert headers["x-github-models-requested"].startswith("e/m%0D%0Ax-evil: 1%E2%82%AC")
    assert len(headers["x-github-models-requested"]) < 300


class Plain:
    """Anything that takes attributes."""


class Slotted:
    __slots__ = ()


def test_what_carries_a_trail_gives_it_back() -> None:
    """On a result, on an error, and through ``__setattr__`` of one's own."""

    class Picky:
        def __setattr__(self, name: str, value: Any) -> None:
            raise AttributeError(name)

    for value in (Plain(), Picky(), ValueError("x")):
        attach_trail(value, TRAIL)
        assert trail_of(value) is TRAIL


def test_a_function_makes_the_trail_when_asked() -> None:
    """A stream's trail stays live until the stream ends."""
    trails = iter([Trail("a"), Trail("b")])
    value = Plain()
    attach_trail(value, lambda: next(trails))
    assert [trail_of(value), trail_of(value)] == [Trail("a"), Trail("b")]


@pytest.mark.parametrize("value", [Slotted(), 3, "text", None])
def test_what_cannot_carry_a_trail_is_left_alone(value: Any) -> None:
    """Nothing is raised over a trail that finds no place."""
    attach_trail(value, TRAIL)
    assert trail_of(value) is None


@pytest.mark.parametrize("name", ["response", "_response"])
def test_a_trail_is_found_on_the_response(name: str) -> None:
    """A stock client's streams and errors keep the response that has it."""
    response = Plain()
    attach_trail(response, TRAIL)
    assert trail_of(SimpleNamespace(**{name: response})) is TRAIL


def test_a_trail_is_found_in_the_pipeline_context() -> None:
    """What ``raw_response_hook`` receives has it there."""
    assert trail_of(SimpleNamespace(context={TRAIL_KEY: lambda: TRAIL})) is TRAIL


def test_a_trail_is_found_behind_the_errors_of_a_framework() -> None:
    """Through any number of causes, the nearest first; a context is no cause."""
    error = raised_from(RuntimeError("ours"), None)
    attach_trail(error, TRAIL)
    middle = raised_from(KeyError("theirs"), error)
    assert trail_of(raised_from(ValueError("outermost"), middle)) is TRAIL
    nearer = Trail("e/b")
    attach_trail(middle, nearer)
    assert trail_of(raised_from(ValueError("outermost"), middle)) is nearer
    beside = ValueError("by chance")
    beside.__context__ = error
    assert trail_of(beside) is None


def test_causes_that_go_round_end() -> None:
    """Nothing keeps an error from being the cause of its own cause."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert trail_of(first) is None


def raised_from(error: Exception, cause: Exception | None) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "value",
    [
        SimpleNamespace(context={TRAIL_KEY: "no trail"}),
        SimpleNamespace(context="no mapping"),
        SimpleNamespace(**{TRAIL_KEY: lambda: None}),
        SimpleNamespace(response=None),
        object(),
    ],
)
def test_what_is_no_trail_is_not_returned(value: Any) -> None:
    """Other things in its places are passed over."""
    assert trail_of(value) is None
