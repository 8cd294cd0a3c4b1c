"""Clients, tool runners and structured output read what real servers send, whole and streamed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

from tests.harness import HELLO, Service, Twin
from tests.tools.runner_helpers import Driver
from tests.wire_case_helpers import TEXT, TOOL, Case, answer_to, arguments, each_case


class Answer(BaseModel):
    """A number."""

    n: int


def service_of(case: Case) -> Service:
    return Service(lambda sent: answer_to(case, sent))


def updates_of(twin: Twin, client: Any, **keywords: Any) -> tuple[list[Any], Any]:
    """Read a stream; return its updates, and the stream."""
    keywords = {"messages": HELLO, "stream": True, **keywords}
    if not twin.is_async:
        stream = client.complete(**keywords)
        return list(stream), stream

    async def read() -> tuple[list[Any], Any]:
        stream = await client.complete(**keywords)
        return [update async for update in stream], stream

    return asyncio.run(read())


@each_case
def test_a_whole_answer_says_it(twin: Twin, case: Case) -> None:
    """Text, calls and finish reason are those of OpenAI's form."""
    (choice,) = twin.complete(twin.client(service_of(case), model="m"), tools=[TOOL]).choices
    made = choice.message.tool_calls or []
    assert [json.loads(one.function.arguments) for one in made] == arguments(case)
    assert len({one.id for one in made} - {"", None, "null", "undefined"}) == case.calls
    assert choice.finish_reason == ("tool_calls" if case.calls else "stop")
    assert case.calls or choice.message.content == TEXT


@each_case
def test_a_stream_says_it(twin: Twin, case: Case) -> None:
    """So does what plain code adds up of the updates, each of which has a list of choices."""
    updates, _ = updates_of(twin, twin.client(service_of(case), model="m"), tools=[TOOL])
    text, made, ids = "", dict[int, str](), set[str]()
    for update in updates:
        for choice in update.choices:
            assert choice.index == 0
            text += choice.delta.content or ""
            for one in choice.delta.tool_calls or []:
                made[one["index"]] = made.get(one["index"], "") + one.function.arguments
                ids |= {one.id} if one.id else set()
    assert text == ("" if case.calls else TEXT)
    assert [json.loads(one) for one in made.values()] == arguments(case)
    assert len(ids) == case.calls
    ends = [choice.finish_reason for update in updates for choice in update.choices]
    assert [end for end in ends if end] == ["tool_calls" if case.calls else "stop"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@each_case
def test_a_tool_runner_acts_on_it(twin: Twin, case: Case, streamed: bool) -> None:
    """Each call is run once, with its own arguments."""
    seen: list[int] = []

    def answer(n: int) -> int:
        """Note a number."""
        seen.append(n)
        return n

    answer.__name__ = "Answer"
    run = Driver(twin, streamed=streamed).run(service_of(case), [answer])
    assert sorted(seen) == [one["n"] for one in arguments(case)]
    assert run.text == ("Done" if case.calls else TEXT)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@each_case
def test_a_wanted_shape_is_read_of_it(twin: Twin, case: Case, streamed: bool) -> None:
    """Of the text, or of the arguments of the call that is demanded."""
    service = service_of(case)
    client = twin.client(service, model="m")
    if streamed:
        _, result = updates_of(twin, client, response_model=Answer)
    else:
        result = twin.complete(client, response_model=Answer)
    assert result.parsed == Answer(n=4)
    assert len(service.sent) == (3 if case.calls else 1)  # a schema and JSON are refused first
