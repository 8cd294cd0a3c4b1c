"""Calls that were written as text, in the bytes of a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure._core.answer.stages import AnswerFault
from github_models_azure._core.answer.text_grammar import TextCalls
from github_models_azure._core.failure.kinds import TOOL_CHOICE_IGNORED, FailureKind
from tests.core.answer.framed import FramedReader

CALL = '<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>'
DONE = b"data: [DONE]\n\n"


def event(finish: Any = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "a1", "choices": [choice]}).encode() + b"\n\n"


def reader_of(demanded: str | None = None) -> FramedReader:
    wanted = TextCalls("tags", frozenset({"f"}))
    return FramedReader(demanded=demanded, written=wanted)


def deltas(raw: bytes) -> list[Any]:
    blocks = [block.removeprefix(b"data: ") for block in raw.split(b"\n\n") if block]
    return [json.loads(b)["choices"][0]["delta"] for b in blocks if b != b"[DONE]"]


def test_text_goes_out_at_once_and_a_call_at_the_end() -> None:
    """While a call is held back there is nothing that another target could not take over."""
    reader = reader_of()
    assert reader.feed(event(role="assistant") + event(content=CALL[:20])).count(b"data: ") == 2
    assert (reader.has_content, reader.text) == (False, "")
    out = reader.feed(event(content=CALL[20:]) + event("stop") + DONE)
    *_, last = deltas(out)
    (call,) = last["tool_calls"]
    assert call["function"] == {"name": "f", "arguments": '{"x":1}'}
    assert reader.has_content
    assert reader.end() == b""
    assert b'"finish_reason":"tool_calls"' in out


def test_events_without_a_marker_go_out_as_they_came() -> None:
    """Byte for byte."""
    raw = event(role="assistant") + event(content="a < b\n") + event(content="c") + event("stop")
    reader = reader_of()
    assert reader.feed(raw) + reader.feed(DONE) == raw + DONE
    assert reader.text == "a < b\nc"


@pytest.mark.parametrize("text", [CALL, CALL[:-3], "\n<"])
def test_what_was_held_comes_before_done(text: str) -> None:
    """A stream that ends without a finish reason loses nothing."""
    reader = reader_of()
    out = reader.feed(event(content="Hm.\n") + event(content=text) + DONE)
    *_, last = deltas(out)
    if text == CALL:
        assert [call["function"]["name"] for call in last["tool_calls"]] == ["f"]
    else:
        assert "".join(delta["content"] for delta in deltas(out)) == f"Hm.\n{text}"
    assert out.endswith(DONE)
    assert reader.end() == b""


def test_a_written_call_is_the_one_that_was_demanded() -> None:
    """Where answers are checked, what counts is what comes out; and only that."""
    reader = reader_of("f")
    reader.feed(event(content=CALL) + event("stop"))
    assert reader.has_content
    with pytest.raises(AnswerFault) as caught:
        reader_of("g").feed(event(content=CALL) + event("stop"))
    assert caught.value.failure.code == TOOL_CHOICE_IGNORED


def test_a_stream_that_breaks_inside_a_written_call_calls_nothing() -> None:
    """Half a call is not even text that was delivered."""
    reader = reader_of()
    reader.feed(event(content="Hm.\n") + event(content=CALL[:30]))
    with pytest.raises(AnswerFault) as caught:
        reader.end()
    assert caught.value.failure.kind is FailureKind.BAD_STREAM
    assert reader.text == "Hm.\n"
