"""Faults on demand: what the emulated service can be told to do wrong, and what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice

from . import errors
from .errors import ErrorAnswer
from .json_value import Json, as_count, as_number, as_object, as_text
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


class FaultKind(str, Enum):
    """The ways in which an answer can go wrong."""

    STATUS = "status"
    RATE_LIMIT = "rate_limit"
    SLOW_FIRST_BYTE = "slow_first_byte"
    STALL = "stall"
    CUT_STREAM = "cut_stream"
    MALFORMED_CHUNK = "malformed_chunk"
    ERROR_EVENT = "error_event"
    EMPTY_STREAM = "empty_stream"
    HTML_ERROR = "html_error"
    NON_JSON = "non_json"
    ERROR_IN_200 = "error_in_200"
    TOOL_CALLS_FOREVER = "tool_calls_forever"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong for the next ``times`` requests, or until reset when ``None``.

    ``model`` limits it to one model, under any of its names. ``after`` is how many events of a
    stream arrive before it strikes; ``seconds`` how long a slow first byte or a stall lasts, in
    real time. ``polite`` ends a cut stream cleanly, so that only the missing end betrays it;
    ``mid_event`` cuts inside an event. ``status``, ``headers`` and ``body`` shape the answers of
    ``status``, ``rate_limit`` and ``html_error``; ``limit``, ``span`` and ``type`` the words of a
    ``rate_limit``, with ``seconds`` as its wait.
    """

    kind: FaultKind
    times: int | None = 1
    model: str | None = None
    after: int = 1
    seconds: float = 0.0
    polite: bool = False
    mid_event: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    type: str = "UserByModelByMinute"
    limit: int = 10
    span: int = 60

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", FaultKind(self.kind))
        if self.times is not None and self.times < 1:
            raise ValueError(f"times={self.times!r}: a fault needs at least one request, or None.")
        if self.seconds < 0 or self.after < 0:
            raise ValueError("A fault's seconds and after cannot be negative.")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status={self.status!r} is not an HTTP status from 200 to 599.")

    def as_json(self) -> dict[str, Json]:
        """Return the fault for the control API."""
        return {
            "kind": self.kind.value,
            "times": self.times,
            "model": self.model,
            "after": self.after,
            "seconds": self.seconds,
            "polite": self.polite,
            "mid_event": self.mid_event,
            "status": self.status,
            "headers": dict(self.headers),
            "body": self.body,
            "type": self.type,
            "limit": self.limit,
            "span": self.span,
        }


def fault_from_json(value: Json) -> Fault:
    """Read a fault as the control API receives it; what is left out keeps its default.

    :raises ValueError: when the kind is missing or unknown, or a member is not understood.
    """
    given = as_object(value)
    unknown = sorted(set(given) - set(Fault.__dataclass_fields__))
    if unknown:
        raise ValueError(f"Unknown members of a fault: {', '.join(unknown)}.")
    kinds = ", ".join(kind.value for kind in FaultKind)
    if as_text(given.get("kind")) not in {kind.value for kind in FaultKind}:
        raise ValueError(f"kind={given.get('kind')!r} is not a fault; choose from {kinds}.")
    return Fault(
        kind=FaultKind(as_text(given["kind"])),
        times=as_count(given["times"]) if "times" in given else 1,
        model=as_text(given.get("model")) or None,
        after=1 if (after := as_count(given.get("after"))) is None else after,
        seconds=float(as_number(given.get("seconds")) or 0.0),
        polite=given.get("polite") is True,
        mid_event=given.get("mid_event") is True,
        status=as_count(given.get("status")),
        headers={name: str(text) for name, text in as_object(given.get("headers")).items()},
        body=as_text(given.get("body")) or None,
        type=as_text(given.get("type")) or "UserByModelByMinute",
        limit=as_count(given.get("limit")) or 10,
        span=60 if (span := as_count(given.get("span"))) is None else span,
    )


class FaultQueue:
    """The faults that wait for their requests, first come first served; safe for threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault at the end of the queue."""
        with self._lock:
            self._faults.append(fault)

    def take(self, model: str | None, known_as: Callable[[str], str] = str.lower) -> Fault | None:
        """Return the fault meant for a request to ``model``, and count it as used once.

        :param known_as: gives the same for all names of one model.
        """
        asked = known_as(model or "")
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.model is not None and known_as(fault.model) != asked:
                    continue
                if fault.times == 1:
                    del self._faults[index]
                elif fault.times is not None:
                    self._faults[index] = replace(fault, times=fault.times - 1)
                return fault
            return None

    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that are still to strike."""
        with self._lock:
            return tuple(self._faults)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()


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
