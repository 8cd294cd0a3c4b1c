"""Decoding ``text/event-stream`` from bytes, as the WHATWG HTML standard (9.2.6) describes it.

Every line end (LF, CRLF, CR), comments, all four fields, a byte order mark; chunks may be cut
anywhere. Data stays bytes: whoever parses it as JSON needs no text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from .bounds import EVENT_BYTES

_BOM = b"\xef\xbb\xbf"
_CR = b"\r"
_LF = b"\n"
_RETRY_DIGITS = 15
_JSON_STARTS = frozenset(b"%c" % one for one in b'{["')  # of what can go on on the next line


class SSEOverflowError(ValueError):
    """One event or line grew past the decoder's limit; the decoder reads nothing more."""


@dataclass(frozen=True, slots=True)
class SSEEvent:
    """One event: its ``data:`` lines joined by LF.

    ``event`` is its type. ``id`` and ``retry`` (milliseconds) are the last ones the stream stated
    so far, since the standard lets both outlive the event that brought them.
    """

    data: bytes
    event: str = "message"
    id: str | None = None
    retry: int | None = None


DONE = b"[DONE]"
"""The data of the event that ends a stream of OpenAI's form."""


class Update(NamedTuple):
    """One event of a streamed answer, and its data as it came; ``changed`` if it says more now.

    The last one has the data :data:`DONE` and an empty ``value``.
    """

    value: Mapping[str, object]
    data: bytes
    changed: bool = False


def frame(update: Update) -> bytes:
    """Return an update as one event: byte for byte as it came if nothing was changed."""
    data = update.data
    if update.changed:
        # What is nested too deeply can be read, and not always written.
        with suppress(ValueError, RecursionError):
            data = json.dumps(update.value, separators=(",", ":")).encode()
    # Line ends inside JSON can only be white space between tokens.
    return b"data: " + data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n\n"


class SSEDecoder:
    """Turns chunks of bytes into events, in time linear in the bytes however they are cut.

    :param max_event_bytes: bound on one event as sent, its unfinished line included.
    :param line_events: for servers that leave out the blank lines (opencode#27365): a data line
        that is a complete JSON value, or none at all, is an event of its own if the next data line
        follows directly. From then on each such line is an event at once, as ``[DONE]`` always
        is. Off by default, since the standard joins such lines.
    """

    __slots__ = (
        "_at_start", "_data", "_event", "_id", "_kind", "_line", "_line_events", "_max",
        "_overflowed", "_parted", "_retry", "_size", "_skip_lf",
    )  # fmt: skip

    def __init__(self, *, max_event_bytes: int = EVENT_BYTES, line_events: bool = False) -> None:
        self._max = max_event_bytes
        self._line_events = line_events
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0  # of self._data
        self._event: bytes | None = None  # as stated last
        self._kind = b""  # as stated before the data
        self._parted = False  # line ends alone have been seen to part events
        self._id: str | None = None
        self._retry: int | None = None
        self._at_start = True
        self._skip_lf = False  # the last chunk ended in CR, so an LF now belongs to it
        self._overflowed = False

    def __repr__(self) -> str:
        return f"SSEDecoder(pending={len(self._line) + self._size})"

    def feed(self, chunk: bytes) -> list[SSEEvent]:
        """Return the events that ``chunk`` completes.

        :raises SSEOverflowError: when one event exceeds the limit; events completed before it in
            the same chunk are lost, and so is everything after it.
        """
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk.removeprefix(_LF)
        events: list[SSEEvent] = []
        # On bytes, splitlines() knows exactly the three line ends of the standard.
        for piece in chunk.splitlines(keepends=True):
            self._check_size(len(piece))
            if not piece.endswith((_LF, _CR)):
                self._line += piece
                break
            line = piece.rstrip(b"\r\n")
            if self._line:
                self._line += line
                line = bytes(self._line)
                self._line.clear()
            self._take_line(line, events)
        self._skip_lf = chunk.endswith(_CR) or (self._skip_lf and not chunk)
        return events

    def close(self) -> SSEEvent | None:
        """Return what the end of the stream left unfinished, if it holds data.

        The standard discards it; but servers end with ``data: [DONE]`` and no line end, so the
        caller may look at it. It can be cut off anywhere. The decoder is empty afterwards.
        """
        events: list[SSEEvent] = []
        if self._line:
            line = bytes(self._line)
            self._line.clear()
            self._line_events = False
            self._take_line(line, events)
        self._dispatch(events)
        return events[0] if events else None

    def _check_size(self, added: int) -> None:
        if self._overflowed or self._size + len(self._line) + added > self._max:
            self._overflowed = True
            self._line.clear()
            self._clear_event()
            raise SSEOverflowError(
                f"an event of the stream is larger than {self._max} bytes; "
                "raise max_event_bytes if that is expected"
            )

    def _take_line(self, line: bytes, events: list[SSEEvent]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(events)
            return
        name, _, value = line.partition(b":")  # a comment is a field without a name
        value = value.removeprefix(b" ")
        if name == b"data":
            self._take_data(value, events)
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _RETRY_DIGITS:
            self._retry = int(value)

    def _take_data(self, value: bytes, events: list[SSEEvent]) -> None:
        # Only ever one line is looked at, so this stays linear.
        if self._line_events and len(self._data) == 1 and value and _is_alone(self._data[0]):
            self._parted, stated = True, self._event
            self._event = None
            self._dispatch(events)
            self._event = stated  # after the data, so it is the next one's
        if not self._data:
            self._kind, self._event = self._event or b"", None
        self._data.append(value)
        self._size += len(value) + 6  # as sent: many empty lines count too
        alone = self._line_events and len(self._data) == 1
        if alone and (value.strip() == DONE or (self._parted and _is_alone(value))):
            self._dispatch(events)

    def _dispatch(self, events: list[SSEEvent]) -> None:
        if self._data:
            stated = self._kind if self._event is None else self._event
            kind = stated.decode("utf-8", "replace") or "message"
            events.append(SSEEvent(b"\n".join(self._data), kind, self._id, self._retry))
        self._clear_event()

    def _clear_event(self) -> None:
        self._data = []
        self._size = 0
        self._event, self._kind = None, b""


def _is_alone(data: bytes) -> bool:
    """Tell whether a data line can only be the whole of its event's data, or is no JSON at all."""
    data = data.strip()
    if not data:
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return data[:1] not in _JSON_STARTS or data == DONE
    return True
