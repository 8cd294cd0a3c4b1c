"""Streams that have an instance of ``response_model`` at their end.

About `policies/parsed.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.exceptions import (
    OutputValidationError,
    StreamInterruptedError,
)
from tests.client.structured_helpers import (
    ADA,
    BAD,
    GOOD,
    REFUSAL,
    TOOL,
    Person,
    adaptations,
    form_of,
    pieces,
    read,
    text_of,
)
from tests.harness import (
    DONE,
    HELLO,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    delta,
    error,
    event,
    stream,
)


def test_a_stream_has_the_instance_at_its_end(twin: Twin) -> None:
    """The SDK's updates come as always; what has come so far can be looked at."""
    service = Service(lambda sent: pieces(GOOD))
    updates, partial, result = read(twin, service)
    assert text_of(updates) == GOOD
    assert result.parsed == ADA
    assert partial[-1] == {"name": "Ada", "age": 36}
    assert partial[0] is None
    assert {"name": "Ada"} in partial
    assert form_of(service.sent[0]) == "json_schema"
    assert trail_of(result).served_by == "models.example/m"
    kind = "AsyncStreamingChatCompletions" if twin.is_async else "StreamingChatCompletions"
    assert kind in [base.__name__ for base in type(result).__mro__]


def test_the_end_of_a_stream_stays_its_end(twin: Twin) -> None:
    """Who asks once more after the end gets nothing, and nothing is read or sent again."""
    service = Service(lambda sent: pieces(BAD) if sent.body["stream"] else chat("m", GOOD))
    _, _, result = read(twin, service)
    end = StopAsyncIteration if twin.is_async else StopIteration

    async def again() -> None:
        await anext(result)

    with pytest.raises(end):
        asyncio.run(again()) if twin.is_async else next(result)
    assert result.parsed == ADA
    assert len(service.sent) == 2


def test_a_stream_takes_the_next_way(twin: Twin) -> None:
    """A forced call streams as text, whatever the pieces in which it comes."""

    def answer(sent: Sent) -> Answer:
        if form_of(sent) != "tool":
            return error(400, None, REFUSAL)
        half = len(GOOD) // 2
        opening = {"index": 0, "id": "1", "function": {"name": "Person", "arguments": GOOD[:half]}}
        other = {"index": 1, "id": "2", "function": {"name": "Person", "arguments": "junk"}}
        rest = {"index": 0, "function": {"arguments": GOOD[half:]}}
        empty = {"index": 0, "function": {"arguments": None}}
        return stream(
            delta(tool_calls=[opening]),
            delta(tool_calls=[other, rest]),
            delta(tool_calls=[empty]),
            delta(finish="tool_calls"),
            DONE,
        )

    updates, _, result = read(twin, Service(answer))
    assert text_of(updates) == GOOD
    assert result.parsed == ADA
    assert [u.choices[0].finish_reason for u in updates][-1] == "stop"
    assert not any(u.choices[0].delta.tool_calls for u in updates)


def test_a_stream_of_the_callers_tools_has_no_instance(twin: Twin) -> None:
    """The calls are the caller's business."""
    call = {"index": 0, "id": "1", "function": {"name": "look_up", "arguments": "{}"}}
    service = Service(
        lambda sent: stream(delta(tool_calls=[call]), delta(finish="tool_calls"), DONE)
    )
    updates, _, result = read(twin, service, tools=[TOOL])
    assert result.parsed is None
    assert updates[0].choices[0].delta.tool_calls[0].function.name == "look_up"


def test_a_stream_of_several_choices_reads_the_first(twin: Twin) -> None:
    """Updates without choices and those of other choices are left alone."""

    def answer(sent: Sent) -> Answer:
        longer = '{"name": "Somebody else", "age": 100}'
        other = {"index": 1, "delta": {"content": longer}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        chunk = {"id": "1", "created": 1, "model": "m"}
        return stream(
            event(**chunk, choices=[other]),
            event(**chunk, choices=[{"index": 0, "delta": None}]),
            delta(GOOD),
            delta(finish="stop"),
            event(**chunk, choices=[], usage=usage),
            DONE,
        )

    _, _, result = read(twin, Service(answer), model_extras={"n": 2})
    assert result.parsed == ADA


@pytest.mark.parametrize("has_body", [False, True])
def test_a_stream_is_corrected_after_its_end(twin: Twin, has_body: bool) -> None:
    """What was streamed stays as it was; a second request, plain, brings the instance."""

    def answer(sent: Sent) -> Answer:
        return pieces(BAD) if sent.body["stream"] else chat(sent.model, GOOD)

    service = Service(answer)
    body = {"body": {"messages": HELLO, "model": "m", "stream": True}}
    if has_body:
        client = twin.client(service, model="m")
        if twin.is_async:

            async def run() -> Any:
                result = await client.complete(**body, response_model=Person)
                return [update async for update in result], result

            updates, result = asyncio.run(run())
        else:
            result = client.complete(body["body"], response_model=Person)
            updates = list(result)
    else:
        updates, _, result = read(twin, service)
    assert text_of(updates) == BAD
    assert result.parsed == ADA
    second = service.sent[1]
    assert not second.body["stream"]
    assert second.body["messages"][-2] == {"role": "assistant", "content": BAD}
    trail = trail_of(result)
    assert [attempt.failure is None for attempt in trail.attempts] == [False, True]
    assert "asked once more: age: Field required" in adaptations(result)
    assert trail.served_by == "models.example/m"


def test_a_stream_that_stays_invalid_is_an_error(twin: Twin) -> None:
    """After the repair, or at once where none is left; the trail has all of it."""
    service = Service(lambda sent: pieces(BAD) if sent.body["stream"] else chat("m", "prose"))
    with pytest.raises(OutputValidationError, match="there is no JSON in it") as caught:
        read(twin, service)
    assert caught.value.text == "prose"
    assert len(trail_of(caught.value).attempts) == len(service.sent) == 2

    service = Service(lambda sent: pieces(BAD))
    with pytest.raises(OutputValidationError, match="age: Field required") as caught:
        read(twin, service, fallback_max_attempts=1)
    assert len(trail_of(caught.value).attempts) == len(service.sent) == 1
    assert trail_of(caught.value).served_by is None

    slow = [delta(BAD), 20.0, delta(finish="stop"), DONE]
    service = Service(lambda sent: stream(*slow))
    with pytest.raises(StreamInterruptedError, match="timeout"):
        read(twin, service, timeout=10)
    assert len(service.sent) == 1


def test_a_correction_of_a_stream_has_what_is_left_of_its_time(twin: Twin) -> None:
    """The whole call ends when its timeout does, the repair included."""
    service = Service(
        lambda sent: (
            stream(delta(BAD), 4.0, delta(finish="stop"), DONE)
            if sent.body["stream"]
            else chat("m", GOOD)
        )
    )
    assert read(twin, service, timeout=10)[2].parsed == ADA
    assert service.sent[1].options["read_timeout"] <= 6.0


@pytest.mark.parametrize(
    ("last", "finish", "reason"),
    [
        ({"refusal": "I will not."}, "stop", "the model refused: I will not"),
        ({}, "length", "the answer was cut"),
    ],
)
def test_a_stream_that_was_stopped_says_why(
    twin: Twin, last: dict[str, Any], finish: str, reason: str
) -> None:
    """Nothing is asked again."""
    service = Service(lambda sent: pieces('{"name', finish, **last))
    with pytest.raises(OutputValidationError, match=reason):
        read(twin, service)
    assert len(service.sent) == 1
