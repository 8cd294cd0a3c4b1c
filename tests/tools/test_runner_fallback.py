"""A conversation goes on elsewhere in its middle: every tool is run once, whoever answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from azure.ai.inference.models import SystemMessage, UserMessage

from github_models_azure import MemoryLedger
from github_models_azure.tools import CallStarted, RunEvent
from tests.dialects.servers import Break, StrictServer, gemini, groq, mistral, openai
from tests.dialects.test_route import client_of
from tests.harness import FIRST, SECOND, Answer, Sent, Service, Twin, limited
from tests.tools.runner_helpers import Driver, call, calls, spoken, told

QUESTION = [SystemMessage("Answer in one sentence."), UserMessage("What is the weather?")]
SERVERS = [openai, mistral, gemini, groq]
FAULTS: list[int | Break] = [429, 500, Break.RESET]


class Sky:
    """A tool that counts its calls by city."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def get_weather(self, city: str) -> str:
        """Say the weather of a city."""
        self.counts[city] = self.counts.get(city, 0) + 1
        return f"7 degrees in {city}"


@pytest.fixture
def sky() -> Sky:
    """Nobody has asked for the weather yet."""
    return Sky()


@pytest.fixture(params=list(itertools.permutations(range(4), 2)), ids=str)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[StrictServer, StrictServer]]:
    """Two servers of different providers, as strict as the real ones."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(SERVERS[place]()) for place in request.param)
        yield first, second


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_another_provider_takes_over_between_call_and_result(
    driver: Driver, sky: Sky, pair: tuple[StrictServer, StrictServer], fault: int | Break
) -> None:
    """The first makes two calls and then fails; the other is given results that fit it."""
    first, second = pair
    first.answer_tool_call("get_weather", city="Oslo")
    first.answer_tool_call("get_weather", city="Rome")

    def fail_then(event: RunEvent) -> None:
        if isinstance(event, CallStarted):
            first.fail(fault, 50)

    client = client_of(driver.twin, (first, second), ledger=MemoryLedger())  # type: ignore[arg-type]
    run = driver.run(None, [sky.get_weather], QUESTION, client=client, on_event=fail_then)
    assert run.text == f"Hello from {second.name}: 7 degrees in Oslo, 7 degrees in Rome"
    assert sky.counts == {"Oslo": 1, "Rome": 1}
    served = [str(trail.served_by).partition("/")[0] for trail in run.trails]
    assert served == [first.name, second.name]
    *_, assistant, one, two = second.bodies[-1]["messages"]
    ids = [made["id"] for made in assistant["tool_calls"]]
    assert [one["tool_call_id"], two["tool_call_id"]] == ids
    assert len(second.journal) <= 2  # one to learn from, where the server is picky


@pytest.mark.parametrize("provider", SERVERS)
def test_every_provider_ends_a_conversation(driver: Driver, sky: Sky, provider: Any) -> None:
    """Two parallel calls, in the manner of each."""
    with provider() as server:
        server.answer_tool_call("get_weather", city="Oslo")
        server.answer_tool_call("get_weather", city="Rome")
        client = client_of(driver.twin, (server,))  # type: ignore[arg-type]
        run = driver.run(None, [sky.get_weather], QUESTION, client=client)
    assert run.text == f"Hello from {server.name}: 7 degrees in Oslo, 7 degrees in Rome"
    assert sky.counts == {"Oslo": 1, "Rome": 1}


def test_another_model_takes_over_between_call_and_result(driver: Driver, sky: Sky) -> None:
    """It is given the result of the call that the first one made."""

    def answer(sent: Sent) -> Answer:
        streamed = sent.body.get("stream") is True
        if not told(sent):
            return spoken(calls(call("get_weather", "1", city="Oslo")), streamed=streamed)
        return limited() if sent.model == FIRST else spoken("7 degrees.", streamed=streamed)

    service = Service(answer)
    client = driver.twin.client(service, model=FIRST, fallback=[SECOND])
    run = driver.run(service, [sky.get_weather], QUESTION, client=client)
    assert (run.text, sky.counts) == ("7 degrees.", {"Oslo": 1})
    assert service.models == [FIRST, FIRST, SECOND]
    assert told(service.sent[2]) == [("1", "7 degrees in Oslo")]


@pytest.mark.extras
def test_the_emulators_journal_shows_each_step_once(driver: Driver, sky: Sky) -> None:
    """A model limited for a day after it made its calls."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    from github_models_azure.server.emulator import Emulator

    asked = [UserMessage("What is the weather in Oslo and in Paris?")]
    with Emulator() as emulator:

        def limit(event: RunEvent) -> None:
            if isinstance(event, CallStarted) and event.call.values["city"] == "Oslo":
                emulator.fault("rate_limit", times=None, model=FIRST, seconds=86400)

        client = driver.twin.package.ChatCompletionsClient(
            emulator.inference_url, "key", model=FIRST, fallback=[SECOND]
        )
        run = driver.run(None, [sky.get_weather], asked, client=client, on_event=limit)
        seen = [(entry.model, entry.status) for entry in emulator.journal]
    assert seen == [(FIRST, 200), (FIRST, 429), (SECOND, 200)]
    assert sky.counts == {"Oslo": 1, "Paris": 1}
    assert run.text.startswith(f"[emulated {SECOND}]")


def test_a_runner_serves_many_at_once(sky: Sky) -> None:
    """Runs of one runner share nothing but its settings."""

    def answer(sent: Sent) -> Answer:
        city = sent.body["messages"][0]["content"]
        if told(sent):
            return spoken(f"{city}: {told(sent)[0][1]}", streamed=False)
        return spoken(calls(call("get_weather", "1", city=city)), streamed=False)

    async def all_of(cities: list[str]) -> list[str]:
        async with Twin("aio").client(Service(answer), model="m", fallback=None) as client:
            runner = Driver(Twin("aio")).runner(client, [sky.get_weather])
            asked = [[{"role": "user", "content": city}] for city in cities]
            return [run.text for run in await asyncio.gather(*map(runner.run, asked))]

    cities = [f"City{number}" for number in range(20)]
    texts = asyncio.run(all_of(cities))
    assert texts == [f"{city}: 7 degrees in {city}" for city in cities]
    assert sky.counts == dict.fromkeys(cities, 1)
