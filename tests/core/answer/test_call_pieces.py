"""Which piece of a streamed tool call belongs to which call, in the ways that servers differ."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure._core.answer.normalise import Form

WHOLE = '{"n":1,"s":"x"}'
OTHER = '{"n":2}'


def piece(index: Any, identity: Any, name: Any, arguments: Any, **more: Any) -> dict[str, Any]:
    """A piece without what is ``None``."""
    function = {"name": name, "arguments": arguments}
    members = {"index": index, "id": identity, **more}
    made = {name: value for name, value in members.items() if value is not None}
    return {**made, "function": {k: v for k, v in function.items() if v is not None}}


def fit(*deltas: list[Any], finish: str | None = "tool_calls") -> list[dict[str, Any]]:
    """The calls that plain code adds up: index, id, name and arguments."""
    form, calls = Form("s"), dict[int, dict[str, Any]]()
    updates = [{"choices": [{"index": 0, "delta": {"tool_calls": one}}]} for one in deltas]
    if finish:
        updates.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    fitted: list[Any] = [form.update(one) for one in updates]
    rest: Any = form.rest()
    fitted += [rest] if rest else []
    for update in fitted:
        for one in update["choices"][0]["delta"].get("tool_calls") or []:
            call = calls.setdefault(one["index"], {"id": "", "name": "", "arguments": ""})
            if one.get("id"):
                assert call["id"] in ("", one["id"])
                call["id"] = one["id"]
            call["name"] += one["function"].get("name") or ""
            call["arguments"] += one["function"]["arguments"]
    return list(calls.values())


def told(*deltas: list[Any], finish: str | None = "tool_calls") -> list[tuple[str, str]]:
    made = fit(*deltas, finish=finish)
    ids = [call["id"] for call in made]
    assert len(set(ids)) == len(ids)
    assert all(ids)
    return [(call["name"], call["arguments"]) for call in made]


F, G = ("f", WHOLE), ("g", OTHER)
HALF, REST = WHOLE[:7], WHOLE[7:]
EACH = [("",), (HALF,), (REST,), ("",)]

ONE_CALL: dict[str, list[dict[str, Any]]] = {
    "OpenAI's": [piece(0, "a", "f", ""), piece(0, None, None, HALF), piece(0, None, None, REST)],
    "the name in every piece": [piece(0, "a", "f", one) for (one,) in EACH],
    "the name, and no ids": [piece(0, None, "f", one) for (one,) in EACH],
    "the name, no ids, no index": [piece(None, None, "f", HALF), piece(None, None, "f", REST)],
    "an id for each piece": [piece(0, f"i{n}", "f", one) for n, (one,) in enumerate(EACH)],
    "an id for each later piece": [
        piece(0, "a", "f", HALF), piece(0, "b", None, REST), piece(0, "c", None, "")],
    "an id for each, no index": [
        piece(None, "a", "f", HALF), piece(None, "b", "f", REST), piece(None, "b", "f", "")],
    "an index for each piece": [piece(n, None, None if n else "f", one)
                                for n, (one,) in enumerate(EACH)],
    "an index for each, one id": [piece(n, "a", "f", one) for n, (one,) in enumerate(EACH)],
    "an index for each, no id, the name": [
        piece(0, None, "f", HALF), piece(1, None, "f", REST), piece(2, None, None, "")],
    "an index for each, one id, no name": [
        piece(0, "a", "f", HALF), piece(1, "a", None, REST)],
    "an index and an id for each": [
        piece(0, "a", "f", HALF), piece(1, "b", None, REST), piece(2, None, None, WHOLE)],
    "an index as text": [piece("0", "a", "f", HALF), piece(0.0, None, None, REST)],
    "a number for an id": [piece(0, 7, "f", HALF), piece(0, 7, None, REST)],
    "the text null for an id": [piece(0, "null", "f", HALF), piece(0, "null", None, REST)],
    "None, undefined and nothing": [
        piece(0, "None", "f", HALF), piece(0, "undefined", "", REST), piece(0, "", "", "")],
    "braces first": [
        piece(0, "a", "f", "{}"), piece(0, None, None, HALF), piece(0, "a", "f", REST)],
    "braces first, under another index": [piece(0, "a", "f", "{}"), piece(1, "a", None, WHOLE)],
    "an empty object first": [piece(0, "a", "f", {}), piece(0, None, None, {"n": 1, "s": "x"})],
    "whole, and again": [piece(0, "a", "f", WHOLE), piece(0, "a", "f", WHOLE)],
    "whole, and again without a name": [piece(0, "a", "f", WHOLE), piece(0, None, None, WHOLE)],
    "whole, and again under another index": [
        piece(0, "a", "f", WHOLE), piece(1, None, None, WHOLE)],
    "a name in pieces": [piece(0, "a", "", None), piece(0, None, "f", ""),
                         piece(0, None, None, WHOLE)],
    "braces with a space first": [piece(0, "a", "f", "{ }"), piece(0, None, None, WHOLE)],
    "braces in the same piece": [piece(0, "a", "f", "{}" + HALF), piece(0, None, None, REST)],
    "an id late": [piece(0, None, None, ""), piece(0, "a", None, ""), piece(0, None, "f", WHOLE)],
}  # fmt: skip


@pytest.mark.parametrize("pieces", ONE_CALL.values(), ids=ONE_CALL)
def test_one_call_is_one(pieces: list[dict[str, Any]]) -> None:
    """However it is cut and numbered; in updates of their own, and the same a second time."""
    assert told(*([one] for one in pieces)) == [F]


def test_a_name_may_grow_from_piece_to_piece() -> None:
    """Cut, or all of it so far; either way what a reader adds up is the name."""
    for names in (("get_", "time"), ("get_", "get_time"), ("g", "get", "get_time", "get_time")):
        pieces = [[piece(0, "a", one, "")] for one in names]
        assert told(*pieces, [piece(0, None, None, WHOLE)]) == [("get_time", WHOLE)]


TWO_CALLS: dict[str, list[list[dict[str, Any]]]] = {
    "OpenAI's": [[piece(0, "a", "f", "")], [piece(0, None, None, WHOLE)],
                 [piece(1, "b", "g", "")], [piece(1, None, None, OTHER)]],
    "interleaved": [[piece(0, "a", "f", ""), piece(1, "b", "g", "")],
                    [piece(1, None, None, OTHER), piece(0, None, None, WHOLE)]],
    "under one index, with ids": [[piece(0, "a", "f", HALF)], [piece(0, "a", None, REST)],
                                  [piece(0, "b", "g", "")], [piece(0, "b", None, OTHER)]],
    "under one index, interleaved": [
        [piece(0, "a", "f", HALF)], [piece(0, "b", "g", OTHER[:3])], [piece(0, "a", "f", REST)],
        [piece(0, "b", None, OTHER[3:])], [piece(0, "a", None, "")]],
    "under one index, without ids": [[piece(0, None, "f", WHOLE)], [piece(0, None, "g", "")],
                                     [piece(0, None, None, OTHER)]],
    "under one index, one id": [[piece(0, "x", "f", WHOLE)], [piece(0, "x", "g", OTHER)]],
    "under two, one id": [[piece(0, "x", "f", "")], [piece(0, None, None, WHOLE)],
                          [piece(1, "x", "g", OTHER)]],
    "the text null for both ids": [[piece(0, "null", "f", WHOLE), piece(1, "null", "g", OTHER)]],
    "without an index, one id": [[piece(None, "x", "f", WHOLE)], [piece(None, "x", "g", OTHER)]],
    "without an index, with ids": [[piece(None, "a", "f", WHOLE)], [piece(None, "b", "g", OTHER)]],
    "without an index and ids": [[piece(None, None, "f", WHOLE)], [piece(None, None, "g", OTHER)]],
    "the second without a word": [[piece(0, "a", "f", WHOLE)], [piece(1, "b", None, "")],
                                  [piece(1, None, "g", OTHER)]],
    "ids that change, then another": [
        [piece(0, "a", "f", HALF)], [piece(0, "b", "f", REST)], [piece(0, "c", "f", "")],
        [piece(0, "d", "g", OTHER)]],
}  # fmt: skip


@pytest.mark.parametrize("deltas", TWO_CALLS.values(), ids=TWO_CALLS)
def test_two_calls_are_two(deltas: list[list[dict[str, Any]]]) -> None:
    """Each with its own arguments and an id of its own."""
    assert told(*deltas) == [F, G]


SAME_TOOL: dict[str, list[list[dict[str, Any]]]] = {
    "under one index, with ids": [[piece(0, "a", "f", WHOLE)], [piece(0, "b", "f", OTHER)]],
    "under one index, headers": [
        [piece(0, "a", "f", "")], [piece(0, None, None, WHOLE)], [piece(0, "b", "f", "")],
        [piece(0, None, None, OTHER)]],
    "under one index, headers without ids": [
        [piece(0, None, "f", "")], [piece(0, None, None, WHOLE)], [piece(0, None, "f", "")],
        [piece(0, None, None, OTHER)]],
    "under one index, one id": [[piece(0, "x", "f", WHOLE)], [piece(0, "x", "f", OTHER)]],
    "under one index, no ids": [[piece(0, None, "f", WHOLE)], [piece(0, None, "f", OTHER)]],
    "under two, one id": [[piece(0, "x", "f", WHOLE)], [piece(1, "x", "f", OTHER)]],
    "under two, no ids": [[piece(0, None, "f", WHOLE)], [piece(1, None, "f", OTHER)]],
    "ids that change": [[piece(0, "a", "f", HALF)], [piece(0, "b", "f", REST)],
                        [piece(0, "c", "f", OTHER)]],
    "without an index, one id": [[piece(None, "x", "f", WHOLE)], [piece(None, "x", "f", OTHER)]],
    "without an index and ids": [[piece(None, None, "f", WHOLE)], [piece(None, None, "f", OTHER)]],
    "in one delta": [[piece(0, "x", "f", WHOLE), piece(0, "x", "f", OTHER)]],
}  # fmt: skip


@pytest.mark.parametrize("deltas", SAME_TOOL.values(), ids=SAME_TOOL)
def test_two_calls_of_one_tool_are_two(deltas: list[list[dict[str, Any]]]) -> None:
    """What tells is that the arguments of the first are whole."""
    assert told(*deltas) == [F, ("f", OTHER)]


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        ([[piece(0, "a", "f", WHOLE), piece(0, "a", "f", WHOLE)]], [F, F]),
        ([[piece(None, None, "f", WHOLE)], [piece(None, None, "f", WHOLE)]], [F, F]),
        ([[piece(0, "a", "f", "{}")], [piece(0, "b", "f", "{}")]], [("f", "{}")] * 2),
        ([[piece(0, "a", "f", "{}"), piece(1, "b", "g", "{}")]], [("f", "{}"), ("g", "{}")]),
        ([[piece(0, "a", "f", "null")], [piece(1, "b", "g", None)]], [("f", "{}"), ("g", "")]),
        ([[piece(0, None, "get_", "")], [piece(0, None, "time", None)]], [("get_time", "")]),
        ([[piece(0, "a", 7, WHOLE)]], [("7", WHOLE)]),
        ([[piece(0, "a", "f", '"half')], [piece(1, "b", "g", "")]], [("f", '"half'), ("g", "")]),
    ],
)
def test_calls_without_or_with_the_same_arguments(
    deltas: list[list[dict[str, Any]]], calls: list[tuple[str, str]]
) -> None:
    """A call of nothing is one too, and what is held back comes in the end."""
    assert told(*deltas) == calls
    assert told(*deltas, finish=None) == calls


def test_arguments_that_were_cut_are_not_made_up() -> None:
    """A placeholder is nothing where the answer ended at its limit, or was filtered."""
    for finish in ("length", "content_filter", "MAX_TOKENS"):
        assert told([piece(0, "a", "f", "{}")], finish=finish) == [("f", "")]
        message = {"tool_calls": [piece(None, "a", "f", "{}")]}
        choice = {"index": 0, "finish_reason": finish, "message": message}
        whole: Any = Form("s").whole({"choices": [choice]})
        (made,) = whole["choices"][0]["message"]["tool_calls"]
        assert made["function"]["arguments"] == ""
    assert told([piece(0, "a", "f", "{}")], finish="stop") == [("f", "{}")]


def test_what_is_held_back_comes_with_the_end() -> None:
    """Beside the finish reason, in the piece that was held if it stands in the same update."""
    form = Form("s")
    call = piece(0, "a", "f", "{}", type="function")
    both = {
        "choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]
    }
    assert form.update(both) is both
    form = Form("s")
    first: Any = form.update({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    assert first["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] == ""
    last: Any = form.update({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    assert last["choices"][0]["delta"]["tool_calls"] == [
        {"index": 0, "function": {"arguments": "{}"}}
    ]
    assert last["choices"][0]["finish_reason"] == "tool_calls"
    assert form.rest() is None


DEEP: Any = {}
for _ in range(100_000):
    DEEP = {"a": DEEP}


def test_arguments_that_cannot_be_written_stay() -> None:
    """They are nested too deeply for text."""
    update: Any = {"choices": [{"index": 0, "delta": {"tool_calls": [piece(0, "a", "f", DEEP)]}}]}
    made: Any = Form("s").update(update)
    assert made["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] is DEEP


def test_what_is_held_back_comes_beside_other_pieces() -> None:
    """Where the answer ends in the update that begins another call."""
    form = Form("s")
    form.update({"choices": [{"index": 0, "delta": {"tool_calls": [piece(0, "a", "f", "{}")]}}]})
    delta = {"tool_calls": [piece(1, "b", "g", OTHER)]}
    last: Any = form.update({"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]})
    pieces = last["choices"][0]["delta"]["tool_calls"]
    assert [(one["index"], one["function"]["arguments"]) for one in pieces] == [
        (1, OTHER), (0, "{}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [(7, "7"), ({"a": 1}, '{"a": 1}'), (DEEP, ""), ("f", "f")]
)
def test_a_name_is_text(name: Any, text: str) -> None:
    """Of a whole call too."""
    whole: Any = {"tool_calls": [piece(None, "a", name, "{}")]}
    answer: Any = Form("s").whole({"choices": [{"index": 0, "message": whole}]})
    (made,) = answer["choices"][0]["message"]["tool_calls"]
    assert made["function"] == {"name": text, "arguments": "{}"}
