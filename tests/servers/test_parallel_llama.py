"""Two calls in one answer of llama-cpp-python, whose grammars write the names and arguments.

Its chat format ``chatml-function-calling`` asks the model after each call for another or the end.
The name of that other one keeps its colon, and so is no tool's, unless ``stop`` takes it away;
the same ``stop`` would cut arguments at their first colon, so the tools here have none. Its
prompts leave out what tools returned, and all that its model may say in words is a tool's name.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError

from github_models_azure.endpoints import Endpoint
from github_models_azure.tools import ToolRun, run_of
from tests.harness import Twin
from tests.servers.service import Service
from tests.servers.test_tool_runner import check_results, roles
from tests.tools.runner_helpers import Driver

STOP = [":"]


class Weather:
    """Tools without arguments, and the order in which they were called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def sun(self) -> str:
        """Say whether the sun shines."""
        self.called.append("sun")
        return "it shines"

    def wind(self) -> str:
        """Say whether the wind blows."""
        self.called.append("wind")
        return "it blows"


@pytest.fixture
def weather() -> Weather:
    """Nothing has been called yet."""
    return Weather()


def go(
    twin: Twin,
    service: Service,
    dialect: str,
    weather: Weather,
    *,
    streamed: bool = False,
    stop: list[str] | None = STOP,
) -> tuple[ToolRun, list[Any]]:
    """Run once; return the run and the bodies that were sent."""
    endpoint = Endpoint("llama", service.url, credential=service.key, dialect=dialect)
    client = twin.package.ChatCompletionsClient(
        endpoint, model=service.model, fallback=None, fallback_max_wait=0
    )
    bodies: list[Any] = []

    def keep(response: Any) -> None:
        bodies.append(json.loads(response.http_request.content))

    run = Driver(twin, streamed=streamed).run(
        None,
        [weather.sun, weather.wind],
        [{"role": "user", "content": "Weather?"}],
        client=client,
        raw_response_hook=keep,
        tool_choice="auto",
        temperature=0,
        stop=stop,
    )
    return run, bodies


def test_two_parallel_calls_llama(twin: Twin, calling_llama: Service, weather: Weather) -> None:
    """Both calls of one answer run once, both results go back, and the run ends in words."""
    run, bodies = go(twin, calling_llama, "llama-cpp-python", weather)
    assert sorted(weather.called) == ["sun", "wind"]
    assert [(record.name, record.arguments, record.result) for record in run.calls] == [
        ("sun", "{}", "it shines"),
        ("wind", "{}", "it blows"),
    ]
    assert [(record.round, record.error) for record in run.calls] == [(1, None)] * 2
    assert (run.rounds, len(run.trails), run.pending) == (2, 2, ())
    assert run.text.startswith("functions.")
    first, second = bodies
    assert roles(first) == ["user"]
    assert roles(second) == ["user", "assistant", "tool", "tool"]
    check_results(second, ["it shines", "it blows"])
    assert second["messages"][1]["content"] == ""


def test_calls_without_content_are_refused_llama(
    twin: Twin, calling_llama: Service, weather: Weather
) -> None:
    """Why its dialect gives them an empty one; what had been run is on the error."""
    with pytest.raises(HttpResponseError, match="no attribute 'content'") as caught:
        go(twin, calling_llama, "openai-compatible", weather)
    run = run_of(caught.value)
    assert run is not None
    assert [record.result for record in run.calls] == ["it shines", "it blows"]


def test_one_call_without_the_stop_llama(
    twin: Twin, calling_llama: Service, weather: Weather
) -> None:
    """The name of the second keeps its colon, so the server takes it for none."""
    run, _ = go(twin, calling_llama, "llama-cpp-python", weather, stop=None)
    assert weather.called == ["sun"]
    assert (len(run.calls), run.rounds) == (1, 2)


def test_chosen_calls_are_not_streamed_llama(
    twin: Twin, calling_llama: Service, weather: Weather
) -> None:
    """The server begins a stream and says nothing in it; no tool is run."""
    with pytest.raises(ServiceResponseError, match="gave no usable stream"):
        go(twin, calling_llama, "llama-cpp-python", weather, streamed=True)
    assert weather.called == []
