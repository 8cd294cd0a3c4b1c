"""The runner: calls are run, results go back, and the conversation ends in an answer.

About `tools/_loop.py`, `tools/_records.py`, `tools/_runner_async.py`.
"""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from azure.ai.inference.models import (
    ChatCompletionsNamedToolChoice,
    ChatCompletionsNamedToolChoiceFunction,
    ChatCompletionsToolChoicePreset,
    SystemMessage,
    UserMessage,
)
from pydantic import BaseModel

from github_models_azure.tools import (
    AsyncToolRunner,
    CallFinished,
    CallStarted,
    RunEvent,
    RunFinished,
    TextDelta,
    Tool,
    ToolRunner,
)
from tests.harness import Twin
from tests.test_architecture import signatures
from tests.tools.runner_helpers import ASKED, Driver, call, calls, script, told

OSLO = call("weather", "call_1", city="Oslo")
ROME = call("weather", "call_2", city="Rome")


class Degrees(BaseModel):
    """How warm it is."""

    degrees: int


class Weather:
    """A tool that counts its calls."""

    def __init__(self) -> None:
        self.cities: list[str] = []

    def weather(self, city: str) -> str:
        """Say the weather of a city."""
        self.cities.append(city)
        return f"sun in {city}"


@pytest.fixture
def sky() -> Weather:
    """Nobody has asked for the weather yet."""
    return Weather()


def test_one_call_is_run_and_answered(driver: Driver, sky: Weather) -> None:
    """Its result goes back under its id, and the model's answer is the result of the run."""
    service = script(calls(OSLO), "It is sunny.")
    run = driver.run(service, [sky.weather])
    assert (run.text, sky.cities) == ("It is sunny.", ["Oslo"])
    assert told(service.sent[1]) == [("call_1", "sun in Oslo")]
    offered = [tool["function"]["name"] for tool in service.sent[1].body["tools"]]
    assert offered == ["weather"]
    (record,) = run.calls
    assert (record.name, record.arguments) == ("weather", '{"city": "Oslo"}')
    assert (record.result, record.error, record.round) == ("sun in Oslo", None, 1)
    assert (run.rounds, len(run.trails), run.pending) == (2, 2, ())
    assert run.completion is not None
    assert run.completion.choices[0].message is run.message


def test_two_calls_of_one_answer_are_answered_in_their_order(driver: Driver, sky: Weather) -> None:
    """Whichever ends first."""
    service = script(calls(OSLO, ROME), "Sunny in both.")
    run = driver.run(service, [sky.weather])
    assert told(service.sent[1]) == [("call_1", "sun in Oslo"), ("call_2", "sun in Rome")]
    assert sorted(sky.cities) == ["Oslo", "Rome"]
    assert [record.id for record in run.calls] == ["call_1", "call_2"]


def test_a_conversation_goes_on_for_several_rounds(driver: Driver, sky: Weather) -> None:
    """One call an answer, and what was said before stays in the conversation."""
    service = script(calls(OSLO), calls(ROME), "Sunny in both.")
    run = driver.run(service, [sky.weather])
    assert [record.round for record in run.calls] == [1, 2]
    roles = [message["role"] for message in service.sent[2].body["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "tool"]
    assert run.rounds == 3


def test_an_answer_without_calls_ends_the_run(driver: Driver, sky: Weather) -> None:
    """Nothing is run that was not asked for."""
    run = driver.run(script("Hello."), [sky.weather])
    assert (run.text, run.calls, run.rounds, sky.cities) == ("Hello.", (), 1, [])


def test_the_message_goes_back_with_all_its_members(driver: Driver, sky: Weather) -> None:
    """Signatures and reasoning, which one provider knows alone, survive the round."""
    signed = {**OSLO, "extra_content": {"google": {"thought_signature": "sig"}}}
    service = script(calls(signed, reasoning_content="Let me see."), "Sunny.")
    run = driver.run(service, [sky.weather])
    sent = service.sent[1].body["messages"][1]
    assert sent["tool_calls"] == [signed]
    assert sent["reasoning_content"] == "Let me see."
    assert run.messages[1]["reasoning_content"] == "Let me see."


def test_the_messages_of_the_run_go_on(driver: Driver, sky: Weather) -> None:
    """The list is the caller's next conversation, objects and dicts alike; theirs is unchanged."""
    messages: list[Any] = [SystemMessage("Be brief."), UserMessage("What is the weather?")]
    given = copy.copy(messages)
    run = driver.run(script(calls(OSLO), "Sunny."), [sky.weather], messages)
    assert messages == given
    assert run.messages[:2] == messages
    assert run.messages[-1] is run.message
    service = script("You are welcome.")
    after = driver.run(service, [sky.weather], [*run.messages, {"role": "user", "content": "Ta"}])
    roles = [message["role"] for message in service.sent[0].body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert (after.text, sky.cities) == ("You are welcome.", ["Oslo"])


def test_the_keywords_reach_every_request(driver: Driver, sky: Weather) -> None:
    """They are those of `complete`."""
    service = script(calls(OSLO), "Sunny.")
    driver.run(service, [sky.weather], temperature=0.5, model="other")
    assert [sent.body["temperature"] for sent in service.sent] == [0.5, 0.5]
    assert service.models == ["other", "other"]


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        ChatCompletionsToolChoicePreset.REQUIRED,
        ChatCompletionsNamedToolChoice(
            function=ChatCompletionsNamedToolChoiceFunction(name="weather")
        ),
    ],
    ids=["text", "preset", "named"],
)
def test_a_forced_call_is_forced_once(driver: Driver, sky: Weather, choice: Any) -> None:
    """A model that must call for ever could never answer."""
    service = script(calls(OSLO), "Sunny.")
    driver.run(service, [sky.weather], tool_choice=choice)
    first, second = (sent.body["tool_choice"] for sent in service.sent)
    assert first != "auto"
    assert second == "auto"


def test_other_choices_stay(driver: Driver, sky: Weather) -> None:
    """What does not force a call is sent each time."""
    service = script(calls(OSLO), "Sunny.")
    driver.run(service, [sky.weather], tool_choice="auto")
    assert [sent.body["tool_choice"] for sent in service.sent] == ["auto", "auto"]


@pytest.mark.parametrize("name", ["stream", "tools"])
def test_keywords_of_the_runner_are_refused(driver: Driver, sky: Weather, name: str) -> None:
    """Before anything is sent."""
    service = script("Hello.")
    with pytest.raises(TypeError, match=f"'{name}' is not a keyword of a run"):
        driver.run(service, [sky.weather], **{name: True})
    assert service.sent == []


def test_one_message_is_no_conversation(driver: Driver, sky: Weather) -> None:
    """A text in the place of the list is told."""
    with pytest.raises(TypeError, match="not one str"):
        driver.run(script("Hello."), [sky.weather], "What is the weather?")


def test_without_tools_the_model_just_answers(driver: Driver) -> None:
    """No empty list is sent, which some servers refuse."""
    service = script("Hello.")
    assert driver.run(service, []).text == "Hello."
    assert "tools" not in service.sent[0].body


@pytest.mark.parametrize("said", ['{"degrees": 7}', "Seven."], ids=["at once", "repaired"])
def test_an_answer_of_a_wanted_type_is_on_the_completion(
    driver: Driver, sky: Weather, said: str
) -> None:
    """Calls come first; the answer after them is judged, and asked for once more if need be."""
    service = script(calls(OSLO), said, '{"degrees": 7}')
    run = driver.run(service, [sky.weather], response_model=Degrees)
    assert run.completion is not None
    assert run.completion.parsed == Degrees(degrees=7)  # type: ignore[attr-defined]
    assert "parsed" not in run.completion
    assert (run.rounds, len(run.trails)) == (2, 2)
    assert len(run.trails[1].attempts) == len(service.sent) - 1


def test_definitions_end_the_run_with_what_is_to_be_done(driver: Driver, sky: Weather) -> None:
    """Somebody else runs those; functions called beside them are run, and the run goes on after."""
    ask_user = {"type": "function", "function": {"name": "ask_user", "parameters": {}}}
    service = script(calls(OSLO, call("ask_user", "call_9", question="Where?")), "Sunny.")
    run = driver.run(service, [sky.weather, ask_user])
    (pending,) = run.pending
    assert (pending.id, pending.name) == ("call_9", "ask_user")
    assert pending.values == {"question": "Where?"}
    assert [record.id for record in run.calls] == ["call_1"]
    assert len(service.sent) == 1
    result = {"role": "tool", "tool_call_id": pending.id, "content": "here"}
    after = driver.run(script("Sunny."), [sky.weather, ask_user], [*run.messages, result])
    assert (after.text, sky.cities) == ("Sunny.", ["Oslo"])


def test_events_come_in_order(twin: Twin, sky: Weather) -> None:
    """Text, the start and the end of each call, and at last the run; the hook sees the same."""
    driver, seen = Driver(twin, streamed=True), list[RunEvent]()
    service = script(calls(OSLO, content="Let me look. "), "Sunny.")
    run = driver.run(service, [sky.weather], on_event=seen.append)
    kinds = [TextDelta, CallStarted, CallFinished, TextDelta, TextDelta, RunFinished]
    assert [type(event) for event in driver.events] == kinds
    assert seen == driver.events
    texts = [(event.text, event.round) for event in seen if isinstance(event, TextDelta)]
    assert texts == [("Let me look. ", 1), ("Sun", 2), ("ny.", 2)]
    assert seen[2] == CallFinished(run.calls[0])


def test_the_hook_sees_whole_runs_too(twin: Twin, sky: Weather) -> None:
    """Everything but the text, which comes in one piece."""
    seen: list[RunEvent] = []
    Driver(twin).run(script(calls(OSLO), "Sunny."), [sky.weather], on_event=seen.append)
    assert [type(event) for event in seen] == [CallStarted, CallFinished, RunFinished]


def test_calls_are_timed_by_the_clock(driver: Driver) -> None:
    """The seconds of a record are those of its function alone."""
    now = [100.0]

    def wait(minutes: int) -> None:
        """Wait."""
        now[0] += 60 * minutes

    service = script(calls(call("wait", "1", minutes=2)), "Done.")
    run = driver.run(service, [wait], clock=lambda: now[0])
    assert run.calls[0].seconds == 120
    assert run.calls[0].result == "null"


def test_the_runners_are_twins() -> None:
    """Both have the same methods with the same parameters."""
    assert signatures(ToolRunner) == signatures(AsyncToolRunner)


def test_async_functions_are_for_the_async_runner(twin: Twin) -> None:
    """It awaits them; the other refuses them at once."""

    async def later(city: str) -> str:
        """Say the weather of a city, later."""
        return f"rain in {city}"

    service = script(calls(call("later", "1", city="Bonn")), "Rain.")
    if twin.is_async:
        assert Driver(twin).run(service, [later]).calls[0].result == "rain in Bonn"
    else:
        with pytest.raises(TypeError, match="later is async: AsyncToolRunner can await it"):
            ToolRunner(None, [Tool.of(later)])


@pytest.mark.parametrize("streamed", [False, True])
def test_a_client_of_the_other_kind_is_refused(twin: Twin, streamed: bool) -> None:
    """With the name of the runner that can use it, and nothing left open."""
    other = Twin("sync" if twin.is_async else "aio")
    service = script("Hello.")
    client = other.client(service, model="m", fallback=None)
    driver = Driver(twin, streamed=streamed)
    runner = driver.runner(client, [])
    wanted = "ToolRunner can use it" if twin.is_async else "AsyncToolRunner can use it"
    start = runner.stream if streamed else runner.run
    with pytest.raises(TypeError, match=wanted):
        drain_started(start)
    other.run(client.close())


def drain_started(start: Any) -> None:
    """Go through a run of whichever kind, to its end."""
    running = start(ASKED)

    async def read() -> None:
        async for _ in running:
            pass

    if hasattr(running, "__anext__"):
        asyncio.run(read())
    elif asyncio.iscoroutine(running):
        asyncio.run(running)
    else:
        list(running)
