"""A streamed answer on its way to the SDK: what was read ahead, then the rest, watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

from .._core.failures import FailureKind, Scope
from .._core.stream_reader import StreamFault, StreamReader
from ..exceptions import StreamInterruptedError
from ..trail import attach_trail
from ._faults import one_line
from ._judge import judge_error
from ._run import Run


class _Streamed:
    """Stands in for the transport's response; everything but the bytes is the response's own."""

    def __init__(self, response: Any, run: Run, head: bytes, rest: Any) -> None:
        self._inner, self._run, self._head, self._rest = response, run, head, rest
        attach_trail(self, run.trail)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)

    @property
    def _reader(self) -> StreamReader:
        reader = self._run.reader
        if reader is None:  # pragma: no cover - only made for streams that were opened
            raise RuntimeError("the stream was never opened")
        return reader

    def _interrupted(self, error: BaseException) -> StreamInterruptedError:
        failure = judge_error(error, 0.0)
        self._run.interrupted(replace(failure, kind=FailureKind.BAD_STREAM, scope=Scope.TARGET))
        reason = error.failure.message if isinstance(error, StreamFault) else one_line(error)
        made = StreamInterruptedError(
            f"The stream of {self._run.served_by} broke after its first content: {reason}",
            partial_text=self._reader.partial_text,
            error=error,
        )
        attach_trail(made, self._run.trail)
        return made


class StreamedResponse(_Streamed):
    """The sync stand-in."""

    def iter_bytes(self, **kwargs: Any) -> Iterator[bytes]:
        """Yield whole events, one ``data: `` line each.

        :raises StreamInterruptedError: where the stream breaks.
        """
        reader = self._reader
        try:
            if reader.done:
                self.close()
            yield self._head
            ended = reader.done
            while not ended:
                chunk = next(self._rest, None)
                out = reader.end() if chunk is None else reader.feed(chunk)
                ended = chunk is None or reader.done
                if ended:  # the SDK asks for nothing after [DONE], so this is the last chance
                    self.close()
                yield out
        except Exception as error:  # transports let their libraries' own exceptions through
            raise self._interrupted(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._inner.close()


class AsyncStreamedResponse(_Streamed):
    """The async stand-in."""

    async def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        """Yield whole events, one ``data: `` line each.

        :raises StreamInterruptedError: where the stream breaks.
        """
        reader = self._reader
        try:
            if reader.done:
                await self.close()
            yield self._head
            ended = reader.done
            while not ended:
                chunk = await anext(self._rest, None)
                out = reader.end() if chunk is None else reader.feed(chunk)
                ended = chunk is None or reader.done
                if ended:  # the SDK asks for nothing after [DONE], so this is the last chance
                    await self.close()
                yield out
        except Exception as error:  # transports let their libraries' own exceptions through
            raise self._interrupted(error) from error
        finally:
            await self.close()

    async def close(self) -> None:
        """Give the connection back."""
        await self._inner.close()
