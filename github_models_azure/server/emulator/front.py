"""What stands between a connection and the routes, on the way in and out.

In: reading, and the end of the service. Out: recording, marking, and sending step by step.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import errors
from .errors import DEPRECATION_HEADERS, ErrorAnswer
from .faults import Break, Stall, Step
from .json_value import Json, parse
from .openai_v1 import is_openai_v1

if TYPE_CHECKING:
    from .state import EmulatorState

MARK = ("x-emulated-by", "github_models_azure")
CONTROL = "/_emulator"
_TICK = 0.02


@dataclass(slots=True)
class Visit:
    """One request on its way through: its body, and the fault that met it."""

    body: bytes = b""
    parsed: Json = None
    fault: str | None = None


class Front:
    """The outermost ASGI layer.

    It reads the body (bounded), answers for a retired service, adds ``x-emulated-by`` to every
    answer, and writes the journal when an answer begins. ``/openai/v1`` is another service: it is
    there where the emulator is strict, and retires with nothing.
    """

    def __init__(self, app: ASGIApp, state: EmulatorState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = Visit()
        scope["github_models_visit"] = visit
        answering = _Answering(self._state, scope, send, visit)
        body = await _read(receive, self._state.settings.max_body_bytes)
        if body is not None:
            visit.body = body
            try:
                visit.parsed = parse(body) if body else None
            except ValueError:
                visit.parsed = None
        try:
            answer = None if answering.is_control else self._not_served(answering)
            if body is None and answer is None:
                answer = errors.body_too_large(self._state.settings.max_body_bytes)
            if answer is not None:
                await send_answer(answering.send, answer)
            else:
                await self._app(scope, receive, answering.send)
        finally:
            answering.record(0)

    def _not_served(self, answering: _Answering) -> ErrorAnswer | None:
        if answering.is_foundry and self._state.strict_api_version:
            return None
        if self._state.retired == "410":
            return errors.brownout()
        if self._state.retired == "403-sunset":
            return errors.sunset()
        return errors.page_not_found() if answering.is_foundry else None


class _Answering:
    """Passes an answer on, with the mark, and records it once."""

    def __init__(self, state: EmulatorState, scope: Scope, send: Send, visit: Visit) -> None:
        self._state = state
        self._scope = scope
        self._send = send
        self._visit = visit
        self._recorded = False
        path = scope["path"]
        self.is_control = path == CONTROL or path.startswith(f"{CONTROL}/")
        self.is_foundry = is_openai_v1(path)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [MARK]
            if self._state.retired == "deprecated" and message["status"] == 200:
                headers += [] if self.is_control or self.is_foundry else DEPRECATION_HEADERS
            message = {**message, "headers": [*message.get("headers", ()), *_raw(headers)]}
            # Before the first byte leaves: whoever reads the answer finds it in the journal.
            self.record(message["status"])
        await self._send(message)

    def record(self, status: int) -> None:
        if self._recorded or self.is_control:
            return
        self._recorded = True
        self._state.journal.record(
            time=self._state.clock(),
            method=self._scope["method"],
            path=self._scope["path"],
            query=self._scope["query_string"].decode("latin-1"),
            headers=[(n.decode("latin-1"), v.decode("latin-1")) for n, v in self._scope["headers"]],
            status=status,
            body=self._visit.parsed,
            fault=self._visit.fault,
        )


async def send_answer(send: Send, answer: ErrorAnswer) -> None:
    """Send a refusal."""
    headers = [*answer.headers, ("content-length", str(len(answer.body)))]
    if answer.media_type is not None:
        headers.append(("content-type", answer.media_type))
    start = {"type": "http.response.start", "status": answer.status, "headers": _raw(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the body of a request, or ``None`` once it is longer than ``limit``."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


class Refused(Response):
    """A refusal as a Starlette response."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(status_code=answer.status)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the refusal."""
        await send_answer(send, self._answer)


class Reply(Response):
    """A 200 whose body is made of steps, with pauses that end when the client or the server goes.

    :param length: the announced length, or ``None`` for a chunked answer.
    :param finished: called once at the end, however the answer ends.
    :param stopping: tells that the server is going, which ends every pause.
    :param delay: seconds between two steps.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        *,
        media_type: str,
        headers: Iterable[tuple[str, str]],
        length: int | None,
        finished: Callable[[], None],
        stopping: Callable[[], bool],
        delay: float = 0.0,
    ) -> None:
        super().__init__()
        pairs = [*headers, ("content-type", media_type)]
        if length is not None:
            pairs.append(("content-length", str(length)))
        self.raw_headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in pairs]
        self._steps = iter(steps)
        self._finished = finished
        self._stopping = stopping
        self._delay = delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the steps until they end, the client leaves or the server stops."""
        try:
            async with anyio.create_task_group() as group:

                async def watch() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(watch)
                await self._send_all(send)
                group.cancel_scope.cancel()
        finally:
            self._finished()

    async def _send_all(self, send: Send) -> None:
        first = next(self._steps, b"")
        while isinstance(first, Stall):
            await self._pause(first.seconds)
            first = next(self._steps, b"")
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        for step in itertools.chain((first,), self._steps):
            if isinstance(step, Stall):
                await self._pause(step.seconds)
            elif isinstance(step, Break):
                # Returning without the last message makes the server drop the connection.
                return
            else:
                await send({"type": "http.response.body", "body": step, "more_body": True})
                if self._delay:
                    await self._pause(self._delay)
        # Before the end is visible, so that the next request finds this one gone.
        self._release()
        await send({"type": "http.response.body", "body": b""})

    def _release(self) -> None:
        finished, self._finished = self._finished, _nothing
        finished()

    async def _pause(self, seconds: float) -> None:
        end = anyio.current_time() + seconds
        # Polled, because whoever stops the server is in another thread.
        while not self._stopping() and (left := end - anyio.current_time()) > 0:  # noqa: ASYNC110
            await anyio.sleep(min(_TICK, left))


def _nothing() -> None:
    return None
