"""Send an answer step by step, with pauses that end when the client or the server goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .errors import ErrorAnswer
from .faults import Break, Stall, Step
from .front import send_answer

_TICK = 0.02


class Refused(Response):
    """A refusal as a Starlette response."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(status_code=answer.status)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the refusal."""
        await send_answer(send, self._answer)


class Reply(Response):
    """A 200 whose body is made of steps.

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
        for step in _preceded(first, self._steps):
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


def _preceded(first: Step, rest: Iterator[Step]) -> Iterator[Step]:
    yield first
    yield from rest


def _nothing() -> None:
    return None
