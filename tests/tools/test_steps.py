"""The decisions of a run with tools, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.tools._steps import (
    AskModel,
    Call,
    Finish,
    Limit,
    Outcome,
    Progress,
    RunCalls,
    RunLimits,
    Stop,
    is_cut,
    next_choice,
    read_calls,
)

ONE, TWO = Call("1", "look", '{"a": 1}'), Call("2", "look", '{"a": 2}')
DONE, FAILED = Outcome.DONE, Outcome.FAILED
Round = tuple[list[Call], list[Outcome]]


def after(*rounds: Round, limits: RunLimits | None = None, external: str = "") -> Progress:
    """The progress after rounds of calls, each with what became of them."""
    progress = Progress(limits or RunLimits(), frozenset(external.split()))
    for calls, outcomes in rounds:
        progress = progress.answered(calls, "tool_calls")
        progress = progress.ran(outcomes)
    return progress


def test_a_run_begins_by_asking() -> None:
    """Nothing is to be run yet."""
    assert Progress(RunLimits()).next(0) == AskModel()


def test_calls_are_run_and_then_the_model_is_asked_again() -> None:
    """Until it makes none."""
    progress = Progress(RunLimits()).answered([ONE, TWO], "tool_calls")
    assert progress.next(0) == RunCalls((ONE, TWO))
    progress = progress.ran([DONE, FAILED])
    assert progress.next(0) == AskModel()
    assert progress.answered([], "stop").next(0) == Finish()


def test_an_answer_counts_even_when_it_is_late() -> None:
    """The limits are on what is still to do."""
    limits = RunLimits(rounds=1, seconds=1)
    assert Progress(limits).answered([], "stop").next(100) == Finish()


def test_pending_calls_end_the_run() -> None:
    """Also in the last round, where own calls are run beside them."""
    progress = Progress(RunLimits(rounds=1), frozenset({"ask"}))
    progress = progress.answered([ONE, Call("2", "ask", "{}")], "tool_calls")
    assert isinstance(progress.next(0), RunCalls)
    assert progress.ran([DONE, Outcome.PENDING]).next(0) == Finish()
    wrong = progress.ran([DONE, FAILED]).next(0)  # then nothing is pending
    assert isinstance(wrong, Stop)
    assert wrong.limit is Limit.ROUNDS


@pytest.mark.parametrize(
    ("limits", "rounds", "calls", "seconds", "limit"),
    [
        (RunLimits(rounds=2), [([ONE], [DONE])], [TWO], 0, Limit.ROUNDS),
        (RunLimits(calls=1), [([ONE], [DONE])], [TWO], 0, Limit.CALLS),
        (RunLimits(calls=1), [], [ONE, TWO], 0, Limit.CALLS),
        (RunLimits(repeats=1), [([ONE], [DONE])], [Call("2", "look", '{"a":1}')], 0, Limit.REPEATS),
        (RunLimits(repeats=1), [], [ONE, ONE], 0, Limit.REPEATS),
        (RunLimits(seconds=5), [], [ONE], 5, Limit.SECONDS),
    ],
)
def test_nothing_is_run_past_a_limit(
    limits: RunLimits, rounds: list[Round], calls: list[Call], seconds: float, limit: Limit
) -> None:
    """The step is a stop that names the limit and its value."""
    step = after(*rounds, limits=limits).answered(calls, "tool_calls").next(seconds)
    assert isinstance(step, Stop)
    assert step.limit is limit
    assert f"RunLimits({limit.value}={getattr(limits, limit.value)})" in step.message


@pytest.mark.parametrize(
    ("limits", "rounds", "seconds", "limit"),
    [
        (RunLimits(errors=2), [([ONE], [FAILED]), ([TWO], [FAILED])], 0, Limit.ERRORS),
        (RunLimits(errors=1), [([ONE, TWO], [FAILED, FAILED])], 0, Limit.ERRORS),
        (RunLimits(errors=2), [([ONE], [FAILED]), ([TWO], [DONE])], 0, None),
        (RunLimits(errors=1), [([ONE, TWO], [FAILED, DONE])], 0, None),
        (RunLimits(errors=1), [([ONE], [Outcome.REFUSED])], 0, None),
        (RunLimits(seconds=5), [([ONE], [DONE])], 5, Limit.SECONDS),
        (RunLimits(seconds=5), [([ONE], [DONE])], 4.9, None),
    ],
)
def test_the_model_is_not_asked_past_a_limit(
    limits: RunLimits, rounds: list[Round], seconds: float, limit: Limit | None
) -> None:
    """Failed rounds count in a row, and only where no call did its work."""
    step = after(*rounds, limits=limits).next(seconds)
    assert (step.limit if isinstance(step, Stop) else None) is limit


def test_each_call_counts() -> None:
    """Whatever its id is: a call is another one at every place in the conversation."""
    limits = RunLimits(calls=1)
    progress = after(([ONE], [DONE]), limits=limits).answered([ONE], "tool_calls")
    assert progress.next(0) == Stop(Limit.CALLS, progress._explained(Limit.CALLS))
    cut = Progress(limits).answered([ONE, Call("2", "look", "{")], "length")
    assert cut.next(0) == Stop(Limit.CALLS, cut._explained(Limit.CALLS))


def test_a_cut_answer_is_marked() -> None:
    """The shell then only tells the model."""
    cut = Progress(RunLimits()).answered([Call("1", "look", '{"a"')], "length")
    assert cut.next(0) == RunCalls((Call("1", "look", '{"a"'),), cut=True)


def test_time_can_end_in_a_step() -> None:
    """The stop is the one that the next step would have been."""
    progress = Progress(RunLimits(seconds=5))
    assert progress.out_of_time() == progress.next(5)


@pytest.mark.parametrize(
    ("finish", "arguments", "cut"),
    [
        ("length", ['{"a": 1}', '{"a"'], True),
        ("length", ["", "{}"], True),
        ("length", ["{}"], False),
        ("length", [], False),
        ("content_filter", ["[1]"], True),
        (None, ["{"], True),
        ("tool_calls", ["{"], False),
        ("stop", ["{"], False),
    ],
)
def test_a_cut_answer_is_known_by_its_reason_and_its_calls(
    finish: str | None, arguments: list[str], cut: bool
) -> None:
    """A whole object cannot have been cut; broken JSON under other reasons is the model's own."""
    assert is_cut([Call("1", "look", text) for text in arguments], finish) is cut


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ('{"a": 1, "b": 2}', ' {"b":2,"a":1}', True),
        ("", "{}", True),
        ("null", "{}", True),
        ('{"a": 1}', '{"a": 2}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a"', ' {"a" ', True),
        ("[" * 100_000, "[", False),
    ],
)
def test_identical_calls_have_one_key(first: str, second: str, same: bool) -> None:
    """Whatever their order and white space."""
    assert (Call("1", "f", first).key == Call("2", "f", second).key) is same
    assert Call("1", "f", first).key != Call("1", "g", first).key


def test_nonsense_is_no_whole_call() -> None:
    """Nor is what is nested too deeply to be read."""
    assert not Call("1", "f", "[" * 100_000).is_whole


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ({"id": "1", "function": {"name": "f", "arguments": "{}"}}, Call("1", "f", "{}")),
        ({"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}, Call("1", "f", '{"a": 1}')),
        ({"id": "1", "function": {"name": "f"}}, Call("1", "f", "")),
        ({"id": 1, "function": {"name": 2, "arguments": None}}, Call("", "", "")),
        ({"function": {"arguments": {1, 2}}}, Call("", "", "<class 'set'>")),
        ({"id": "1", "type": "custom"}, Call("1", "", "")),
        ("nonsense", Call("", "", "")),
    ],
)
def test_calls_are_read_as_they_came(given: object, call: Call) -> None:
    """What is missing is empty, and an object is written as text."""
    assert read_calls({"tool_calls": [given]}) == (call,)


@pytest.mark.parametrize("message", [{}, {"tool_calls": None}, {"tool_calls": "f()"}])
def test_a_message_without_calls_has_none(message: dict[str, Any]) -> None:
    """Whatever stands in their place."""
    assert read_calls(message) == ()


@pytest.mark.parametrize(
    ("choice", "then"),
    [
        ("auto", "auto"), ("none", "none"), (None, None), ("required", "auto"), ("any", "auto"),
        ({"type": "function", "function": {"name": "f"}}, "auto"),
    ],
)  # fmt: skip
def test_a_forced_call_is_forced_once(choice: object, then: object) -> None:
    """Anything else stays as it was given."""
    assert next_choice(choice) == then


def test_a_long_call_is_shown_in_short() -> None:
    """In errors, on one line."""
    assert str(Call("1", "f", '{"a":\n1}')) == 'f({"a": 1})'
    assert len(str(Call("1", "f", "x" * 500))) == 83


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from([DONE, FAILED])), max_size=3),
        max_size=12,
    )
)
def test_a_run_ends_within_its_limits(script: list[list[tuple[int, Outcome]]]) -> None:
    """Whatever the model does, no count passes its limit."""
    limits = RunLimits(rounds=5, calls=6, repeats=2, errors=2)
    progress, run, asked = Progress(limits), 0, 0
    for said in script:
        if not isinstance(progress.next(0), AskModel):
            break
        asked += 1
        calls = [Call("", "f", json.dumps({"a": number})) for number, _ in said]
        progress = progress.answered(calls, "tool_calls")
        if isinstance(progress.next(0), RunCalls):
            run += len(calls)
            progress = progress.ran([outcome for _, outcome in said])
    assert run <= limits.calls
    assert asked <= limits.rounds
