"""How a body is read: as it arrives, decoded in small pieces, and no further than its bounds."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from math import inf
from typing import Any

from azure.core.exceptions import (
    IncompleteReadError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from .._core.answer.bounds import Bounds, told_size
from .._core.answer.inflate import ACCEPTED, CodingError, Inflater
from ..policies.errors import AnswerTooLargeError
from .deadline import Deadline

_BLOCK = 65536
STREAM_BYTES = 4096
"""Bytes of a stream that are read at once: its events are worked on without a break."""
_SMALL_BLOCK = 4096  # where a block has to be full before it is handed on


def accept(request: Any) -> None:
    """Ask for what is decoded here; the libraries ask for all that happens to be installed."""
    if not any(name.lower() == "accept-encoding" for name in request.headers):
        request.headers["Accept-Encoding"] = ACCEPTED


def bounded(pieces: Iterable[bytes], status: int, bounds: Bounds) -> Iterator[bytes]:
    """Yield the pieces of a whole answer, or the first ones of an error and one byte too many.

    :raises AnswerTooLargeError: if an answer is larger than it may be.
    """
    size = 0
    for piece in pieces:
        size += len(piece)
        if status == 200 and size > bounds.answer:
            raise AnswerTooLargeError(told_size(bounds.answer))
        if status != 200 and size > bounds.error:
            yield piece[: len(piece) - size + bounds.error + 1]
            return
        yield piece


async def arriving_async(
    inner: Any, deadline: Deadline, *, decoded: bool, whole: bool = False
) -> AsyncGenerator[bytes, None]:
    """Yield what has arrived of an answer of aiohttp's as it arrives.

    :param decoded: aiohttp decodes the body itself, as a session of the caller's may have it.
    :param whole: the answer is no stream, so that white space is as good as silence.
    """
    import asyncio

    import aiohttp

    try:
        inflater = Inflater(None if decoded else inner.headers.get("Content-Encoding"))
        deadline.begin_piece()
        most = -1 if whole else STREAM_BYTES
        while data := await _read_by(deadline, inner.content, most):
            for piece in inflater.feed(data):
                if whole and not piece.isspace():
                    deadline.begin_piece()
                yield piece
                if not whole:
                    deadline.begin_piece()
    except aiohttp.ClientPayloadError as error:
        raise IncompleteReadError(error, error=error) from error
    except asyncio.TimeoutError as error:
        raise ServiceResponseTimeoutError(error, error=error) from error
    except (aiohttp.ClientError, zlib.error, CodingError) as error:
        raise ServiceResponseError(error, error=error) from error


async def _read_by(deadline: Deadline, content: Any, most: int) -> bytes:
    """Return what has arrived, or what arrives in time: the lines around it may drip in for ever.

    aiohttp's own timer goes on while nobody reads.
    """
    import asyncio

    left, timer = deadline.left(), None
    if left != inf:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(0.0, left), _end_late, content, left)
    try:
        data: bytes = await (content.readany() if most < 0 else content.read(most))
    finally:
        if timer is not None:
            timer.cancel()
    return data


def _end_late(content: Any, seconds: float) -> None:
    content.set_exception(late(seconds))


async def read_async(
    inner: Any, status: int, bounds: Bounds, deadline: Deadline, *, decoded: bool
) -> bytes:
    """Read a whole answer of aiohttp's, or the first bytes of an error and one too many.

    :raises AnswerTooLargeError: if an answer is larger than it may be.
    """
    parts: list[bytes] = []
    room = bounds.answer if status == 200 else bounds.error
    async with aclosing(arriving_async(inner, deadline, decoded=decoded, whole=True)) as pieces:
        async for piece in pieces:
            parts.append(piece)
            room -= len(piece)
            if room < 0:
                break
    if room >= 0:
        return b"".join(parts)
    if status == 200:
        raise AnswerTooLargeError(told_size(bounds.answer))
    return b"".join(parts)[: bounds.error + 1]


def arriving(
    inner: Any,
    end: float,
    seconds: float | None,
    deadline: Deadline | None = None,
    *,
    whole: bool = False,
) -> Iterator[bytes]:
    """Yield what has arrived as it arrives: the library's own blocks may take for ever to fill.

    :param inner: the response of requests.
    :param whole: the answer is no stream, so that white space is as good as silence.
    """
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    deadline = deadline or Deadline()
    read1 = getattr(inner.raw, "read1", None)
    try:
        inflater = Inflater(inner.headers.get("Content-Encoding"))
        deadline.begin_piece()
        while True:
            try:
                if read1 is None:  # urllib3 1.26
                    raise TypeError
                data = read1(_BLOCK, decode_content=False)
            except TypeError:  # a stand-in for a connection, such as vcrpy's, has another form
                deadline.move(deadline.end)  # a block has to be full, which may take long
                yield from inner.iter_content(_SMALL_BLOCK)
                return
            if not data:
                return
            for piece in inflater.feed(data):
                if whole and not piece.isspace():
                    deadline.begin_piece()
                yield piece
                if time.monotonic() > end:
                    raise late(seconds or 0.0)
                if not whole:
                    deadline.begin_piece()
    except (
        HTTPError,
        OSError,
        zlib.error,
        CodingError,
    ) as error:  # requests' own exceptions are OSErrors
        is_late = isinstance(error, ReadTimeoutError | TimeoutError)
        kind = ServiceResponseTimeoutError if is_late else ServiceResponseError
        raise kind(error, error=error) from error


def late(seconds: float) -> ServiceResponseTimeoutError:
    """Return what is raised for an answer that is not complete in time."""
    return ServiceResponseTimeoutError(f"The answer was not complete within {seconds:g} seconds.")
