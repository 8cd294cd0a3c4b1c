"""Streamed answers put together from their pieces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.pieces import AnswerPieces
from github_models_azure._core.answer.stages import AnswerFault


def assembled(*deltas: dict[str, Any], finish: str | None = "stop") -> dict[str, Any]:
    """The message that these deltas make."""
    pieces = AnswerPieces()
    for delta in deltas:
        pieces.take({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    pieces.take({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    (choice,) = pieces.completion()["choices"]  # type: ignore[misc, attr-defined]
    return choice["message"]  # type: ignore[no-any-return, has-type]


def piece(index: int, arguments: str, **members: Any) -> dict[str, Any]:
    """A delta with a piece of one call."""
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}, **members}]}


def test_text_is_joined_and_handed_out() -> None:
    """Each update gives its own text."""
    pieces = AnswerPieces()
    texts = [
        pieces.take({"choices": [{"index": 0, "delta": {"content": text}}]}) for text in ("a", "b")
    ]
    assert texts == ["a", "b"]
    assert pieces.completion()["choices"] == [
        {"index": 0, "finish_reason": None, "message": {"role": "assistant", "content": "ab"}}
    ]


def test_the_head_is_that_of_the_last_update_that_has_it() -> None:
    """Usage often comes alone, at the end."""
    pieces = AnswerPieces()
    pieces.take({"id": "1", "model": "m", "usage": None, "choices": []})
    pieces.take({"id": "1", "usage": {"total_tokens": 3}, "choices": None})
    found = pieces.completion()
    assert (found["id"], found["model"], found["usage"]) == ("1", "m", {"total_tokens": 3})


@pytest.mark.parametrize(
    ("deltas", "member", "whole"),
    [
        ([{"reasoning": "a"}, {"reasoning": "b"}], "reasoning", "ab"),
        ([{"role": "assistant"}, {"role": "assistant"}], "role", "assistant"),
        ([{"details": [1]}, {"details": [2]}], "details", [1, 2]),
        ([{"audio": {"id": "1"}}, {"audio": {"data": "x"}}], "audio", {"id": "1", "data": "x"}),
        ([{"flag": False}, {"flag": True}], "flag", True),
        ([{"content": ""}, {"content": "a"}, {"content": None}], "content", "a"),
    ],
)
def test_other_members_are_joined_by_their_kind(
    deltas: list[dict[str, Any]], member: str, whole: object
) -> None:
    """Text, lists and objects grow; anything else is replaced."""
    assert assembled(*deltas)[member] == whole


def test_null_members_are_left_out() -> None:
    """Some servers refuse them in a history."""
    assert assembled({"content": "a", "refusal": None}) == {"role": "assistant", "content": "a"}


def test_members_of_a_call_survive() -> None:
    """A name said in every piece is said once, an id is not changed by a later one."""
    extra = {"google": {"thought_signature": "s"}}
    first = {"index": 0, "id": "1", "type": "function", "extra_content": extra}
    deltas = [
        {"tool_calls": [{**first, "function": {"name": "look", "arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "look", "arguments": ":1}"}}]},
    ]
    function = {"name": "look", "arguments": '{"a":1}'}
    call = {"id": "1", "type": "function", "extra_content": extra, "function": function}
    assert assembled(*deltas)["tool_calls"] == [call]


def test_an_old_function_call_is_a_tool_call() -> None:
    """It is sent back in the new form, not in both."""
    legacy = {"function_call": {"name": "look", "arguments": "{}"}}
    message = assembled(legacy)
    assert set(message) == {"role", "content", "tool_calls"}
    assert message["tool_calls"][0]["function"] == legacy["function_call"]


def test_what_makes_no_sense_is_passed_over() -> None:
    """Other choices, pieces that are no objects, functions that are none."""
    pieces = AnswerPieces()
    pieces.take({"choices": [{"index": 1, "delta": {"content": "other"}}, "nonsense"]})
    pieces.take({"choices": [{"index": 0, "delta": "nonsense", "finish_reason": 3}]})
    pieces.take({"choices": [{"index": 0, "delta": {"tool_calls": ["x", {"function": "f"}]}}]})
    pieces.take({"choices": [{"index": 0, "delta": {"tool_calls": "x"}}]})
    (choice,) = pieces.completion()["choices"]  # type: ignore[misc, attr-defined]
    assert choice["message"]["content"] is None  # type: ignore[has-type]
    assert pieces.finish is None


@given(
    texts=st.lists(st.text(max_size=20), min_size=1, max_size=4),
    order=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), max_size=40),
    content=st.lists(st.text(max_size=4), max_size=4),
)
def test_calls_are_whole_however_they_were_split(
    texts: list[str], order: list[tuple[int, int]], content: list[str]
) -> None:
    """Pieces of any size, of several calls in any order, among pieces of text."""
    left = list(texts)
    deltas: list[dict[str, Any]] = [{"content": text} for text in content]
    for index in range(len(texts)):
        named = {"name": f"tool_{index}", "arguments": ""}
        deltas.append(piece(index, "", id=f"call_{index}", type="function", function=named))
    for place, size in [*order, *((index, 99) for index in range(len(texts)))]:
        index = place % len(texts)
        deltas.append(piece(index, left[index][:size]))
        left[index] = left[index][size:]
    message = assembled(*deltas)
    assert message["content"] == ("".join(content) if content else None)
    found = [(call["id"], call["function"]) for call in message["tool_calls"]]
    assert found == [
        (f"call_{index}", {"name": f"tool_{index}", "arguments": text})
        for index, text in enumerate(texts)
    ]


def test_an_error_is_not_passed_over() -> None:
    """A client of the SDK hands an error event on as if it were an update."""
    with pytest.raises(AnswerFault, match="overloaded"):
        AnswerPieces().take({"error": {"message": "overloaded"}})
