"""A streamed answer on its way to the SDK: what was read ahead, then the rest, watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from azure.core.exceptions import ServiceResponseTimeoutError

from .._core.answer.reader import StreamFault, StreamReader
from .._core.failure.kinds import FailureKind, Scope
from .._core.route.cooldown import format_seconds
from ..exceptions import StreamInterruptedError
from ..trail import attach_trail
from ._faults import one_line
from ._judge import judge_error
from ._run import Run


class _Streamed:
    """Stands in for the transport's response; everything but the bytes is the response's own.

    It is its own iterator: a generator that is left half-way would have to be finished by somebody.
    """

    def __init__(self, response: Any, run: Run, head: bytes, rest: Any) -> None:
        self._inner, self._run, self._rest = response, run, rest
        self._head: bytes | None = head
        self._ended = False
        self._asked = self._silent = 0.0
        attach_trail(self, run.trail)
        # So far each wait was bounded by what the attempt had left; now content flows.
        wait_longer = getattr(response, "wait_longer", None)
        if wait_longer is not None:
            wait_longer(run._outgoing.options.get("read_timeout"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_inner":  # asked by copy and pickle of an empty shell
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __del__(self) -> None:
        if "_ended" in self.__dict__:  # left half-way: who watches learns of no other end
            self._left()

    @property
    def _reader(self) -> StreamReader:
        reader = self._run.reader
        if reader is None:  # pragma: no cover - only made for streams that were opened
            raise RuntimeError("the stream was never opened")
        return reader

    def _ask(self) -> bool:
        """Note when the next bytes were asked for; true where they were read ahead."""
        self._asked = self._run.now()
        return self._head is not None

    def _take_head(self) -> bytes:
        head, self._head = self._head or b"", None
        self._ended = self._reader.done
        return head

    def _take(self, chunk: bytes | None) -> bytes:
        reader = self._reader
        out = reader.end() if chunk is None else reader.feed(chunk)
        self._ended = chunk is None or reader.done
        # Comments keep a connection alive for ever, whatever became of the answer.
        self._silent = 0.0 if out else self._silent + self._run.now() - self._asked
        if not self._ended and self._silent > self._run.patience:
            spent = format_seconds(self._silent)
            raise ServiceResponseTimeoutError(f"nothing but keep-alives for {spent}")
        return out

    def _drain(self) -> Any:
        """Return what reads the body to its end, where the transport can do that in no time."""
        return getattr(self._inner, "drain", None) if self._reader.done else None

    def _interrupted(self, error: BaseException) -> StreamInterruptedError:
        self._ended = True
        failure = judge_error(error, 0.0)
        broken = replace(failure, kind=FailureKind.BAD_STREAM, scope=Scope.TARGET)
        broken = self._run.interrupted(broken)
        self._run.hide_key(error)
        reason = broken.message if isinstance(error, StreamFault) else one_line(error)
        made = StreamInterruptedError(
            f"The stream of {self._run.served_by} broke after its first content: {reason}",
            partial_text=self._reader.partial_text,
            error=error,
        )
        attach_trail(made, self._run.trail)
        self._run.watch.over(self._run.trail, made)
        return made

    def _left(self, error: BaseException | None = None) -> None:
        self._run.watch.over(self._run.trail, error, abandoned=not self._ended)


class StreamedResponse(_Streamed):
    """The sync stand-in."""

    def iter_bytes(self, **kwargs: Any) -> Iterator[bytes]:
        """Iterate over whole events, one ``data: `` line each.

        :raises StreamInterruptedError: where the stream breaks.
        """
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        try:
            first = self._ask()
            out = self._take_head() if first else self._take(next(self._rest, None))
        except BaseException as error:
            self._let_go()
            if isinstance(error, Exception):  # transports let their libraries' own ones through
                raise self._interrupted(error) from error
            self._left(error)
            raise
        if self._ended:  # the SDK asks for nothing after [DONE], so this is the last chance
            self._give_back()
        return out

    def _give_back(self) -> None:
        try:
            if drain := self._drain():
                drain()
        finally:
            self.close()

    iter_raw = iter_bytes

    def read(self) -> bytes:
        """Read all that is left, framed anew."""
        return b"".join(self)

    def __enter__(self) -> StreamedResponse:
        return self

    def __exit__(self, *exc_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        try:
            self._let_go()
        finally:
            self._left()

    def _let_go(self) -> None:
        self._inner.close()


class AsyncStreamedResponse(_Streamed):
    """The async stand-in."""

    def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        """Iterate over whole events, one ``data: `` line each.

        :raises StreamInterruptedError: where the stream breaks.
        """
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        try:
            first = self._ask()
            out = self._take_head() if first else self._take(await anext(self._rest, None))
        except BaseException as error:
            await self._let_go()
            if isinstance(error, Exception):  # transports let their libraries' own ones through
                raise self._interrupted(error) from error
            self._left(error)
            raise
        if self._ended:  # the SDK asks for nothing after [DONE], so this is the last chance
            await self._give_back()
        return out

    async def _give_back(self) -> None:
        try:
            if drain := self._drain():
                await drain()
        finally:
            await self.close()

    iter_raw = iter_bytes

    async def read(self) -> bytes:
        """Read all that is left, framed anew."""
        return b"".join([piece async for piece in self])

    async def __aenter__(self) -> AsyncStreamedResponse:
        return self

    async def __aexit__(self, *exc_details: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connection back."""
        try:
            await self._let_go()
        finally:
            self._left()

    async def _let_go(self) -> None:
        await finish(self._rest)
        await self._inner.close()

    def __del__(self) -> None:
        # Left half-way without `async with`: nobody awaits close(), and aiohttp waits for gc.
        leave = getattr(self.__dict__.get("_inner"), "leave", None)
        if leave is not None:
            leave()
        super().__del__()


def in_time(run: Run, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pass the bytes of an error body on, as long as the attempt may go on."""
    for piece in pieces:
        yield piece
        run.check_overdue()


async def in_time_async(run: Run, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pass the bytes of an error body on, as long as the attempt may go on."""
    async for piece in pieces:
        yield piece
        run.check_overdue()


async def finish(pieces: Any) -> None:
    """Finish an async generator that is left half-way, lest the event loop has to."""
    with suppress(RuntimeError, AttributeError):  # it is being read just now; it is no generator
        await pieces.aclose()
