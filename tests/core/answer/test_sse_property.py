"""Random event streams, cut anywhere, are read as the standard's own words read them.

More than ten thousand examples run each time, the same ones everywhere (``derandomize``, a seed): a
run that is red on one machine is red on all.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from github_models_azure._core.answer.sse import SSEDecoder, SSEEvent, SSEOverflowError
from github_models_azure._core.answer.stages import AnswerFault
from github_models_azure._core.failure.kinds import Failure
from tests.core.answer.framed import FramedReader

Reading = list[tuple[str, str, str | None, int | None]]
"""Of each event: data, type, last id, reconnection time."""

RETRY = re.compile("[0-9]{1,15}")  # the standard sets no bound; ours keeps out the absurd


def often(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],  # of a busy machine
    )


# The reference: https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.6, on
# the whole input as text. It shares nothing with the decoder, which reads bytes as they come.


def lines_of(text: str) -> list[str]:
    """Part a text at CRLF, LF and CR; what follows the last of them is no line yet."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]


def field_of(line: str) -> tuple[str, str]:
    """Part a line at its first colon, less one space behind it; a comment's name is empty."""
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


def reference(stream: bytes) -> Reading:
    """Read a whole stream."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    events: Reading = []
    data, kind, last_id, retry = "", "", None, None
    for line in lines_of(text):
        name, value = field_of(line)
        if line == "":
            if data != "":
                events.append((data.removesuffix("\n"), kind or "message", last_id, retry))
            data, kind = "", ""
        elif name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and RETRY.fullmatch(value):
            retry = int(value)
    return events


def plain(event: SSEEvent) -> tuple[str, str, str | None, int | None]:
    return event.data.decode("utf-8", "replace"), event.event, event.id, event.retry


# The streams

ENDS = (b"\n", b"\r\n", b"\r")
BODIES = (
    *(b"", b"", b"", b": comment", b":", b"::", b":data: x", b" data: x", b"data : x", b"DATA: x"),
    *(b"data", b"data:", b"data: ", b"data:  x ", b"data:x", b"data: a:b", b"data: {}", b"data: 1"),
    *(b"data: [DONE]", b'data: {"choices":[]}', b"data:\t", b"data: \0", b"data: \x0b\x0c\x1c"),
    *(b"event: error", b"event", b"event:", b"event:x", b"event: \xff", b"id: 7", b"id", b"id:8"),
    *(b"id: a\0b", b"id: \xf0\x9f", b"retry: 3000", b"retry:", b"retry: -1", b"retry: 1.5"),
    *(b"retry:  12", b"retry: 12 ", b"retry: 007", b"retry: 9999999999999999", b"retry: \xd9\xa3"),
    *(b"other: x", b"other", b"x:", b"retry", b"0", b"[DONE]", b'{"error": {}}'),
    *("data: ä€😀".encode(), "data: \u2028\u2029\u0085".encode(), "data\ufeff: x".encode()),
    *(b"data: \xff\xfe", b"data: \xc3", b"data: \xe2\x82", b"\x80data: x", b"data: \xed\xa0\x80"),
    *(b"\xef\xbb\xbfdata: x", b"\xef\xbb\xbf", b"\xef\xbb", b"data: \xef\xbb\xbfx"),
)
LINES = [body + end for body in BODIES for end in ENDS] + [*ENDS] * 12
MARKS = [b"", b"", b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf"]
STREAMS = st.builds(
    lambda mark, lines, rest: b"".join([mark, *lines, rest]),
    st.sampled_from(MARKS),
    st.lists(st.sampled_from(LINES), max_size=16),
    st.sampled_from(BODIES) | st.binary(max_size=6),
)
CUTS = st.lists(st.integers(0, 250), max_size=8)


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """Part a stream at some places; two that coincide make an empty chunk."""
    inner = sorted(place % (len(stream) + 1) for place in places)
    return [stream[start:end] for start, end in pairwise([0, *inner, len(stream)])]


def single(stream: bytes) -> list[bytes]:
    return [stream[place : place + 1] for place in range(len(stream))]


def read_and_compare(stream: bytes, places: Sequence[int]) -> None:
    """Read a stream in pieces, which must not raise, and compare with the reference.

    What the end leaves unfinished is the event it would have been with its line ends.
    """
    decoder = SSEDecoder()
    events = [plain(event) for chunk in cut(stream, places) for event in decoder.feed(chunk)]
    assert events == reference(stream)
    rest = decoder.close()
    finished = reference(stream + b"\n\n")
    assert events + ([plain(rest)] if rest else []) == finished


@often(2_000)
@given(stream=STREAMS, places=CUTS)
def test_events_are_those_of_the_standard(stream: bytes, places: list[int]) -> None:
    """However a stream is cut, its events are the reference's, and nothing is raised."""
    read_and_compare(stream, places)


@pytest.mark.hypothesis  # a property too, so without coverage
def test_ten_thousand_streams_are_read_as_the_standard_has_it() -> None:
    """The same of more streams, and longer ones, than Hypothesis makes in twenty times the time."""
    chance = random.Random(10_000)
    for _ in range(10_000):
        lines = chance.choices(LINES, k=chance.randint(0, 16))
        rest = chance.choice(BODIES) if chance.random() < 0.5 else chance.randbytes(3)
        stream = b"".join([chance.choice(MARKS), *lines, rest])
        read_and_compare(stream, [chance.randint(0, 250) for _ in range(chance.randint(0, 8))])


@often(1_500)
@given(stream=STREAMS, places=CUTS, bound=st.integers(1, 60))
def test_a_bound_is_the_only_thing_that_raises(
    stream: bytes, places: list[int], bound: int
) -> None:
    """With a bound, the events are the first ones of the reference, up to the declared error."""
    decoder = SSEDecoder(max_event_bytes=bound)
    events: Reading = []
    try:
        for chunk in cut(stream, places):
            events += map(plain, decoder.feed(chunk))
    except SSEOverflowError:
        assert events == reference(stream)[: len(events)]
        assert len(stream) > bound
        assert decoder.close() is None
    else:
        assert events == reference(stream)


# Streams of chat events


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode()


def choice(finish: object = None, index: object = 0, **members: object) -> bytes:
    return event({"choices": [{"index": index, "delta": members, "finish_reason": finish}]})


CHAT = (
    *(choice(role="assistant"), choice(content="Hel"), choice(content="lö😀\r\n"), choice("stop")),
    *(choice(content="2", index=1), choice("length", index=1), choice(tool_calls=[{"index": 0}])),
    *(event({"choices": [], "usage": {"total_tokens": 3}}), event({"choices": None}), event({})),
    *(b"data: [DONE]", b"data:[DONE]", b"data: [DONE] ", choice("stop"), choice(content="x")),
    *(b'data: {"choices":\ndata: [{"delta": {"content":\ndata: "two"}}]}', b": PING", b"data: "),
)
BROKEN = (
    *(event({"error": {"code": "429", "message": "slow down"}}), event({"error": "boom"})),
    *(event({"choices": [{"error": {"code": 502, "message": "down"}}]}), choice("error")),
    *(b"data: {cut", b"data: [1]", b"data: 7", b"data: \xff", b"data: null", b"data: NaN"),
    *(event({"choices": {"a": 1}}), event({"choices": [None]}), b"data: " + b"[" * 3000),
    *(b"event: error", b"id: \0", b"\xef\xbb\xbf", b"<html>", b'{"error": {"message": "no"}}'),
)
BLOCKS = st.sampled_from(
    [body + end * 2 for body in CHAT * 4 + BROKEN for end in ENDS]
    + [body + b"\n" for body in CHAT + BROKEN]
)
CHATS = st.builds(
    lambda blocks, rest: b"".join([*blocks, rest]),
    st.lists(BLOCKS, max_size=8),
    st.sampled_from([b"", b"", b"data: [DONE]", b"data: {", choice("stop")]),
) | st.sampled_from(
    [b'{"error": {"code": "429", "message": "no"}}', b'{"choices": [{"index": 0}]}']
)
KINDS = st.sampled_from(
    ["text/event-stream"] * 8 + ["", "application/json", "text/html; charset=utf-8"]
)


FRAMED = re.compile(rb"(?:data: (?:\{.*\}|\[DONE\])\n\n)*")


def follow(kind: str, chunks: list[bytes]) -> tuple[bytes, Failure | None, tuple[object, ...]]:
    """Return what came out, the fault at the end, and what the reader knows then."""
    reader, out, failure = FramedReader(kind), b"", None
    try:
        for chunk in chunks:
            out += reader.feed(chunk)
        out += reader.end()
    except AnswerFault as error:
        failure = error.failure
    return out, failure, (reader.text, reader.has_content, reader.done)


@often(2_500)
@given(stream=CHATS, kind=KINDS, places=CUTS)
def test_a_chat_is_read_the_same_however_it_is_cut(
    stream: bytes, kind: str, places: list[int]
) -> None:
    """Whole, in pieces or byte by byte: the same events, the same fault and the same text.

    Of a stream that breaks, more may come out the later the chunk begins that breaks it.
    """
    most, failure, known = follow(kind, single(stream))
    assert re.fullmatch(FRAMED, most)  # and it is all the SDK's own parser can read
    for chunks in ([stream], cut(stream, places)):
        out, same_failure, same_known = follow(kind, chunks)
        assert (same_failure, same_known) == (failure, known)
        assert most.startswith(out) if failure else out == most
