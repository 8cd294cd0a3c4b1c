"""The tool runners against servers: each carries its calls out, and none that is cut.

The emulator and aimock make the calls that a question asks for. The model behind llama-cpp-python
is noise: a grammar forces its one call, and what it says after is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from github_models_azure.exceptions import ToolCallError
from github_models_azure.server.emulator import Emulator
from github_models_azure.tools import (
    CallFinished,
    CallStarted,
    RunFinished,
    RunLimits,
    TextDelta,
    ToolRun,
    run_of,
)
from tests.harness import Twin
from tests.servers.service import Service
from tests.tools.runner_helpers import Driver

STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
ENOUGH = 40
"""Tokens in which ``{"city": "Oslo"}`` has room, whatever blanks the grammar lets in."""
TOO_FEW = 6


class Shop:
    """Tools that keep what they were called with."""

    def __init__(self) -> None:
        self.called: list[tuple[str, str]] = []

    def get_weather(self, city: str) -> str:
        """Say the weather of a city."""
        self.called.append(("get_weather", city))
        return f"sun in {city}"

    def find_stock(self, fruit: str) -> str:
        """Find how many of a fruit are in stock."""
        self.called.append(("find_stock", fruit))
        return f"0 {fruit}"

    def order_fruit(self, fruit: str) -> str:
        """Order more of a fruit, and return the number of the order."""
        self.called.append(("order_fruit", fruit))
        return f"order 1001: {fruit}"

    def only_oslo(self, city: Literal["Oslo"]) -> str:
        """Say the weather of the one city there is."""
        self.called.append(("only_oslo", city))
        return f"sun in {city}"


@pytest.fixture
def shop() -> Shop:
    """Nothing has been called yet."""
    return Shop()


@dataclass(frozen=True)
class Scripted:
    """A server whose model calls what it is asked to, and how to see what reached it."""

    service: Service
    bodies: Callable[[], list[Any]]


@pytest.fixture(params=["emulator", "aimock"])
def scripted(request: pytest.FixtureRequest) -> Iterator[Scripted]:
    """The emulator always, aimock where it is installed."""
    if request.param == "aimock":
        aimock = request.getfixturevalue("aimock")
        yield Scripted(aimock, lambda: [entry.body for entry in aimock.journal])
        return
    with Emulator(plan="enterprise") as emulator:
        service = Service(emulator.inference_url, "any-key", "openai/gpt-4o", "")
        yield Scripted(service, lambda: [entry.body for entry in emulator.journal])


def go(
    driver: Driver, service: Service, tools: list[Any], said: str | list[Any], **given: Any
) -> ToolRun:
    """Run once with a client of its own, which neither falls back nor waits."""
    client = driver.twin.package.ChatCompletionsClient(
        service.url, service.key, model=service.model, fallback=None, fallback_max_wait=0
    )
    messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
    return driver.run(None, tools, messages, client=client, **given)


def roles(body: Any) -> list[str]:
    """The roles of the messages of a request."""
    return [message["role"] for message in body["messages"]]


def check_results(body: Any, results: list[str]) -> None:
    """The request ends with these results, each under the id of its call."""
    asked, *told = body["messages"][-len(results) - 1 :]
    assert [message["content"] for message in told] == results
    ids = [call["id"] for call in asked["tool_calls"]]
    assert [message["tool_call_id"] for message in told] == ids
    assert len(set(ids)) == len(results)


@STREAMED
def test_one_call(twin: Twin, scripted: Scripted, shop: Shop, streamed: bool) -> None:
    """It is run once, its result goes back, and the model answers."""
    driver = Driver(twin, streamed=streamed)
    run = go(driver, scripted.service, [shop.get_weather], "What is the weather in Oslo?")
    assert shop.called == [("get_weather", "Oslo")]
    assert [(record.result, record.error) for record in run.calls] == [("sun in Oslo", None)]
    assert (run.rounds, len(run.trails), run.pending) == (2, 2, ())
    assert run.text
    _, second = scripted.bodies()
    assert roles(second) == ["user", "assistant", "tool"]
    check_results(second, ["sun in Oslo"])


@STREAMED
def test_two_parallel_calls(twin: Twin, scripted: Scripted, shop: Shop, streamed: bool) -> None:
    """Two calls of one answer are both run, and answered in one request in their order."""
    question = "What is the weather in Oslo and in Paris?"
    run = go(Driver(twin, streamed=streamed), scripted.service, [shop.get_weather], question)
    assert sorted(shop.called) == [("get_weather", "Oslo"), ("get_weather", "Paris")]
    assert [(record.result, record.round) for record in run.calls] == [
        ("sun in Oslo", 1),
        ("sun in Paris", 1),
    ]
    assert (run.rounds, bool(run.text)) == (2, True)
    _, second = scripted.bodies()
    check_results(second, ["sun in Oslo", "sun in Paris"])


@STREAMED
def test_a_conversation_of_two_rounds(
    twin: Twin, scripted: Scripted, shop: Shop, streamed: bool
) -> None:
    """A second question goes on from the messages of the first run, and calls again."""
    driver, tools = Driver(twin, streamed=streamed), [shop.get_weather]
    first = go(driver, scripted.service, tools, "What is the weather in Oslo?")
    again = {"role": "user", "content": "And what is the weather in Oslo now?"}
    second = go(driver, scripted.service, tools, [*first.messages, again])
    assert shop.called == [("get_weather", "Oslo")] * 2
    assert (first.rounds, second.rounds, len(second.calls)) == (2, 2, 1)
    turn = ["user", "assistant", "tool"]
    assert roles(scripted.bodies()[-1]) == [*turn, "assistant", *turn]
    check_results(scripted.bodies()[-1], ["sun in Oslo"])


@STREAMED
def test_a_call_after_the_result_of_another_aimock(
    twin: Twin, aimock: Any, shop: Shop, streamed: bool
) -> None:
    """Two rounds of calls in one run; the emulator makes all its calls in one answer."""
    driver = Driver(twin, streamed=streamed)
    run = go(driver, aimock, [shop.find_stock, shop.order_fruit], "Are there pears?")
    assert shop.called == [("find_stock", "pears"), ("order_fruit", "pears")]
    assert [record.round for record in run.calls] == [1, 2]
    assert (run.text, run.rounds) == ("Pears are ordered.", 3)
    last = aimock.journal[-1].body
    assert roles(last) == ["user", *["assistant", "tool"] * 2]
    check_results(last, ["order 1001: pears"])


def test_a_streamed_call_is_told_as_it_happens(twin: Twin, scripted: Scripted, shop: Shop) -> None:
    """First the call, then the text of the answer in pieces, at last the run."""
    driver = Driver(twin, streamed=True)
    run = go(driver, scripted.service, [shop.get_weather], "What is the weather in Oslo?")
    assert [body.get("stream") for body in scripted.bodies()] == [True, True]
    started, finished, *texts, last = driver.events
    assert isinstance(started, CallStarted)
    assert started.call.values == {"city": "Oslo"}
    assert finished == CallFinished(run.calls[0])
    assert isinstance(last, RunFinished)
    pieces = [event.text for event in texts if isinstance(event, TextDelta)]
    assert len(pieces) == len(texts)
    assert "".join(pieces) == run.text


def forced(tool: str, tokens: int) -> dict[str, Any]:
    """The keywords that force one call, of which so many tokens are written."""
    choice = {"type": "function", "function": {"name": tool}}
    return {"tool_choice": choice, "max_tokens": tokens}


@STREAMED
def test_a_forced_call_llama(twin: Twin, llama: Service, shop: Shop, streamed: bool) -> None:
    """A grammar writes the call; it is run, the result is accepted, and noise ends the run.

    A named choice makes this server write just one call; two are in test_parallel_llama.py.
    """
    driver = Driver(twin, streamed=streamed)
    run = go(driver, llama, [shop.only_oslo], "Weather?", **forced("only_oslo", ENOUGH))
    assert shop.called == [("only_oslo", "Oslo")]
    (record,) = run.calls
    assert json.loads(record.arguments) == {"city": "Oslo"}
    assert (record.result, record.error, record.round) == ("sun in Oslo", None, 1)
    assert (run.rounds, len(run.trails), len(run.messages)) == (2, 2, 4)
    if streamed:
        assert [type(event) for event in driver.events[:2]] == [CallStarted, CallFinished]


@STREAMED
def test_a_conversation_of_two_rounds_llama(
    twin: Twin, llama: Service, shop: Shop, streamed: bool
) -> None:
    """The messages of a run are a conversation that the server takes back."""
    driver, keywords = Driver(twin, streamed=streamed), forced("only_oslo", ENOUGH)
    first = go(driver, llama, [shop.only_oslo], "Weather?", **keywords)
    again = [*first.messages, {"role": "user", "content": "Now?"}]
    second = go(driver, llama, [shop.only_oslo], again, **keywords)
    assert shop.called == [("only_oslo", "Oslo")] * 2
    assert (first.rounds, second.rounds, len(second.messages)) == (2, 2, 8)


@STREAMED
def test_cut_arguments_end_in_an_error_llama(
    twin: Twin, llama: Service, shop: Shop, streamed: bool
) -> None:
    """The server says ``tool_calls`` though its tokens ran out; half a call is never run."""
    driver, limits = Driver(twin, streamed=streamed), RunLimits(errors=1)
    with pytest.raises(ToolCallError, match="only_oslo was not run: the arguments: ") as caught:
        go(driver, llama, [shop.only_oslo], "?", limits=limits, **forced("only_oslo", TOO_FEW))
    assert shop.called == []
    run = run_of(caught.value)
    assert run is not None
    (record,) = run.calls
    assert (run.rounds, record.result) == (1, None)
    with pytest.raises(ValueError, match=r"."):
        json.loads(record.arguments)
    assert not [event for event in driver.events if isinstance(event, CallStarted)]


@STREAMED
def test_the_model_is_told_of_cut_arguments_llama(
    twin: Twin, llama: Service, shop: Shop, streamed: bool
) -> None:
    """What is wrong goes back as the result of the call; the server takes it and answers."""
    driver = Driver(twin, streamed=streamed)
    run = go(driver, llama, [shop.only_oslo], "?", **forced("only_oslo", TOO_FEW))
    assert shop.called == []
    assert run.rounds == 2
    (record,) = run.calls
    asked, told = run.messages[1:3]
    assert told["content"] == record.error
    assert str(record.error).startswith("Error: only_oslo was not run: the arguments: ")
    assert told["tool_call_id"] == asked["tool_calls"][0]["id"] == record.id


@STREAMED
def test_a_call_of_noise_llama(twin: Twin, llama: Service, shop: Shop, streamed: bool) -> None:
    """Any text for an argument: it may arrive whole, cut or as no JSON, and runs only if whole."""
    driver = Driver(twin, streamed=streamed)
    run = go(driver, llama, [shop.get_weather], "?", **forced("get_weather", ENOUGH))
    (record,) = run.calls
    assert (run.rounds, len(run.messages)) == (2, 4)
    if record.error is None:
        assert shop.called == [("get_weather", json.loads(record.arguments)["city"])]
    else:
        assert shop.called == []
        assert "get_weather was not run: the arguments: " in record.error
