"""Whether anybody answers at an endpoint; no credential is sent."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..credentials.check import ask

if TYPE_CHECKING:
    from ..endpoints import Endpoint

_DOWN = {502, 503, 504, *range(520, 531)}  # said by what stands in front of a server that is down


@dataclass(frozen=True, slots=True)
class Probe:
    """What asking an endpoint's base URL brought: a status, or why there is none.

    ``gone`` is what the endpoint says of its own end, ``announced`` what it says of one to come,
    ``seconds`` how long it took to answer.
    """

    status: int | None = None
    seconds: float = 0.0
    problem: str | None = None
    gone: str | None = None
    announced: str | None = None

    def __str__(self) -> str:
        if self.problem is not None:
            return f"not reachable: {self.problem}"
        if self.gone is not None:
            return f"reachable, and says that it is gone (HTTP {self.status}): {self.gone}"
        ends = f", announces its end: {self.announced}" if self.announced is not None else ""
        return f"reachable (HTTP {self.status} in {self.seconds:.2f} s){ends}"

    @property
    def serves(self) -> bool:
        """Whether a server is there that does not say of itself that it cannot answer."""
        return self.status is not None and self.status not in _DOWN and self.gone is None


def probe_all(
    endpoints: Iterable[Endpoint],
    timeout: float,
    probe: Callable[[Endpoint, float], Probe] | None = None,
) -> dict[str, Probe]:
    """Probe all endpoints at once, by name; one that hangs is left behind.

    :param timeout: seconds for connecting and for each read; twice as long for all of it.
    """
    ask = probe or probe_endpoint
    wanted = list(endpoints)
    done: queue.SimpleQueue[tuple[str, Probe]] = queue.SimpleQueue()

    def work(endpoint: Endpoint) -> None:
        try:
            found = ask(endpoint, timeout)
        except Exception as error:  # one endpoint's surprise must not hide the others
            found = Probe(problem=f"{type(error).__name__}: {error}")
        done.put((endpoint.name, found))

    for endpoint in wanted:
        # Daemons, because a name server that hangs cannot be given up otherwise.
        threading.Thread(target=work, args=(endpoint,), daemon=True).start()
    late = Probe(problem=f"no answer within {2 * timeout:g} s")
    found = dict.fromkeys((endpoint.name for endpoint in wanted), late)
    deadline = time.monotonic() + 2 * timeout
    for _ in wanted:
        try:
            name, result = done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[name] = result
    return found


def probe_endpoint(endpoint: Endpoint, timeout: float) -> Probe:
    """Ask for an endpoint's base URL; any answer shows that somebody is there."""
    asked = ask(endpoint.base_url(), timeout, agent="github-models-azure doctor", errors_only=True)
    if asked.status is None:
        return Probe(problem=asked.problem)
    headers = dict(asked.headers or {})
    gone = _gone(asked.status, headers, asked.body)
    return Probe(asked.status, asked.seconds, gone=gone, announced=_announced(headers))


def _gone(status: int, headers: dict[str, str], body: bytes) -> str | None:
    from .._core.failure.classify import classify_response
    from .._core.failure.kinds import FailureKind

    if status < 400:
        return None
    failure = classify_response(status, headers, body, now=time.time())
    if failure.kind is not FailureKind.ENDPOINT_GONE:
        return None
    return failure.message or "no reason given"


def _announced(headers: dict[str, str]) -> str | None:
    from .._core.failure.lifecycle import read_lifecycle

    lifecycle = read_lifecycle(headers, now=time.time())
    return None if lifecycle is None else str(lifecycle)
