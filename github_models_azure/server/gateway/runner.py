"""Run the gateway: in a thread on loopback, or blocking for the command line."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

import uvicorn
from starlette.applications import Starlette

from ..._core.hosts import is_loopback_host
from ...client.base import UNSET
from ...endpoints import Endpoint
from ..running import Server, configuration, listen, numeric_host, run_until_signal
from .app import create_app
from .front import UNREAD_TIMEOUT, Patience, protocol
from .guard import KEY_VARIABLE, MAX_BODY, TIMEOUT, keys_of

PORT = 4000
GRACE = 10
_KEEP_ALIVE = 75


class Gateway(Server):
    """An OpenAI-compatible server on a free port, for as long as a ``with`` block lasts.

    It takes the arguments of :func:`create_app`, ``host`` and ``port`` (0: any free one),
    ``grace``, the seconds that running calls have when it stops, and ``unread_timeout``, the
    seconds after which a caller who reads nothing of his answer is cut off.

    :raises ValueError: for a host that others can reach, without a key; when it starts, for an
        option or a setting of the clients that is wrong, and if the gateway would ask itself.
    """

    def __init__(
        self,
        endpoint: str | Endpoint | None = None,
        credential: Any = None,
        *,
        model: str | None = None,
        fallback: Any = UNSET,
        api_key: str | Iterable[str] | None = None,
        timeout: float = TIMEOUT,
        max_body: int = MAX_BODY,
        max_concurrent: int | None = None,
        allow_endpoints: Iterable[str] = (),
        unread_timeout: float = UNREAD_TIMEOUT,
        host: str = "127.0.0.1",
        port: int = 0,
        grace: int = 2,
        **client_options: Any,
    ) -> None:
        super().__init__("gateway")
        keys = keys_of(api_key)
        self._host, self._port, self._grace = _check_host(host, keys), port, grace
        self._unread = Patience(unread_timeout).seconds
        if fallback is not UNSET:
            client_options["fallback"] = fallback
        self._make: Callable[[], Starlette] = lambda: create_app(
            endpoint,
            credential,
            model=model,
            api_key=keys,
            timeout=timeout,
            max_body=max_body,
            max_concurrent=max_concurrent,
            allow_endpoints=allow_endpoints,
            **client_options,
        )

    @property
    def v1_url(self) -> str:
        """What takes OpenAI's base URL takes: ``url`` and ``/v1``."""
        return f"{self.url}/v1"

    def _prepare(self) -> tuple[uvicorn.Config, socket.socket]:
        app = self._make()
        return _config(app, self._grace, self._unread), _bind(app, self._host, self._port)


def serve(
    endpoint: str | Endpoint | None = None,
    credential: Any = None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    api_key: str | Iterable[str] | None = None,
    grace: int = GRACE,
    unread_timeout: float = UNREAD_TIMEOUT,
    on_ready: Callable[[str], None] | None = None,
    **options: Any,
) -> None:
    """Serve until Ctrl-C or a termination signal; the arguments are those of :class:`Gateway`.

    :param on_ready: called with the base URL once requests are accepted.
    :raises ValueError: for a host that others can reach, without a key, and where the gateway
        would ask itself.
    :raises OSError: when the port is taken.
    """
    keys = keys_of(api_key)
    address = _check_host(host, keys)
    app = create_app(endpoint, credential, api_key=keys, **options)
    config = _config(app, grace, unread_timeout)
    listener = _bind(app, address, port)
    try:
        run_until_signal(config, listener, on_ready=on_ready)
    finally:
        listener.close()


def _bind(app: Starlette, host: str, port: int) -> socket.socket:
    """Bind a socket for calls that are not to come back to it, each call making another."""
    listener = listen(host, port)
    try:
        own, number = listener.getsockname()[:2]
        app.state.gateway_upstream.keep_off(own, number)
    except BaseException:
        listener.close()
        raise
    app.state.gateway_guard.local |= is_loopback_host(own)
    return listener


def _config(app: Starlette, grace: int, unread_timeout: float) -> uvicorn.Config:
    patience = Patience(unread_timeout, app.state.gateway_upstream.settings.clock)
    # Longer than clients keep theirs, so that no request meets a connection that is being closed.
    return configuration(
        app, grace=grace, http=protocol(patience), lifespan="on", keep_alive=_KEEP_ALIVE
    )


def _check_host(host: str, keys: tuple[str, ...]) -> str:
    host = host.removeprefix("[").removesuffix("]")  # as URLs write IPv6
    if not keys and not is_loopback_host(host):
        raise ValueError(
            f"host={host!r} lets others reach the gateway, and it has no key. Set one with "
            f"--api-key or {KEY_VARIABLE}, or stay on 127.0.0.1."
        )
    return numeric_host(host)
