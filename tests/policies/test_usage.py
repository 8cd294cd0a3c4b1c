"""The usage in the trail: the server's own, or an estimate that is marked and goes nowhere else."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest
from pydantic import BaseModel

from github_models_azure import count_tokens, trail_of
from github_models_azure._core.route.tokens import estimate_text
from github_models_azure.exceptions import StreamInterruptedError
from github_models_azure.trail import Usage, trail_as_json
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
    error,
    event,
    hello_stream,
    limited,
    stream,
)

PROMPT = count_tokens(HELLO)
CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"a": 1}'}}


def uncounted(model: str, content: str = "Hi there", **message: Any) -> Answer:
    """A completion of a server that does not count."""
    answer = chat(model, content, **message)
    del answer.body["usage"]
    return answer


def estimate(*texts: str) -> Usage:
    tokens = estimate_text("".join(texts))
    return Usage(PROMPT, tokens, PROMPT + tokens, estimated=True)


def usage_of(value: object) -> Usage | None:
    trail = trail_of(value)
    assert trail is not None
    return trail.usage


def test_the_usage_of_the_server_is_in_the_trail(twin: Twin) -> None:
    """It is the same that the answer has, and not marked."""
    client = twin.client(Service(lambda sent: chat(sent.model)), model="m")
    answer = twin.complete(client)
    assert usage_of(answer) == Usage(1, 2, 3)
    assert answer.usage.total_tokens == 3


def test_an_estimate_takes_its_place_in_the_trail_alone(twin: Twin) -> None:
    """The answer's own usage stays empty, so that no program takes an estimate for a count."""
    client = twin.client(Service(lambda sent: uncounted(sent.model)), model="m")
    answer = twin.complete(client)
    assert usage_of(answer) == estimate("Hi there")
    assert answer.usage is None
    assert "usage" not in answer.as_dict()
    told = trail_as_json(trail_of(answer))["usage"]
    assert told["estimated"] is True
    assert "stimated" not in str(trail_of(answer))


def test_tool_calls_count(twin: Twin) -> None:
    """Their names and arguments are what the model wrote."""
    client = twin.client(
        Service(lambda sent: uncounted(sent.model, "", tool_calls=[CALL])), model="m"
    )
    assert usage_of(twin.complete(client)) == estimate("weather", '{"a": 1}')


def test_a_stream_is_estimated_as_a_whole_answer_is(twin: Twin) -> None:
    """At its end it has the same usage; no update has any."""
    service = Service(lambda sent: hello_stream())
    client = twin.client(service, model="m")
    text, updates = twin.read(client)
    assert (text, usage_of(updates)) == ("Hello", estimate("Hello"))
    whole = twin.client(Service(lambda sent: uncounted(sent.model, "Hello")), model="m")
    assert usage_of(twin.complete(whole)) == usage_of(updates)


def test_the_tool_calls_of_a_stream_count(twin: Twin) -> None:
    """Piece by piece, the name once."""
    first = {"index": 0, "id": "1", "type": "function"}
    pieces = [
        delta(tool_calls=[{**first, "function": {"name": "weather", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"a"'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        delta(finish="tool_calls"),
    ]
    client = twin.client(Service(lambda sent: stream(*pieces, DONE)), model="m")
    assert usage_of(twin.read(client)[1]) == estimate("weather", '{"a": 1}')


def test_the_usage_of_a_stream_is_the_servers_if_it_sends_one(twin: Twin) -> None:
    """It comes after the finish reason, in an update without choices."""
    usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
    chunks = (delta("Hel"), delta("lo"), delta(finish="stop"), event(choices=[], usage=usage), DONE)
    client = twin.client(Service(lambda sent: stream(*chunks)), model="m")
    assert usage_of(twin.read(client)[1]) == Usage(5, 1, 6)


def test_a_stream_that_breaks_has_used_what_came(twin: Twin) -> None:
    """The error says so: the partial answer was paid for."""
    service = Service(lambda sent: stream(delta("Hello"), delta(" you"), ConnectionError("gone")))
    client = twin.client(service, model="m", fallback=None)
    with pytest.raises(StreamInterruptedError) as caught:
        twin.read(client)
    assert usage_of(caught.value) == estimate("Hello you")


def test_a_fallback_is_counted_by_what_served(twin: Twin) -> None:
    """The attempt before it gave no answer, and its words count for nothing."""

    def answer(sent: Sent) -> Answer:
        return limited() if sent.model == FIRST else uncounted(sent.model)

    client = twin.client(Service(answer), model=FIRST, fallback=[SECOND])
    assert usage_of(twin.complete(client)) == estimate("Hi there")


def test_who_was_not_served_used_nothing(twin: Twin) -> None:
    """An error has a trail without usage."""
    client = twin.client(Service(lambda sent: error(400)), model="m", fallback=None)
    with pytest.raises(Exception, match="no") as caught:
        twin.complete(client)
    assert usage_of(caught.value) is None


@pytest.mark.parametrize("streams", [False, True])
def test_a_tokenizer_counts_the_answer_too(twin: Twin, streams: bool) -> None:
    """It is taken at its word, in any of its forms, and the result is still no server's count."""
    service = Service(lambda sent: hello_stream() if streams else uncounted(sent.model, "Hello"))
    client = twin.client(service, model="m", tokenizer=list)
    answer = twin.read(client)[1] if streams else twin.complete(client)
    prompt = count_tokens(HELLO, tokenizer=list)
    assert usage_of(answer) == Usage(prompt, 5, prompt + 5, estimated=True)


def test_nothing_is_counted_for_those_who_do_not_ask(twin: Twin) -> None:
    """The prompt is counted for the route as ever; the answer when its usage is read."""
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return 1

    client = twin.client(Service(lambda sent: uncounted(sent.model)), model="m", tokenizer=count)
    answer = twin.complete(client)
    _, updates = twin.read(
        twin.client(Service(lambda s: hello_stream()), model="m", tokenizer=count)
    )
    assert counted == ["Hello", "Hello"]  # the prompts
    assert usage_of(answer)
    assert counted[2:] == ["Hi there"]
    assert usage_of(updates)
    assert counted[3:] == ["Hello"]


def test_embeddings_are_estimated_by_all_their_texts(twin: Twin) -> None:
    """The route looks at the longest, the usage at the sum."""
    data = [{"index": n, "object": "embedding", "embedding": [0.1]} for n in range(2)]
    service = Service(lambda sent: Answer(200, {"id": "1", "model": "m", "data": data}))
    client = twin.client(service, kind="Embeddings", model="m")
    texts = ["a", "a longer text"]
    tokens = sum(map(estimate_text, texts))
    result = twin.run(client.embed(input=texts))
    assert usage_of(result) == Usage(tokens, 0, tokens, estimated=True)
    assert result.get("usage") is None


def test_an_image_in_the_prompt_counts_as_for_the_route(twin: Twin) -> None:
    """By the one rule that there is."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    messages = [{"role": "user", "content": [image]}]
    client = twin.client(Service(lambda sent: uncounted(sent.model)), model="m")
    usage = usage_of(twin.complete(client, messages=messages))
    assert usage is not None
    assert usage.prompt_tokens == count_tokens(messages)


class Person(BaseModel):
    name: str


def test_a_corrected_stream_has_the_usage_of_the_correction(twin: Twin) -> None:
    """What the caller gets is the answer of the second call."""

    def answer(sent: Sent) -> Answer:
        if sent.body.get("stream"):
            return stream(delta('{"nam'), delta(finish="stop"), DONE)
        return uncounted(sent.model, '{"name": "Ada"}')

    client = twin.client(Service(answer), model="m")
    keywords: dict[str, Any] = {"messages": HELLO, "stream": True, "response_model": Person}

    async def read() -> Any:
        updates = await client.complete(**keywords)
        [_ async for _ in updates]
        return updates

    if twin.is_async:
        updates = asyncio.run(read())
    else:
        updates = client.complete(**keywords)
        list(updates)
    assert updates.parsed == Person(name="Ada")
    usage = usage_of(updates)
    assert usage is not None
    assert usage.estimated
    assert usage.completion_tokens == estimate_text('{"name": "Ada"}')


def test_a_trail_can_be_kept_elsewhere(twin: Twin) -> None:
    """With its usage, whatever counted it."""
    client = twin.client(
        Service(lambda sent: uncounted(sent.model)), model="m", tokenizer=lambda text: 4
    )
    trail = trail_of(twin.complete(client))
    assert trail is not None
    copied = pickle.loads(pickle.dumps(trail))
    assert (copied, copied.usage) == (trail, trail.usage)
