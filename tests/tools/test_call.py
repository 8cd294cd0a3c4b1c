"""Calling a tool, and what it returned as text."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import json
import threading
from types import MappingProxyType
from typing import Any

import pytest

from github_models_azure.tools import Tool
from tests.tools.tool_helpers import Cat, Place, Stop, Unit, weather, weather_later

who = contextvars.ContextVar("who", default="nobody")


async def run(tool: Tool, how: str, values: dict[str, Any]) -> Any:
    return await tool.acall(values) if how == "acall" else tool.call(values)


@pytest.mark.parametrize("how", ["call", "acall"])
async def test_a_function_is_called(how: str) -> None:
    """Sync functions can be called both ways."""
    values = {"city": "Rome", "unit": Unit.CELSIUS}
    assert await run(Tool.of(weather), how, values) == "3 days of rain in Rome, in c"


async def test_an_async_function_is_awaited() -> None:
    """In the loop that awaits it."""
    assert await Tool.of(weather_later).acall({"city": "Rome"}) == "sun in Rome"


async def test_a_sync_function_runs_in_another_thread() -> None:
    """The loop stays free, and context variables are those of the caller."""
    who.set("somebody")

    def where() -> tuple[int, str]:
        return threading.get_ident(), who.get()

    thread, name = await Tool.of(where).acall({})
    assert thread != threading.get_ident()
    assert name == "somebody"


async def test_two_sync_functions_run_at_once() -> None:
    """Each waits for the other, which in one thread would never end."""
    together = threading.Barrier(2)

    def meet() -> int:
        return together.wait(timeout=10)

    tool = Tool.of(meet)
    assert sorted(await asyncio.gather(tool.acall({}), tool.acall({}))) == [0, 1]


def test_an_async_function_is_not_called_by_halves() -> None:
    """The error says what to await; no coroutine is left behind unawaited."""
    with pytest.raises(TypeError, match=r"weather_later is async: await its acall\(\)"):
        Tool.of(weather_later).call({"city": "Rome"})


def delegating(city: str) -> Any:
    return weather_later(city)


async def test_a_sync_function_may_return_a_coroutine() -> None:
    """Awaiting it is possible, calling it says so, and closes what nobody will await."""
    tool = Tool.of(delegating)
    assert await tool.acall({"city": "Rome"}) == "sun in Rome"
    with pytest.raises(TypeError, match="delegating returned an awaitable"):
        tool.call({"city": "Rome"})


async def test_a_future_is_awaited_but_not_called() -> None:
    """What is awaitable and no coroutine is told in the same way."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(7)
    tool = Tool.of(lambda: future, name="later")
    assert await tool.acall({}) == 7
    with pytest.raises(TypeError, match="later returned an awaitable"):
        tool.call({})


@pytest.mark.parametrize("how", ["call", "acall"])
async def test_errors_of_the_function_are_its_own(how: str) -> None:
    """They come out as they are."""

    def fail() -> None:
        raise KeyError("no such thing")

    with pytest.raises(KeyError, match="no such thing"):
        await run(Tool.of(fail), how, {})


@pytest.mark.parametrize("how", ["call", "acall"])
async def test_the_end_of_an_iteration_is_an_error(how: str) -> None:
    """StopIteration does not pass through futures: who awaits would wait for ever."""

    def empty() -> Any:
        return next(iter(()))

    with pytest.raises(RuntimeError, match="empty raised StopIteration"):
        await run(Tool.of(empty), how, {})


@pytest.mark.parametrize("how", ["call", "acall"])
async def test_a_definition_cannot_be_called(how: str) -> None:
    """There is nothing to call."""
    with pytest.raises(TypeError, match="f has no function to call"):
        await run(Tool.of({"function": {"name": "f"}}), how, {})


class Colour(str, enum.Enum):
    RED = "red"


class Speech(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "shown"


@dataclasses.dataclass
class Reading:
    at: dt.datetime
    values: tuple[float, ...]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ('say "hi"\n', 'say "hi"\n'),
        (Speech("said"), "said"),
        ("\ud83d!", "\ufffd!"),
        (Colour.RED, "red"),
        (Unit.CELSIUS, "c"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (float("nan"), "null"),
        ("ä".encode(), '"ä"'),
        (b"\xff", '"_w=="'),
        ([1, "ä"], '[1,"ä"]'),
        ({"a": None}, '{"a":null}'),
        ({1: {2}}, '{"1":[2]}'),
        (dt.date(2026, 7, 30), '"2026-07-30"'),
        (decimal.Decimal("1.10"), '"1.10"'),
        (MappingProxyType({"a": MappingProxyType({})}), '{"a":{}}'),
        (Place(name="Ulm"), '{"name":"Ulm","near":null,"unit":"c"}'),
        (Stop(Place(name="Ulm"), 2), '{"where":{"name":"Ulm","near":null,"unit":"c"},'
         '"nights":2,"notes":[]}'),
        ([Cat(kind="cat")], '[{"kind":"cat","lives":9}]'),
        (Reading(dt.datetime(2026, 7, 30), (1.0, 2.5)),
         '{"at":"2026-07-30T00:00:00","values":[1.0,2.5]}'),
    ],
)  # fmt: skip
def test_results_are_text_or_json(value: Any, text: str) -> None:
    """Text goes to the model as it is, everything else as compact JSON."""
    written = Tool.of(weather).result_text(value)
    assert written == text
    assert type(written) is str
    if not isinstance(value, (str, enum.Enum)):
        json.loads(written)


def looped() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        ([object()], "list"),
        (weather, "function"),
        (ValueError("secret-1"), "ValueError"),
        (looped(), "list"),
        (["\ud83d"], "list"),
        (functools.partial(weather, "secret-1"), "partial"),
    ],
)
def test_what_cannot_be_written_is_an_error(value: Any, kind: str) -> None:
    """It names the tool and the type, says what to return, and shows no value."""
    message = f"weather returned a {kind} that cannot be written as JSON: .* Return text"
    with pytest.raises(TypeError, match=message) as caught:
        Tool.of(weather).result_text(value)
    assert "secret-1" not in str(caught.value)
