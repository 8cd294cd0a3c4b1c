"""What stands before every route: who may ask, what is counted, and what is not HTTP."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

import anyio
import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ...policies.options import steady_time
from ...policies.waits import Clock
from . import errors
from .errors import ErrorAnswer, Refusal
from .exchange import Exchange
from .guard import Guard
from .metrics import Metrics
from .pages import is_preflight, origin_headers, preflight_headers

_LOGGER = logging.getLogger(__name__)
_LEFT = 499  # nginx's number for a client that left before any answer
UNREAD_TIMEOUT = 60.0
_UNSENT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_LOOKS = 12  # in all of the limit: how late somebody may be found to have stopped reading
_MOST_UNSENT = 65_536
"""Bytes that the system keeps unsent of an answer, where it lets that be said: it would keep some
megabytes for each caller who does not read, and tell late that one reads slowly."""
_OPERATIONS = ("/chat/completions", "/embeddings", "/models", "/healthz", "/metrics")


class Front:
    """The outermost layer: whatever happens further in ends in an answer of OpenAI's form."""

    def __init__(self, app: ASGIApp, guard: Guard, metrics: Metrics) -> None:
        self._app, self._guard, self._metrics = app, guard, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        exchange = scope["github_models_exchange"] = Exchange(scope, receive, send)
        method, path, headers = scope["method"], scope["path"], exchange.headers
        peer = scope.get("client")
        try:
            refusal = _refusal_of_two_lengths(headers)
            refusal = refusal or self._guard.refusal(method, path, headers, peer and peer[0])
            origin = self._guard.origin(path, headers)
            if origin is not None:
                exchange.for_pages = origin_headers(origin)
            if refusal is not None:
                await exchange.refuse(refusal)
            elif origin is not None and is_preflight(method, headers):
                await exchange.answer_without_body(preflight_headers(headers))
            else:
                await self._app(scope, receive, exchange.send)
        except Refusal as refused:
            await exchange.refuse(refused.answer)
        except Exception as error:
            name = type(error).__name__
            _LOGGER.exception("The gateway failed at %s: %s", exchange.request_id, name)
            answer = errors.broken(exchange.request_id)
            await (exchange.break_off if exchange.has_started else exchange.refuse)(answer)
        finally:
            seconds = time.monotonic() - started
            self._metrics.request(_operation(scope["path"]), exchange.status or _LEFT, seconds)


def _refusal_of_two_lengths(headers: dict[bytes, bytes]) -> ErrorAnswer | None:
    """Refuse what a proxy in front may have read as two requests, or as another one (RFC 9112)."""
    both = b"content-length" in headers and b"transfer-encoding" in headers
    return errors.two_lengths() if both else None


def _operation(path: str) -> str:
    """Return the part of a path that tells what was asked; there are few of them."""
    found = (known for known in _OPERATIONS if path.endswith(known) or f"{known}/" in path)
    return next(found, "other")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits for its peer to read anything, in seconds by a clock."""

    seconds: float = UNREAD_TIMEOUT
    clock: Clock = steady_time

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ValueError(f"unread_timeout is more than 0 seconds, not {self.seconds!r}.")

    async def wait(self) -> None:
        """Return once a twelfth of it has passed."""
        sleep = getattr(self.clock, "sleep_async", None) or anyio.sleep
        await sleep(self.seconds / _LOOKS)


def protocol(patience: Patience) -> type[Protocol]:
    """Return the protocol with some other patience; uvicorn makes an object for each connection."""
    return type("Protocol", (Protocol,), {"patience": patience})


class Protocol(H11Protocol):
    """uvicorn's protocol, which answers a request that it cannot read in OpenAI's form.

    A connection on which the headers of a request do not come to their end is cut like an idle
    one; uvicorn waits for them without end. So is one whose peer does not read.
    """

    patience = Patience()
    _cut: asyncio.TimerHandle | None = None
    _unread: asyncio.Task[None] | None = None

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        # What the system does not take is unread: whatever waits here counts, and little does.
        transport.set_write_buffer_limits(high=0)
        connection = transport.get_extra_info("socket")
        if connection is not None and _UNSENT is not None:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, _UNSENT, _MOST_UNSENT)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Read, and go on waiting where that was no whole request's headers."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._cut is None:
            self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to watch whether the peer reads."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.create_task(self._end_unread())

    def resume_writing(self) -> None:
        """Go on: all was taken."""
        self._stop_watching()
        super().resume_writing()

    async def _end_unread(self) -> None:
        """Drop the connection once nothing was taken for as long as patience lasts."""
        looks, left = 0, self.transport.get_write_buffer_size()
        while looks < _LOOKS:
            await self.patience.wait()
            before, left = left, self.transport.get_write_buffer_size()
            looks = 0 if left < before else looks + 1
        _LOGGER.info("A caller read nothing for %g s, and is cut off.", self.patience.seconds)
        self._unread = None
        self.transport.abort()

    def _stop_watching(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait_for_headers(self) -> None:
        self._cut = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None

    def send_400_response(self, msg: str) -> None:
        """Send the error and close the connection."""
        body = ErrorAnswer(400, msg, "invalid_http").body()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        events = (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        try:
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # an answer is on its way already
            pass
        self.transport.close()
