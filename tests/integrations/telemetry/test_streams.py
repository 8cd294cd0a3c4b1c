"""The spans of a stream end with it, however it ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from github_models_azure.exceptions import StreamInterruptedError
from tests.harness import (
    DONE,
    FIRST,
    HELLO,
    SECOND,
    Answer,
    Sent,
    Service,
    Twin,
    delta,
    event,
    hello_stream,
    limited,
    stream,
)

from .conftest import Telemetry

USAGE = event(
    id="1", created=1, model="m", choices=[], usage={"prompt_tokens": 3, "completion_tokens": 5}
)


def client_of(twin: Twin, telemetry: Telemetry, *answers: Answer, **options: Any) -> Any:
    waiting = list(answers)
    service = Service(lambda sent: waiting.pop(0))
    options = {"model": FIRST, "fallback": [SECOND], "observer": telemetry.observer(), **options}
    return twin.client(service, **options)


def drive(twin: Twin, client: Any, take: Any, atake: Any) -> None:
    """Begin a stream and hand it to one of two functions, the sync or the async one."""
    if not twin.is_async:
        take(client.complete(messages=HELLO, stream=True))
        return

    async def run() -> None:
        await atake(await client.complete(messages=HELLO, stream=True))

    asyncio.run(run())


def test_a_stream_that_is_read_whole(twin: Twin, telemetry: Telemetry) -> None:
    """Ids, reason and usage are gathered from its events; it was not left half-way."""
    whole = stream(delta("", role="assistant"), delta("Hi"), delta(finish="stop"), USAGE, DONE)
    client = client_of(twin, telemetry, whole)
    assert twin.read(client)[0] == "Hi"
    call, attempt = telemetry.spans
    said = attempt.attributes
    assert said["gen_ai.request.stream"] is True
    assert said["gen_ai.response.finish_reasons"] == ("stop",)
    assert (said["gen_ai.response.id"], said["gen_ai.response.model"]) == ("1", "m")
    assert (said["gen_ai.usage.input_tokens"], said["gen_ai.usage.output_tokens"]) == (3, 5)
    assert said["gen_ai.response.time_to_first_chunk"] >= 0
    assert call.attributes["github_models.stream.abandoned"] is False
    assert call.status.status_code is StatusCode.UNSET


def test_the_spans_of_a_stream_end_after_its_last_piece(twin: Twin, telemetry: Telemetry) -> None:
    """While the caller reads, they are open and not current; other spans lie beside them."""
    client = client_of(twin, telemetry, hello_stream())
    tracer = telemetry.tracers.get_tracer("reader")

    def take(updates: Any) -> None:
        for _ in updates:
            tracer.start_span("while reading").end()
            assert telemetry.attempts == [] or _.choices[0].finish_reason

    async def atake(updates: Any) -> None:
        async for _ in updates:
            tracer.start_span("while reading").end()
            assert telemetry.attempts == [] or _.choices[0].finish_reason

    drive(twin, client, take, atake)
    reading = [span for span in telemetry.spans if span.name == "while reading"]
    assert reading
    assert all(span.parent is None for span in reading)
    assert telemetry.attempts[0].end_time >= reading[0].end_time


def test_a_stream_that_falls_back_before_its_first_content(
    twin: Twin, telemetry: Telemetry
) -> None:
    """Each attempt has its span; the second one's is that of the stream."""
    client = client_of(twin, telemetry, limited(), hello_stream())
    twin.read(client)
    first, second = telemetry.attempts
    assert first.attributes["error.type"] == "429"
    assert second.attributes["github_models.fallback.reason"] == "rate_limited"
    assert "gen_ai.response.time_to_first_chunk" not in first.attributes


def test_an_error_event_before_the_content(twin: Twin, telemetry: Telemetry) -> None:
    """A failure inside a 200 is named by its kind, as it has no status of an error."""
    client = client_of(twin, telemetry, stream(), hello_stream())
    twin.read(client)
    first, _ = telemetry.attempts
    assert first.attributes["error.type"] == "bad_stream"


def test_an_interrupted_stream(twin: Twin, telemetry: Telemetry) -> None:
    """The attempt that had begun to answer ends in error, and so does the call."""
    broken = stream(delta("Hel"), ServiceResponseError("cut"))
    client = client_of(twin, telemetry, broken)
    with pytest.raises(StreamInterruptedError):
        twin.read(client)
    call, attempt = telemetry.spans
    name = "github_models_azure.exceptions.StreamInterruptedError"
    assert attempt.attributes["error.type"] == call.attributes["error.type"] == name
    assert attempt.attributes["github_models.failure.kind"] == "bad_stream"
    assert attempt.status.status_code is StatusCode.ERROR
    assert call.attributes["github_models.served_by"].endswith(FIRST)
    (point,) = telemetry.points("github_models.client.attempts")
    assert point.attributes["github_models.outcome"] == "bad_stream"


def close(updates: Any) -> None:
    next(iter(updates))
    updates.close()


async def aclose(updates: Any) -> None:
    await anext(aiter(updates))
    await updates.aclose()


def leave(updates: Any) -> None:
    with updates:
        for _ in updates:
            break


async def aleave(updates: Any) -> None:
    async with updates:
        async for _ in updates:
            break


def drop(updates: Any) -> None:
    for _ in updates:
        break


async def adrop(updates: Any) -> None:
    async for _ in updates:
        break


def never(updates: Any) -> None:
    del updates


async def anever(updates: Any) -> None:
    del updates


@pytest.mark.parametrize(
    ("take", "atake"),
    [(close, aclose), (leave, aleave), (drop, adrop), (never, anever)],
    ids=["closed", "left", "dropped", "never read"],
)
def test_a_stream_that_is_abandoned(
    twin: Twin, telemetry: Telemetry, take: Any, atake: Any
) -> None:
    """Its spans end, without an error: at its close, or when nobody holds it any more."""
    client = client_of(twin, telemetry, hello_stream())
    gc.disable()  # no circle keeps a stream that was dropped
    try:
        drive(twin, client, take, atake)
        call, attempt = telemetry.spans
    finally:
        gc.enable()
    assert call.attributes["github_models.stream.abandoned"] is True
    assert "error.type" not in {**attempt.attributes, **call.attributes}


def test_an_async_stream_whose_task_is_cancelled(telemetry: Telemetry) -> None:
    """The spans end with the cancellation."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    twin = Twin("aio")
    client = client_of(twin, telemetry, stream(delta("Hel"), asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        twin.read(client)
    call, attempt = telemetry.spans
    assert attempt.attributes["error.type"].endswith("CancelledError")
    assert call.attributes["error.type"].endswith("CancelledError")


@pytest.mark.parametrize("begun_in", ["another context", "this one"])
def test_a_call_whose_coroutine_is_thrown_away(telemetry: Telemetry, begun_in: str) -> None:
    """Nobody's context is touched by one that ends elsewhere; its own is left as it was."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    import contextvars

    def answer(sent: Sent) -> Answer:
        return hello_stream()

    client = Twin("aio").client(
        Service(answer), model=FIRST, fallback=None, observer=telemetry.observer()
    )
    transport = client._client._pipeline._transport

    class Never:
        def __await__(self) -> Any:
            yield None

    async def send(request: Any, **options: Any) -> Any:
        await Never()

    transport.send = send
    coroutine = client.complete(messages=HELLO)
    if begun_in == "this one":
        coroutine.send(None)
    else:
        contextvars.copy_context().run(coroutine.send, None)
    coroutine.close()
    assert not trace.get_current_span().get_span_context().is_valid
    call, attempt = telemetry.spans
    assert attempt.attributes["error.type"] == call.attributes["error.type"] == "GeneratorExit"
