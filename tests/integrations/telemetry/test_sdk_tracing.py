"""Beside the SDK's own tracing: its span above ours, azure-core's span of HTTP below."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from pydantic import BaseModel

from tests.harness import (
    DONE,
    FIRST,
    HELLO,
    SECOND,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    delta,
    falls_back,
    hello_stream,
    limited,
    stream,
)

from .conftest import Telemetry, is_call


@pytest.fixture(autouse=True)
def _global_provider(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Azure's libraries know the process's provider only, and remember its tracers."""
    from azure.core import instrumentation
    from azure.core.settings import settings

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", telemetry.tracers)
    instrumentation._get_tracer_cached.cache_clear()
    yield
    instrumentation._get_tracer_cached.cache_clear()
    settings.tracing_implementation.unset_value()
    settings.tracing_enabled.unset_value()


@pytest.fixture
def sdk_instrumentor(_global_provider: None) -> Iterator[Any]:
    """The SDK's instrumentor, switched on; it needs azure-core's plugin."""
    pytest.importorskip(
        "azure.core.tracing.ext.opentelemetry_span",
        reason="azure-core-tracing-opentelemetry is not installed",
    )
    from azure.ai.inference.tracing import AIInferenceInstrumentor
    from azure.core.settings import settings

    settings.tracing_implementation = "opentelemetry"
    instrumentor = AIInferenceInstrumentor()
    instrumentor.instrument()
    yield instrumentor
    instrumentor.uninstrument()


def client_of(twin: Twin, telemetry: Telemetry, answer: Any = falls_back) -> Any:
    return twin.client(
        Service(answer), model=FIRST, fallback=[SECOND], observer=telemetry.observer()
    )


def tree(telemetry: Telemetry, parent: ReadableSpan | None = None) -> list[Any]:
    """The names of all spans that ended, each with those below it."""
    wanted = None if parent is None else parent.context.span_id
    return [
        (span.name, tree(telemetry, span))
        for span in telemetry.spans
        if (span.parent.span_id if span.parent else None) == wanted
    ]


OURS = (
    f"complete {FIRST}",
    [(f"chat {FIRST}", [("POST", [])]), (f"chat {SECOND}", [("POST", [])])],
)


def flattened(tree: list[Any]) -> list[Any]:
    """Leave out the span that azure-core's decorator makes of the SDK's method."""
    found = []
    for name, below in tree:
        found += flattened(below) if "." in name.partition(" ")[0] else [(name, flattened(below))]
    return found


def test_both_at_once_give_one_tree(
    twin: Twin, telemetry: Telemetry, sdk_instrumentor: Any
) -> None:
    """SDK's call, our call, attempts, HTTP: one below the other."""
    twin.complete(client_of(twin, telemetry))
    assert flattened(tree(telemetry)) == [("chat", [OURS])]
    outer = telemetry.spans[0]
    assert outer.attributes["gen_ai.response.model"] == SECOND


def test_the_trace_header_names_the_span_of_its_own_attempt(
    twin: Twin, telemetry: Telemetry, sdk_instrumentor: Any
) -> None:
    """Each request carries the context of its own HTTP span."""
    service = Service(falls_back)
    client = twin.client(service, model=FIRST, fallback=[SECOND], observer=telemetry.observer())
    twin.complete(client)
    sent = [sent.headers["traceparent"].split("-")[2] for sent in service.sent]
    made = [span for span in telemetry.spans if span.name == "POST"]
    assert sent == [f"{span.context.span_id:016x}" for span in made]


def test_streams_with_both(twin: Twin, telemetry: Telemetry, sdk_instrumentor: Any) -> None:
    """The SDK wraps the stream; its span and ours end with it, whatever was fallen back from."""
    client = client_of(
        twin, telemetry, lambda sent: limited() if sent.model == FIRST else hello_stream()
    )
    text, _ = twin.read(client)
    assert text == "Hello"
    assert flattened(tree(telemetry)) == [("chat", [OURS])]


class City(BaseModel):
    name: str


def test_structured_streams_with_both(
    twin: Twin, telemetry: Telemetry, sdk_instrumentor: Any
) -> None:
    """What turns the stream into an instance reads what the SDK wrapped, to its end."""

    def answer(sent: Sent) -> Answer:
        return stream(delta('{"name": '), delta('"Bern"}'), delta(finish="stop"), DONE)

    client = client_of(twin, telemetry, answer)
    _, updates = twin.read(client, response_model=City)
    assert updates.parsed == City(name="Bern")
    ((outer, below),) = flattened(tree(telemetry))
    assert outer == "chat"
    assert [name for name, _ in below] == [f"complete {FIRST}"]


def test_the_sdks_instrumentor_reaches_these_clients_after_uninstrument_no_more(
    twin: Twin, telemetry: Telemetry, sdk_instrumentor: Any
) -> None:
    """The SDK's method is replaced in its class; ours call it through that class each time."""
    client = client_of(twin, telemetry)
    sdk_instrumentor.uninstrument()
    twin.complete(client)
    assert all(name != "chat" for name, _ in flattened(tree(telemetry)))


def test_many_streams_at_once_with_both(telemetry: Telemetry, sdk_instrumentor: Any) -> None:
    """Tasks keep their trees apart."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    client = client_of(Twin("aio"), telemetry, lambda sent: hello_stream())

    async def one() -> None:
        async for _ in await client.complete(messages=HELLO, stream=True):
            await asyncio.to_thread(int)

    async def run() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    asyncio.run(run())
    wanted = ("chat", [(f"complete {FIRST}", [(f"chat {FIRST}", [("POST", [])])])])
    assert flattened(tree(telemetry)) == [wanted] * 20


def test_azure_cores_own_tracing_needs_no_plugin(twin: Twin, telemetry: Telemetry) -> None:
    """With tracing enabled, azure-core's spans of HTTP lie below the attempts."""
    from azure.core.settings import settings

    settings.tracing_enabled = True
    twin.complete(client_of(twin, telemetry, lambda sent: chat(FIRST)))
    (call,) = [span for span in telemetry.spans if is_call(span)]
    assert telemetry.below(call) == [f"chat {FIRST}"]
    assert telemetry.below(telemetry.attempts[0]) == ["POST"]
