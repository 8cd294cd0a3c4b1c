"""Streamed answers, as LiteLLM iterates over them."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from litellm.types.utils import ModelResponseStream

from github_models_azure.trail import Trail, trail_of

from ._answers import Chunks
from ._errors import as_litellm
from ._requests import Call


class _Stream:
    """What the twins share: the chunks that are ready, and the trail of the call."""

    def __init__(self, call: Call) -> None:
        self._call, self._chunks = call, Chunks(call.model)
        self._ready: deque[ModelResponseStream] = deque()
        self._inner: Any = None
        self._ended = False

    @property
    def trail(self) -> Trail | None:
        """The trail of the call, live until the stream ends; ``None`` before it was opened."""
        return trail_of(self._inner)

    def _took(self, update: Any) -> None:
        if update is None:
            self._ended = True
        self._ready += self._chunks.end() if update is None else self._chunks.take(update)


class ChunkStream(_Stream):
    """The chunks of an open stream.

    :param release: called once, when nothing more will be read.
    """

    def __init__(
        self, call: Call, inner: Any, headers: dict[str, str], release: Callable[[], None]
    ) -> None:
        super().__init__(call)
        self._inner, self._release = inner, release
        self._chunks.opened(inner, headers)

    def __iter__(self) -> ChunkStream:
        return self

    def __next__(self) -> ModelResponseStream:
        while not self._ready:
            if self._ended:
                self.close()
                raise StopIteration
            try:
                with as_litellm(self._call):
                    self._took(next(self._inner, None))
            except BaseException:
                self.close()
                raise
        return self._ready.popleft()

    def close(self) -> None:
        """Give the connection back; what was not read is lost."""
        self._ended = True
        release, self._release = self._release, _nothing
        try:
            self._inner.close()
        finally:
            release()


class AsyncChunkStream(_Stream):
    """The chunks of a stream that is opened when the first one is asked for.

    :param start: opens the stream in the running event loop; returns it, the headers of the answer,
        and what to await when nothing more will be read.
    """

    def __init__(
        self,
        call: Call,
        start: Callable[[], Awaitable[tuple[Any, dict[str, str], Callable[[], Awaitable[None]]]]],
    ) -> None:
        super().__init__(call)
        self._start = start
        self._release: Callable[[], Awaitable[None]] = _nothing_async

    def __aiter__(self) -> AsyncChunkStream:
        return self

    async def __anext__(self) -> ModelResponseStream:
        if self._inner is None and not self._ended:
            self._inner, headers, self._release = await self._start()
            self._chunks.opened(self._inner, headers)
        while not self._ready:
            if self._ended:
                await self.aclose()
                raise StopAsyncIteration
            try:
                with as_litellm(self._call):
                    self._took(await anext(self._inner, None))
            except BaseException:
                await self.aclose()
                raise
        return self._ready.popleft()

    async def aclose(self) -> None:
        """Give the connection back; what was not read is lost."""
        self._ended = True
        release, self._release = self._release, _nothing_async
        try:
            if self._inner is not None:
                await self._inner.aclose()
        finally:
            await release()


def _nothing() -> None:
    pass


async def _nothing_async() -> None:
    pass
