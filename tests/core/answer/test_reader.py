"""Reading a streamed answer: what counts as content, as an end, and as a fault."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer import reader as stream_reader
from github_models_azure._core.answer.sse import SSEDecoder
from github_models_azure._core.answer.stages import AnswerFault
from github_models_azure._core.answer.text_grammar import TextCalls
from github_models_azure._core.failure.kinds import Failure, FailureKind
from tests.core.answer.framed import FramedReader

DONE = b"data: [DONE]\n\n"


def event(**members: Any) -> bytes:
    return b"data: " + json.dumps(members).encode() + b"\n\n"


def choice(finish: Any = None, index: int = 0, **delta: Any) -> bytes:
    return event(choices=[{"index": index, "delta": delta, "finish_reason": finish}])


def read(*chunks: bytes, content_type: str = "text/event-stream") -> tuple[bytes, FramedReader]:
    reader = FramedReader(content_type)
    out = b"".join([reader.feed(chunk) for chunk in chunks])
    return out + reader.end(), reader


def fault(*chunks: bytes, content_type: str = "text/event-stream") -> Failure:
    with pytest.raises(AnswerFault) as caught:
        read(*chunks, content_type=content_type)
    return caught.value.failure


HELLO = choice(role="assistant") + choice(content="Hel") + choice(content="lo") + choice("stop")

texts = st.lists(st.text(max_size=6), min_size=1, max_size=4)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
fillers = st.lists(st.sampled_from([b"", b": ping\n\n", b"event: message\n", b"id: 7\n"]))


@given(parts=texts, end=ends, filler=fillers, finished=st.booleans(), data=st.data())
def test_cuts_anywhere_change_nothing(
    parts: list[str], end: bytes, filler: list[bytes], finished: bool, data: st.DataObject
) -> None:
    """However a valid stream is cut, the same events come out, framed the same way."""
    plain = b"".join([choice(content=part) for part in parts]) + choice("stop")
    if finished:
        plain += DONE
    raw = (b"".join(filler) + plain).replace(b"\n", end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    pieces = [raw[start:stop] for start, stop in pairwise([0, *cuts, len(raw)])]
    out, reader = read(*pieces)
    assert out == plain
    assert reader.text == "".join(parts)
    assert reader.has_content


@given(
    chunks=st.lists(
        st.binary(max_size=20)
        | st.sampled_from([HELLO, DONE, b"data: {", b'"choices": [', b"[{}]", b"}\n\n", b"\n"])
        | st.sampled_from([b"data: [[[", b"data: 1\n\n", b"data: \xff\n\n", b"data: {}\r\r"]),
        max_size=12,
    ),
    content_type=st.sampled_from(["text/event-stream", "", "application/json", "text/html"]),
)
def test_rubbish_raises_nothing_but_a_fault(chunks: list[bytes], content_type: str) -> None:
    """Whatever bytes arrive, they are read, or are a classified fault."""
    with contextlib.suppress(AnswerFault):
        read(*chunks, content_type=content_type)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
named = st.dictionaries(
    st.sampled_from(["delta", "message", "index", "finish_reason", "error", "content"]),
    values | st.dictionaries(st.sampled_from(["content", "tool_calls", "role"]), values),
)


@given(
    update=st.dictionaries(
        st.sampled_from(["choices", "error", "usage"]), values | st.lists(values | named)
    )
)
def test_events_of_any_shape_raise_nothing_but_a_fault(update: dict[str, Any]) -> None:
    """JSON whose members have unexpected types breaks nothing."""
    with contextlib.suppress(AnswerFault):
        read(event(**update), HELLO)


@pytest.mark.parametrize(
    ("members", "content"),
    [
        ({"content": "x"}, True),
        ({"content": ""}, False),
        ({"content": None}, False),
        ({"role": "assistant"}, False),
        ({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, True),
        ({"tool_calls": [{"index": 0}]}, False),
        ({"tool_calls": []}, False),
        ({"reasoning_content": "hm"}, True),
        ({"reasoning": "hm"}, True),
        ({"refusal": "no"}, True),
        ({"function_call": {"name": "f"}}, True),
        ({"audio": {"id": "1"}}, True),
    ],
)
def test_what_is_content(members: dict[str, Any], content: bool) -> None:
    """An answer begins with text, reasoning, a refusal, a sound or a call, not with a role."""
    reader = FramedReader()
    reader.feed(choice(**members))
    assert reader.has_content is content


def test_a_finish_reason_is_content() -> None:
    """An empty answer that was properly finished is an answer."""
    reader = FramedReader()
    reader.feed(choice("stop"))
    assert reader.has_content


def test_a_whole_message_in_a_stream_is_content() -> None:
    """Servers that send ``message`` in place of ``delta`` are understood."""
    _, reader = read(event(choices=[{"message": {"content": "Hi"}}]), DONE)
    assert reader.text == "Hi"


@pytest.mark.parametrize(
    "update",
    [
        {"choices": []},
        {"choices": None},
        {"choices": [{"index": 0, "delta": {}}]},
        {"usage": {"total_tokens": 3}},
        {"id": "1", "object": "chat.completion.chunk", "usage": {"total_tokens": 1}},
        {"prompt_filter_results": [], "choices": []},
        {"choices": [], "message": "hi", "code": 1},
    ],
)
def test_events_without_an_answer_are_handed_on(update: dict[str, Any]) -> None:
    """Usage and empty choices go through, always with a list of choices, and count as nothing."""
    reader = FramedReader()
    (line, _) = reader.feed(event(**update)).split(b"\n\n")
    assert json.loads(line[6:]) == {**update, "choices": update.get("choices") or []}
    assert not reader.has_content
    if update.get("choices") is not None:
        assert line + b"\n\n" == event(**update)


def test_a_tap_sees_every_event_that_goes_out() -> None:
    """Also what was held back as the beginning of a call, and turned out to be text."""
    seen: list[Any] = []
    wanted = TextCalls("both", frozenset({"f"}))
    reader = FramedReader(written=wanted, sees=seen.append)
    out = reader.feed(choice(content='{"name"')) + reader.feed(DONE)
    assert seen == [json.loads(one.data) for one in SSEDecoder().feed(out)[:-1]]
    told = [one["choices"][0]["delta"]["content"] for one in seen]
    assert told == ["", '{"name"']


def test_the_text_is_that_of_the_first_choice() -> None:
    """Of several choices only the first makes up the partial text."""
    first, second = choice(content="a", index=0), choice(content="b", index=1)
    _, reader = read(first, second, first, DONE)
    assert reader.text == "aa"


@pytest.mark.parametrize(
    "rest", [choice("stop"), DONE, b"data: [DONE]", b"data: [DONE]\n", b"data:[DONE]\n\n"]
)
def test_what_is_a_proper_end(rest: bytes) -> None:
    """A finish reason or [DONE], with its line ends or without."""
    _, reader = read(choice(content="x"), rest)
    assert reader.text == "x"


def test_a_last_event_without_its_line_end_is_handed_out() -> None:
    """What the end of the answer left unfinished is an event all the same."""
    out, _ = read(choice(content="x"), choice("stop").rstrip())
    assert out == choice(content="x") + choice("stop")


@pytest.mark.parametrize("rest", [b"data: {cut", b"data: [1]"])
def test_rubbish_after_the_finish_is_forgiven(rest: bytes) -> None:
    """An answer that was complete is not spoilt by what was cut off behind it."""
    out, _ = read(HELLO, rest)
    assert out == HELLO


def test_nothing_is_read_after_done() -> None:
    """What a server sends after [DONE] reaches nobody."""
    reader = FramedReader()
    out = reader.feed(HELLO + DONE + event(error={"message": "late"}))
    assert out == HELLO + DONE
    assert reader.done
    assert (reader.feed(b"data: rubbish\n\n"), reader.end()) == (b"", b"")


def test_an_event_without_data_is_left_out() -> None:
    """A data line with nothing on it is no event for the SDK."""
    assert read(b"data:  \n\n", HELLO)[0] == HELLO


def test_line_ends_inside_an_event_become_spaces() -> None:
    """The SDK reads one line per event; JSON spread over several lines is joined."""
    raw = b'data: {"choices":\ndata: [{"index": 0, "delta": {},\r\ndata: "finish_reason": "stop"}]}'
    out, _ = read(raw + b"\n\n")
    assert out == b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'


def test_an_event_in_another_form_is_written_anew() -> None:
    """What differs from OpenAI's form in a known way is mended; its neighbours stay as they are."""
    plain = choice(content="é")
    call = [{"function": {"name": "f", "arguments": {"city": "Köln"}}}]
    out, reader = read(plain, choice(tool_calls=call), choice("eos"), DONE)
    assert out.startswith(plain)
    mended, last = (json.loads(line[6:]) for line in out.splitlines()[2:5:2])
    (made,) = mended["choices"][0]["delta"]["tool_calls"]
    assert (made["index"], made["function"]["arguments"]) == (0, '{"city":"Köln"}')
    assert last["choices"][0]["finish_reason"] == "tool_calls"
    assert reader.text == "é"


def test_thinking_in_parts_is_content_but_no_text() -> None:
    """A model that thinks is at work; what it thinks is not its answer."""
    reader = FramedReader()
    reader.feed(choice(content=[{"type": "thinking", "thinking": [{"text": "hm"}]}]))
    assert reader.has_content
    reader.feed(choice(content=[{"type": "text", "text": "Hi"}]))
    assert reader.text == "Hi"


def test_an_event_that_cannot_be_written_goes_out_as_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """JSON can be nested so deep that it is read and cannot be written."""

    def too_deep(*_: object, **__: object) -> str:
        raise RecursionError

    raw = choice("eos")
    monkeypatch.setattr(stream_reader.json, "dumps", too_deep)
    reader = FramedReader()
    assert reader.feed(raw) == raw
    assert reader.has_content


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([], "ended without a finish_reason"),
        ([choice(content="x")], "ended without a finish_reason"),
        ([DONE], "before its first content"),
        ([choice(role="assistant"), DONE], "before its first content"),
        ([b"data: {nonsense\n\n"], r"not JSON: '{nonsense'"),
        ([b"data: \xff\xff\n\n"], "not JSON"),
        ([b"data: " + b"[" * 100_000 + b"\n\n"], "not JSON"),
        ([b"data: [1, 2]\n\n"], "not an object: list"),
        ([b"data: 7\n\n"], "not an object: int"),
        ([choice(content="x"), b"data: {cut"], "not JSON"),
    ],
)
def test_what_is_a_bad_stream(chunks: list[bytes], words: str) -> None:
    """An empty, cut or malformed stream is a fault that says what was wrong."""
    failure = fault(*chunks)
    assert failure.kind is FailureKind.BAD_STREAM
    assert words in failure.message


@pytest.mark.parametrize(
    ("update", "kind"),
    [
        ({"error": {"code": "429", "message": "slow"}}, FailureKind.RATE_LIMITED),
        ({"error": {"message": "boom"}}, FailureKind.BAD_STREAM),
        ({"error": "boom"}, FailureKind.BAD_STREAM),
        ({"error": {"code": "content_filter", "message": "no"}}, FailureKind.CONTENT_FILTERED),
        ({"choices": [{"error": {"code": 503, "message": "down"}}]}, FailureKind.UNAVAILABLE),
        ({"choices": [{"finish_reason": "error"}]}, FailureKind.BAD_STREAM),
    ],
)
def test_errors_inside_a_stream_are_classified(update: dict[str, Any], kind: FailureKind) -> None:
    """An error event means what the same error means elsewhere."""
    assert fault(event(**update)).kind is kind


def test_an_event_of_absurd_size_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded whatever a server sends."""
    reader = FramedReader().limited_to(100)
    with pytest.raises(AnswerFault, match="larger than 100 bytes"):
        reader.feed(b"data: " + b"x" * 200)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"object": "error", "message": "slow", "code": 429}', FailureKind.RATE_LIMITED),
        (b'{"message": "boom", "type": "internal_error"}', FailureKind.UNAVAILABLE),
        (b'{"message": "boom", "code": "wrong_api_format"}', FailureKind.WRONG_DIALECT),
        (b'{"type": "error", "message": "boom"}', FailureKind.BAD_STREAM),
        (b'{"detail": "boom"}', FailureKind.BAD_STREAM),
        (b'[{"error": {"code": 429, "message": "slow"}}]', FailureKind.RATE_LIMITED),
        (b'{"message": "boom"}\nevent: error', FailureKind.BAD_STREAM),
        (b'{"code": 503, "choices": []}\nevent: error', FailureKind.UNAVAILABLE),
        (b"no upstream\nevent: error", FailureKind.BAD_STREAM),
    ],
)
def test_an_error_of_another_shape_is_no_silence(data: bytes, kind: FailureKind) -> None:
    """At the top of its event, in an array, or by the event's name; whatever end follows it."""
    failure = fault(choice(content="Hel") + b"data: " + data + b"\n\n" + choice("stop") + DONE)
    assert failure.kind is kind


@pytest.mark.parametrize(
    "update",
    [
        {"type": "ping"},
        {"type": "status", "message": "loading the model"},
        {"error": None, "code": None, "message": None, "detail": None},
        {},
    ],
)
def test_an_event_without_an_answer_is_no_error(update: dict[str, Any]) -> None:
    """What states no error and holds nothing of an answer reaches nobody, wherever it stands."""
    assert read(event(**update), HELLO, event(**update))[0] == HELLO


@pytest.mark.parametrize(
    ("content_type", "body", "kind", "words"),
    [
        ("text/html", b"<html></html>", FailureKind.BAD_STREAM, "answered text/html instead"),
        ("application/json", b"", FailureKind.BAD_STREAM, "answered application/json instead"),
        ("application/json", b"{cut", FailureKind.BAD_STREAM, "instead of an event stream"),
        ("Application/JSON; charset=utf-8", b"[" * 9, FailureKind.BAD_STREAM, "instead of"),
        ("application/json", b'{"choices": [{}]}', FailureKind.BAD_STREAM, "instead of"),
        (
            "application/json",
            b'{"error": {"code": "429", "message": "slow down"}}',
            FailureKind.RATE_LIMITED,
            "slow down",
        ),
    ],
)
def test_an_answer_that_is_no_stream(
    content_type: str, body: bytes, kind: FailureKind, words: str
) -> None:
    """A page or a JSON body in place of a stream is a fault; an error in it keeps its meaning."""
    failure = fault(body[:7], body[7:], content_type=content_type)
    assert failure.kind is kind
    assert words in failure.message


@pytest.mark.parametrize("label", ["application/json", "Application/JSON; charset=utf-8"])
@pytest.mark.parametrize("before", [b"", b": PING\n\n", b"\r\n", b"event: message\n", b"id: 1\n"])
def test_an_event_stream_under_the_label_of_json_is_read(label: str, before: bytes) -> None:
    """The plain SDK reads it too; cut anywhere it is the same."""
    raw = before + HELLO + DONE
    for pieces in ([raw], [raw[:3], raw[3:]], [raw[i : i + 1] for i in range(len(raw))]):
        assert read(*pieces, content_type=label)[0] == HELLO + DONE


def test_only_the_beginning_of_an_answer_that_is_no_stream_is_kept() -> None:
    """A page of any length costs 64 KiB."""
    reader = FramedReader("text/html")
    for _ in range(3):
        assert reader.feed(b"x" * 40_000) == b""
    assert len(reader.reader._body) == stream_reader._BODY_LIMIT


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b'{"error": {"code": "429", "message": "slow"}}', FailureKind.RATE_LIMITED),
        (b'{"choices": [', FailureKind.UNAVAILABLE),
    ],
)
def test_an_answer_that_is_no_stream_is_read_up_to_its_bound(
    beginning: bytes, kind: FailureKind
) -> None:
    """An error that it states counts; else the target is unavailable."""
    reader = FramedReader("application/json")
    reader.feed(beginning)
    with pytest.raises(AnswerFault) as caught:
        reader.feed(b" " * 1_200_000)
    assert caught.value.failure.kind is kind


def test_a_fault_carries_its_failure() -> None:
    """The shell that reads the stream gets the classified failure with the exception."""
    failure = Failure(FailureKind.BAD_STREAM, message="cut off")
    error = AnswerFault(failure)
    assert error.failure is failure
    assert str(error) == "cut off"
