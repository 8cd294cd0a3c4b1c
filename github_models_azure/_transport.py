"""The transports that the clients make for themselves."""

from __future__ import annotations

from typing import Any

POOL_SIZE = 100
"""Connections kept open to one host: azure-core's ten make threads reconnect for every call."""


def sync_transport(**options: Any) -> Any:
    """Make a requests transport with room for many threads.

    :param options: ``connection_timeout``, ``read_timeout``, ``connection_verify`` and the like, as
        azure-core takes them.
    """
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    session = requests.Session()
    once = Retry(total=False, redirect=False, raise_on_status=False)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=once, pool_maxsize=POOL_SIZE))
    return RequestsTransport(session=session, **options)


def async_transport(**options: Any) -> Any:
    """Make an aiohttp transport.

    :raises ImportError: where aiohttp is not installed, with the command that installs it.
    """
    try:
        import aiohttp  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "The async clients need aiohttp: pip install 'github-models-azure[aio]'."
        ) from error
    from azure.core.pipeline.transport import AioHttpTransport

    return AioHttpTransport(**options)
