"""What a server sends is bounded after decompression: `reading`, `bounds`, the next answers."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError

from github_models_azure import Target, trail_of
from github_models_azure._core.failure.kinds import FailureKind
from github_models_azure.endpoints import Endpoint
from tests.client.raw_server_helpers import Send, raw_server
from tests.harness import DONE, HELLO, Twin, chat, delta, event

BOUNDS = {"max_answer_bytes": 20_000, "max_event_bytes": 10_000, "max_error_bytes": 5_000}
ZEROS = bytes(3_000_000)


def reply(status: int, body: bytes, kind: str = "application/json", packed: bool = True) -> bytes:
    """A whole answer as bytes."""
    body = gzip.compress(body) if packed else body
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    coding = "content-encoding: gzip\r\n" if packed else ""
    return f"{head}{coding}connection: close\r\n\r\n".encode() + body


def hello(*, streamed: bool) -> bytes:
    if streamed:
        return reply(200, delta("Hello") + delta(finish="stop") + DONE, "text/event-stream")
    return reply(200, chat("m", "Hello").content)


def ask(
    twin: Twin, answer: bytes, *, stream: bool = False, alone: bool = False, **said: Any
) -> Any:
    """Ask a target that answers so, and after it one that says Hello; return text and trail."""

    def one(asked: bytes, send: Send, stop: Any) -> None:
        send(answer)

    def other(asked: bytes, send: Send, stop: Any) -> None:
        send(hello(streamed=stream))

    with raw_server(one) as first, raw_server(other) as second:
        spare = Target("m", Endpoint("second", second, "key"))
        options = {"model": "m", "fallback": None if alone else [spare], "retry_total": 0}
        client = twin.package.ChatCompletionsClient(first, "key", **options, **{**BOUNDS, **said})
        if not twin.is_async:
            with client:
                found = client.complete(messages=HELLO, stream=stream)
                return _text(list(found) if stream else found), trail_of(found)

        async def call() -> Any:
            async with client:
                found = await client.complete(messages=HELLO, stream=stream)
                text = _text([one async for one in found] if stream else found)
                return text, trail_of(found)

        return asyncio.run(call())


def _text(found: Any) -> str:
    if isinstance(found, list):
        return "".join(one.choices[0].delta.content or "" for one in found if one.choices)
    return str(found.choices[0].message.content)


def coded(name: bytes) -> bytes:
    """An answer that is not what its header says."""
    head = b"content-encoding: " + name + b"\r\ncontent-l"
    return reply(200, b"{}", packed=False).replace(b"content-l", head)


BOMBS = {
    "zeros": reply(200, ZEROS),
    "spaces": reply(200, b" " * len(ZEROS)),
    "a plain page": reply(200, b"x" * 30_000, "text/html", packed=False),
    "an endless list": reply(200, b'{"choices": [' + b"0," * 1_000_000),
    "a refusal of zeros": reply(400, ZEROS),
    "a refusal of text": reply(400, b"No. " * 100_000, "text/plain"),
    "a refusal in an endless page": reply(422, b"<html>" + b"x" * 1_000_000, "text/html"),
    "a refusal in an endless object": reply(400, b'{"why": "' + b"x" * 1_000_000),
    "an outage": reply(503, ZEROS),
    "another coding": coded(b"br"),
    "no gzip at all": coded(b"gzip"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_makes_way_for_the_next_target(twin: Twin, bomb: str, stream: bool) -> None:
    """Under any status, packed or plain, whole or streamed; the failure is ``unavailable``."""
    text, trail = ask(twin, BOMBS[bomb], stream=stream)
    assert text == "Hello"
    assert trail.served_by == "second/m"
    assert trail.attempts[0].failure.kind is FailureKind.UNAVAILABLE


STREAMS = {
    "one event": b"data: " + ZEROS,
    "one field": b"event: " + ZEROS,
    "one event of many lines": b"data: x\n" * 10_000,
    "many events without content": delta("", role="assistant") * 1_000,
    "events without choices": event(choices=[]) * 1_000,
}


@pytest.mark.parametrize("bomb", STREAMS)
def test_a_stream_without_end_makes_way_for_the_next_target(twin: Twin, bomb: str) -> None:
    """One event is bounded, and all that comes before the first content."""
    text, trail = ask(twin, reply(200, STREAMS[bomb], "text/event-stream"), stream=True)
    assert text == "Hello"
    assert trail.attempts[0].failure.kind is FailureKind.UNAVAILABLE


def test_the_sum_of_a_stream_has_no_bound(twin: Twin) -> None:
    """Only its events have: it is much larger than a whole answer may be."""
    pieces = [delta("x" * 5_000) for _ in range(20)]
    body = b"".join([*pieces, delta(finish="stop"), DONE])
    text, _ = ask(twin, reply(200, body, "text/event-stream"), stream=True, alone=True)
    assert len(text) == 100_000


def test_an_event_that_is_too_large_breaks_a_stream(twin: Twin) -> None:
    """After its first content nobody else can take over; the error says which option helps."""
    body = delta("Hi") + b": keep-alive\n" * 10_000 + b"data: " + ZEROS
    with pytest.raises(
        ServiceResponseError, match="larger than 10000 bytes; raise max_event_bytes"
    ):
        ask(twin, reply(200, body, "text/event-stream"), stream=True)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, {"code": "content_filter", "message": "filtered"}, FailureKind.CONTENT_FILTERED),
        (400, {"message": "missing required parameter: n"}, FailureKind.REJECTED),
        (400, {"message": "temperature is at most 2"}, FailureKind.UNCLEAR),
        (401, {}, FailureKind.AUTH),
        (404, {"code": "unknown_model", "message": "none"}, FailureKind.MODEL_GONE),
        (413, {}, FailureKind.TOO_LARGE),
        (429, {}, FailureKind.RATE_LIMITED),
    ],
)
def test_an_error_is_judged_by_its_status_and_its_beginning(
    twin: Twin, status: int, said: dict[str, str], kind: FailureKind, stream: bool
) -> None:
    """However much follows."""
    body = json.dumps({"error": said})[:-1].encode() + b', "more": "' + b"x" * 1_000_000
    with pytest.raises(HttpResponseError) as caught:
        ask(twin, reply(status, body), stream=stream, alone=True)
    trail = trail_of(caught.value)
    assert trail is not None
    assert [one.failure.kind for one in trail.attempts if one.failure] == [kind]
    assert len(caught.value.response.content) <= BOUNDS["max_error_bytes"] + 1  # type: ignore[attr-defined]


def test_an_answer_that_is_too_large_says_which_option_helps(twin: Twin) -> None:
    """Where no other target is there."""
    with pytest.raises(
        ServiceResponseError, match=r"larger than 20,000 bytes \(max_answer_bytes\)"
    ):
        ask(twin, reply(200, ZEROS), alone=True)


def test_an_answer_at_its_bound_is_one(twin: Twin) -> None:
    """Not one byte less may be sent."""
    size = len(chat("m", "").content) + 30_000
    answer = reply(200, chat("m", "x" * 30_000).content)
    assert len(ask(twin, answer, alone=True, max_answer_bytes=size)[0]) == 30_000
    with pytest.raises(ServiceResponseError, match="max_answer_bytes"):
        ask(twin, answer, alone=True, max_answer_bytes=size - 1)
