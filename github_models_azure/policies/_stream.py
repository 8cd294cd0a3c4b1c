"""A streamed answer on its way to the SDK: what was read ahead, then the rest, watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from azure.core.exceptions import ServiceResponseTimeoutError

from .._core.answer.silence import CALL_IS_OVER
from .._core.answer.sse import Update, frame
from .._core.answer.stages import AnswerFault
from .._core.failure.kinds import FailureKind, Scope
from ..exceptions import StreamInterruptedError
from ..trail import attach_trail
from ._attempt import OpenAttempt
from ._call import Call
from .errors import judge_error, one_line
from .responses import StandIn

_LAST_WORDS = 1.0  # seconds that usage and [DONE] may take after the last finish reason
_AT_ONCE = 0.001  # 0 would make a socket one that does not wait at all


class _Streamed(StandIn):
    """Stands in for the transport's response; its bytes are the answer's updates, framed again.

    It is its own iterator: a generator that is left partway would have to be finished by somebody.
    """

    def __init__(
        self, response: Any, call: Call, attempt: OpenAttempt, head: Sequence[Update], rest: Any
    ) -> None:
        super().__init__(response)
        self._call, self._attempt, self._rest = call, attempt, rest
        self._head: Sequence[Update] | None = head
        self._ended = False
        self._asked = self._spent = 0.0
        self._given = call.now()  # when the caller last got something
        self._is_whole = attempt.reader.is_whole
        attach_trail(self, call.trail)
        # So far each wait was bounded by what the attempt had left; now content flows.
        self._wait_longer = getattr(response, "wait_longer", None)
        self._usual = attempt.silence.longest
        self._is_short = True
        self._bound_wait()

    def __del__(self) -> None:
        if "_ended" in self.__dict__:  # left partway: an observer learns of no other end
            self._left()

    def _ask(self) -> bool:
        """Note when the next bytes were asked for; return whether they were read ahead."""
        if self._head is not None:
            return True
        self._asked = now = self._call.now()
        self._call.away(now - self._given)
        self._attempt.reader.check()
        self._bound_wait()
        return False

    def _bound_wait(self) -> None:
        """Tell the transport how long it may wait, unless that is what it was told before."""
        if self._wait_longer is None:
            return
        wait = min(self._attempt.silence.next_wait, self._usual)
        if self._is_whole:
            wait = min(wait, _LAST_WORDS - self._spent)
        if self._is_short or wait < self._usual:
            self._wait_longer(max(wait, _AT_ONCE))
        self._is_short = wait < self._usual

    def _take_head(self) -> bytes:
        head, self._head = self._head or (), None
        self._ended = self._attempt.reader.done
        return b"".join(map(frame, head))

    def _take(self, chunk: bytes | None) -> bytes:
        reader = self._attempt.reader
        updates = reader.end() if chunk is None else reader.feed(chunk)
        self._ended = chunk is None or reader.done
        waited = -self._asked
        self._given = self._asked = self._call.now()
        waited += self._asked
        late = self._attempt.silence.waited(waited, heard=reader.take_heard())
        if self._is_whole:
            self._spent += waited
        self._is_whole = reader.is_whole
        if self._ended:
            pass
        elif self._is_whole and (late is not None or self._spent >= _LAST_WORDS):
            self._ended = True
            updates += reader.end()
        elif late is not None:
            raise ServiceResponseTimeoutError(late)
        return b"".join(map(frame, updates))

    def _last_words(self, error: Exception) -> bytes:
        """Return what is left of an answer that was whole before reading it failed.

        :raises StreamInterruptedError: if it was not.
        """
        reader = self._attempt.reader
        # What a server leaves out behind its last event can only be read at the end.
        with suppress(AnswerFault):
            rest = [] if isinstance(error, AnswerFault) else reader.end()
            if reader.is_whole:
                self._ended = True
                return b"".join(map(frame, rest))
        raise self._interrupted(error) from error

    def _drain(self) -> Any:
        """Return what reads the body to its end, if the transport can do that in no time."""
        return getattr(self._inner, "drain", None) if self._attempt.reader.done else None

    def _interrupted(self, error: BaseException) -> StreamInterruptedError:
        self._ended = True
        self._call.hide_secrets(error)
        failure = judge_error(error, 0.0)
        broken = replace(failure, kind=FailureKind.BAD_STREAM, scope=Scope.TARGET)
        is_late = isinstance(error, (ServiceResponseTimeoutError, TimeoutError))
        cut = is_late and self._attempt.silence.ends_call(self._call.now() - self._asked)
        if cut:  # whoever noticed it, the clock or the transport
            broken = replace(broken, message=CALL_IS_OVER)
        broken = self._call.interrupted(self._attempt, broken, cools=not cut)
        reason = broken.message if cut or isinstance(error, AnswerFault) else one_line(error)
        made = StreamInterruptedError(
            f"The stream of {self._call.served_by} broke after its first content: {reason}",
            partial_text=self._call.hide(self._attempt.reader.text),
            error=error,
        )
        self._call.hide_secrets(made)
        attach_trail(made, self._call.trail())  # not the method, which no pickle takes
        self._call.watch.over(self._call.trail, made)
        return made

    def _left(self, error: BaseException | None = None) -> None:
        self._call.watch.over(self._call.trail, error, abandoned=not self._ended)


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
            if not isinstance(error, Exception):
                self._left(error)
                raise
            out = self._last_words(error)  # transports let their libraries' own ones through
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
            if not isinstance(error, Exception):
                self._left(error)
                raise
            out = self._last_words(error)  # transports let their libraries' own ones through
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
        # Left partway without `async with`: nobody awaits close(), and aiohttp waits for gc.
        leave = getattr(self.__dict__.get("_inner"), "leave", None)
        if leave is not None:
            leave()
        super().__del__()


async def finish(pieces: Any) -> None:
    """Finish an async generator that is left partway, so that the event loop need not."""
    with suppress(RuntimeError, AttributeError):  # it is being read just now; it is no generator
        await pieces.aclose()
