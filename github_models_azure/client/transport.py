"""The transports that the clients make for themselves: room for many, and a limit on whole answers.

Libraries count their read timeout anew with every byte, so that an answer that drips in slowly
outlives any timeout. These transports take the option ``answer_within`` for the answer as a whole.
And they unpack whatever comes: here a whole answer ends at its bounds, after decompression.

Their streamed responses have methods more, which those of other transports have not. ``drain``, for
a stream that has said all, reads on to the end of the body, briefly, so that the connection can
serve the next call. (In the sync one it does nothing where an answer ends with its connection.)
``wait_longer``, for a stream whose content has begun in time, gives each further wait its own
limit; a short one once its answer is whole. ``leave``, of the async one, closes without a coroutine
what is left half-way.
"""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from http.cookiejar import DefaultCookiePolicy
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from azure.core.exceptions import (
    AzureError,
)

from .._core.answer.bounds import USUAL, Bounds
from ..endpoints.endpoint import is_loopback
from ..policies.responses import AsyncReadResponse
from .deadline import LIMITS, Deadline, read_timed, reading_by
from .loops import SessionPerLoop
from .reading import accept, arriving, arriving_async, bounded, late, read_async
from .sending import check_timeouts, clear_errors

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

_NO_PROXIES = dict.fromkeys(("http", "https", "all"))
_CLOSED = "the client was closed while its answer was read"
POOL_SIZE = 100
"""Connections kept open to one host: azure-core's ten make threads reconnect for every call."""

DRAIN_SECONDS = 0.2
"""How long the end of a body may take after the end of its stream: a handshake takes no longer."""
DRAIN_BYTES = 16384
"""How much may stand between the end of a stream and the end of its body."""


def sync_transport(**options: Any) -> RequestsTransport:
    """Make a requests transport with room for many threads.

    :param options: ``connection_timeout``, ``read_timeout``, ``connection_verify`` and the like, as
        azure-core takes them.
    """
    return _sync_class()(**options)


@lru_cache(maxsize=1)
def _adapter_class() -> Any:
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            read_timed(self.poolmanager)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            known = proxy in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **kwargs)
            return manager if known else read_timed(manager)

        def close(self) -> None:
            close_pools(self)
            super().close()

    return Adapter


@lru_cache(maxsize=1)  # a class takes longer to make than a client
def _sync_class() -> Any:
    from azure.core.pipeline.transport import RequestsTransport

    class Transport(RequestsTransport):  # type: ignore[misc] # Any to mypy: loaded by PEP 562
        takes_answer_within = True

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.session: Any
            self._makes_session = options.get("session_owner", True)
            self._by_environment = options.get("use_env_settings", True)
            self._opening = Lock()

        def open(self) -> None:
            with self._opening:
                if self.session is None and self._makes_session:
                    self.session = _session_of_requests(self._by_environment)
                    self._makes_session = False
                super().open()

        def send(
            self,
            request: Any,
            *,
            answer_within: float | None = None,
            bounds: Bounds = USUAL,
            **kwargs: Any,
        ) -> Any:
            streamed = kwargs.get("stream", False)
            accept(request)
            end = inf if answer_within is None else time.monotonic() + answer_within
            usual = self.connection_config.read_timeout
            silence = None if streamed else kwargs.get("read_timeout", usual)
            deadline = Deadline(end, gap=silence)
            if not kwargs.get("proxies"):
                # A key may go there in clear text, and must not pass another machine.
                kwargs["proxies"] = dict(_NO_PROXIES) if is_loopback(request.url) else None
            with clear_errors(request.url) as head, reading_by(deadline):
                kwargs = head.watched(kwargs)
                response = super().send(request, **{**kwargs, "stream": True})
            # None of these knows the response: a stream that is dropped has to close by itself.
            inner = response.internal_response
            ends = inf if streamed else end
            pieces = arriving(inner, ends, answer_within, deadline, whole=not streamed)
            if not streamed:
                pieces = bounded(pieces, response.status_code, bounds)
            response.iter_bytes = lambda **_: pieces
            if streamed:
                response.drain = partial(_drain, inner, pieces, deadline)
                response.wait_longer = partial(_wait_longer, inner, usual, deadline=deadline)
            else:
                with response:
                    response.read()
            return response

    return Transport


def _session_of_requests(by_environment: bool) -> Any:
    """Make a session with room for many threads, when the first call needs one."""
    import requests
    from urllib3.util.retry import Retry

    session = requests.Session()
    session.auth = _unsigned  # or it would put the login of some netrc in the key's place
    session.trust_env = by_environment
    # A cookie of one origin would go to the next on the same host, whatever the port.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    once = Retry(total=False, redirect=False, raise_on_status=False)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _adapter_class()(max_retries=once, pool_maxsize=POOL_SIZE))
    return session


def async_transport(**options: Any) -> AioHttpTransport:
    """Make an aiohttp transport.

    :raises ImportError: where aiohttp is not installed, with the command that installs it.
    """
    _find_aiohttp()
    # aiohttp reads proxies and netrc together or not at all, and a netrc's login is no credential.
    by_environment = options.pop("use_env_settings", True)
    transport = _async_class()(use_env_settings=False, **options)
    transport.by_environment = by_environment
    return transport


@lru_cache(maxsize=1)
def _async_class() -> Any:
    from azure.core.pipeline.transport import AioHttpTransport

    class Transport(SessionPerLoop, AioHttpTransport):  # type: ignore[misc]
        takes_answer_within = True

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.owns_session = options.get("session_owner", True)
            self.by_environment = True
            self.streams: weakref.WeakSet[Any] = weakref.WeakSet()
            self._is_closed = False

        async def open(self) -> None:
            if self.session is None and self.owns_session and not self._is_closed:
                await self.keep(_session())
            await super().open()

        async def close(self) -> None:
            _break_off(self.streams, self.owns_session)
            self._is_closed = self._is_closed or self.is_open
            await self.close_others()
            await super().close()

        async def send(
            self,
            request: Any,
            *,
            answer_within: float | None = None,
            bounds: Bounds = USUAL,
            **kwargs: Any,
        ) -> Any:
            streamed = kwargs.get("stream", False)
            accept(request)
            end = inf if answer_within is None else time.monotonic() + answer_within
            check_timeouts(kwargs, self.connection_config)
            usual = self.connection_config.read_timeout
            silence = None if streamed else kwargs.get("read_timeout", usual)
            deadline = Deadline(end, gap=silence)
            with clear_errors(request.url) as head:
                if self.by_environment:
                    _name_proxy(kwargs, request.url)
                options = {**LIMITS, **kwargs, "stream": True}
                sending = head.after(super().send(request, **options))
                if not streamed:
                    connecting = kwargs.get("connection_timeout", self.connection_config.timeout)
                    sending = _within(sending, _sum_of(connecting, silence))
                    sending = _whole(self, sending, bounds, deadline)
                response = await _within(sending, answer_within)
                await _check_location(response)
            if streamed:
                _follow(self, response, usual, deadline)
            return response

    return Transport


def _find_aiohttp() -> None:
    try:
        import aiohttp  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "The async clients need aiohttp: pip install 'github-models-azure[aio]'."
        ) from error


def _session() -> Any:
    """Make a session as azure-core makes its own, but for one thing.

    aiohttp's own connector lets the hundred-and-first call wait silently.
    """
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def _follow(transport: Any, response: Any, usual: float, deadline: Deadline) -> None:
    """Give a stream its further methods."""
    inner = response.internal_response
    pieces = arriving_async(inner, deadline, decoded=_decodes(transport.session))
    response.iter_bytes = lambda **_: pieces
    response.drain = partial(_drain_async, inner)
    response.wait_longer = partial(_wait_longer_async, inner, usual, deadline=deadline)
    response.leave = inner.close
    transport.streams.add(inner)


async def _whole(transport: Any, sending: Any, bounds: Bounds, deadline: Deadline) -> Any:
    """Read the answer, whose head is still to come."""
    response = await sending
    inner, status = response.internal_response, response.status_code
    try:
        decoded = _decodes(transport.session)
        body = await read_async(inner, status, bounds, deadline, decoded=decoded)
    finally:
        await response.close()
    return AsyncReadResponse(response, body)


def _decodes(session: Any) -> bool:
    """Return whether aiohttp decodes bodies itself."""
    return bool(getattr(session, "auto_decompress", False))


def _sum_of(connecting: Any, silence: Any) -> float | None:
    """Return how long connecting and the wait for a head may take; ``None`` for no limit."""
    numbers = [one for one in (connecting, silence) if isinstance(one, int | float)]
    return sum(numbers) if len(numbers) == 2 else None


async def _within(sending: Any, seconds: float | None) -> Any:
    import asyncio

    if sys.version_info >= (3, 11):
        from asyncio import timeout
    else:
        from async_timeout import timeout  # which aiohttp needs there, too

    if seconds is None:
        return await sending
    try:  # without a task of its own, during which a cut would overtake the data before it
        async with timeout(seconds):
            return await sending
    except asyncio.TimeoutError as error:
        raise late(seconds) from error


async def _check_location(response: Any) -> None:
    """Close an answer whose redirect has no URL: azure-core would meet that too late to name it.

    :raises ValueError: in that case.
    """
    try:
        urlsplit(response.headers.get("location") or "")
    except ValueError:
        await response.close()
        raise


def close_pools(adapter: Any) -> None:
    """Close the idle connections of an adapter of requests.

    urllib3 leaves this to the garbage collector, and an error that somebody keeps keeps its pool.
    """
    for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
        for key in manager.pools.keys():  # noqa: SIM118 - no dict, and not to be iterated over
            if (pool := manager.pools.get(key)) is not None:
                pool.close()


def _unsigned(request: Any) -> Any:
    return request


def _name_proxy(options: dict[str, Any], url: str) -> None:
    if not options.get("proxy") and not options.get("proxies"):
        options["proxy"] = _proxy_for(url)


def _proxy_for(url: str) -> str | None:
    """Give the proxy that the environment names for a URL, as aiohttp itself reads it."""
    if is_loopback(url):
        return None
    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found if found and not proxy_bypass(parts.netloc.rpartition("@")[2]) else None


def _drain(inner: Any, pieces: Iterator[bytes], deadline: Deadline | None = None) -> None:
    """Read a body to its end, if that comes at once; the connection is then back in its pool.

    What is not at its end is left to the caller, who closes it.
    """
    sock = _socket_of(inner)
    if sock is None or not hasattr(inner.raw, "read1"):
        return  # urllib3 1.26 would send the next request under this limit
    end, room = time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
    if deadline is not None:
        deadline.move(end)
    with suppress(AzureError):
        while room > 0 and (seconds := end - time.monotonic()) > 0:
            sock.settimeout(seconds)  # urllib3 sets it anew before each request
            piece = next(pieces, None)
            if piece is None:
                return
            room -= len(piece)


async def _drain_async(inner: Any) -> None:
    """Read a body to its end, if that comes at once; the connection is then back in its pool."""
    import asyncio

    import aiohttp

    async def read() -> None:
        room = DRAIN_BYTES
        while room > 0 and (piece := await inner.content.readany()):
            room -= len(piece)

    if inner.content.is_eof():  # aiohttp has let the connection go already
        return
    with suppress(asyncio.TimeoutError, OSError, aiohttp.ClientError):
        await asyncio.wait_for(read(), DRAIN_SECONDS)


def _break_off(streams: Iterable[Any], session_closes: bool) -> None:
    """End the reading of streams: aiohttp forgets who waits for one whose session closes."""
    import aiohttp

    for inner in list(streams) if session_closes else ():
        if not inner.content.is_eof():
            inner.content.set_exception(aiohttp.ClientConnectionError(_CLOSED))


def _wait_longer(
    inner: Any, usual: float, seconds: float | None, *, deadline: Deadline | None = None
) -> None:
    """Bound each further wait for data by ``seconds``; ``None`` stands for the usual ones."""
    longest = usual if seconds is None else seconds
    if deadline is not None:
        deadline.move(inf, longest)
    # The connection forgets its socket where the answer ends with it; the answer's own does not.
    sock = getattr(getattr(inner.raw, "_original_response", None), "sock", _socket_of(inner))
    if sock is not None:
        with suppress(OSError):  # it is closed: all has come
            sock.settimeout(longest)


def _wait_longer_async(
    inner: Any, usual: float, seconds: float | None, *, deadline: Deadline | None = None
) -> None:
    """Bound each further wait for data by ``seconds``; ``None`` stands for the usual ones."""
    (deadline or Deadline()).move(inf, usual if seconds is None else seconds)
    protocol = inner.connection.protocol if inner.connection is not None else None
    if protocol is not None and protocol.read_timeout is not None:
        # It would go on while the caller is busy with what has come.
        protocol.read_timeout = None
        protocol.start_timeout()


def _socket_of(inner: Any) -> Any:
    """Return the socket an answer comes from; ``None`` if it will not be kept, or is none."""
    return getattr(getattr(inner.raw, "connection", None), "sock", None)
