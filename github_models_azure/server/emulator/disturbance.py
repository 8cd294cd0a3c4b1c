"""What a fault makes of an answer: the steps that a connection then takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from . import errors
from .errors import ErrorAnswer
from .faults import Fault, FaultKind
from .sse import error_event

HTML_TYPE = "text/html; charset=utf-8"
MALFORMED = b'data: {"choices":[{"delta":{"content":"brok\n\n'


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Break:
    """Drop the connection without ending the answer."""


Step = bytes | Stall | Break

_HTML = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>502 Bad Gateway</h1><p>emulated</p></body></html>"
)
_ERROR_BODY = errors.upstream(
    "The server had an error while processing your request.", code="server_error",
    type="server_error",
)  # fmt: skip


def whole_answer(fault: Fault) -> ErrorAnswer | None:
    """Return the answer that a fault puts in the place of the real one, if it does."""
    headers = tuple((name.lower(), value) for name, value in fault.headers.items())
    if fault.kind is FaultKind.RATE_LIMIT:
        told = fault.headers
        return errors.rate_limited(fault.type, fault.limit, fault.span, int(fault.seconds), told)
    if fault.kind is FaultKind.STATUS:
        status = fault.status or 500
        if fault.body is not None:
            return ErrorAnswer(status, fault.body.encode(), errors.JSON_TYPE, headers)
        answer = errors.upstream(
            "The server had an error while processing your request.",
            code="InternalServerError", type="server_error", status=status,
        )  # fmt: skip
        return ErrorAnswer(status, answer.body, errors.JSON_TYPE, headers)
    if fault.kind is FaultKind.HTML_ERROR:
        page = (fault.body or _HTML).encode()
        return ErrorAnswer(fault.status or 502, page, HTML_TYPE, headers)
    if fault.kind is FaultKind.NON_JSON:
        body = (fault.body or "emulated: this is not JSON").encode()
        return ErrorAnswer(200, body, errors.JSON_TYPE, headers)
    if fault.kind is FaultKind.ERROR_IN_200:
        body = fault.body.encode() if fault.body is not None else _ERROR_BODY.body
        return ErrorAnswer(200, body, errors.JSON_TYPE, headers)
    return None


def disturbed_stream(events: Iterable[bytes], fault: Fault | None) -> Iterator[Step]:
    """Yield the steps of a stream, ``fault.after`` events of it undisturbed."""
    if fault is None:
        yield from events
        return
    if fault.kind is FaultKind.SLOW_FIRST_BYTE:
        yield Stall(fault.seconds)
        yield from events
        return
    if fault.kind is FaultKind.EMPTY_STREAM:
        return
    rest = iter(events)
    yield from islice(rest, fault.after)
    if fault.kind is FaultKind.CUT_STREAM:
        if fault.mid_event:
            following = next(rest, b"")
            yield following[: len(following) // 2]
        if not fault.polite:
            yield Break()
        return
    if fault.kind is FaultKind.ERROR_EVENT:
        yield error_event()
        return
    if fault.kind is FaultKind.STALL:
        yield Stall(fault.seconds)
    elif fault.kind is FaultKind.MALFORMED_CHUNK:
        yield MALFORMED
    yield from rest


def disturbed_body(body: bytes, fault: Fault | None) -> Iterator[Step]:
    """Yield the steps of a plain answer; a cut arrives in half of the announced length."""
    kind = fault.kind if fault is not None else None
    half = len(body) // 2
    if fault is not None and kind in (FaultKind.SLOW_FIRST_BYTE, FaultKind.STALL):
        # A stall comes after the first half, a slow first byte before everything.
        if kind is FaultKind.STALL:
            yield body[:half]
        yield Stall(fault.seconds)
        yield body[half:] if kind is FaultKind.STALL else body
    elif kind is FaultKind.CUT_STREAM:
        yield body[:half]
        yield Break()
    else:
        yield changed_body(body, fault)


def changed_body(body: bytes, fault: Fault | None) -> bytes:
    """Return the body that a fault leaves of a plain answer; its length is announced."""
    kind = fault.kind if fault is not None else None
    if kind is FaultKind.EMPTY_STREAM:
        return b""
    if kind is FaultKind.MALFORMED_CHUNK:
        return body[: len(body) // 2]
    return _ERROR_BODY.body if kind is FaultKind.ERROR_EVENT else body
