"""Streams: text goes on at once, calls are put together, and a broken stream runs nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure import trail_of
from github_models_azure.exceptions import StreamInterruptedError
from github_models_azure.tools import TextDelta, ToolRunner, run_of
from tests.harness import DONE, Answer, Sent, Service, Twin, chat, delta, event, stream
from tests.tools.runner_helpers import ASKED, Driver, call, told

OPENING = {"index": 0, "id": "call_1", "type": "function"}


class Notes:
    """A tool that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def keep(self, text: str) -> str:
        """Keep a text."""
        self.kept.append(text)
        return f"kept {text}"


@pytest.fixture
def notes() -> Notes:
    """Nothing is kept yet."""
    return Notes()


def piece(arguments: str, **members: Any) -> bytes:
    """A piece of the call of `keep`."""
    function = {"arguments": arguments, **({"name": "keep"} if members else {})}
    return delta(tool_calls=[{"index": 0, **members, "function": function}])


def then_text(*chunks: Any) -> Service:
    """A service that streams these chunks, and a text once there are results."""
    done = stream(delta("Done."), delta(finish="stop"), DONE)
    return Service(lambda sent: done if told(sent) else stream(*chunks))


BREAKS = [
    pytest.param([ServiceResponseError("reset")], id="a broken connection"),
    pytest.param([], id="an early end"),
    pytest.param([event(error={"message": "overloaded", "code": 503})], id="an error"),
    pytest.param([b"data: {nonsense\n\n"], id="nonsense"),
]


@pytest.mark.parametrize("end", BREAKS)
@pytest.mark.parametrize("arguments", ['{"text": "a', '{"text": "a"}'], ids=["half", "whole"])
def test_a_stream_that_breaks_inside_a_call_runs_nothing(
    twin: Twin, notes: Notes, arguments: str, end: list[Any]
) -> None:
    """The error passes through with the run so far; also where the call looks complete."""
    driver = Driver(twin, streamed=True)
    service = then_text(delta("Well. "), piece("", **OPENING), piece(arguments), *end)
    with pytest.raises(StreamInterruptedError) as caught:
        driver.run(service, [notes.keep])
    assert caught.value.partial_text == "Well. "
    assert notes.kept == []
    assert [type(one) for one in driver.events] == [TextDelta]
    run = run_of(caught.value)
    assert run is not None
    assert (run.messages, run.calls) == (ASKED, ())


def test_text_streams_on_before_the_answer_is_complete(notes: Notes) -> None:
    """Each piece is handed out as it arrives."""
    arrived: list[int] = []
    service = then_text(delta("One "), delta("two."), delta(finish="stop"), DONE)
    plain = service.arrive
    service.arrive = lambda one: (arrived.append(1), plain(one))[1]  # type: ignore[method-assign]
    with Twin("sync").client(service, model="m", fallback=None) as client:
        events = ToolRunner(client, [notes.keep]).stream(ASKED)
        assert next(events) == TextDelta("One ", 1)
        assert len(arrived) == 1
        assert next(events) == TextDelta("two.", 1)
        events.close()
    assert all(response.closed for response in service.responses)


def test_a_whole_call_in_one_piece_is_understood(twin: Twin, notes: Notes) -> None:
    """Without index and type, as Mistral sends it, and under the reason `stop`, as Gemini."""
    whole = {"id": "x", "function": {"name": "keep", "arguments": '{"text": "a"}'}}
    service = then_text(delta(tool_calls=[whole]), delta(finish="stop"), DONE)
    run = Driver(twin, streamed=True).run(service, [notes.keep])
    assert (notes.kept, run.text) == (["a"], "Done.")


def test_a_stream_without_a_finish_reason_runs_whole_calls_only(twin: Twin, notes: Notes) -> None:
    """A `[DONE]` alone does not say that the arguments are complete."""
    service = then_text(piece('{"text": "a', **OPENING), DONE)
    run = Driver(twin, streamed=True).run(service, [notes.keep])
    assert notes.kept == []
    assert "cut off" in told(service.sent[1])[0][1]
    assert run.text == "Done."


def test_the_completion_of_a_stream_is_put_together(twin: Twin, notes: Notes) -> None:
    """Its model, its usage and its trail are there, as without a stream."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    last = event(id="1", created=1, model="m", choices=[], usage=usage)
    service = Service(lambda _: stream(delta("Hi"), delta(finish="stop"), last, DONE))
    run = Driver(twin, streamed=True).run(service, [notes.keep])
    assert run.completion is not None
    assert (run.completion.model, run.completion.usage.total_tokens) == ("m", 3)
    assert run.completion.choices[0].message.content == "Hi"
    assert trail_of(run.completion) == run.trails[0]
    assert run.trails[0].served_by is not None


@given(
    texts=st.lists(st.text(max_size=12), min_size=1, max_size=4, unique=True),
    splits=st.lists(st.integers(0, 40), max_size=30),
)
def test_calls_split_anywhere_are_run_as_they_were_meant(
    texts: list[str], splits: list[int]
) -> None:
    """However the arguments are cut into deltas, and whichever call each belongs to."""
    made = [call("keep", f"c{place}", text=text) for place, text in enumerate(texts)]
    left = [one["function"]["arguments"] for one in made]
    chunks = []
    for place, one in enumerate(made):
        opening = {**one, "index": place, "function": {"name": "keep", "arguments": ""}}
        chunks.append(delta(tool_calls=[opening]))
    for number in [*splits, *([1000] * len(made))]:
        place = number % len(made) if number < 1000 else next(i for i, t in enumerate(left) if t)
        part, left[place] = left[place][:number], left[place][number:]
        chunks.append(delta(tool_calls=[{"index": place, "function": {"arguments": part}}]))
        if not any(left):
            break

    notes = Notes()
    service = then_text(*chunks, delta(finish="tool_calls"), DONE)
    run = Driver(Twin("sync"), streamed=True).run(service, [notes.keep])
    sent = service.sent[1].body["messages"][1]["tool_calls"]
    assert sorted(notes.kept) == sorted(texts)
    assert sent == made
    assert [record.result for record in run.calls] == [f"kept {text}" for text in texts]


def test_a_stream_may_be_left_for_another_answer(notes: Notes) -> None:
    """The run that was left does not disturb the next one of the same runner."""

    def answer(sent: Sent) -> Answer:
        if sent.body.get("stream"):
            return stream(delta("One "), delta("two."), delta(finish="stop"), DONE)
        return chat("m", "Three.")

    async def leave_and_run() -> str:
        client = Twin("aio").client(Service(answer), model="m", fallback=None)
        async with client:
            runner = Driver(Twin("aio")).runner(client, [notes.keep])
            events = runner.stream(ASKED)
            assert await anext(events) == TextDelta("One ", 1)
            await events.aclose()
            return str((await runner.run(ASKED)).text)

    assert asyncio.run(leave_and_run()) == "Three."


def test_reasoning_pieces_are_joined(twin: Twin, notes: Notes) -> None:
    """What a provider needs again is sent back whole."""
    chunks = [delta(reasoning_content="Let "), delta(reasoning_content="me.")]
    extra = {"extra_content": {"google": {"thought_signature": "sig"}}}
    service = then_text(*chunks, piece('{"text": "a"}', **OPENING, **extra), delta(finish="stop"))
    Driver(twin, streamed=True).run(service, [notes.keep])
    message = service.sent[1].body["messages"][1]
    assert message["reasoning_content"] == "Let me."
    assert message["tool_calls"][0]["extra_content"] == extra["extra_content"]


def test_an_error_that_the_sdks_own_client_hands_on_ends_the_run(notes: Notes) -> None:
    """It drops an error event, but not the error of a choice; no call of that answer is run."""
    from azure.ai.inference import ChatCompletionsClient
    from azure.core.credentials import AzureKeyCredential

    from tests.harness import URL, FakeTransport

    failed = {"index": 0, "delta": {}, "error": {"message": "overloaded", "code": 503}}
    broken = [delta("Let me see"), event(id="1", choices=[failed])]
    service = then_text(*broken, piece('{"text": "a"}', **OPENING), DONE)
    client = ChatCompletionsClient(
        URL, AzureKeyCredential("key"), transport=FakeTransport(service), model="m"
    )
    with pytest.raises(StreamInterruptedError, match="overloaded") as caught:
        list(ToolRunner(client, [notes.keep]).stream(ASKED))
    assert caught.value.partial_text == "Let me see"
    assert notes.kept == []
