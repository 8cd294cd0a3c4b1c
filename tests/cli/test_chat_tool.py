"""`chat --tool`: a function of the working directory, tried from the shell.

About `cli/_tool_exchange.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import Program, run

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = pytest.mark.extras

MODULE = '''
"""The weather."""


class Station:
    @staticmethod
    def get_pressure(city: str) -> int:
        """Say the air pressure of a city."""
        return 1013


def get_weather(city: str) -> str:
    """Say the weather of a city."""
    return f"7 degrees in {city}"


def broken(city: str) -> str:
    """Say the weather of a city."""
    raise LookupError("no satellite")


async def later(city: str) -> str:
    """Say the weather of a city."""
    return city


number = 7
definition = {"type": "function", "function": {"name": "asked"}}
'''
ASK = "What is the weather in Oslo?"
TOOL = ("--tool", "sky_of_a_test:get_weather")
CALLED = 'tool: get_weather {"city":"Oslo"}\ntool: get_weather -> 7 degrees in Oslo\n'
EMULATED = "note: the answer is emulated; no model was asked.\n"


@pytest.fixture(autouse=True)
def _sky(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "sky_of_a_test.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "bad_of_a_test.py").write_text("1 / 0", encoding="utf-8")
    (tmp_path / "needy_of_a_test.py").write_text("import no_such_thing", encoding="utf-8")
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.endswith("_of_a_test")]:
        del sys.modules[name]


@pytest.mark.parametrize("option", ["--stream", "--no-stream"])
def test_the_model_calls_a_function(program: Program, emulator: Emulator, option: str) -> None:
    """The answer is on stdout, the calls are on stderr."""
    outcome = program("chat", ASK, *TOOL, option)
    assert outcome.code == 0, outcome.err
    assert outcome.out == "[emulated openai/gpt-4.1] get_weather says: 7 degrees in Oslo\n"
    assert outcome.err == CALLED + EMULATED
    assert [entry.stream for entry in emulator.journal] == [option == "--stream"] * 2


def test_the_program_finds_what_stands_beside_it() -> None:
    """As a process of its own, in the working directory."""
    outcome = run("chat", "--demo", ASK, *TOOL)
    assert outcome.code == 0, outcome.err
    assert outcome.out.endswith("7 degrees in Oslo\n")
    assert CALLED in outcome.err


def test_several_functions_and_nested_ones(program: Program, emulator: Emulator) -> None:
    """The option may be repeated, and name what is in a class."""
    options = [*TOOL, "--tool", "sky_of_a_test:Station.get_pressure"]
    outcome = program("chat", "What is the pressure in Oslo?", *options)
    assert "tool: get_pressure -> 1013" in outcome.err
    body = emulator.journal[0].body
    assert isinstance(body, dict)
    tools = body["tools"]
    assert isinstance(tools, list)
    assert len(tools) == 2


@pytest.mark.parametrize("cities", ["Oslo", "Oslo and in Paris"])
def test_an_async_function_is_awaited(program: Program, emulator: Emulator, cities: str) -> None:
    """One call, and two at once."""
    question = f"Say later: what is the weather in {cities}?"
    found = program("chat", question, "--tool", "sky_of_a_test:later", "--json").json
    assert [call["result"] for call in found["calls"]] == cities.split(" and in ")


def test_json_has_the_calls(program: Program, emulator: Emulator) -> None:
    """With arguments and results, beside the answer."""
    found = program("chat", ASK, *TOOL, "--json").json
    (call,) = found["calls"]
    assert (call["name"], call["arguments"]) == ("get_weather", '{"city":"Oslo"}')
    assert (call["result"], call["error"], call["round"]) == ("7 degrees in Oslo", None, 1)
    assert found["content"].endswith("7 degrees in Oslo")
    assert found["finish_reason"] == "stop"


def test_the_trail_of_every_request_is_shown(program: Program, emulator: Emulator) -> None:
    """One for each time the model was asked."""
    outcome = program("chat", ASK, *TOOL, "--trail")
    assert outcome.err.count("served by ") == 2


def test_a_function_that_fails_is_shown(program: Program, emulator: Emulator) -> None:
    """The model is told, and so is the user."""
    outcome = program("chat", 'Call broken("Oslo")', "--tool", "sky_of_a_test:broken")
    assert outcome.code == 0
    assert "tool: broken -> Error: broken failed: LookupError: no satellite" in outcome.err


def test_a_model_that_calls_for_ever_is_stopped(program: Program, emulator: Emulator) -> None:
    """One clear line says why."""
    emulator.fault("tool_calls_forever", times=None)
    outcome = program("chat", ASK, *TOOL)
    assert outcome.code == 1
    assert "made the same tool call 4 times" in outcome.error


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("sky_of_a_test", 2, "give it as MODULE:FUNCTION"),
        ("sky_of_a_test:", 2, "give it as MODULE:FUNCTION"),
        (":get_weather", 2, "give it as MODULE:FUNCTION"),
        ("./sky.py:get_weather", 2, "give it as MODULE:FUNCTION"),
        ("no_such_of_a_test:f", 1, "there is no module 'no_such_of_a_test'"),
        ("sky_of_a_test.inner:f", 1, "there is no module 'sky_of_a_test.inner'"),
        ("sky_of_a_test:snow", 1, "sky_of_a_test has no 'snow'"),
        ("sky_of_a_test:number", 1, "not of int"),
        ("sky_of_a_test:definition", 1, "is a definition without a function"),
        ("bad_of_a_test:f", 1, "importing bad_of_a_test failed: ZeroDivisionError"),
        ("needy_of_a_test:f", 1, "needy_of_a_test needs no_such_thing"),
    ],
)
def test_what_is_no_tool_is_said_in_one_line(
    program: Program, emulator: Emulator, name: str, code: int, said: str
) -> None:
    """Before anything is sent."""
    outcome = program("chat", ASK, "--tool", name)
    assert outcome.code == code
    assert said in outcome.error
    assert not emulator.journal


def test_a_tool_is_given_once(program: Program, emulator: Emulator) -> None:
    """Two of one name could not be told apart."""
    outcome = program("chat", ASK, *TOOL, *TOOL)
    assert outcome.code == 2
    assert "Two tools are called 'get_weather'" in outcome.error
