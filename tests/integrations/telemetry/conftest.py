"""Exporters in memory, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from github_models_azure.integrations.telemetry import GitHubModelsInstrumentor, TelemetryObserver


class Telemetry:
    """An observer, and what it has exported."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    def observer(self, **options: Any) -> TelemetryObserver:
        return TelemetryObserver(
            tracer_provider=self.tracers, meter_provider=self.meters, **options
        )

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order in which they began."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    @property
    def call(self) -> ReadableSpan:
        """The one call."""
        (found,) = [span for span in self.spans if is_call(span)]
        return found

    @property
    def attempts(self) -> list[ReadableSpan]:
        return [span for span in self.spans if is_attempt(span)]

    def below(self, parent: ReadableSpan | None) -> list[str]:
        """The names of the spans right below one."""
        wanted = None if parent is None else parent.context.span_id
        return [span.name for span in self.spans if (span.parent and span.parent.span_id) == wanted]

    def points(self, metric: str) -> list[Any]:
        """The data points of a metric."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for found in scope.metrics
            if found.name == metric
            for point in found.data.data_points
        ]

    def everything(self) -> str:
        """All that was exported, as text."""
        data = self.reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans) + (data.to_json() if data else "")


def is_call(span: ReadableSpan) -> bool:
    return "github_models.attempts" in (span.attributes or {})


def is_attempt(span: ReadableSpan) -> bool:
    return "github_models.attempt" in (span.attributes or {})


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    for name in (
        "AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    ):
        monkeypatch.delenv(name, raising=False)
    return Telemetry()


@pytest.fixture
def instrumentor() -> Iterator[GitHubModelsInstrumentor]:
    instrumentor = GitHubModelsInstrumentor()
    yield instrumentor
    instrumentor.uninstrument()


@pytest.fixture(autouse=True)
def _no_context_is_left_behind(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, no span stays current, and OpenTelemetry has nothing to complain of."""
    from opentelemetry import trace

    yield
    assert not trace.get_current_span().get_span_context().is_valid
    complaints = [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert complaints == []
