"""Where an answer ends: at its last finish reason, and never in success if that tells of a failure.

About `policies/_stream.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, IncompleteReadError, ServiceResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import StreamInterruptedError
from github_models_azure.tools import AsyncToolRunner, ToolRunner
from tests.harness import (
    DONE,
    FIRST,
    HELLO,
    SECOND,
    URL,
    Answer,
    AsyncResponse,
    Sent,
    Service,
    SyncResponse,
    Twin,
    chat,
    delta,
    event,
    stream,
    text_of,
)

USAGE = event(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
HI = [delta("Hel"), delta("lo"), delta(finish="stop")]
PING = b": ping\n\n"


def read(twin: Twin, service: Service, **keywords: Any) -> tuple[str, Any]:
    """Read a stream; return its text and the tokens that it counts."""
    client = twin.client(service, model=FIRST, fallback=None)
    keywords = {"messages": HELLO, "stream": True, **keywords}

    async def later() -> list[Any]:
        return [update async for update in await client.complete(**keywords)]

    updates = asyncio.run(later()) if twin.is_async else list(client.complete(**keywords))
    usage = [update.usage.total_tokens for update in updates if update.usage]
    return "".join(map(text_of, updates)), usage


@pytest.mark.parametrize(
    "behind",
    [
        [0.4, PING, 0.4, PING, 0.4, PING, USAGE, DONE],
        [1.0, USAGE],
        [delta(""), 0.9, delta(""), 0.2, delta(""), USAGE],
        [0.1] * 30 + [USAGE],
        [2.0, ServiceResponseError("late")],
    ],
)
def test_the_last_words_have_a_second(twin: Twin, behind: list[Any]) -> None:
    """By the clock of the client, whatever keeps the connection alive."""
    service = Service(lambda sent: stream(*HI, *behind))
    assert read(twin, service) == ("Hello", [])
    assert service.responses[0].closed
    assert service.clock.now - 1_800_000_000.0 <= 2.0


def test_last_words_in_time_are_read(twin: Twin) -> None:
    """And a choice that goes on after all takes the time that it needs."""
    service = Service(lambda sent: stream(*HI, 0.6, PING, 0.3, USAGE, DONE))
    assert read(twin, service) == ("Hello", [2])
    more = event(choices=[{"index": 1, "delta": {"content": "x"}, "finish_reason": None}])
    over = event(choices=[{"index": 1, "delta": {}, "finish_reason": "stop"}])
    service = Service(lambda sent: stream(*HI, 0.6, more, 5.0, PING, 5.0, over, USAGE, DONE))
    assert read(twin, service, model_extras={"n": 2}) == ("Hellox", [2])


def test_the_time_of_the_caller_does_not_count(twin: Twin) -> None:
    """What has come meanwhile is there to be read."""
    service = Service(lambda sent: stream(*HI, PING, PING, USAGE, DONE))
    client = twin.client(service, model=FIRST, fallback=None)
    seen: list[Any] = []

    def keep(update: Any) -> None:
        seen.append(update)
        service.clock.now += 60

    async def later() -> None:
        async for update in await client.complete(messages=HELLO, stream=True):
            keep(update)

    if twin.is_async:
        asyncio.run(later())
    else:
        for update in client.complete(messages=HELLO, stream=True):
            keep(update)
    assert seen[-1].usage.total_tokens == 2


BREAKS: list[Any] = [
    IncompleteReadError("cut"),
    HttpResponseError("broken"),
    ConnectionResetError("reset"),
    TimeoutError("silence"),
    event(error={"message": "late"}),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: type(one).__name__)
def test_nothing_that_fails_behind_the_end_is_a_failure(twin: Twin, broken: Any) -> None:
    """The answer is whole; before its end it is an interruption."""
    assert read(twin, Service(lambda sent: stream(*HI, broken))) == ("Hello", [])
    assert read(twin, Service(lambda sent: stream(*HI, USAGE, broken))) == ("Hello", [2])
    with pytest.raises(StreamInterruptedError) as caught:
        read(twin, Service(lambda sent: stream(*HI[:2], broken)))
    assert caught.value.partial_text == "Hello"
    with pytest.raises(StreamInterruptedError):
        read(twin, Service(lambda sent: stream(*HI, broken)), model_extras={"n": 2})


def test_a_last_event_without_its_line_end_is_the_end_too(twin: Twin) -> None:
    """Where the connection breaks behind it."""
    cut = [delta("Hello"), delta(finish="stop").rstrip(), IncompleteReadError("cut")]
    assert read(twin, Service(lambda sent: stream(*cut))) == ("Hello", [])


def test_each_wait_for_the_last_words_is_bounded(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transport is told how long it may still wait."""
    told: list[Any] = []

    def wait_longer(self: Any, seconds: Any) -> None:
        told.append(seconds)

    for response in (SyncResponse, AsyncResponse):
        monkeypatch.setattr(response, "wait_longer", wait_longer, raising=False)
    read(twin, Service(lambda sent: stream(*HI, PING, 0.75, PING, DONE)), read_timeout=30)
    assert told == [30, 1.0, 1.0, 0.25, 0.25]


def whole(finish: str, content: str | None, **more: Any) -> Answer:
    answer = chat("m", content or "")
    answer.body["choices"][0] |= {"finish_reason": finish, **more}
    return answer


FAILED = ["error", "insufficient_system_resource", "MALFORMED_FUNCTION_CALL", "abort"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("reason", FAILED)
def test_a_failed_answer_without_content_asks_the_next_target(
    twin: Twin, reason: str, streamed: bool
) -> None:
    """It said nothing, so nobody has heard of it."""

    def answer(sent: Sent) -> Answer:
        if sent.model == FIRST:
            failed = stream(delta("", role="assistant"), delta(finish=reason), DONE)
            return failed if streamed else whole(reason, None)
        return stream(delta("Hi", "stop"), DONE) if streamed else chat(sent.model, "Hi")

    service = Service(answer)
    client = twin.client(service, model=FIRST, fallback=[SECOND])
    if streamed:
        text, result = twin.read(client)
    else:
        result = twin.complete(client)
        text = result.choices[0].message.content
    assert (text, service.models) == ("Hi", [FIRST, SECOND])
    (first, _) = trail_of(result).attempts
    assert reason in first.failure.message or reason == "error"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("reason", FAILED)
def test_a_failed_answer_with_content_is_an_interruption(
    twin: Twin, reason: str, streamed: bool
) -> None:
    """With what had come; another target would say something else."""
    said = stream(delta("half"), delta(finish=reason), DONE) if streamed else whole(reason, "half")
    service = Service(lambda sent: said)
    client = twin.client(service, model=FIRST, fallback=[SECOND])
    with pytest.raises(StreamInterruptedError) as caught:
        twin.read(client) if streamed else twin.complete(client)
    assert caught.value.partial_text == "half"
    (attempt,) = trail_of(caught.value).attempts
    assert attempt.failure is not None
    assert trail_of(caught.value).served_by is None or streamed


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("stock", [False, True], ids=["ours", "the SDK's"])
def test_a_tool_run_does_not_end_well_with_it(twin: Twin, streamed: bool, stock: bool) -> None:
    """With the SDK's own client neither."""
    service = Service(
        lambda sent: (
            stream(delta("half"), delta(finish="network_error"), DONE)
            if streamed
            else whole("network_error", "half")
        )
    )
    if stock:
        package: Any = azure.ai.inference.aio if twin.is_async else azure.ai.inference
        client = package.ChatCompletionsClient(
            URL, AzureKeyCredential("k"), transport=twin.transport(service)
        )
    else:
        client = twin.client(service, model=FIRST, fallback=None)

    async def later() -> None:
        runner = AsyncToolRunner(client, [])
        if not streamed:
            await runner.run(HELLO)
            return
        async for _ in runner.stream(HELLO):
            pass

    def run() -> None:
        if twin.is_async:
            asyncio.run(later())
        elif streamed:
            list(ToolRunner(client, []).stream(HELLO))
        else:
            ToolRunner(client, []).run(HELLO)

    with pytest.raises(StreamInterruptedError) as caught:
        run()
    assert caught.value.partial_text == "half"


@pytest.mark.parametrize("label", ["application/json", "text/event-stream"])
def test_a_framed_answer_is_the_only_one_that_is_read_after_all(twin: Twin, label: str) -> None:
    """JSON that is broken otherwise stays a failure, and so does a refusal."""
    for status, body in ((200, b'{"choices": ['), (500, b'{"choices": []}\n\ndata: [DONE]')):
        service = Service(lambda sent, s=status, b=body: Answer(s, b, {"content-type": label}))
        with pytest.raises(HttpResponseError):
            twin.complete(twin.client(service, model=FIRST, fallback=None, fallback_max_wait=0))
