"""What goes wrong with a call is told to the model, in one line, and ends the run if it stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.ai.inference.models import ChatCompletions

from github_models_azure import trail_of
from github_models_azure.exceptions import FallbackExhaustedError, ToolCallError
from github_models_azure.tools import RunLimits, ToolArgumentsError, ToolCall, run_of
from tests.harness import Answer, Sent, Service, Twin, limited
from tests.tools.runner_helpers import ASKED, Driver, call, calls, raw_call, script, spoken, told


def weather(city: str) -> str:
    """Say the weather of a city."""
    if city == "Atlantis":
        raise LookupError("no such city\nin any sea")
    return f"sun in {city}"


class Unspeakable(Exception):
    """Says nothing of itself."""

    def __str__(self) -> str:
        raise ValueError("no words")


def speechless(city: str) -> str:
    """Fail without a word."""
    raise Unspeakable


def odd(number: int) -> Any:
    """Return what is no data."""
    return object() if number else "x" * 5000


FINE = call("weather", "fine", city="Oslo")
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "arguments that are no JSON": (
        raw_call("weather", '{"city": "Os'),
        "Error: weather was not run: the arguments: are not JSON",
    ),
    "an unknown tool": (
        call("wether", city="Oslo"),
        "Error: there is no tool 'wether'; the tools are weather, odd, speechless.",
    ),
    "wrong arguments": (
        call("weather", town="Oslo", zip=1),
        "Error: weather was not run: ",
    ),
    "an exception": (
        call("weather", city="Atlantis"),
        "Error: weather failed: LookupError: no such city in any sea",
    ),
    "a result that is no data": (
        call("odd", number=1),
        "Error: odd failed: TypeError: odd returned a object that cannot be written as JSON",
    ),
    "an exception without words": (
        call("speechless", city="Oslo"),
        "Error: speechless failed: Unspeakable",
    ),
    "no function": (
        {"id": "1", "type": "custom", "custom": {"name": "x"}},
        "Error: there is no tool ''; the tools are weather, odd, speechless.",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_the_model_is_told_and_corrects_itself(driver: Driver, what: str) -> None:
    """In one short line under the id of the call; then the run goes on."""
    bad, start = BAD[what]
    service = script(calls(bad), calls(FINE), "Sunny.")
    run = driver.run(service, [weather, odd, speechless])
    ((identity, text),) = told(service.sent[1])
    assert identity == bad["id"]
    assert text.startswith(start)
    assert "\n" not in text
    assert len(text) <= 400
    assert run.text == "Sunny."
    failed, fine = run.calls
    assert (failed.error, failed.result, fine.result) == (text, None, "sun in Oslo")


def test_every_wrong_argument_is_named(driver: Driver) -> None:
    """So that one correction is enough."""
    service = script(calls(call("weather", town="Oslo")), "Never mind.")
    run = driver.run(service, [weather])
    ((_, text),) = told(service.sent[1])
    assert "city: is missing" in text
    assert "town: is no" in text
    assert isinstance(run.calls[0].cause, ToolArgumentsError)


def test_a_good_call_beside_a_bad_one_is_run(driver: Driver) -> None:
    """And both are answered in the order of the calls."""
    service = script(calls(raw_call("weather", "{", "bad"), FINE), "Sunny.")
    driver.run(service, [weather])
    (first, error), (second, result) = told(service.sent[1])
    assert (first, second, result) == ("bad", "fine", "sun in Oslo")
    assert error.startswith("Error: ")


def test_a_long_result_is_cut_with_a_note(driver: Driver) -> None:
    """To the limit, the note included."""
    service = script(calls(call("odd", number=0)), "Long.")
    run = driver.run(service, [odd], limits=RunLimits(result_chars=300))
    ((_, text),) = told(service.sent[1])
    assert len(text) == 300
    assert text.endswith("x\n[cut: 5000 characters, of which 253 are shown]")
    assert text.count("x") == 253
    assert run.calls[0].error is None


@pytest.mark.parametrize("errors", [1, 2])
@pytest.mark.parametrize("what", BAD)
def test_failing_on_ends_the_run(driver: Driver, what: str, errors: int) -> None:
    """After so many failed rounds in a row, with the cause and the trail."""
    bad, start = BAD[what]
    service = script(*(calls({**bad, "id": f"call_{number}"}) for number in range(9)))
    with pytest.raises(ToolCallError) as caught:
        driver.run(service, [weather, odd, speechless], limits=RunLimits(errors=errors))
    assert len(service.sent) == errors
    rounds = "the last round" if errors == 1 else f"the last {errors} rounds"
    assert rounds in str(caught.value)
    assert start in str(caught.value)
    trail = trail_of(caught.value)
    assert trail is not None
    assert trail.served_by is not None
    run = run_of(caught.value)
    assert run is not None
    assert run.rounds == len(run.calls) == errors
    assert caught.value.__cause__ is run.calls[-1].cause
    assert (caught.value.__cause__ is None) == (what in ("an unknown tool", "no function"))


def test_rounds_that_do_some_work_are_no_failures(driver: Driver) -> None:
    """Only failures in a row count."""
    bad = raw_call("weather", "{", "bad")
    said = [calls(bad), calls(bad, FINE), calls(raw_call("weather", "[", "b2"))]
    run = driver.run(script(*said, "Sunny."), [weather], limits=RunLimits(errors=2))
    assert run.text == "Sunny."


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_an_answer_cut_inside_a_call_runs_nothing(driver: Driver, finish: str) -> None:
    """Not even the calls before it, and the model is told why."""
    cut = raw_call("weather", '{"city": "Ro', "cut")
    seen: list[str] = []

    def look(city: str) -> str:
        """Look."""
        seen.append(city)
        return city

    whole = call("look", "whole", city="Oslo")
    service = script(calls(whole, cut, finish=finish), calls(whole), "Fine.")
    run = driver.run(service, [weather, look])
    results = told(service.sent[1])
    assert [identity for identity, _ in results] == ["whole", "cut"]
    assert all("cut off" in text for _, text in results)
    assert seen == ["Oslo"]  # from the second answer, under the same id
    assert run.text == "Fine."


def test_a_cut_answer_says_so_of_each_call(driver: Driver) -> None:
    """Also of one that stands in it twice, or that was answered before."""
    cut = calls(FINE, FINE, raw_call("weather", '{"ci', "half"), finish="length")
    service = script(calls(FINE), cut, "Sunny.")
    driver.run(service, [weather])
    texts = [text for _, text in told(service.sent[2])]
    assert len(texts) == 3
    assert all("cut off" in text for text in texts)


def test_a_call_cut_before_its_arguments_runs_nothing(driver: Driver) -> None:
    """No text is not the same as no arguments where the answer was cut: defaults run nothing."""
    seen: list[int] = []

    def look(times: int = 1) -> str:
        """Look."""
        seen.append(times)
        return "seen"

    run = driver.run(script(calls(raw_call("look", "", "c"), finish="length"), "Fine."), [look])
    assert (seen, run.text) == ([], "Fine.")


def test_a_message_without_content_is_sent_back_without_it(driver: Driver) -> None:
    """As the SDK's own messages are; llama-cpp-python answers 500 to a null."""
    service = script(calls(FINE), "Sunny.")
    driver.run(service, [weather])
    (asked,) = [m for m in service.sent[1].body["messages"] if m["role"] == "assistant"]
    assert "content" not in asked


def test_a_long_answer_with_whole_calls_runs_them(driver: Driver) -> None:
    """The limit of tokens was met just behind them."""
    run = driver.run(script(calls(FINE, finish="length"), "Sunny."), [weather])
    assert run.calls[0].result == "sun in Oslo"


@pytest.mark.parametrize("finish", ["stop", "function_call"])
def test_other_finish_reasons_do_not_hide_calls(driver: Driver, finish: str) -> None:
    """Calls are run whatever the server calls the end of its answer."""
    run = driver.run(script(calls(FINE, finish=finish), "Sunny."), [weather])
    assert run.calls[0].result == "sun in Oslo"


@pytest.mark.parametrize(
    ("verdict", "said"),
    [(False, "The user refused this call."), ("not at\nnight", "Refused: not at night")],
)
def test_a_refused_call_is_not_run(driver: Driver, verdict: bool | str, said: str) -> None:
    """The model is told, with the reason where there is one; the others are run."""
    asked: list[ToolCall] = []

    def approve(wanted: ToolCall) -> bool | str:
        asked.append(wanted)
        return True if wanted.values["city"] == "Oslo" else verdict

    service = script(calls(call("weather", "no", city="Atlantis"), FINE), "Partly.")
    run = driver.run(service, [weather], approve=approve)
    assert told(service.sent[1]) == [("no", said), ("fine", "sun in Oslo")]
    assert [wanted.id for wanted in asked] == ["no", "fine"]
    assert [(record.refused, record.error) for record in run.calls] == [(True, said), (False, None)]


def test_the_async_runner_awaits_its_hooks() -> None:
    """Approval may come from elsewhere."""
    seen: list[str] = []

    async def approve(wanted: ToolCall) -> bool:
        return wanted.values["city"] != "Oslo"

    async def on_event(event: object) -> None:
        seen.append(type(event).__name__)

    driver = Driver(Twin("aio"))
    run = driver.run(script(calls(FINE), "No."), [weather], approve=approve, on_event=on_event)
    assert run.calls[0].refused
    assert seen == ["CallFinished", "RunFinished"]


def test_an_approval_must_be_clear(driver: Driver) -> None:
    """A hook that forgets to answer, or must be awaited, allows nothing."""
    with pytest.raises(TypeError, match="approve\\(\\) returned NoneType"):
        driver.run(script(calls(FINE)), [weather], approve=lambda wanted: None)


@pytest.mark.parametrize(
    ("hook", "said"),
    [("approve", "approve\\(\\) returned coroutine"), ("on_event", "on_event is async")],
)
def test_the_sync_runner_awaits_no_hook(hook: str, said: str) -> None:
    """An async hook is an error there, not a yes, and not left out in silence."""

    async def agree(_: object) -> bool:
        return True

    with pytest.raises(TypeError, match=said):
        Driver(Twin("sync")).run(script(calls(FINE)), [weather], **{hook: agree})


@pytest.mark.parametrize("hook", ["approve", "on_event"])
def test_errors_of_hooks_are_the_callers(driver: Driver, hook: str) -> None:
    """They pass through; the model is not told."""
    service = script(calls(FINE), "Sunny.")

    def broken(_: object) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        driver.run(service, [weather], **{hook: broken})
    assert len(service.sent) <= 1
    assert run_of(caught.value) is not None


def test_the_errors_of_the_client_carry_the_run(driver: Driver) -> None:
    """What was done so far is not lost: another run goes on from there and runs nothing again."""
    cities: list[str] = []

    def look(city: str) -> str:
        """Look."""
        cities.append(city)
        return f"sun in {city}"

    def answer(sent: Sent) -> Answer:
        if told(sent):
            return limited()
        said = calls(call("look", "1", city="Oslo"))
        return spoken(said, streamed=sent.body.get("stream") is True)

    broken = Service(answer)
    client = driver.twin.client(broken, model="m", fallback=["n"], fallback_max_wait=0)
    with pytest.raises(FallbackExhaustedError) as caught:
        driver.run(broken, [look], client=client)
    run = run_of(caught.value)
    assert run is not None
    assert [message["role"] for message in run.messages] == ["user", "assistant", "tool"]
    service = script("Sunny.")
    again = driver.run(service, [look], run.messages)
    assert (again.text, cities) == ("Sunny.", ["Oslo"])
    assert told(service.sent[0]) == [("1", "sun in Oslo")]
    assert run_of(ValueError()) is None


def test_an_answer_without_choices_is_an_answer(twin: Twin) -> None:
    """The SDK's own client lets one pass; there is no message then, and no text."""
    empty = ChatCompletions({"id": "1", "choices": []})

    class Plain:
        """A client that says nothing."""

        def complete(self, **_: object) -> Any:
            return self.later() if twin.is_async else empty

        async def later(self) -> ChatCompletions:
            return empty

    runner = Driver(twin).runner(Plain(), [weather])
    run = twin.run(runner.run(ASKED))
    assert (run.message, run.text, run.rounds, run.messages) == (None, "", 1, ASKED)


def test_half_characters_reach_no_server(driver: Driver) -> None:
    """What an error says may hold them; a request must not."""

    def broken() -> None:
        """Break."""
        raise ValueError("half \ud800 a character")

    service = script(calls(call("broken", "1")), "Oh.")
    driver.run(service, [broken])
    ((_, text),) = told(service.sent[1])
    assert text == "Error: broken failed: ValueError: half ? a character"
    json.dumps(service.sent[1].body, ensure_ascii=False).encode()
