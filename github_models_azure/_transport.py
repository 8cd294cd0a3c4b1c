"""The transports that the clients make for themselves: room for many, and a limit on whole answers.

Libraries count their read timeout anew with every byte, so that an answer that drips in slowly
outlives any timeout. These transports take the option ``answer_within`` for the answer as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from math import inf
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import (
    AzureError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

_BLOCK = 65536
POOL_SIZE = 100
"""Connections kept open to one host: azure-core's ten make threads reconnect for every call."""


def sync_transport(**options: Any) -> RequestsTransport:
    """Make a requests transport with room for many threads.

    :param options: ``connection_timeout``, ``read_timeout``, ``connection_verify`` and the like, as
        azure-core takes them.
    """
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    class Transport(RequestsTransport):  # type: ignore[misc] # Any to mypy: loaded by PEP 562
        takes_answer_within = True

        def send(self, request: Any, *, answer_within: float | None = None, **kwargs: Any) -> Any:
            streamed = kwargs.get("stream", False)
            with _clear_errors():
                if answer_within is None and not streamed:
                    return super().send(request, **kwargs)
                end = inf if answer_within is None else time.monotonic() + answer_within
                response = super().send(request, **{**kwargs, "stream": True})
            pieces = _arriving(response, inf if streamed else end, answer_within)
            response.iter_bytes = lambda **_: pieces
            if not streamed:
                with response:
                    response.read()
            return response

    session = options.pop("session", None)
    if session is None:
        session = requests.Session()
        session.trust_env = options.get("use_env_settings", True)
        # A cookie of one origin would go to the next on the same host, whatever the port.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        once = Retry(total=False, redirect=False, raise_on_status=False)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=once, pool_maxsize=POOL_SIZE))
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

    class Transport(AioHttpTransport):  # type: ignore[misc]
        takes_answer_within = True

        async def send(
            self, request: Any, *, answer_within: float | None = None, **kwargs: Any
        ) -> Any:
            with _clear_errors():
                if answer_within is None:
                    return await super().send(request, **kwargs)
                try:
                    return await asyncio.wait_for(super().send(request, **kwargs), answer_within)
                except asyncio.TimeoutError as error:
                    raise _late(answer_within) from error

    return Transport(**options)


def _arriving(response: Any, end: float, seconds: float | None) -> Iterator[bytes]:
    """Yield what has arrived as it arrives: the library's own blocks may take for ever to fill."""
    from urllib3.exceptions import HTTPError

    read1 = getattr(response.internal_response.raw, "read1", None)
    while True:
        try:
            if read1 is None:  # urllib3 1.26
                raise TypeError
            piece = read1(_BLOCK, decode_content=True)
        except TypeError:  # a stand-in for a connection, such as vcrpy's, has it in another form
            yield from type(response).iter_bytes(response)
            return
        except HTTPError as error:
            raise ServiceResponseError(error, error=error) from error
        if not piece:
            return
        yield piece
        if time.monotonic() > end:
            raise _late(seconds or 0.0)


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
