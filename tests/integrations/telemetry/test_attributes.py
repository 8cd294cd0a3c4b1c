"""What spans say of a trail."""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from github_models_azure.integrations.telemetry import TelemetryObserver
from github_models_azure.integrations.telemetry._attributes import LEFT_OUT
from github_models_azure.policies import AttemptStart, CallStart
from github_models_azure.trail import Attempt, Pause, Skip, Trail
from tests.trail_helpers import assert_shows_every_field


def spans_of(trail: Trail) -> object:
    """Tell an observer of a call as it happened; return what its spans hold but their times."""
    tracers, exporter = TracerProvider(), InMemorySpanExporter()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    observer = TelemetryObserver(tracer_provider=tracers)
    call = observer.call_started(CallStart("chat", trail.requested, {}, streamed=False))
    for event in trail.events:
        match event:
            case Attempt():
                about = (event.target, "https://models.example", "unknown", "m", {}, 1)
                call.attempt_started(AttemptStart(*about, retry=event.retry))
                call.attempt_ended(event, None, None)
            case Skip():
                call.skipped(event)
            case Pause():
                call.waited(event)
    call.call_ended(trail, None, abandoned=False)
    return [
        (
            span.name,
            dict(span.attributes or {}),
            [(e.name, dict(e.attributes or {})) for e in span.events],
        )
        for span in exporter.get_finished_spans()
    ]


def test_the_spans_have_every_field_of_the_trail() -> None:
    """Of the call, of each attempt, and of what else happened."""
    assert_shows_every_field(spans_of, LEFT_OUT, "integrations/telemetry/_attributes.py")
