"""The updates of streams that differ from OpenAI's form come out in it; others as they are."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.normalise import Form
from tests.core.answer.answer_helpers import ANSWERS, USAGE, same


def update(finish: Any = None, index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"id": "s1", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def piece(arguments: Any = "", name: str | None = None, **members: Any) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {**members, "function": function}


def calling(*pieces: Any) -> dict[str, Any]:
    return update(tool_calls=list(pieces))


def fit(*updates: dict[str, Any]) -> list[Any]:
    reader = Form()
    return [reader.update(one) for one in updates]


def pieces_in(updates: list[Any]) -> list[Any]:
    return [one for up in updates for one in up["choices"][0]["delta"].get("tool_calls") or []]


def put_together(updates: list[Any]) -> list[tuple[Any, Any, Any]]:
    """Id, name and arguments of each call, as user code adds them up."""
    calls: dict[int, list[Any]] = {}
    for one in pieces_in(updates):
        held = calls.setdefault(one["index"], [None, "", ""])
        held[0] = one.get("id") or held[0]
        held[1] += one["function"].get("name") or ""
        held[2] += one["function"]["arguments"]
    return [tuple(held) for _, held in sorted(calls.items())]


@given(updates=st.lists(ANSWERS, max_size=5))
def test_updates_of_any_shape_are_brought_into_form_once(updates: list[dict[str, Any]]) -> None:
    """Nothing raises, the updates given are left alone, and a second time nothing changes."""
    before = copy.deepcopy(updates)
    fitted = fit(*updates)
    assert same(updates, before)
    assert all(map(lambda one, two: one is two, fit(*fitted), fitted))


TEXTS = st.text(alphabet="ab{}ü", max_size=6)
CALL = st.tuples(st.sampled_from("fgh"), st.lists(TEXTS, max_size=3))
# What begins with ``{}`` is a placeholder before the arguments, which has tests of its own.
CALLS = st.lists(CALL.filter(lambda call: not "".join(call[1]).startswith("{}")), max_size=4)


def stream_of(calls: Any, how: str) -> list[dict[str, Any]]:
    """The calls in pieces, as one kind of server sends them."""
    updates = []
    for place, (name, fragments) in enumerate(calls):
        index = {"openai": {"index": place}, "all zero": {"index": 0}}.get(how, {})
        identity = {} if how == "no id" else {"id": f"c{place}"}
        kind = {"type": "function"} if how == "openai" else {}
        updates.append(calling(piece("", name, **index, **identity, **kind)))
        updates += [calling(piece(fragment, **index)) for fragment in fragments]
    return [*updates, update("tool_calls" if how == "openai" else "stop")]


@given(calls=CALLS)
def test_a_stream_in_openais_form_is_returned_itself(calls: Any) -> None:
    """A healthy stream costs no copy."""
    updates = [update(role="assistant", content=""), *stream_of(calls, "openai")]
    assert all(map(lambda one, two: one is two, fit(*updates), updates))


@pytest.mark.parametrize("how", ["no index", "all zero", "no id"])
@given(calls=CALLS)
def test_pieces_find_their_calls(how: str, calls: Any) -> None:
    """Without index, with one index for all, without ids: each call comes out whole."""
    fitted = fit(*stream_of(calls, how))
    together = put_together(fitted)
    assert [(name, text) for _, name, text in together] == [
        (name, "".join(fragments)) for name, fragments in calls
    ]
    ids = [identity for identity, _, _ in together]
    assert len(set(ids)) == len(calls)
    assert all(ids)
    if how != "no id":
        assert ids == [f"c{place}" for place in range(len(calls))]
    assert fitted[-1]["choices"][0]["finish_reason"] == ("tool_calls" if calls else "stop")


def test_whole_calls_in_one_update_are_counted() -> None:
    """Mistral and Gemini send each call whole, several in one update, without index and type."""
    (fitted,) = fit(calling(piece("{}", "f", id="a"), piece("[]", "f", id="b", extra=1)))
    assert pieces_in([fitted]) == [
        {**piece("{}", "f", id="a"), "index": 0, "type": "function"},
        {**piece("[]", "f", id="b", extra=1), "index": 1, "type": "function"},
    ]


@pytest.mark.parametrize(
    ("pieces", "indexes"),
    [
        ([piece("", "f", id="a"), piece("x", id="a"), piece("y")], [0, 0, 0]),
        ([piece("", "f", id="a"), piece("", "g", id="b"), piece("x", id="a")], [0, 1, 0]),
        ([piece("", id="a"), piece("", "f"), piece("", "g")], [0, 0, 1]),
        ([piece("x"), piece("", "f")], [0, 0]),
        ([piece("", "f", index=2), piece("", "g"), piece("", "h", index=1)], [2, 3, 1]),
        # What gave every piece another id, as once proposed for vLLM (vllm#23522), names it once.
        ([piece("", "f", id="a", index=0), piece("x", id="b", index=0)], [0, 0]),
        ([piece("", "f", id="a", index=0), piece("x", "f", id="a", index=0)], [0, 0]),
        ([piece("", id="a", index=0), piece("", "f", id="b", index=0)], [0, 0]),
        (
            [
                *(piece("", "f", id="a", index=0), piece("", "g", id="b", index=0)),
                *(piece("x", index=0), piece("", "h", id="c", index=1), piece("y", index=1)),
            ],
            [0, 1, 1, 2, 2],
        ),
        ([piece("", "f", index="0"), piece("", index=None), piece("", index=True)], [0, 0, 0]),
    ],
)
def test_which_piece_belongs_to_which_call(pieces: list[Any], indexes: list[int]) -> None:
    """By index, else by id, else a new name begins a call and all else goes on with the last."""
    fitted = fit(*map(calling, pieces))
    assert [one["index"] for one in pieces_in(fitted)] == indexes


def test_calls_of_two_choices_are_counted_apart() -> None:
    """Each choice has its own calls, ids and end."""
    first = update(tool_calls=[piece("", "f")])
    second = update(index=1, tool_calls=[piece("", "f")])
    fitted = fit(first, second, update("stop"), update("stop", index=1), update("stop", index=2))
    one, two = (up["choices"][0]["delta"]["tool_calls"][0] for up in fitted[:2])
    assert (one["index"], two["index"]) == (0, 0)
    assert one["id"] != two["id"]
    ends = [up["choices"][0]["finish_reason"] for up in fitted[2:]]
    assert ends == ["tool_calls", "tool_calls", "stop"]


def test_a_made_id_is_that_of_the_call_throughout() -> None:
    """A server's own id that comes late does not make two calls of one."""
    fitted = fit(
        *(calling(piece("", "f", index=0)), calling(piece("x", index=0, id="late"))),
        calling(piece("y", "f", index=0, id="late")),
    )
    made = {one["id"] for one in pieces_in(fitted)}
    assert len(made) == 1
    assert "late" not in made
    assert pieces_in(fit(calling(piece("", "f", index=0)))) == pieces_in(fitted[:1])
    again = fit(*fitted)
    assert again == fitted


@pytest.mark.parametrize(
    ("given_piece", "function"),
    [
        ({"index": 0, "id": "a"}, {"arguments": ""}),
        ({"index": 0, "extra_content": 1}, {"arguments": ""}),
        (piece(None, "f", index=0, id="a"), {"name": "f", "arguments": ""}),
        (piece({"x": 1}, "f", index=0, id="a"), {"name": "f", "arguments": '{"x":1}'}),
        (piece("", "f", index=0, id="a"), {"name": "f", "arguments": ""}),
    ],
)
def test_arguments_in_pieces_are_text(given_piece: Any, function: Any) -> None:
    """What user code adds up is never ``None``; unknown members stay."""
    (fitted,) = pieces_in(fit(calling(given_piece)))
    assert fitted == {**fitted, **given_piece, "function": function}


@pytest.mark.parametrize("odd", [None, "x", 7, [], {"function": "f"}])
def test_odd_pieces_stay(odd: Any) -> None:
    """What is no piece of a call is handed on, and is no call."""
    fitted = fit(calling(odd), update("stop"))
    assert pieces_in(fitted) == [odd]
    assert fitted[1]["choices"][0]["finish_reason"] == "stop"
    whole = update("stop", tool_calls=odd)
    assert fit(whole)[0] is whole


def test_a_legacy_call_in_pieces_becomes_a_tool_call() -> None:
    """``function_call`` of older servers, first with a name, then with arguments."""
    legacy = [{"name": "f", "arguments": ""}, {"arguments": "{}"}]
    fitted = fit(*(update(function_call=one) for one in legacy), update("function_call"))
    ((identity, *call),) = put_together(fitted)
    assert (bool(identity), call) == (True, ["f", "{}"])
    assert fitted[0]["choices"][0]["delta"]["function_call"] == legacy[0]
    assert fitted[2]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("choice", [{"index": 0}, {"index": 0, "delta": None}])
def test_a_choice_without_delta_gets_an_empty_one(choice: dict[str, Any]) -> None:
    """Azure's filter results come without one, and user code reads its content."""
    (fitted,) = fit({"choices": [choice]})
    assert fitted["choices"] == [{"index": 0, "delta": {}}]


def test_a_message_stands_in_for_deltas() -> None:
    """Where a server streams ``message``, each is a delta; after deltas it says all once more."""
    messages = [{"choices": [{"index": 0, "message": {"content": text}}]} for text in "ab"]
    texts = [up["choices"][0]["delta"] for up in fit(*messages)]
    assert texts == [{"content": "a"}, {"content": "b"}]
    last = fit(update(content="ab"), {"choices": [{"index": 0, "message": {"content": "ab"}}]})[1]
    assert last["choices"][0]["delta"] == {}
    assert last["choices"][0]["message"] == {"content": "ab"}


def test_thinking_in_a_stream_is_no_content() -> None:
    """Mistral's lists of parts become text, empty where it only thinks."""
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    delta = fit(update(content=thinking))[0]["choices"][0]["delta"]
    assert (delta["content"], delta["reasoning_content"]) == ("", "hm")


def test_groqs_usage_is_found_in_a_stream() -> None:
    """It comes with the finish reason."""
    (fitted,) = fit({**update("stop"), "x_groq": {"id": "r", "usage": USAGE}})
    assert fitted["usage"] == USAGE


def test_missing_indexes_are_places() -> None:
    """Copilot leaves them out."""
    (fitted,) = fit({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]})
    assert [choice["index"] for choice in fitted["choices"]] == [0, 1]


def test_a_delta_that_is_not_an_object_stays_as_it_is() -> None:
    """What is wrong with it is said elsewhere."""
    odd = {"choices": [{"index": 0, "delta": "odd"}]}
    assert Form().update(odd) is odd
