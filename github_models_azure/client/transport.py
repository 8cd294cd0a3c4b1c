"""The transports that the clients make for themselves: room for many, and a limit on whole answers.

Libraries count their read timeout anew with every byte, so that an answer that drips in slowly
outlives any timeout. These transports take the option ``answer_within`` for the answer as a whole.

Their streamed responses have methods more, which those of other transports have not. ``drain``, for
a stream that has said all, reads on to the end of the body, briefly, so that the connection can
serve the next call. (In the sync one it does nothing where an answer ends with its connection.)
``wait_longer``, for a stream whose content has begun in time, gives each further wait its own
limit; a short one once its answer is whole. ``leave``, of the async one, closes without a coroutine
what is left half-way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

from azure.core.exceptions import (
    AzureError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from ..endpoints.endpoint import is_loopback

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

_BLOCK = 65536
_NO_PROXIES = dict.fromkeys(("http", "https", "all"))
_CLOSED = "the client was closed while its answer was read"
_SMALL_BLOCK = 4096  # where a block has to be full before it is handed on
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
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    from ._responses import reading_answers

    class Adapter(HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            return reading_answers(super().get_connection_with_tls_context(*args, **kwargs))

        def get_connection(self, *args: Any, **kwargs: Any) -> Any:  # requests below 2.32
            return reading_answers(super().get_connection(*args, **kwargs))

        def close(self) -> None:
            close_pools(self)
            super().close()

    class Transport(RequestsTransport):  # type: ignore[misc] # Any to mypy: loaded by PEP 562
        takes_answer_within = True

        def send(self, request: Any, *, answer_within: float | None = None, **kwargs: Any) -> Any:
            streamed = kwargs.get("stream", False)
            if not kwargs.get("proxies"):
                # A key may go there in clear text, and must not pass another machine.
                kwargs["proxies"] = dict(_NO_PROXIES) if is_loopback(request.url) else None
            with _clear_errors():
                if answer_within is None and not streamed:
                    return super().send(request, **kwargs)
                end = inf if answer_within is None else time.monotonic() + answer_within
                response = super().send(request, **{**kwargs, "stream": True})
            # None of these knows the response: a stream that is dropped has to close by itself.
            inner = response.internal_response
            pieces = _arriving(inner, inf if streamed else end, answer_within)
            response.iter_bytes = lambda **_: pieces
            if streamed:
                usual = self.connection_config.read_timeout
                response.drain = partial(_drain, inner, pieces)
                response.wait_longer = partial(_wait_longer, inner, usual)
            else:
                with response:
                    response.read()
            return response

    session = options.pop("session", None)
    if session is None:
        session = requests.Session()
        session.auth = _unsigned  # or it would put the login of some netrc in the key's place
        session.trust_env = options.get("use_env_settings", True)
        # A cookie of one origin would go to the next on the same host, whatever the port.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        once = Retry(total=False, redirect=False, raise_on_status=False)
        for scheme in ("http://", "https://"):
            session.mount(scheme, Adapter(max_retries=once, pool_maxsize=POOL_SIZE))
    return Transport(session=session, **options)


def async_transport(**options: Any) -> AioHttpTransport:
    """Make an aiohttp transport.

    :raises ImportError: where aiohttp is not installed, with the command that installs it.
    """
    try:
        import aiohttp  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "The async clients need aiohttp: pip install 'github-models-azure[aio]'."
        ) from error
    import asyncio

    from azure.core.pipeline.transport import AioHttpTransport

    from ._responses import LIMITS

    owns_session = options.get("session_owner", True)
    # aiohttp reads proxies and netrc together or not at all, and a netrc's login is no credential.
    by_environment = options.pop("use_env_settings", True)

    class Transport(AioHttpTransport):  # type: ignore[misc]
        takes_answer_within = True

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.streams: WeakSet[Any] = WeakSet()

        async def close(self) -> None:
            _break_off(self.streams, owns_session)
            await super().close()

        async def send(
            self, request: Any, *, answer_within: float | None = None, **kwargs: Any
        ) -> Any:
            with _clear_errors():
                if by_environment and not kwargs.get("proxy") and not kwargs.get("proxies"):
                    kwargs["proxy"] = _proxy_for(request.url)
                sending = super().send(request, **{**LIMITS, **kwargs})
                if answer_within is None:
                    response = await sending
                else:
                    try:
                        response = await asyncio.wait_for(sending, answer_within)
                    except asyncio.TimeoutError as error:
                        raise _late(answer_within) from error
                try:  # azure-core would meet what is wrong with it too late to name it
                    urlsplit(response.headers.get("location") or "")
                except ValueError:
                    await response.close()
                    raise
            if kwargs.get("stream", False):
                inner, usual = response.internal_response, self.connection_config.read_timeout
                response.drain = partial(_drain_async, inner)
                response.wait_longer = partial(_wait_longer_async, inner, usual)
                response.leave = inner.close
                self.streams.add(inner)
            return response

    return Transport(use_env_settings=False, **options)


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


def _proxy_for(url: str) -> str | None:
    """Give the proxy that the environment names for a URL, as aiohttp itself reads it."""
    if is_loopback(url):
        return None
    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found if found and not proxy_bypass(parts.netloc.rpartition("@")[2]) else None


def _arriving(inner: Any, end: float, seconds: float | None) -> Iterator[bytes]:
    """Yield what has arrived as it arrives: the library's own blocks may take for ever to fill.

    :param inner: the response of requests.
    """
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    read1 = getattr(inner.raw, "read1", None)
    try:
        while True:
            try:
                if read1 is None:  # urllib3 1.26
                    raise TypeError
                piece = read1(_BLOCK, decode_content=True)
            except TypeError:  # a stand-in for a connection, such as vcrpy's, has another form
                yield from inner.iter_content(_SMALL_BLOCK)
                return
            if not piece:
                return
            yield piece
            if time.monotonic() > end:
                raise _late(seconds or 0.0)
    except (HTTPError, OSError) as error:  # requests' own exceptions are OSErrors
        late = isinstance(error, ReadTimeoutError | TimeoutError)
        kind = ServiceResponseTimeoutError if late else ServiceResponseError
        raise kind(error, error=error) from error


def _drain(inner: Any, pieces: Iterator[bytes]) -> None:
    """Read a body to its end, if that comes at once; the connection is then back in its pool.

    What is not at its end is left to the caller, who closes it. The bound holds for each wait for
    data: a server that drips a single line can hold it for longer, as it can any read.
    """
    sock = _socket_of(inner)
    if sock is None or not hasattr(inner.raw, "read1"):
        return  # urllib3 1.26 would send the next request under this limit
    end, room = time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
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


def _wait_longer(inner: Any, usual: float, seconds: float | None) -> None:
    """Bound each further wait for data by ``seconds``; ``None`` stands for the usual ones."""
    # The connection forgets its socket where the answer ends with it; the answer's own does not.
    sock = getattr(getattr(inner.raw, "_original_response", None), "sock", _socket_of(inner))
    if sock is not None:
        with suppress(OSError):  # it is closed: all has come
            sock.settimeout(usual if seconds is None else seconds)


def _wait_longer_async(inner: Any, usual: float, seconds: float | None) -> None:
    """Bound each further wait for data by ``seconds``; ``None`` stands for the usual ones."""
    protocol = inner.connection.protocol if inner.connection is not None else None
    if protocol is not None:
        protocol.read_timeout = usual if seconds is None else seconds
        protocol.start_timeout()


def _socket_of(inner: Any) -> Any:
    """Return the socket an answer comes from; ``None`` if it will not be kept, or is none."""
    return getattr(getattr(inner.raw, "connection", None), "sock", None)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Give what libraries raise for broken headers, names and files the class of azure-core."""
    try:
        yield
    except AzureError:
        raise
    except (ValueError, OSError) as error:
        raise ServiceRequestError(error, error=error) from error


def _late(seconds: float) -> ServiceResponseTimeoutError:
    return ServiceResponseTimeoutError(f"The answer was not complete within {seconds:g} seconds.")
