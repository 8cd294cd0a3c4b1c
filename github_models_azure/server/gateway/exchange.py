"""One request of a caller, and the answer on its way to him."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from ...trail import Trail, trail_headers
from .errors import ErrorAnswer

_JSON = "application/json"


class Exchange:
    """Sends an answer and knows how far it has come."""

    __slots__ = (
        "_is_whole", "_send", "for_pages", "headers", "receive", "request_id", "scope", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self._send = scope, receive, send
        self.headers = _joined(scope["headers"])
        self.request_id = f"req_{os.urandom(12).hex()}"
        self.status = 0
        self.for_pages: list[tuple[str, str]] = []
        """The headers that let a page read the answer; none where no page may."""
        self._is_whole = False

    @property
    def has_started(self) -> bool:
        """Whether a status has gone out."""
        return self.status != 0

    def header(self, name: str) -> str:
        """Return a header of the request, or nothing."""
        return self.headers.get(name.encode(), b"").decode("latin-1")

    async def send(self, message: Message) -> None:
        """Send one message of another application's."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = _raw([("x-request-id", self.request_id), *self.for_pages])
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await self._send(message)

    async def start(
        self, status: int, media_type: str, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Send the status and the headers."""
        raw = _raw([("content-type", media_type), *headers])
        await self.send({"type": "http.response.start", "status": status, "headers": raw})

    async def answer_without_body(self, headers: Iterable[tuple[str, str]]) -> None:
        """Send headers, and that this is all."""
        self._is_whole = True
        await self.send({"type": "http.response.start", "status": 204, "headers": _raw(headers)})
        await self.end()

    async def write(self, piece: bytes) -> None:
        """Send a piece of the body; returns when there is room for the next."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, piece: bytes = b"") -> None:
        """Send the last piece of the body."""
        await self._send({"type": "http.response.body", "body": piece})

    async def answer(
        self,
        status: int,
        body: bytes,
        headers: Iterable[tuple[str, str]] = (),
        media_type: str = _JSON,
    ) -> None:
        """Send a whole answer."""
        self._is_whole = True
        await self.start(status, media_type, [*headers, ("content-length", str(len(body)))])
        await self.end(body)

    async def refuse(self, error: ErrorAnswer, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send an error."""
        closing = [("connection", "close")] if error.closes else []
        await self.answer(error.status, error.body(), [*error.headers, *headers, *closing])

    async def break_off(self, error: ErrorAnswer) -> None:
        """End a stream with an error, and without the word that says that all was said.

        A whole answer that is stuck on its way has no place for one: its connection is dropped.
        """
        if not self._is_whole:
            await self.end(error.event())


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Join what a header says in several lines (RFC 9110, 5.3): none of them goes unseen."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = b", ".join((found[name], value)) if name in found else value
    return found


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def exchange_of(scope: Scope) -> Exchange:
    """Return the exchange that the front has put beside a request."""
    exchange: Exchange = scope["github_models_exchange"]
    return exchange


def served_headers(trail: Trail | None) -> list[tuple[str, str]]:
    """Return the headers that say who served; a call that never began has none."""
    return [] if trail is None else list(trail_headers(trail).items())


def path_params(scope: Scope) -> dict[str, Any]:
    """Return what the route found in the path."""
    found: dict[str, Any] = scope.get("path_params", {})
    return found
