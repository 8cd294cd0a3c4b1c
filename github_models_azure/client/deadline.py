"""Connections whose reading ends at a deadline, however the bytes drip in.

Python's http.client reads status lines, headers, chunk sizes and trailers line by line, each
piece under a timeout of its own. Here every wait for bytes ends at the deadline of the exchange,
which the thread that sends has set. TLS and proxies are urllib3's own: only the file from which a
response is read is another. Interim answers are passed over, as aiohttp does it.
"""

from __future__ import annotations

import http.client
import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from math import inf
from typing import Any

from ..policies.logged import shown_url

LINE, COUNT = 65536, 100
"""The longest header line, in bytes, and the most headers, that ``http.client`` reads."""

LIMITS = {"max_line_size": LINE, "max_field_size": LINE}
"""The same for a request of aiohttp, which reads 8190 bytes by default."""


class Deadline:
    """The moment after which nothing more is read.

    :param end: by the clock, seconds; ``inf`` for never.
    :ivar gap: how long each piece may take: of a stream, once its content flows, whatever is read
        at once; of a whole answer, its head, and all up to the next bytes that are no white space.
    """

    __slots__ = ("_clock", "_until", "end", "gap")

    def __init__(
        self,
        end: float = inf,
        clock: Callable[[], float] = time.monotonic,
        *,
        gap: float | None = None,
    ) -> None:
        self.end, self.gap, self._clock = end, inf if gap is None else gap, clock
        self._until = inf

    def left(self) -> float:
        """Return the seconds that are left; not above zero if there are none."""
        end = min(self.end, self._until)
        return end if end == inf else end - self._clock()

    def begin_piece(self) -> None:
        """Note that another piece is waited for."""
        if self.gap != inf:
            self._until = self._clock() + self.gap

    def move(self, end: float, gap: float = inf) -> None:
        """Set another end, and another gap."""
        self.end, self.gap, self._until = end, gap, inf


_CURRENT: ContextVar[Deadline | None] = ContextVar("github_models_azure.deadline", default=None)


@contextmanager
def reading_by(deadline: Deadline) -> Iterator[None]:
    """Read the responses to what this thread sends meanwhile by a deadline."""
    token = _CURRENT.set(deadline)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def _hide_query(record: logging.LogRecord) -> bool:
    """Log no query of what is sent by a deadline, which is what this package sends."""
    if _CURRENT.get() is not None and isinstance(record.args, tuple):
        record.args = tuple(
            shown_url(value) if isinstance(value, str) else value for value in record.args
        )
    return True


class _Reader(io.RawIOBase):
    """Reads from a socket as its own file does, and no longer than the deadline allows."""

    def __init__(self, sock: Any, raw: Any, deadline: Deadline) -> None:
        self._sock, self._raw, self._deadline = sock, raw, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.left()
        if left == inf:
            return self._read(buffer)
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        usual = self._sock.gettimeout()
        if usual is not None and usual <= left:
            return self._read(buffer)
        self._sock.settimeout(left)
        try:
            return self._read(buffer)
        finally:
            self._sock.settimeout(usual)

    def _read(self, buffer: Any) -> int | None:
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class FinalResponse(http.client.HTTPResponse):
    """Passes over interim answers: ``http.client`` knows 100 only, aiohttp knows them all.

    RFC 9110, 15.2: a client must be able to read any number of them, 102 and 103 too.

    :ivar sock: the socket that the answer is read from.
    """

    def __init__(self, sock: Any, *args: Any, **keywords: Any) -> None:
        super().__init__(sock, *args, **keywords)
        self.sock = sock

    def begin(self) -> None:
        """Read up to the end of the headers of the answer itself."""
        super().begin()
        while 100 <= self.status < 200 and self.status != 101:
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first one
            super().begin()


class TimedResponse(FinalResponse):
    """A response that is read by the deadline under which it was awaited."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = _CURRENT.get()
        if deadline is not None:
            deadline.begin_piece()
            file: Any = self.fp
            self.fp = io.BufferedReader(_Reader(sock, file.detach(), deadline))


def read_timed(manager: Any) -> Any:
    """Have the connections of one of urllib3's pool managers read by deadlines; return it."""
    logging.getLogger("urllib3.connectionpool").addFilter(_hide_query)
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {name: _timed_pool(one) for name, one in classes.items()}
    return manager


@lru_cache(maxsize=16)
def _timed_pool(pool: Any) -> Any:
    def connection_class(self: Any) -> Any:
        # Asked of the class each time: who records traffic puts a class of his own there.
        return _timed_connection(super(timed, self).ConnectionCls)

    timed: Any = type(pool.__name__, (pool,), {"ConnectionCls": property(connection_class)})
    return timed


@lru_cache(maxsize=16)
def _timed_connection(connection: Any) -> Any:
    if not issubclass(connection, http.client.HTTPConnection):
        return connection
    return type(connection.__name__, (connection,), {"response_class": TimedResponse})
