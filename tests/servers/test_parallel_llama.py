"""Two calls in one answer of llama-cpp-python, whose grammars write the names and arguments.

Its chat format ``chatml-function-calling`` asks the model after each call for another or the end.
The name of that other one keeps its colon, and so is no tool's, unless ``stop`` takes it away;
the same ``stop`` would cut arguments at their first colon, so the tools here have none.
"""

from __future__ import annotations

import pytest

from github_models_azure.tools import RunLimits, ToolRun, run_of
from tests.harness import Twin
from tests.servers.service import Service
from tests.servers.test_tool_runner import check_results, go
from tests.tools.running import Driver

QUESTIONS = [f"Weather {chr(ord('A') + turn % 26) * (turn % 9 + 1)}?" for turn in range(80)]
"""The model is noise but the same noise each time: one of these gets two calls, then words."""


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


def ask(twin: Twin, service: Service, question: str) -> tuple[Weather, ToolRun | None]:
    """Return what one run called; no run where the model never stops calling."""
    weather = Weather()
    tools = [weather.sun, weather.wind]
    keywords = {"tool_choice": "auto", "temperature": 0, "stop": [":"]}
    limits = RunLimits(rounds=2)
    try:
        run = go(Driver(twin, streamed=False), service, tools, question, limits=limits, **keywords)
    except Exception as error:
        if run_of(error) is None:
            raise
        return weather, None
    return weather, run


def test_two_parallel_calls_llama(twin: Twin, calling_llama: Service) -> None:
    """Both calls of one answer run once, both results go back, and the run ends."""
    for question in QUESTIONS:
        weather, run = ask(twin, calling_llama, question)
        if run is not None and len(run.calls) == 2 and run.rounds == 2:
            break
    else:
        pytest.fail("no question got two calls in one answer and then words")
    assert sorted(weather.called) == sorted(record.name for record in run.calls)
    assert [(record.round, record.error) for record in run.calls] == [(1, None)] * 2
    told = {"sun": "it shines", "wind": "it blows"}
    results = [told[record.name] for record in run.calls]
    assert [record.result for record in run.calls] == results
    check_results({"messages": run.messages[:-1]}, results)
    assert (len(run.trails), run.pending, len(run.messages)) == (2, (), 5)
