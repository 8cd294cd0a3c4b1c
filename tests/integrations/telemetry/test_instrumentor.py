"""One switch for the whole process; an observer that fails breaks no call."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from github_models_azure.integrations.telemetry import GitHubModelsInstrumentor
from github_models_azure.policies import FallbackPolicy
from tests.harness import FIRST, Service, Twin, chat, falls_back, hello_stream

from .conftest import Telemetry


def client_of(twin: Twin, answer: Any = falls_back, **options: Any) -> Any:
    return twin.client(Service(answer), model=FIRST, fallback=["openai/gpt-4o"], **options)


def switch_on(instrumentor: GitHubModelsInstrumentor, telemetry: Telemetry, **options: Any) -> None:
    instrumentor.instrument(
        tracer_provider=telemetry.tracers, meter_provider=telemetry.meters, **options
    )


def test_clients_made_from_then_on_are_observed(
    twin: Twin, telemetry: Telemetry, instrumentor: GitHubModelsInstrumentor
) -> None:
    """Those made before are not; those made after are, to the end of the switch."""
    before = client_of(twin)
    switch_on(instrumentor, telemetry)
    assert instrumentor.is_instrumented()
    after = client_of(twin)
    twin.complete(before)
    assert telemetry.spans == []
    twin.complete(after)
    assert len(telemetry.spans) == 3
    instrumentor.uninstrument()
    assert not instrumentor.is_instrumented()
    twin.complete(after)
    twin.complete(client_of(twin))
    assert len(telemetry.spans) == 3


def test_switching_on_again_holds_for_clients_that_exist(
    twin: Twin, telemetry: Telemetry, instrumentor: GitHubModelsInstrumentor
) -> None:
    """The last call's keywords hold, as with the SDK's own instrumentor; once is enough to end."""
    switch_on(instrumentor, telemetry)
    client = client_of(twin)
    assert not instrumentor.is_content_recording_enabled()
    GitHubModelsInstrumentor().instrument(
        tracer_provider=telemetry.tracers, meter_provider=telemetry.meters, capture_content=True
    )
    assert instrumentor.is_content_recording_enabled()
    twin.complete(client)
    assert "gen_ai.input.messages" in telemetry.attempts[0].attributes
    assert len(telemetry.spans) == 3


def test_an_observer_of_its_own_outweighs_the_switch(
    twin: Twin, telemetry: Telemetry, instrumentor: GitHubModelsInstrumentor
) -> None:
    """No call is told twice."""
    other = Telemetry()
    switch_on(instrumentor, telemetry)
    twin.complete(client_of(twin, observer=other.observer()))
    assert telemetry.spans == []
    assert len(other.spans) == 3


def test_a_stream_that_began_before_is_told_to_its_end(
    telemetry: Telemetry, instrumentor: GitHubModelsInstrumentor
) -> None:
    """Switching off leaves no span open."""
    switch_on(instrumentor, telemetry)
    client = client_of(Twin("sync"), lambda sent: hello_stream())
    updates = client.complete(messages=[{"role": "user", "content": "Hi"}], stream=True)
    instrumentor.uninstrument()
    assert telemetry.spans == []
    list(updates)
    assert len(telemetry.spans) == 2


def test_the_policy_of_a_stock_client_is_observed(telemetry: Telemetry) -> None:
    """The same keyword, the same spans."""
    from azure.ai.inference import ChatCompletionsClient
    from azure.core.credentials import AzureKeyCredential

    from tests.harness import FakeTransport

    policy = FallbackPolicy(["openai/gpt-4o"], observer=telemetry.observer())
    with ChatCompletionsClient(
        "https://models.example/inference",
        AzureKeyCredential("key"),
        per_call_policies=[policy],
        transport=FakeTransport(Service(falls_back)),
        model=FIRST,
    ) as client:
        client.complete(messages=[{"role": "user", "content": "Hi"}])
    assert len(telemetry.attempts) == 2


def test_an_exporter_that_fails_breaks_no_call(
    twin: Twin, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """What OpenTelemetry raises goes into the log, once."""
    from opentelemetry.sdk.trace import SpanProcessor

    class Broken(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError("no")

    telemetry.tracers.add_span_processor(Broken())
    client = client_of(twin, lambda sent: chat(FIRST), observer=telemetry.observer())
    with caplog.at_level(logging.WARNING, "github_models_azure"):
        twin.complete(client)
        twin.complete(client)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_observer_shows_what_it_records(telemetry: Telemetry) -> None:
    """Fit for a support ticket."""
    assert repr(telemetry.observer()) == "TelemetryObserver(captures_content=False)"


def test_a_span_that_could_not_begin_breaks_no_stream(twin: Twin, telemetry: Telemetry) -> None:
    """The updates of an attempt without a span go by."""
    from opentelemetry.sdk.trace import SpanProcessor

    class Broken(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            if span.name.startswith("chat"):
                raise RuntimeError("no")

    telemetry.tracers.add_span_processor(Broken())
    client = client_of(twin, lambda sent: hello_stream(), observer=telemetry.observer())
    assert twin.read(client)[0] == "Hello"
    assert [span.name for span in telemetry.spans] == [f"complete {FIRST}"]
