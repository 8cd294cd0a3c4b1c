"""Run a local server: in a thread, for as long as a ``with`` block lasts, or until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Literal, TypeVar

import uvicorn
from starlette.types import ASGIApp

_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 10.0

_Self = TypeVar("_Self", bound="Server")


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket.

    :raises OSError: when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only where the protocol is named; answers took 40 ms without.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


def numeric_host(host: str) -> str:
    """Return the address to bind for a host; a name could be resolved to several."""
    return "127.0.0.1" if host == "localhost" else host


def address_of(listener: socket.socket) -> str:
    """Return the base URL of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def configuration(
    app: ASGIApp,
    *,
    grace: int,
    http: type[asyncio.Protocol] | Literal["h11"] = "h11",
    lifespan: Literal["on", "off"] = "off",
    keep_alive: int = 5,
) -> uvicorn.Config:
    """Return how uvicorn is to run an application.

    :param grace: seconds that running requests have when it stops.
    :param keep_alive: seconds that an idle connection is kept.
    """
    return uvicorn.Config(
        app,
        http=http,
        ws="none",
        loop="asyncio",
        lifespan=lifespan,
        log_config=None,
        # A connection that is dropped on purpose is an error to uvicorn; what fails says so itself.
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace,
        timeout_keep_alive=keep_alive,
    )


class _Announcing(uvicorn.Server):
    """A uvicorn server that tells when it accepts requests, and when it is about to stop."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        announce: Callable[[], None] | None = None,
        stopping: threading.Event | None = None,
    ) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._announce = announce
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell that requests are accepted."""
        await super().startup(sockets)
        self.ready.set()
        if self._announce is not None:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that the end has come, then stop."""
        if self._stopping is not None:
            self._stopping.set()
        await super().shutdown(sockets)


class Server:
    """A server on a free port of this machine, for as long as a ``with`` block lasts.

    :param kind: of what is served, in errors and the name of the thread.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._running: _Background | None = None
        self._address = ""

    def __enter__(self: _Self) -> _Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address or 'not running'}{self._details()})"

    def _details(self) -> str:
        """Return what more ``repr`` tells."""
        return ""

    @property
    def url(self) -> str:
        """The base URL, ``http://127.0.0.1:PORT``.

        :raises RuntimeError: when the server does not run.
        """
        if not self._address:
            use = f"with {type(self).__name__}() as {self._kind}:"
            raise RuntimeError(f"The {self._kind} is not running: use `{use}`.")
        return self._address

    @property
    def inference_url(self) -> str:
        """What took ``https://models.github.ai/inference`` takes: ``url`` and ``/inference``."""
        return f"{self.url}/inference"

    def start(self) -> None:
        """Start serving; returns once requests are accepted, within a second as a rule.

        :raises RuntimeError: when it already runs, or does not come up within 10 seconds.
        :raises OSError: when the port is taken.
        :raises ValueError: for an option that is wrong.
        """
        if self._running is not None:
            raise RuntimeError(f"The {self._kind} is already running at {self._address}.")
        config, listener = self._prepare()
        self._address = address_of(listener)
        self._running = _Background(self._kind, config, listener)
        try:
            self._running.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop serving and wait for the end of the thread, for a bounded time."""
        running, self._running = self._running, None
        self._address = ""
        if running is not None:
            running.stop()

    def _prepare(self) -> tuple[uvicorn.Config, socket.socket]:
        """Return what is to run, and the socket that is bound for it."""
        raise NotImplementedError


class _Background:
    """A uvicorn server in a thread of its own; starts once.

    :param name: of what is served, for the thread and in errors.
    """

    def __init__(self, name: str, config: uvicorn.Config, listener: socket.socket) -> None:
        self._name, self._listener = name, listener
        self._patience = _STOP_TIMEOUT + (config.timeout_graceful_shutdown or 0)
        self._server = _Announcing(config)
        thread_name = f"github-models-{name}"
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)

    def start(self) -> None:
        """Start serving; returns once requests are accepted, within a second as a rule.

        :raises RuntimeError: when it does not come up within 10 seconds.
        """
        try:
            self._thread.start()
            if not self._server.ready.wait(_START_TIMEOUT) or not self._server.started:
                raise RuntimeError(f"The {self._name} did not start; see the log of uvicorn.error.")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop serving and wait for the end of the thread, for a bounded time."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(self._patience)
        else:  # it never ran, so nothing else closes this
            self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._listener.close()
            self._server.ready.set()


def run_until_signal(
    config: uvicorn.Config,
    listener: socket.socket,
    *,
    on_ready: Callable[[str], None] | None = None,
    stopping: threading.Event | None = None,
) -> None:
    """Serve until Ctrl-C or a termination signal, then return.

    :param on_ready: called with the base URL once requests are accepted.
    """
    address = address_of(listener)
    announce = (lambda: on_ready(address)) if on_ready is not None else None
    server = _Announcing(config, announce=announce, stopping=stopping)
    # uvicorn handles the signal, and raises it again once everything is closed.
    with contextlib.suppress(KeyboardInterrupt), _termination_as_interrupt():
        server.run(sockets=[listener])


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let a termination signal end the server, not the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
