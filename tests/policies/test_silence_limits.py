"""What bounds a stream: silence is the absence of content, and ``timeout`` bounds all of it.

About `policies/_stream.py`.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseTimeoutError

from github_models_azure import Endpoint, trail_of
from github_models_azure.endpoints.dialects import DIALECTS
from github_models_azure.exceptions import StreamInterruptedError
from tests.harness import (
    DONE,
    FIRST,
    HELLO,
    SECOND,
    Answer,
    AsyncResponse,
    Service,
    SyncResponse,
    Twin,
    delta,
    event,
    hello_stream,
    stream,
    text_of,
)


def piece(**function: Any) -> bytes:
    return delta(tool_calls=[{"index": 0, "function": function}])


QUIET: dict[str, bytes] = {
    "comments": b": keep-alive\n\n",
    "empty lines": b"\n\n",
    "pings": b"event: ping\ndata: {}\n\n",
    "null": b"data: null\n\n",
    "roles": delta(role="assistant"),
    "empty text": delta(""),
    "empty deltas": delta(),
    "no choices": event(id="1", choices=[]),
    "usage": event(choices=[], usage={"prompt_tokens": 1, "total_tokens": 1}),
    "empty reasoning": delta(reasoning="", reasoning_content=""),
    "empty refusals": delta(refusal=""),
    "empty sound": delta(audio={"id": "a", "data": ""}),
    "empty pieces of a call": piece(arguments=""),
    "filter results": event(prompt_filter_results=[{"prompt_index": 0}], choices=[]),
}
LOUD: dict[str, bytes] = {
    "text": delta("x"),
    "reasoning": delta(reasoning="hm"),
    "reasoning content": delta(reasoning_content="hm"),
    "refusal": delta(refusal="no"),
    "sound": delta(audio={"data": "AAAA"}),
    "a call": delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f"}}]),
    "arguments": piece(arguments="1"),
    "a second choice": event(id="1", choices=[{"index": 1, "delta": {"content": "y"}}]),
}
LIMITS: list[Any] = [
    pytest.param({"attempt_timeout": 10}, 10, id="attempt_timeout"),
    pytest.param({"read_timeout": 10}, 10, id="read_timeout"),
    pytest.param({}, 300, id="300 s"),
    pytest.param({"attempt_timeout": 10, "read_timeout": 3000}, 10, id="the first of both"),
]


def client_of(twin: Twin, first: Answer, **options: Any) -> tuple[Any, Service]:
    service = Service(lambda sent: first if sent.model == FIRST else hello_stream())
    return twin.client(service, **{"model": FIRST, "fallback": [SECOND], **options}), service


def dripping(what: bytes, seconds: float) -> list[Any]:
    """The same again and again, a hundred times before the limit and a few after it."""
    return [part for _ in range(120) for part in (seconds / 100, what)]


def read_slowly(twin: Twin, client: Any, between: Callable[[], None], **keywords: Any) -> list[Any]:
    """Read a stream, and do something after each update."""
    seen: list[Any] = []

    def keep(update: Any) -> None:
        seen.append(update)
        between()

    async def later() -> None:
        async for update in await client.complete(messages=HELLO, stream=True, **keywords):
            keep(update)

    if twin.is_async:
        asyncio.run(later())
    else:
        for update in client.complete(messages=HELLO, stream=True, **keywords):
            keep(update)
    return seen


@pytest.mark.parametrize(("options", "limit"), LIMITS)
@pytest.mark.parametrize("what", QUIET)
def test_silence_before_the_first_content_moves_on(
    twin: Twin, what: str, options: dict[str, Any], limit: float
) -> None:
    """Whatever keeps the connection alive, another target answers."""
    client, service = client_of(twin, stream(*dripping(QUIET[what], limit)))
    began = service.clock.now
    text, updates = twin.read(client, **options)
    assert (text, service.models) == ("Hello", [FIRST, SECOND])
    failure = trail_of(updates).attempts[0].failure
    assert failure.kind.value == "unavailable"
    assert "no answer in time" in failure.message
    assert limit <= service.clock.now - began <= limit * 1.05
    assert service.responses[0].closed


@pytest.mark.parametrize(("options", "limit"), LIMITS)
@pytest.mark.parametrize("what", QUIET)
def test_silence_between_two_contents_is_an_interruption(
    twin: Twin, what: str, options: dict[str, Any], limit: float
) -> None:
    """With what had come; the target is left out for a while."""
    client, service = client_of(twin, stream(delta("Hel"), *dripping(QUIET[what], limit)))
    with pytest.raises(StreamInterruptedError, match="nothing but keep-alives for") as caught:
        twin.read(client, **options)
    assert caught.value.partial_text == "Hel"
    assert service.clock.now - 1_800_000_000.0 <= limit * 1.05
    assert service.responses[0].closed
    assert twin.read(client)[0] == "Hello"
    assert service.models == [FIRST, SECOND]


@pytest.mark.parametrize(("options", "limit"), LIMITS)
@pytest.mark.parametrize("what", LOUD)
def test_content_of_any_kind_ends_a_silence(
    twin: Twin, what: str, options: dict[str, Any], limit: float
) -> None:
    """A stream goes on for as long as it says something, a keep-alive in between or not."""
    lively = [part for _ in range(9) for part in (limit / 2, b": ping\n\n", limit / 2, LOUD[what])]
    first = stream(LOUD["a call"], *lively, delta("Hello"), delta(finish="stop"), DONE)
    client, service = client_of(twin, first)
    assert twin.read(client, model_extras={"n": 2}, **options)[0].endswith("Hello")
    assert service.models == [FIRST]


def test_text_that_is_held_back_has_come(twin: Twin) -> None:
    """It may become a call, and is no silence meanwhile; once it stops, it is one."""
    dialect = dataclasses.replace(DIALECTS["openai-compatible"], text_calls="both")
    endpoint = Endpoint("mine", "https://mine.example/v1", "key", dialect)
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    slowly = [part for one in '{"name": "f", "arguments": {}' for part in (4.0, delta(one))]
    whole = stream(*slowly, delta("}"), delta(finish="stop"), DONE)
    for first, models in ((whole, ["a"]), (stream(*slowly, 6.0, b": ping\n\n", 6.0), ["a", "b"])):
        service = Service(lambda sent, first=first: first if sent.model == "a" else hello_stream())
        client = twin.client(service, endpoint, model="a", fallback=["b"])
        twin.read(client, tools=[tool], attempt_timeout=10)
        assert service.models == models


def test_a_content_that_comes_too_late_is_late(twin: Twin) -> None:
    """By the clock, whether or not the transport noticed."""

    class Late(bytes):
        """A chunk that takes its time."""

    def arrive(self: Service, chunk: Any) -> bytes:
        self.clock.now += 11.0 if isinstance(chunk, Late) else 0.0
        return bytes(chunk)

    for pieces, models in (
        ([Late(delta("Hel"))], [FIRST, SECOND]),
        ([delta("Hel"), Late(delta("lo"))], [FIRST]),
    ):
        client, service = client_of(twin, stream(*pieces, delta(finish="stop"), DONE))
        service.arrive = arrive.__get__(service)  # type: ignore[method-assign]
        if len(models) == 2:
            assert twin.read(client, attempt_timeout=10)[0] == "Hello"
        else:
            with pytest.raises(StreamInterruptedError, match="the next content took 11 s"):
                twin.read(client, attempt_timeout=10)
        assert service.models == models


def test_usage_that_comes_with_the_last_of_the_time_is_read(twin: Twin) -> None:
    """An answer that is whole ends well, whatever limit its last words run into."""
    usage = event(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
    first = stream(delta("Hello", finish="stop"), 0.6, usage, 0.6, DONE)
    client, service = client_of(twin, first)
    seen = read_slowly(twin, client, lambda: None, attempt_timeout=0.5)
    assert "".join(map(text_of, seen)) == "Hello"
    client, service = client_of(twin, first)
    seen = read_slowly(twin, client, lambda: None, timeout=0.5)
    assert "".join(map(text_of, seen)) == "Hello"
    assert service.responses[0].closed


def test_the_timeout_of_the_call_bounds_its_stream(twin: Twin) -> None:
    """Though content flows; that is no fault of the target, which is asked again."""
    flowing = [part for _ in range(20) for part in (1.0, delta("x"))]
    client, service = client_of(twin, stream(*flowing))
    for _ in range(2):
        began = service.clock.now
        with pytest.raises(
            StreamInterruptedError, match=r"as long as it may \(timeout\)"
        ) as caught:
            twin.read(client, timeout=10)
        assert caught.value.partial_text == "x" * 9
        assert service.clock.now - began == 10.0
        (attempt,) = trail_of(caught.value).attempts
        assert attempt.failure.kind.value == "bad_stream"
    assert service.models == [FIRST, FIRST]
    assert all(response.closed for response in service.responses)


def test_the_timeout_counts_from_the_start_of_the_call(twin: Twin) -> None:
    """What an earlier target took is gone."""
    flowing = [part for _ in range(20) for part in (1.0, delta("x"))]
    answers = {FIRST: Answer(503, {}, seconds=4.0), SECOND: stream(*flowing)}
    service = Service(lambda sent: answers[sent.model])
    client = twin.client(service, model=FIRST, fallback=[SECOND])
    with pytest.raises(StreamInterruptedError) as caught:
        twin.read(client, timeout=10)
    assert caught.value.partial_text == "x" * 5


def test_a_timeout_that_the_transport_notices_is_the_same(twin: Twin) -> None:
    """Its timer may be a little ahead of the clock; anything earlier is the server's silence."""
    for pause, words in ((9.99, "as long as it may"), (5.0, "silence")):
        late = ServiceResponseTimeoutError("silence")
        client, service = client_of(twin, stream(delta("Hel"), pause, late))
        with pytest.raises(StreamInterruptedError, match=words):
            twin.read(client, timeout=10)
        with suppress(StreamInterruptedError):
            twin.read(client)
        assert service.models == [FIRST, FIRST if pause > 9 else SECOND]


@pytest.mark.parametrize(
    "options", [{"timeout": 10}, {"attempt_timeout": 10}, {"read_timeout": 10}, {"timeout": 9.5}]
)
def test_the_time_of_the_caller_does_not_count(twin: Twin, options: dict[str, float]) -> None:
    """Neither before the first read nor between two, nor in what the transport is told."""
    pieces = [part for text in "ello" for part in (2.0, delta(text), b": ping\n\n")]
    client, service = client_of(twin, stream(delta("H"), *pieces, delta(finish="stop"), DONE))

    def busy() -> None:
        service.clock.now += 1000.0

    seen = read_slowly(twin, client, busy, **options)
    assert "".join(map(text_of, seen)) == "Hello"
    assert service.models == [FIRST]


def test_each_wait_is_told_what_is_left(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the transport, and only if it is not what it was told before."""
    told: list[float] = []

    def wait_longer(self: Any, seconds: float) -> None:
        told.append(seconds)

    for response in (SyncResponse, AsyncResponse):
        monkeypatch.setattr(response, "wait_longer", wait_longer, raising=False)
    end = (delta("!"), delta(finish="stop"), DONE)
    ping = b": ping\n\n"
    client, _ = client_of(twin, stream(delta("a"), delta("b"), 4.0, ping, delta("c"), *end))
    read_slowly(twin, client, lambda: None, attempt_timeout=10)
    assert told == [10, 6.0, 6.0, 10, 1.0]
    told.clear()
    client, _ = client_of(twin, stream(delta("a"), 4.0, delta("b"), *end))
    read_slowly(twin, client, lambda: None, timeout=9, read_timeout=7)
    assert told == [7, 3.0, 5.0, 5.0, 1.0]


def test_a_refusal_of_a_stream_has_no_longer(twin: Twin) -> None:
    """Its body comes within the limit of the first content."""
    slow = Answer(400, headers={}, chunks=[b" ", 4.0] * 100)
    for options, limit in (({"attempt_timeout": 10}, 10), ({"read_timeout": 20}, 20)):
        client, service = client_of(twin, slow)
        began = service.clock.now
        assert twin.read(client, **options)[0] == "Hello"  # type: ignore[arg-type]
        assert limit < service.clock.now - began <= limit + 4
