"""Calls that a model wrote as text become tool calls, where that was asked for and they are.

About `_core/answer/text_grammar.py`.
"""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer import text_calls
from github_models_azure._core.answer.text_calls import (
    WrittenCalls,
    wanted_text_calls,
)
from github_models_azure._core.answer.text_grammar import TextCalls
from tests.core.answer.answer_helpers import ANSWERS, same
from tests.core.answer.text_calls_helpers import CALL, TALKED_OF, WRITTEN, F

WANTED = TextCalls("both", frozenset({"f", "get_weather", "add_layer"}))


def answer(content: Any, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **message}
    return {"id": "a1", "choices": [{"index": 0, "finish_reason": finish, "message": message}]}


def calls_in(message: Any) -> list[Any]:
    """Name and arguments of each call."""
    functions = [call["function"] for call in message.get("tool_calls") or []]
    return [(function["name"], function["arguments"]) for function in functions]


def read(text: str, how: str = "both") -> tuple[Any, list[Any]]:
    """The text that is left of a whole answer, and the calls in it."""
    wanted = TextCalls(how, WANTED.names)
    message: Any = WrittenCalls(wanted).whole(answer(text))["choices"][0]["message"]  # type: ignore[index]
    return message["content"], calls_in(message)


def update(content: Any = None, finish: Any = None, index: int = 0, **delta: Any) -> dict[str, Any]:
    delta = delta if content is None else {"content": content, **delta}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "a1", "object": "chunk", "choices": [choice]}


def stream(*pieces: str, how: str = "both") -> list[Any]:
    """The deltas of a stream with this text, and one of its end."""
    reader = WrittenCalls(TextCalls(how, WANTED.names))
    updates = [*map(update, pieces), update(finish="stop")]
    return [reader.update(one)["choices"][0] for one in updates]  # type: ignore[index]


def streamed(choices: list[Any]) -> tuple[str, list[Any]]:
    deltas = [choice["delta"] for choice in choices]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return text, [call for delta in deltas for call in calls_in(delta)]


@pytest.mark.parametrize(("how", "text", "left", "calls"), WRITTEN)
def test_each_way_of_writing_a_call_is_read(how: str, text: str, left: Any, calls: Any) -> None:
    """Whole or streamed in single characters, under its own word and under ``both``."""
    other = "json" if how == "tags" else "tags"
    assert read(text, how) == read(text, "both") == (left, calls)
    assert read(text, other) == (text, [])
    for pieces in ([text], list(text)):
        choices = stream(*pieces, how=how)
        told, made = streamed(choices)
        assert (told.strip(), made) == ((left or "").strip(), calls)
        assert choices[-1]["finish_reason"] == "tool_calls"
        assert choices[-1]["native_finish_reason"] == "stop"


@pytest.mark.parametrize("how", ["json", "tags", "both"])
@pytest.mark.parametrize("text", TALKED_OF, ids=range(len(TALKED_OF)))
def test_what_is_no_call_is_left_as_it_is(text: str, how: str) -> None:
    """Talked about, cut off, of unknown tools or of another shape: the text comes out unchanged."""
    whole = answer(text)
    assert WrittenCalls(TextCalls(how, WANTED.names)).whole(whole) is whole
    for pieces in ([text], [*text[:400], text[400:]]):
        choices = stream(*pieces, how=how)
        assert streamed(choices) == (text, [])
        assert choices[-1]["finish_reason"] == "stop"


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *(CALL, "<tool_call>", "</tool_call>", "<function=f>", "</function>", "[TOOL_CALLS]"),
            *("[", "]", "{", "}", '"', ",", ";", "\n", " ", "```", "`", "json", "[ARGS]", "f"),
            *('{"x": 1}', '"name"', ":", "text", "<|python_tag|>", "\ud800", "é", "\\"),
        ]
    )
    | st.text(max_size=4),
    max_size=12,
).map("".join)


@given(text=FRAGMENTS, how=st.sampled_from(["json", "tags", "both"]), data=st.data())
def test_a_stream_says_what_a_whole_answer_says(text: str, how: str, data: st.DataObject) -> None:
    """However a text is cut, the same calls come out, and the same text before them."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    left, calls = read(text, how)
    told, made = streamed(stream(*pieces, how=how))
    assert made == calls
    assert told == left or not (told.strip() or left)
    if not calls:
        assert left == told == text


@given(value=ANSWERS, how=st.sampled_from(["json", "tags", "both"]))
def test_answers_of_any_shape_are_read(value: dict[str, Any], how: str) -> None:
    """Nothing raises, what is given is left alone, and nothing changes without calls."""
    before, wanted = copy.deepcopy(value), TextCalls(how, frozenset({"a", "f"}))
    reader = WrittenCalls(wanted)
    assert WrittenCalls(wanted).whole(value) is value
    reader.update(value)
    reader.update(value)
    reader.rest()
    assert same(value, before)


@pytest.mark.parametrize("choice", ["f", 3, {"message": "f"}, {"delta": "f"}, {"index": "0"}])
def test_a_choice_that_is_none_is_handed_on(choice: Any) -> None:
    """In a whole answer and in a stream."""
    value = {"choices": [choice]}
    assert WrittenCalls(WANTED).whole(value) is value
    assert WrittenCalls(WANTED).update(value) is value


@given(words=st.lists(st.text("ab .\n", min_size=1, max_size=5), max_size=8))
def test_ordinary_text_streams_on(words: list[str]) -> None:
    """Text without a marker is not held back at all: each update is handed on itself."""
    reader = WrittenCalls(WANTED)
    updates = [update("Well"), *map(update, words), update(finish="stop")]
    assert all(reader.update(one) is one for one in updates)


def test_only_what_may_be_a_call_is_held_back() -> None:
    """The text before goes out at once, and what was held as soon as it is no call."""
    told = [choice["delta"]["content"] for choice in stream("Hm.\n<", "tool", "box> a", "b")[:-1]]
    assert told == ["Hm.\n", "", "<toolbox> a", "b"]
    told = [choice["delta"]["content"] for choice in stream('{"ci', 'ty": ', "1}")[:-1]]
    assert told == ["", '{"city": ', "1}"]


def test_what_is_held_back_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without end is let go as text; so is all after many starts that led nowhere."""
    monkeypatch.setattr(text_calls, "LONGEST", 2000)
    begun = '{"name": "f", "arguments": {"x": "'
    sizes = [len(c["delta"]["content"]) for c in stream(begun, *["y" * 500] * 6, '"}}')[:-1]]
    assert sizes[:4] == [0, 0, 0, 0]
    assert sum(sizes) == len(begun) + 3003
    assert read(begun + "y" * 3000 + '"}}')[1] == []
    monkeypatch.setattr(text_calls, "LONGEST", 200_000)
    starts = "<tool_call>{\n" * 200
    assert read(f"{starts}<tool_call>{CALL}")[1] == []
    assert read(f"{starts[:130]}<tool_call>{CALL}")[1] == [F]


def test_long_calls_are_read_in_time_linear_in_their_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is held is read again only when it has grown by a quarter."""
    reads: list[int] = []
    real = text_calls.read_calls

    def counted(text: str, *args: Any, **kwargs: Any) -> Any:
        reads.append(len(text))
        return real(text, *args, **kwargs)

    monkeypatch.setattr(text_calls, "read_calls", counted)
    text = '{"name": "f", "arguments": {"x": "' + "y" * 50_000 + '"}}'
    ((name, _),) = streamed(stream(*(text[at : at + 10] for at in range(0, len(text), 10))))[1]
    assert name == "f"
    assert sum(reads) < 10 * len(text)


def test_ids_are_given_or_made() -> None:
    """A written id stays; else the same is made for the same answer, whole or streamed."""
    text = '[{"name": "f", "arguments": {}, "id": "abc"}, {"name": "f", "arguments": {}}]'
    whole: Any = WrittenCalls(WANTED).whole(answer(text))["choices"][0]["message"]  # type: ignore[index]
    pieces = stream(text)[-1]["delta"]["tool_calls"]
    assert [call["id"] for call in whole["tool_calls"]] == [call["id"] for call in pieces]
    assert [call["index"] for call in pieces] == [0, 1]
    assert {call["type"] for call in pieces} == {"function"}
    assert pieces[0]["id"] == "abc"
    assert pieces[1]["id"].startswith("call_")


@pytest.mark.parametrize(
    ("finish", "expected", "native"),
    [("stop", "tool_calls", "stop"), ("length", "length", None), (None, None, None)],
)
def test_the_finish_reason_goes_with_the_calls(finish: Any, expected: Any, native: Any) -> None:
    """``stop`` becomes ``tool_calls``; other reasons, and a server's own word, stay."""
    choice: Any = WrittenCalls(WANTED).whole(answer(CALL, finish))["choices"][0]  # type: ignore[index]
    assert (choice["finish_reason"], choice.get("native_finish_reason")) == (expected, native)
    own = answer(CALL)
    own["choices"][0]["native_finish_reason"] = "<|eom_id|>"
    told: Any = WrittenCalls(WANTED).whole(own)["choices"][0]  # type: ignore[index]
    assert told["native_finish_reason"] == "<|eom_id|>"


def test_calls_that_the_server_read_itself_come_first() -> None:
    """Beside real calls a text is a text, and what was held back of it comes out with them."""
    both = answer(CALL, tool_calls=[{"id": "a"}])
    assert WrittenCalls(WANTED).whole(both) is both
    reader = WrittenCalls(WANTED)
    reader.update(update('{"name"'))
    fitted: Any = reader.update(update(': "f"', tool_calls=[{"index": 0}]))
    delta = fitted["choices"][0]["delta"]
    assert delta == {"content": '{"name": "f"', "tool_calls": [{"index": 0}]}
    late = update(CALL, "stop")
    assert reader.update(late) is late


def test_choices_are_read_apart() -> None:
    """Each has its own text, calls and end."""
    reader = WrittenCalls(WANTED)
    both: Any = {"choices": [update(CALL)["choices"][0], update("Hi", index=1)["choices"][0]]}
    first: Any = reader.update(both)
    assert [choice["delta"]["content"] for choice in first["choices"]] == ["", "Hi"]
    end: Any = reader.update(update(finish="stop"))
    assert calls_in(end["choices"][0]["delta"]) == [F]
    other = update(finish="stop", index=1)
    assert reader.update(other) is other
    assert reader.rest() is None


@pytest.mark.parametrize(
    ("text", "delta"),
    [(CALL, {"content": ""}), ('{"name"', {"content": '{"name"'}), ("Hi", None)],
)
def test_what_no_finish_reason_sets_free_is_the_rest(text: str, delta: Any) -> None:
    """Calls or text that were still held back come in an update of their own, once."""
    reader = WrittenCalls(WANTED)
    reader.update({**update(text), "usage": {}})
    rest: Any = reader.rest()
    assert reader.rest() is None
    if delta is None:
        assert rest is None
        return
    assert (rest["id"], rest["object"], "usage" in rest) == ("a1", "chunk", False)
    told = rest["choices"][0]["delta"]
    assert calls_in(told) == ([F] if text == CALL else [])
    assert told.get("content", "") == delta["content"]


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, {"f"}),
        ({"functions": [{"name": "f"}], "tools": None}, {"f"}),
        ({"tools": [{"function": {"name": "f"}}], "tool_choice": "none"}, None),
        ({"tools": [{"function": {"name": 5}}, {"function": "f"}, "f", {"function": {}}]}, None),
        ({"tools": {"function": {"name": "f"}}, "functions": "f"}, None),
        ({}, None),
    ],
)
def test_only_offered_tools_are_looked_for(payload: Any, names: Any) -> None:
    """Without tools, or where none may be called, no text is looked at; nor where not asked for."""
    assert wanted_text_calls(payload, "") is None
    wanted = wanted_text_calls(payload, "tags")
    assert (None if wanted is None else (wanted.how, wanted.names)) == (names and ("tags", names))
    assert json.dumps(payload)
