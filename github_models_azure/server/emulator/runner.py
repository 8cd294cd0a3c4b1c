"""Run the emulator on loopback: in a thread for tests, or blocking for the command line."""

from __future__ import annotations

import atexit
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import uvicorn
from azure.core.credentials import AzureKeyCredential

from github_models_azure.endpoints import Endpoint

from ..._core.hosts import is_loopback_host
from ..running import Server, configuration, listen, numeric_host, run_until_signal
from .app import app_of
from .faults import Fault, FaultKind, fault_from_json
from .journal import JournalEntry
from .json_value import Json
from .settings import EmulatorSettings
from .state import EmulatorState

if TYPE_CHECKING:
    from github_models_azure.registry import ModelRegistry

_GRACE = 2
_DEMO_TOKEN = "demo_token"  # noqa: S105 - the documented switch to the emulator, not a secret

_lock = threading.Lock()
_running: list[Emulator] = []


class Emulator(Server):
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
        super().__init__("emulator")
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

    def _details(self) -> str:
        return f", plan={self.state.plan.value!r}, retired={self.state.retired!r}"

    @property
    def legacy_url(self) -> str:
        """What a client takes as ``endpoint`` for the legacy paths: the same as ``url``."""
        return self.url

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

    def stop(self) -> None:
        """Stop serving and wait for the end of the thread, for a bounded time."""
        self.state.stopping.set()
        super().stop()

    def _prepare(self) -> tuple[uvicorn.Config, socket.socket]:
        self.state.stopping.clear()
        return _config(self.state), listen(self._host, self._port)


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
    listener = listen(_loopback(host), port)
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
        run_until_signal(_config(state), listener, on_ready=on_ready, stopping=state.stopping)
    finally:
        listener.close()


def demo_endpoint() -> Endpoint:
    """Return the endpoint of the emulator of this process; the first call starts it.

    It answers for ``GITHUB_TOKEN=demo_token`` and ``--demo``, on a free port of this machine, until
    the process ends.
    """
    with _lock:
        if not _running:
            emulator = Emulator()
            emulator.start()
            atexit.register(emulator.stop)
            _running.append(emulator)
        url = _running[0].inference_url
    return Endpoint("emulator", url, credential=AzureKeyCredential(_DEMO_TOKEN), dialect="github")


def _forget() -> None:
    """Leave the emulator to the process that was forked from: its thread runs there only."""
    global _lock  # the old one may be held by a thread that is not here
    _lock = threading.Lock()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _config(state: EmulatorState) -> uvicorn.Config:
    return configuration(app_of(state), grace=_GRACE)


def _loopback(host: str) -> str:
    if not is_loopback_host(host):
        raise ValueError(
            f"host={host!r} is not loopback: the emulator checks no credential and can be steered "
            "by anyone who reaches it. Use 127.0.0.1."
        )
    return numeric_host(host)
