"""Streams fall back until their first content, and never end in silence after it."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import FallbackExhaustedError, StreamInterruptedError
from tests.harness import (
    DONE,
    FIRST,
    HELLO,
    SECOND,
    URL,
    Answer,
    Sent,
    Service,
    Twin,
    delta,
    error,
    event,
    hello_stream,
    stream,
    text_of,
)

ROLE = delta("", role="assistant")


def client_of(twin: Twin, first: Answer, **options: Any) -> tuple[Any, Service]:
    def answer(sent: Sent) -> Answer:
        return first if sent.model == FIRST else hello_stream()

    service = Service(answer)
    options = {"model": FIRST, "fallback": [SECOND], **options}
    return twin.client(service, **options), service


def test_a_stream_arrives_whole(twin: Twin) -> None:
    """Every piece of text comes through, and the trail says who streamed it."""
    client, service = client_of(twin, hello_stream())
    text, updates = twin.read(client)
    assert text == "Hello"
    assert trail_of(updates).served_by.endswith(FIRST)
    assert all(response.closed for response in service.responses)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(error(429, "RateLimitReached", retry_after="60"), id="limited"),
        pytest.param(error(503), id="unavailable"),
        pytest.param(stream(event(error={"code": "500", "message": "boom"})), id="error event"),
        pytest.param(stream(ROLE, event(error={"message": "late"})), id="error after the role"),
        pytest.param(stream(), id="empty"),
        pytest.param(stream(DONE), id="only DONE"),
        pytest.param(stream(ROLE), id="ends after the role"),
        pytest.param(stream(b"data: {nonsense\n\n"), id="malformed"),
        pytest.param(stream(b"data: [1, 2]\n\n"), id="not an object"),
        pytest.param(stream(ServiceResponseError("cut")), id="cut"),
        pytest.param(stream(ROLE, OSError("cut")), id="cut by the operating system"),
        pytest.param(stream(b"<html></html>", content_type="text/html"), id="html"),
        pytest.param(
            stream(b'{"error":{"code":"x","message":"y"}}', content_type="application/json"),
            id="an error as JSON",
        ),
        pytest.param(
            stream(b'{"choices":[{"message":{}}]}', content_type="application/json"),
            id="a whole answer as JSON",
        ),
    ],
)
def test_what_breaks_before_the_first_content_moves_on(twin: Twin, first: Answer) -> None:
    """The caller gets one whole answer from the next target, and nothing of the broken one."""
    client, service = client_of(twin, first)
    text, updates = twin.read(client)
    assert text == "Hello"
    assert service.models == [FIRST, SECOND]
    assert trail_of(updates).attempts[0].failure is not None
    assert all(response.closed for response in service.responses if response.status_code == 200)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([event(error={"code": 500, "message": "boom"})], id="error event"),
        pytest.param([], id="no finish reason and no DONE"),
        pytest.param([b"data: {nonsense\n\n"], id="malformed"),
        pytest.param([ServiceResponseError("reset")], id="cut"),
        pytest.param([HttpResponseError("Response ended prematurely")], id="cut in framing"),
        pytest.param([TimeoutError("stalled")], id="stalled"),
    ],
)
def test_what_breaks_after_content_is_an_error_with_the_text(twin: Twin, rest: list[Any]) -> None:
    """Nothing is silently switched or swallowed: the text that arrived comes with the error."""
    client, service = client_of(twin, stream(ROLE, delta("Hel"), delta("lo"), *rest))
    with pytest.raises(StreamInterruptedError) as caught:
        twin.read(client)
    assert caught.value.partial_text == "Hello"
    assert service.models == [FIRST]
    assert trail_of(caught.value).attempts[-1].failure.kind.value == "bad_stream"
    assert trail_of(caught.value).served_by.endswith(FIRST)
    assert service.responses[0].closed


@pytest.mark.parametrize(("options", "pause"), [({}, 300.0), ({"read_timeout": 20}, 20.0)])
def test_keep_alives_alone_keep_no_stream_alive(
    twin: Twin, options: dict[str, Any], pause: float
) -> None:
    """They reset every timer of the transport; what counts is the time without an event."""
    ping = b": PING\n\n"
    lively = [pause, ping, delta("lo")] * 3
    client, service = client_of(twin, stream(ROLE, delta("Hel"), *lively, pause, ping, 0.5, ping))
    with pytest.raises(StreamInterruptedError, match="nothing but keep-alives") as caught:
        twin.read(client, **options)
    assert caught.value.partial_text == "Hellololo"
    assert service.models == [FIRST]
    assert service.responses[0].closed


def test_a_slow_reader_is_no_stall(twin: Twin) -> None:
    """The time between two updates is the caller's own."""
    pieces = (delta("Hel"), b": PING\n\n", b": PING\n\n", delta("lo", finish="stop"), DONE)
    client, service = client_of(twin, stream(*pieces))

    def slow(update: Any) -> str:
        service.clock.now += 1000
        return text_of(update)

    async def read() -> list[str]:
        updates = await client.complete(messages=HELLO, stream=True)
        return [slow(update) async for update in updates]

    if twin.is_async:
        texts = asyncio.run(read())
    else:
        texts = [slow(update) for update in client.complete(messages=HELLO, stream=True)]
    assert texts == ["Hel", "lo"]


def test_a_finish_reason_is_an_end_without_done(twin: Twin) -> None:
    """Servers that never send [DONE] are complete all the same."""
    client, _ = client_of(twin, stream(delta("Hello"), delta(finish="stop")))
    assert twin.read(client)[0] == "Hello"


def test_done_without_a_line_end_is_an_end(twin: Twin) -> None:
    """The last line of a stream may lack its line end."""
    client, _ = client_of(twin, stream(delta("Hello"), b"data: [DONE]"))
    assert twin.read(client)[0] == "Hello"


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_framing_is_read_as_the_standard_says(twin: Twin, size: int, end: bytes) -> None:
    """Comments, other fields, line ends of any kind and cuts anywhere change nothing."""
    raw = b": PING\n\nevent: message\nid: 1\n" + delta("Grüße ").replace(b"data: ", b"data:")
    raw += b"retry: 10\n" + delta("日本", finish="stop") + DONE
    raw = b"\xef\xbb\xbf" + raw.replace(b"\n", end)
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    client, service = client_of(twin, stream(*pieces))
    assert twin.read(client)[0] == "Grüße 日本"
    assert service.models == [FIRST]


def test_a_slow_first_content_is_left_for_the_next_target(twin: Twin) -> None:
    """``attempt_timeout`` counts until content, not until the headers."""
    client, _ = client_of(twin, stream(ROLE, 3.0, ROLE, 3.0, delta("late")))
    text, updates = twin.read(client, attempt_timeout=5)
    assert text == "Hello"
    assert "no content within" in trail_of(updates).attempts[0].failure.message


def test_a_slow_stream_is_not_cut(twin: Twin) -> None:
    """Once content flows, ``attempt_timeout`` counts from each piece of it to the next."""
    pieces = [piece for text in "Hello" for piece in (delta(text), 4.0)]
    client, _ = client_of(twin, stream(*pieces, delta(finish="stop"), DONE))
    assert twin.read(client, attempt_timeout=5)[0] == "Hello"


def test_an_only_target_without_a_usable_stream_is_an_error(twin: Twin) -> None:
    """With nobody to take over, the error says what was wrong with the stream."""
    client, _ = client_of(twin, stream(ROLE), fallback=None, fallback_max_wait=0)
    with pytest.raises((ServiceResponseError, FallbackExhaustedError), match="finish_reason"):
        twin.read(client)


def test_usage_without_choices_is_handed_out(twin: Twin) -> None:
    """The usage chunk of ``include_usage`` reaches the caller, with no choices in it."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    first = stream(delta("Hello", finish="stop"), event(choices=[], usage=usage), DONE)
    client, _ = client_of(twin, first)
    text, _ = twin.read(client)
    assert text == "Hello"


def test_a_choice_without_delta_is_no_content(twin: Twin) -> None:
    """A chunk whose choice has no delta neither breaks the reader nor counts as content."""
    bare = event(choices=[{"index": 0, "finish_reason": None}])
    client, _ = client_of(twin, stream(bare, delta("Hello", finish="stop"), DONE))
    assert twin.read(client)[0] == "Hello"


def test_tool_calls_are_content(twin: Twin) -> None:
    """Once a piece of a tool call is out, another target no longer takes over."""
    call = [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]
    client, service = client_of(twin, stream(delta(tool_calls=call), error_chunk()))
    with pytest.raises(StreamInterruptedError):
        twin.read(client)
    assert service.models == [FIRST]


def error_chunk() -> bytes:
    return event(error={"message": "boom"})


@pytest.mark.extras
@pytest.mark.parametrize("broken", [False, True])
def test_no_async_generator_is_left_to_the_event_loop(broken: bool) -> None:
    """What stands after [DONE], or after a broken start, is finished by us, not by chance."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    chunks = [b"data: {nope\n\n"] if broken else [delta("Hi", finish="stop"), DONE]
    client, service = client_of(Twin("aio"), stream(*chunks, b": more\n\n"))
    Twin("aio").read(client)
    assert service.responses[0].finished


def test_leaving_a_stream_early_gives_the_connection_back(twin: Twin) -> None:
    """Breaking out of a ``with`` block closes the answer."""
    client, service = client_of(twin, hello_stream())
    if twin.is_async:
        import asyncio

        async def leave() -> None:
            async with await client.complete(messages=[], stream=True) as updates:
                async for _ in updates:
                    break

        asyncio.run(leave())
    else:
        with client.complete(messages=[], stream=True) as updates:
            next(iter(updates))
    assert service.responses[0].closed


def test_an_error_body_that_drips_is_left(twin: Twin) -> None:
    """The body of a refused stream is read no longer than the attempt may take."""
    slow = Answer(500, chunks=[b"a", 3.0, b"b", 3.0, b"c"])
    good = stream(delta("Hello", finish="stop"), b"data: [DONE]\n\n")
    service = Service(lambda sent: slow if sent.model == FIRST else good)
    client = twin.client(service, model=FIRST, fallback=[SECOND], attempt_timeout=5)
    text, updates = twin.read(client)
    assert text == "Hello"
    assert "no content within" in trail_of(updates).attempts[0].failure.message


def test_a_stand_in_can_be_copied(twin: Twin) -> None:
    """Copying a streamed response copies it, and does not ask itself for ever."""
    service = Service(lambda sent: stream(delta("Hi", finish="stop"), b"data: [DONE]\n\n"))
    _, updates = twin.read(twin.client(service, model=FIRST))
    response = copy.copy(updates._response)
    assert response.status_code == 200


def test_every_choice_of_a_stream_has_to_finish(twin: Twin) -> None:
    """With n=2, a stream that ends after the first choice's finish is cut off."""
    second = {"index": 1, "delta": {"content": "half"}, "finish_reason": None}
    event = b"data: " + json.dumps({"choices": [second]}).encode() + b"\n\n"
    service = Service(lambda sent: stream(delta("Hello"), event, delta(finish="stop")))
    client = twin.client(service, model=FIRST, fallback=None)
    with pytest.raises(AzureError, match="finish_reason"):
        twin.read(client, model_extras={"n": 2})


def test_a_stream_of_send_request_can_be_read_whole(twin: Twin) -> None:
    """What stands in for the response has its context manager and its ``read``."""
    from azure.core.rest import HttpRequest

    service = Service(lambda sent: stream(delta("Hi", finish="stop"), b"data: [DONE]\n\n"))
    client = twin.client(service)
    body = {"model": FIRST, "messages": []}
    request = HttpRequest("POST", URL + "/chat/completions", json=body)

    async def read() -> Any:
        async with await client.send_request(request, stream=True) as response:
            return await response.read()

    if twin.is_async:
        content = asyncio.run(read())
    else:
        with client.send_request(request, stream=True) as response:
            content = response.read()
    assert content.endswith(b"data: [DONE]\n\n")
