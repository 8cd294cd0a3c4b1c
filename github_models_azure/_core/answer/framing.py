"""What stands around an answer: JSON before ``[DONE]``, or in the form of an event stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from .sse import DONE, SSEDecoder, SSEEvent

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")  # no JSON and no page begins so
_LEADING = re.compile(r"(?:[ \t\r\n\ufeff]|:[^\r\n]*[\r\n])*(?:data:)?[ \t]*(?=\{)")
_TRAILING = re.compile(r"(?:\s|:[^\r\n]*(?:[\r\n]|$)|event:[^\r\n]*|(?:data:)?[ \t]*\[DONE\])*")
_DECODER = json.JSONDecoder()


def is_framed(data: bytes) -> bool:
    """Return whether data is an event stream by its first field, whatever its label says."""
    return data.lstrip().startswith(_FIELDS)


def value_in(text: str) -> object:
    """Return the one JSON object in a text with nothing but frames around it; else ``None``."""
    leading = _LEADING.match(text)
    if leading is None:
        return None
    try:
        value: object
        value, end = _DECODER.raw_decode(text, leading.end())
    except (ValueError, RecursionError):
        return None
    if not _TRAILING.fullmatch(text, end) or not isinstance(value, dict):
        return None
    # A piece of a stream, or an event that states an error, is read as a stream.
    return None if "data:" in leading[0] else value


def event_lines(event: SSEEvent | None) -> Iterator[SSEEvent]:
    """Yield an event, line by line if its lines make no JSON together: the end may be cut off."""
    if event is None:
        return
    lines = event.data.split(b"\n")
    if len(lines) == 1 or _is_json(event.data):
        yield event
        return
    for line in lines:
        yield replace(event, data=line)


def first_data(text: str) -> str | None:
    """Return the data of the first event in an event stream.

    ``None`` if the text is no event stream, or holds nothing.
    """
    data = text.encode("utf-8", "replace")
    if not is_framed(data):
        return None
    decoder = SSEDecoder(line_events=True)
    events = [*decoder.feed(data), *event_lines(decoder.close())]
    found = (event.data for event in events if event.data.strip() not in (b"", DONE))
    return next((one.decode("utf-8", "replace") for one in found), None)


def _is_json(data: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(data)
        return True
    return False
