"""A demanded tool call, and whether an answer holds it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.answer.demands import (
    AllVectors,
    ForcedCall,
    Said,
    WantedShape,
    called_tools,
    ignored,
    inputs_in,
)
from github_models_azure._core.answer.stages import AnswerFault
from github_models_azure._core.failure.kinds import TOOL_CHOICE_IGNORED, Failure, FailureKind, Scope
from github_models_azure._core.route.needs import ANY_CALL, demanded_call
from tests.core.body_helpers import json_values

NAMED = {"type": "function", "function": {"name": "f"}}


def calls(*names: Any) -> dict[str, Any]:
    return {"tool_calls": [{"id": "1", "function": {"name": name}} for name in names]}


def answer(message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message}]}


def breach(value: Any, demanded: str | None) -> Failure | None:
    """What a whole answer fails with, if it lacks the call."""
    try:
        assert ForcedCall(demanded).whole(value) is value
    except AnswerFault as fault:
        return fault.failure
    return None


@pytest.mark.parametrize(
    ("choice", "demanded"),
    [
        ("required", ANY_CALL),
        ("any", ANY_CALL),
        (NAMED, "f"),
        ("auto", None),
        ("none", None),
        (None, None),
        (3, None),
        (["required"], None),
        ({"function": "f"}, None),
        ({"function": {"name": 3}}, None),
        ({"type": "allowed_tools"}, None),
    ],
)
def test_what_a_request_demands(choice: Any, demanded: str | None) -> None:
    """``required`` and Mistral's ``any`` want whichever call, a named tool its own."""
    assert demanded_call({"tool_choice": choice}) == demanded


def test_a_request_that_says_nothing_demands_nothing() -> None:
    """Tools alone are an offer."""
    assert demanded_call({"tools": [NAMED]}) is None


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (calls("f", "g"), ["f", "g"]),
        ({"tool_calls": None, "content": "f()"}, []),
        ({}, []),
        ("text", []),
        (None, []),
        ({"tool_calls": {"function": {"name": "f"}}}, []),
        ({"tool_calls": 3}, []),
        ({"tool_calls": [1, {}, {"function": "f"}, {"function": {"name": None}}]}, []),
        (calls("", 3, "g"), ["g"]),
    ],
)
def test_what_a_message_calls(message: Any, names: list[str]) -> None:
    """Names that are texts; a later piece of a streamed call has none, and odd values none."""
    assert list(called_tools(message)) == names


@pytest.mark.parametrize(
    ("demanded", "called", "kept"),
    [
        (ANY_CALL, ["g"], True),
        (ANY_CALL, [], False),
        ("f", ["g", "f"], True),
        ("f", ["g"], False),
        ("f", [], False),
    ],
)
def test_a_demand_is_kept_by_the_call_it_names(
    demanded: str, called: list[str], kept: bool
) -> None:
    """Another tool's call is none of the one that was named."""
    stage, calls_made = ForcedCall(demanded), [{"function": {"name": name}} for name in called]
    stage.update({"choices": [{"index": 0, "delta": {"tool_calls": calls_made}}]})
    assert stage.kept is kept


@pytest.mark.parametrize(
    ("value", "demanded", "broken"),
    [
        (answer({"content": "f()"}), "f", True),
        (answer({"content": "f()"}), ANY_CALL, True),
        (answer({"content": "f()"}), None, False),
        (answer(calls("f")), "f", False),
        (answer(calls("g")), "f", True),
        (answer(calls("g")), ANY_CALL, False),
        ({"choices": []}, ANY_CALL, True),
        ({"choices": ["x"]}, ANY_CALL, True),
        ({}, ANY_CALL, True),
    ],
)
def test_an_answer_without_the_call_breaks_the_contract(
    value: Any, demanded: str | None, broken: bool
) -> None:
    """The first choice is looked at: what the caller will read."""
    assert (breach(value, demanded) is not None) is broken


def test_the_failure_says_what_was_missing() -> None:
    """It is about this target alone, and nothing in the request can be mended."""
    assert breach(answer({}), "f") == Failure(
        FailureKind.WRONG_DIALECT,
        Scope.TARGET,
        status=200,
        code=TOOL_CHOICE_IGNORED,
        message="answered without a call of f, which tool_choice demands",
    )
    assert ignored(ANY_CALL).message == "answered without a tool call, which tool_choice demands"


@given(payload=st.dictionaries(st.just("tool_choice"), json_values), value=json_values)
@settings(deadline=None)
def test_any_values_are_taken(payload: Any, value: Any) -> None:
    """Neither odd requests nor odd answers raise."""
    demanded = demanded_call(payload)
    assert demanded is None or isinstance(demanded, str)
    for odd in ({"choices": value}, {"choices": [value]}, answer(value)):
        failure = breach(odd, demanded or ANY_CALL)
        assert failure is None or failure.code == TOOL_CHOICE_IGNORED


@pytest.mark.parametrize(
    "update",
    [
        {"choices": ["odd"]},
        {"choices": None},
        {"choices": [{"index": 0, "delta": "odd"}]},
        {"choices": [{"index": 0, "delta": {"content": ["odd"]}}]},
    ],
)
def test_odd_updates_pass_as_they_are(update: dict[str, Any]) -> None:
    """What is neither a call nor a text of the first choice demands nothing."""
    assert ForcedCall("f").update(update) is update
    assert WantedShape("f").update(update) is update


def test_odd_pieces_of_a_forced_call_are_passed_over() -> None:
    """A piece without a function adds nothing to the arguments."""
    stage = WantedShape("f")
    pieces = ["odd", {"index": 0}, {"index": 0, "function": {"name": "f", "arguments": "{}"}}]
    stage.update({"choices": [{"index": 0, "delta": {"tool_calls": pieces}}]})
    assert stage.said == Said("{}", forced=True)


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [({}, 1), ({"input": "text"}, 1), ({"input": [1, 2]}, 1), ({"input": [[1], [2]]}, 2)],
)
def test_as_many_vectors_are_wanted_as_there_are_inputs(payload: Any, wanted: int) -> None:
    """A list of tokens is one input; what is no list of vectors has none."""
    stage = AllVectors(inputs_in(payload))
    body = {"data": [{"embedding": [0.1]}] * wanted}
    assert stage.whole(body) is body
    assert stage.update(body) is body
    for broken in ({"data": "no"}, {"data": [3]}, {"data": [{"embedding": []}] * wanted}):
        with pytest.raises(AnswerFault, match=f"0 vectors for {wanted} inputs"):
            stage.whole(broken)
