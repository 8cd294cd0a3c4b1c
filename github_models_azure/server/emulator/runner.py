"""Run the emulator on loopback: in a thread for tests, or blocking for the command line."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

import uvicorn

from .app import app_of
from .control import is_loopback
from .faults import Fault, FaultKind, fault_from_json
from .journal import JournalEntry
from .json_value import Json
from .settings import EmulatorSettings
from .state import EmulatorState

if TYPE_CHECKING:
    from github_models_azure.registry import ModelRegistry

_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 10.0
_GRACE = 2


class Emulator:
    """GitHub Models on a free port of this machine, for as long as a ``with`` block lasts.

    It takes the arguments of :func:`create_app`, and ``host`` and ``port`` (0: any free one).

    :raises ValueError: for a host that is not loopback: the emulator checks no credential.
    """

    def __init__(
        self,
        *,
        plan: str = "free",
        retired: str | None = None,
        clock: Callable[[], float] = time.time,
        registry: ModelRegistry | None = None,
        token_plans: Mapping[str, str] | None = None,
        settings: EmulatorSettings | None = None,
        strict_api_version: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._host = _loopback(host)
        self._port = port
        self.state = EmulatorState(
            plan=plan,
            retired=retired,
            clock=clock,
            registry=registry,
            token_plans=token_plans,
            settings=settings,
            strict_api_version=strict_api_version,
        )
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._address = ""

    def __enter__(self) -> Emulator:
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
        where = self._address or "not running"
        return f"Emulator({where}, plan={self.state.plan.value!r}, retired={self.state.retired!r})"

    @property
    def url(self) -> str:
        """The base URL of the legacy paths, ``http://127.0.0.1:PORT``.

        :raises RuntimeError: when the emulator does not run.
        """
        if not self._address:
            raise RuntimeError("The emulator does not run: use `with Emulator() as emulator:`.")
        return self._address

    @property
    def legacy_url(self) -> str:
        """What a client takes as ``endpoint`` for the legacy paths: the same as ``url``."""
        return self.url

    @property
    def inference_url(self) -> str:
        """What a client takes as ``endpoint`` for the new paths: ``url`` and ``/inference``."""
        return f"{self.url}/inference"

    @property
    def openai_v1_url(self) -> str:
        """What a client takes as ``endpoint`` for Foundry's paths: ``url`` and ``/openai/v1``.

        :raises RuntimeError: when the emulator does not run, or does not serve them.
        """
        if not self.state.strict_api_version:
            raise RuntimeError("Only `Emulator(strict_api_version=True)` serves /openai/v1.")
        return f"{self.url}/openai/v1"

    @property
    def journal(self) -> tuple[JournalEntry, ...]:
        """The requests that arrived, oldest first; no credential is in it."""
        return self.state.journal.entries()

    def advance(self, seconds: float) -> float:
        """Move the emulator's clock forward; return its present moment."""
        return self.state.clock.advance(seconds)

    def fault(self, fault: Fault | FaultKind | str, **members: Json) -> Fault:
        """Make something go wrong, for the next request or as :class:`Fault` says.

        ``emulator.fault("rate_limit", times=2, model="openai/gpt-4o", seconds=30)``.

        :param members: the members of the :class:`Fault`, when only its kind is given.
        :raises ValueError: for a kind or a member that does not exist.
        """
        if not isinstance(fault, Fault):
            kind = fault.value if isinstance(fault, FaultKind) else fault
            fault = fault_from_json({"kind": kind, **members})
        elif members:
            raise ValueError("Give either a Fault or its kind with members, not both.")
        self.state.faults.add(fault)
        return fault

    def retire(self, mode: str | None) -> None:
        """Change what the service answers after its end; ``None`` brings it back."""
        self.state.retire(mode)

    def reset(self) -> None:
        """Forget requests, windows and faults; undo every advance and change of what is served."""
        self.state.reset()

    def start(self) -> None:
        """Start serving; returns once requests are accepted, within a second as a rule.

        :raises RuntimeError: when it already runs, or does not come up within 10 seconds.
        :raises OSError: when the port is taken.
        """
        if self._thread is not None:
            raise RuntimeError(f"The emulator already runs at {self._address}.")
        self.state.stopping.clear()
        listener = _listen(self._host, self._port)
        self._server = server = _Server(_config(self.state))
        self._thread = threading.Thread(
            target=_run, args=(server, listener), name="github-models-emulator", daemon=True
        )
        try:
            self._address = _address_of(listener)
            self._thread.start()
            if not server.ready.wait(_START_TIMEOUT) or not server.started:
                raise RuntimeError("The emulator did not start; see the log of uvicorn.error.")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop serving and wait for the end of the thread, at most 10 seconds."""
        thread, self._thread = self._thread, None
        server, self._server = self._server, None
        self._address = ""
        self.state.stopping.set()
        if server is not None:
            server.should_exit = True
        if thread is not None and thread.ident is not None:
            thread.join(_STOP_TIMEOUT)


def serve(
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    plan: str = "free",
    retired: str | None = None,
    clock: Callable[[], float] = time.time,
    registry: ModelRegistry | None = None,
    token_plans: Mapping[str, str] | None = None,
    settings: EmulatorSettings | None = None,
    strict_api_version: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until Ctrl-C or a termination signal; the arguments are those of :func:`create_app`.

    :param port: 0 for any free one.
    :param on_ready: called with the base URL once requests are accepted.
    :raises ValueError: for a host that is not loopback.
    :raises OSError: when the port is taken.
    """
    listener = _listen(_loopback(host), port)
    try:
        state = EmulatorState(
            plan=plan,
            retired=retired,
            clock=clock,
            registry=registry,
            token_plans=token_plans,
            settings=settings,
            strict_api_version=strict_api_version,
        )
        address = _address_of(listener)
        announce = (lambda: on_ready(address)) if on_ready is not None else None
        server = _Server(_config(state), announce=announce, stopping=state.stopping)
        # uvicorn handles the signal, and raises it again once everything is closed.
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        listener.close()


class _Server(uvicorn.Server):
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
        await super().startup(sockets)
        self.ready.set()
        if self._announce is not None:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._stopping is not None:
            self._stopping.set()
        await super().shutdown(sockets)


def _run(server: _Server, listener: socket.socket) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        server.ready.set()


def _config(state: EmulatorState) -> uvicorn.Config:
    return uvicorn.Config(
        app_of(state),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        # A connection that a fault drops is an error to uvicorn, and on purpose here.
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )


def _loopback(host: str) -> str:
    if not is_loopback(host):
        raise ValueError(
            f"host={host!r} is not loopback: the emulator checks no credential and can be steered "
            "by anyone who reaches it. Use 127.0.0.1."
        )
    return "127.0.0.1" if host == "localhost" else host


def _listen(host: str, port: int) -> socket.socket:
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


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
