from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.sse import SSEDecoder, SSEEvent, SSEOverflowError


def decode(chunks: Iterable[bytes], **options: bool) -> tuple[list[SSEEvent], SSEEvent | None]:
    decoder = SSEDecoder(**options)
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events, decoder.close()


FRAGMENTS = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r", b":", b" ", b": comment"),
        *(b"data", b"data:", b"data: ", b"data: {}", b"event: error", b"id: 7", b"id", b"id: \0"),
        *(b"retry: 3000", b"retry: x", b"retry: 9999999999999999", b"other: x", b"[DONE]"),
        *(b"\xef\xbb\xbf", "ä€😀".encode(), b"\xff", b"\xc3", b"\x0b\x0c\x1c\xc2\x85\xe2\x80\xa8"),
    ]
)


@given(parts=st.lists(FRAGMENTS | st.binary(max_size=4), max_size=40), lines=st.booleans())
def test_single_bytes_give_what_the_whole_gives(parts: list[bytes], lines: bool) -> None:
    """One byte at a time and all at once agree, in what is left over too."""
    stream = b"".join(parts)
    whole = decode([stream], line_events=lines)
    assert decode((stream[i : i + 1] for i in range(len(stream))), line_events=lines) == whole


@pytest.mark.parametrize(
    ("stream", "datas"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data:{}\n\n", [b"{}"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data\n\n", [b""]),
        (b"data\ndata\n\n", [b"\n"]),
        (b": OPENROUTER PROCESSING\n\ndata: a\n\n", [b"a"]),
        (b": PING\ndata: a\n: PING\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [b"a"]),
        (b"event: x\n\ndata: a\n\n", [b"a"]),
        (b"Data: a\n\n data: b\n\n", []),
        (b"data: x\xe2\x80\xa8y\x0bz\n\n", [b"x\xe2\x80\xa8y\x0bz"]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_hand_written_streams(stream: bytes, datas: list[bytes]) -> None:
    """Line ends, spaces, comments and marks as real servers send them."""
    assert [event.data for event in decode([stream])[0]] == datas


def test_all_fields_are_carried() -> None:
    """The id and the reconnection time outlive their event, the type does not."""
    events, _ = decode([b"event: error\nid: 7\nretry: 3000\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"])
    assert events == [
        SSEEvent(b"a", "error", "7", 3000),
        SSEEvent(b"b", "message", "7", 3000),
        SSEEvent(b"c", "message", "", 3000),
    ]


def test_an_id_with_a_nul_is_ignored() -> None:
    """The standard keeps the id before it."""
    events, _ = decode([b"id: 7\nid: 8\0\ndata: a\n\n"])
    assert events == [SSEEvent(b"a", id="7")]


def test_an_event_is_out_as_soon_as_its_last_line_end_is_in() -> None:
    """A CR alone ends a line, so nothing waits for the LF that may follow."""
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\n\r") == [SSEEvent(b"a")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\n\n") == [SSEEvent(b"b")]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_line_ends_may_be_cut(end: bytes) -> None:
    """A CRLF parted by the chunks is still one line end, not a blank line."""
    stream = b"data: a" + end + b"data: b" + end * 2
    events, _ = decode(stream[i : i + 1] for i in range(len(stream)))
    assert events == [SSEEvent(b"a\nb")]


@pytest.mark.parametrize(
    ("stream", "left"),
    [
        (b"data: [DONE]", b"[DONE]"),
        (b"data: [DONE]\n", b"[DONE]"),
        (b"data: [DONE]\r", b"[DONE]"),
        (b'data: {"a": 1}\ndata: {"b', b'{"a": 1}\n{"b'),
        (b"\xef\xbb\xbfdata: a", b"a"),
        (b"data: a\n\n", None),
        (b": bye", None),
        (b"event: x\n", None),
        (b"", None),
    ],
)
def test_what_the_end_cut_off_is_shown(stream: bytes, left: bytes | None) -> None:
    """The standard drops it, but the last event of some servers lacks its line end."""
    events, rest = decode([stream])
    assert (rest.data if rest else None) == left
    assert all(event.data != left for event in events)


def test_closing_empties_the_decoder() -> None:
    """What was shown once is not shown again."""
    decoder = SSEDecoder()
    decoder.feed(b"data: a\ndata: b")
    assert repr(decoder) == "SSEDecoder(pending=14)"
    assert decoder.close() == SSEEvent(b"a\nb")
    assert decoder.close() is None
    assert repr(decoder) == "SSEDecoder(pending=0)"


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 100],
        [b"data: " + b"x" * 100 + b"\n\n"],
        [b"data: 012345\n"] * 20,
        [b"x"] * 100,
        [b"data\n"] * 100,
    ],
)
def test_an_endless_event_is_refused(chunks: list[bytes]) -> None:
    """One line, many lines, single bytes: nothing grows past the bound, and no byte is read on."""
    decoder = SSEDecoder(max_event_bytes=64)
    with pytest.raises(SSEOverflowError, match="larger than 64 bytes"):
        sum(len(decoder.feed(chunk)) for chunk in chunks)
    with pytest.raises(SSEOverflowError):
        decoder.feed(b"data: a\n\n")
    assert decoder.close() is None


def test_the_bound_is_for_one_event() -> None:
    """A long stream of small events and comments never meets it."""
    decoder = SSEDecoder(max_event_bytes=32)
    events = [event for _ in range(1000) for event in decoder.feed(b": ping\n\ndata: a\n\n")]
    assert len(events) == 1000


def test_a_long_line_in_single_bytes_is_read() -> None:
    """Each byte is handled once; anything quadratic would take minutes here."""
    decoder = SSEDecoder()
    for _ in range(300_000):
        decoder.feed(b"x")
    assert decoder.feed(b"\ndata: a\n\n") == [SSEEvent(b"a")]


@pytest.mark.parametrize(
    ("stream", "datas"),
    [
        (b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n', [b'{"a":1}', b'{"b":2}', b"[DONE]"]),
        (b'data: {"a":1}\n\ndata: {"b":2}\n\n', [b'{"a":1}', b'{"b":2}']),
        (b'data: {\ndata: "a": [\ndata: {}\ndata: ]}\n\n', [b'{\n"a": [\n{}\n]}']),
        (b"data: [DONE]\ndata: {}\n\n", [b"[DONE]", b"{}"]),
        (b"data: 1\ndata: {}\n\n", [b"1", b"{}"]),
        (b"data: ping\ndata: {}\n\n", [b"ping", b"{}"]),
        (b"data: \ndata: {}\n\n", [b"\n{}"]),
        (b"data: null\ndata: \n\n", [b"null\n"]),
        (b"data: {}\ndata: tail\n\n", [b"{}", b"tail"]),
        (b"data: " + b'{"a":' * 5000 + b"\ndata: {}\n\n", [b'{"a":' * 5000 + b"\n{}"]),
    ],
)
def test_line_events_part_only_complete_objects(stream: bytes, datas: list[bytes]) -> None:
    """Missing blank lines are repaired; JSON laid out over several lines stays one event."""
    assert [event.data for event in decode([stream], line_events=True)[0]] == datas


def test_line_events_leave_the_unfinished_rest_whole() -> None:
    """Once line ends have parted two events, a line that is whole waits for nothing."""
    assert decode([b'data: {"a":1}\ndata: {"b":2}\ndata: {"c"'], line_events=True) == (
        [SSEEvent(b'{"a":1}'), SSEEvent(b'{"b":2}')],
        SSEEvent(b'{"c"'),
    )


def test_line_events_keep_their_types() -> None:
    """A type that stands behind the data is the next event's, unless a blank line says not."""
    lines = b"event: a\ndata: {}\nevent: b\ndata: []\nevent: c\ndata: 1\n\ndata: 2\nevent: d\n\n"
    events, _ = decode([lines], line_events=True)
    assert [(one.event, one.data) for one in events] == [
        ("a", b"{}"), ("b", b"[]"), ("c", b"1"), ("message", b"2"),
    ]  # fmt: skip
    events, _ = decode([b"data: {}\nevent: d\n\n"], line_events=True)
    assert [one.event for one in events] == ["d"]
