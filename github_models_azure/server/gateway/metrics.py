"""What the gateway counts, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ...registry import ModelRegistry
from ...trail import Trail

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OTHER = "other"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_PREFIX = "github_models_gateway_"


class Metrics:
    """Counters in a registry of their own, so that several gateways can run in one process.

    Callers choose model names freely; only those that are known become the value of a label, all
    others are ``other``, lest any caller could fill the memory.

    :param targets: the targets that the settings name.
    """

    def __init__(self, registry: ModelRegistry, targets: Iterable[str]) -> None:
        self._models, self._targets = registry, frozenset(targets)
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests by path and status.", "path", "status")
        self._attempts = self._counter("attempts", "Requests sent upstream.", "target", "outcome")
        self._fallbacks = self._counter(
            "fallbacks", "Calls that another target than the requested one served.", "target"
        )
        self._cut = self._counter("streams_cut_by_client", "Streams that their client left.")
        self._running = Gauge(
            f"{_PREFIX}calls_in_flight", "Calls that run now.", registry=self._registry
        )
        self._seconds = Histogram(
            f"{_PREFIX}request_seconds",
            "From a request's headers to the end of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = 0

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{_PREFIX}{name}", text, labels, registry=self._registry)

    def render(self) -> bytes:
        """Return all of it as text."""
        self._running.set(self.in_flight)
        return generate_latest(self._registry)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that is over."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def call(self, trail: Trail | None) -> None:
        """Count what a call did."""
        if trail is None:
            return
        for attempt in trail.attempts:
            outcome = attempt.failure.kind.value if attempt.failure is not None else "ok"
            self._attempts.labels(self._label(attempt.target), outcome).inc()
        if trail.fell_back and trail.served_by is not None:
            self._fallbacks.labels(self._label(trail.served_by)).inc()

    def stream_cut(self) -> None:
        """Count a stream whose client went away."""
        self._cut.inc()

    def _label(self, target: str) -> str:
        if target in self._targets:
            return target
        endpoint, _, model = target.partition("/")
        info = self._models.find(model)
        return f"{endpoint}/{info.id if info is not None else _OTHER}"
