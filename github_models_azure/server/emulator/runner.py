"""Run the emulator on loopback: in a thread for tests, or blocking for the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

import uvicorn

from ..hosts import is_loopback, numeric
from ..running import Background, address_of, configuration, listen, run_until_signal
from .app import app_of
from .faults import Fault, FaultKind, fault_from_json
from .journal import JournalEntry
from .json_value import Json
from .settings import EmulatorSettings
from .state import EmulatorState

if TYPE_CHECKING:
    from github_models_azure.registry import ModelRegistry

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
        self._server: Background | None = None
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
        if self._server is not None:
            raise RuntimeError(f"The emulator already runs at {self._address}.")
        self.state.stopping.clear()
        listener = listen(self._host, self._port)
        self._address = address_of(listener)
        self._server = Background("emulator", _config(self.state), listener)
        try:
            self._server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop serving and wait for the end of the thread, for a bounded time."""
        server, self._server = self._server, None
        self._address = ""
        self.state.stopping.set()
        if server is not None:
            server.stop()


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


def _config(state: EmulatorState) -> uvicorn.Config:
    return configuration(app_of(state), grace=_GRACE)


def _loopback(host: str) -> str:
    if not is_loopback(host):
        raise ValueError(
            f"host={host!r} is not loopback: the emulator checks no credential and can be steered "
            "by anyone who reaches it. Use 127.0.0.1."
        )
    return numeric(host)
