"""Limits hold: no tool is run past one, and the error says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from github_models_azure import Endpoint, trail_of
from github_models_azure.endpoints import DIALECTS
from github_models_azure.exceptions import ToolCallError
from github_models_azure.tools import RunLimits, run_of
from tests.harness import DONE, Answer, Clock, Sent, Service, Twin, event, stream
from tests.tools.runner_helpers import Driver, call, calls, script, spoken, told

ASK = [{"role": "user", "content": "What is the weather in Oslo?"}]


class Counter:
    """A tool that counts."""

    def __init__(self) -> None:
        self.run: list[int] = []

    def count(self, number: int) -> int:
        """Count."""
        self.run.append(number)
        return number


@pytest.fixture
def counter() -> Counter:
    """Nothing is counted yet."""
    return Counter()


def rounds(*each: int) -> Service:
    """A model that makes so many different calls in each answer, the last number for ever."""
    numbers = iter(range(1 << 20))
    places = iter(range(1 << 20))

    def answer(sent: Sent) -> Answer:
        many = each[min(next(places), len(each) - 1)]
        made = [(number, next(numbers)) for number in range(many)]
        said = calls(*(call("count", f"c{number}", number=number) for _, number in made))
        return spoken(said, streamed=sent.body.get("stream") is True)

    return Service(answer)


@pytest.mark.extras
@pytest.mark.parametrize(
    ("limits", "asked", "run"),
    [
        (RunLimits(rounds=3), 3, 2),
        (RunLimits(rounds=1), 1, 0),
        (RunLimits(calls=2), 3, 2),
        (RunLimits(calls=0), 1, 0),
        (RunLimits(repeats=2), 3, 2),
        (RunLimits(), 4, 3),
    ],
    ids=str,
)
def test_limits_hold_against_a_model_that_calls_for_ever(
    driver: Driver, limits: RunLimits, asked: int, run: int
) -> None:
    """The emulator's model wants its tool again, whatever it is told."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    from github_models_azure.server.emulator import Emulator

    done: list[str] = []

    def get_weather(city: str) -> str:
        """Say the weather of a city."""
        done.append(city)
        return "sun"

    with Emulator() as emulator:
        emulator.fault("tool_calls_forever", times=None)
        client = driver.twin.package.ChatCompletionsClient(
            emulator.inference_url, "key", model="openai/gpt-4.1", fallback=None
        )
        with pytest.raises(ToolCallError) as caught:
            driver.run(None, [get_weather], ASK, client=client, limits=limits)
        assert (len(emulator.journal), len(done)) == (asked, run)
    error = caught.value
    limit = next((name for name in ("rounds", "calls") if getattr(limits, name) < 10), "repeats")
    assert f"RunLimits({limit}={getattr(limits, limit)})" in str(error)
    trail, kept = trail_of(error), run_of(error)
    assert trail is not None
    assert trail.emulated
    assert kept is not None
    assert (kept.rounds, len(kept.calls), len(kept.messages)) == (asked, run, 1 + 2 * run)


def test_a_last_round_may_answer(driver: Driver, counter: Counter) -> None:
    """The limit is on asking: what the last answer says counts, if it is no call."""
    service = script(calls(call("count", number=1)), "One.")
    assert driver.run(service, [counter.count], limits=RunLimits(rounds=2)).text == "One."


def test_calls_of_one_answer_are_run_all_or_not_at_all(driver: Driver, counter: Counter) -> None:
    """Three more do not fit a limit of four after two."""
    with pytest.raises(ToolCallError, match="wants 3 more tool calls after 2"):
        driver.run(rounds(2, 3), [counter.count], limits=RunLimits(calls=4))
    assert sorted(counter.run) == [0, 1]


def test_limits_of_one_run_stand_for_the_runners(driver: Driver, counter: Counter) -> None:
    """`run` and `stream` take limits of their own."""
    service = rounds(1)
    client = driver.twin.client(service, model="m", fallback=None)
    runner = driver.runner(client, [counter.count], limits=RunLimits(rounds=5))
    start = runner.stream if driver.streamed else runner.run
    with pytest.raises(ToolCallError, match="rounds=2"):
        driver.finish(client, lambda: start(ASK, limits=RunLimits(rounds=2)))
    assert len(service.sent) == 2


def test_the_same_arguments_in_other_words_are_a_repeat(driver: Driver, counter: Counter) -> None:
    """Order and white space are no difference, other arguments are."""

    def pair(first: int, second: int) -> None:
        """Take two numbers."""
        counter.run.append(first)

    written = ['{"first": 1, "second": 2}', '{"second":2,"first":1}', ' {"first": 1,"second": 2} ']
    said = [
        calls({"id": f"c{n}", "type": "function", "function": {"name": "pair", "arguments": text}})
        for n, text in enumerate(written)
    ]
    with pytest.raises(ToolCallError, match="the same tool call 3 times: pair"):
        driver.run(script(*said), [pair], limits=RunLimits(repeats=2))
    assert counter.run == [1, 1]


def test_no_call_is_run_when_the_time_is_over(driver: Driver) -> None:
    """Nor is the model asked again."""
    clock = Clock()

    def wait(seconds: int) -> str:
        """Wait."""
        clock.now += seconds
        return "waited"

    service = script(calls(call("wait", "1", seconds=10), call("wait", "2", seconds=9)))
    with pytest.raises(ToolCallError, match=r"time .* is over.*RunLimits\(seconds=8\)") as caught:
        driver.run(service, [wait], clock=clock, limits=RunLimits(seconds=8, parallel=1))
    assert len(service.sent) == 1
    run = run_of(caught.value)
    assert run is not None
    results = [record.result or record.error for record in run.calls]
    assert results == ["waited", "Error: not run, the time is up."]


def test_requests_get_the_time_that_is_left(driver: Driver, counter: Counter) -> None:
    """As the client's own limit for each, unless the caller's is shorter."""
    clock, given = Clock(), list[Any]()

    class Noting:
        """A client that keeps the timeouts it is given."""

        def __init__(self, client: Any) -> None:
            self.client = client

        def complete(self, **keywords: Any) -> Any:
            given.append(keywords["timeout"])
            clock.now += 2
            return self.client.complete(**keywords)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

    timeouts: list[dict[str, float]] = [{}, {"timeout": 3}]
    for timeout in timeouts:
        service = script(calls(call("count", number=1)), "One.")
        client = driver.twin.client(service, model="m", fallback=None)
        runner = driver.runner(
            Noting(client), [counter.count], clock=clock, limits=RunLimits(seconds=10)
        )
        start = runner.stream if driver.streamed else runner.run
        driver.finish(client, partial(start, ASK, **timeout))
    assert given == [10, 8, 3, 3]


def test_an_answer_that_arrives_late_still_counts(twin: Twin) -> None:
    """The run is over then anyway."""
    clock = Clock()

    def answer(sent: Sent) -> Answer:
        clock.now += 100
        return spoken("Late.", streamed=False)

    limits = RunLimits(seconds=5)
    assert Driver(twin).run(Service(answer), [], clock=clock, limits=limits).text == "Late."


def test_a_stream_is_left_when_the_time_is_over(twin: Twin) -> None:
    """Its connection is closed."""
    clock, driver = Clock(), Driver(twin, streamed=True)
    service = script("Very slow.")
    plain = service.arrive

    def arrive(piece: Any) -> bytes:
        clock.now += 3
        return plain(piece)

    service.arrive = arrive  # type: ignore[method-assign]
    with pytest.raises(ToolCallError, match="time") as caught:
        driver.run(service, [], clock=clock, limits=RunLimits(seconds=5))
    assert run_of(caught.value) is not None
    assert all(response.closed for response in service.responses)


def test_an_error_of_the_client_after_the_time_is_the_limit(twin: Twin) -> None:
    """The client's own error is its cause, and its trail is kept."""
    clock = Clock()

    def answer(sent: Sent) -> Answer:
        clock.now += 100
        return Answer(500, {"error": {"message": "slow"}})

    with pytest.raises(ToolCallError, match="seconds=5") as caught:
        Driver(twin).run(Service(answer), [], clock=clock, limits=RunLimits(seconds=5))
    trail = trail_of(caught.value)
    assert trail is not None
    assert trail.attempts[0].status == 500
    assert caught.value.__cause__ is not None


def test_a_call_is_run_at_each_place_where_it_stands(driver: Driver, counter: Counter) -> None:
    """Servers begin their ids again in every answer, or give the same one to all calls."""
    once = call("count", "same", number=7)
    service = script(calls(once, once), calls(once), "Seven.")
    run = driver.run(service, [counter.count])
    assert (counter.run, run.text) == ([7, 7, 7], "Seven.")
    first, second = told(service.sent[1])
    assert (first, second[1]) == (("same", "7"), "7")
    assert first[0] != second[0]
    (third,) = told(service.sent[2])[-1:]
    assert third[1] == "7"
    assert third[0] not in (first[0], second[0])
    assert len(run.calls) == 3


def test_five_calls_after_a_repeated_id_run_five_tools(driver: Driver, counter: Counter) -> None:
    """With other arguments or with the same, in one answer or in several."""
    rounds = [calls(call("count", "read:0", number=number)) for number in (1, 2, 1, 3, 1, 4)]
    run = driver.run(script(*rounds, "Done."), [counter.count])
    assert counter.run == [1, 2, 1, 3, 1, 4]
    assert len({record.id for record in run.calls}) >= 1
    assert run.text == "Done."


def test_every_call_is_sent_back_under_an_id_of_its_own(driver: Driver, counter: Counter) -> None:
    """Also where the model gave it to another; results stay with their calls."""
    one, two, three = (call("count", "call_0", number=number) for number in (1, 2, 3))
    service = script(calls(one, two), calls(three), "Three.")
    run = driver.run(service, [counter.count])
    assert sorted(counter.run) == [1, 2, 3]
    assert told(service.sent[1]) == [("call_0", "1"), ("call_0_2", "2")]
    assert told(service.sent[2]) == [("call_0_3", "3")]
    asked = [m["tool_calls"] for m in service.sent[2].body["messages"] if "tool_calls" in m]
    assert [(c["id"], c["function"]["arguments"], c["type"]) for made in asked for c in made] == [
        ("call_0", '{"number": 1}', "function"),
        ("call_0_2", '{"number": 2}', "function"),
        ("call_0_3", '{"number": 3}', "function"),
    ]
    again = script(calls(one), "One.")
    driver.events.clear()
    driver.run(again, [counter.count], run.messages)
    assert told(again.sent[1]) == [("call_0_4", "1")]


def test_pending_calls_have_the_ids_of_the_conversation(driver: Driver) -> None:
    """Whoever carries them out answers under those."""
    outside = {"type": "function", "function": {"name": "buy"}}
    service = script(calls(call("buy", "0", item="a"), call("buy", "0", item="b")))
    run = driver.run(service, [outside])
    assert [(one.id, one.values["item"]) for one in run.pending] == [("0", "a"), ("0_2", "b")]
    assert [one["id"] for one in run.messages[-1]["tool_calls"]] == ["0", "0_2"]


def test_another_call_under_a_used_id_is_another_call(driver: Driver, counter: Counter) -> None:
    """Some servers begin to count anew with each answer."""
    said = [calls(call("count", "call_0", number=number)) for number in (1, 2)]
    run = driver.run(script(*said, "Two."), [counter.count])
    assert (counter.run, len(run.calls)) == ([1, 2], 2)


@pytest.mark.parametrize("written", [False, True], ids=["called", "as text"])
def test_calls_without_ids_are_told_apart_by_their_round(
    driver: Driver, counter: Counter, written: bool
) -> None:
    """Where a server names neither calls nor answers, asking once more is another call."""
    function = {"name": "count", "arguments": '{"number": 1}'}
    said: dict[str, Any] = {"content": None, "tool_calls": [{"function": function}]}
    if written:
        said = {"content": '{"name": "count", "arguments": {"number": 1}}'}

    def answer(sent: Sent) -> Answer:
        done = [message for message in sent.body["messages"] if message["role"] == "tool"]
        message = {"role": "assistant", **({"content": "Done."} if len(done) == 2 else said)}
        if not driver.streamed:
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            return Answer(200, {"choices": [choice]})
        parts = ({"delta": message}, {"delta": {}, "finish_reason": "stop"})
        return stream(*(event(choices=[{"index": 0, **part}]) for part in parts), DONE)

    service = Service(answer)
    dialect = replace(DIALECTS["ollama"], name="d", text_calls="both")
    endpoint = Endpoint("mine", "https://mine.example/v1", "key", dialect)
    client = driver.twin.client(service, endpoint, model="m", fallback=None)
    run = driver.run(service, [counter.count], client=client)
    assert (counter.run, run.text) == ([1, 1], "Done.")
    first, second = (one.id for one in run.calls)
    assert first != second
    assert told(service.sent[2])[-1][0] == second


def wrong_limits() -> Iterator[tuple[dict[str, Any], type[Exception]]]:
    for name, least in [("rounds", 1), ("calls", 0), ("parallel", 1), ("repeats", 1)]:
        yield {name: least - 1}, ValueError
    yield {"errors": 0}, ValueError
    yield {"result_chars": 99}, ValueError
    for seconds in (0, -1.0, float("nan")):
        yield {"seconds": seconds}, ValueError
    for wrong in ({"rounds": 1.5}, {"calls": True}, {"seconds": "5"}, {"seconds": True}):
        yield wrong, TypeError


@pytest.mark.parametrize(("wrong", "error"), list(wrong_limits()), ids=str)
def test_limits_are_checked(wrong: dict[str, Any], error: type[Exception]) -> None:
    """A wrong one is named with its value."""
    with pytest.raises(error, match=next(iter(wrong))):
        RunLimits(**wrong)
