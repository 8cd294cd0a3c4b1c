"""What stands before every route: who may ask, what is counted, and what is not HTTP."""

from __future__ import annotations

import asyncio
import logging
import time

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import errors
from .errors import ErrorAnswer, Refusal
from .exchange import Exchange
from .guard import Guard
from .metrics import Metrics

_LOGGER = logging.getLogger(__name__)
_LEFT = 499  # nginx's number for a client that left before any answer
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
        try:
            refusal = _refusal_of_two_lengths(exchange.headers)
            refusal = refusal or self._guard.refusal(scope["path"], exchange.headers)
            if refusal is not None:
                await exchange.refuse(refusal)
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


class Protocol(H11Protocol):
    """uvicorn's protocol, which answers a request that it cannot read in OpenAI's form.

    A connection on which the headers of a request do not come to their end is cut like an idle
    one; uvicorn waits for them without end.
    """

    _cut: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
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
        super().connection_lost(exc)

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
