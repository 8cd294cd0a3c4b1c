"""The callables that can be tools, and those that cannot."""

from __future__ import annotations

import functools
import math
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from github_models_azure.tools import Tool
from tests.tools.tool_helpers import parameters, weather, weather_later


class Shelf:
    """Holds books."""

    def __init__(self) -> None:
        self.books = ["Emma"]

    def find(self, word: str) -> list[str]:
        """Find books."""
        return [book for book in self.books if word in book]

    async def find_later(self, word: str) -> list[str]:
        return self.find(word)

    @classmethod
    def size(cls, unit: str = "cm") -> str:
        return f"{cls.__name__} in {unit}"

    @staticmethod
    def rule(word: str) -> str:
        return word

    def __call__(self, word: str) -> list[str]:
        return self.find(word)


class Asking:
    async def __call__(self, word: str) -> str:
        return word


@dataclass
class Order:
    book: str
    copies: int = 1


def called(tool: Tool, arguments: str) -> Any:
    return tool.call(tool.validate(arguments))


@pytest.mark.parametrize(
    ("function", "name", "names"),
    [
        (weather, "weather", ["city", "days", "unit"]),
        (Shelf().find, "find", ["word"]),
        (Shelf.size, "size", ["unit"]),
        (Shelf().size, "size", ["unit"]),
        (Shelf.rule, "rule", ["word"]),
        (Shelf.__dict__["rule"], "rule", ["word"]),
        (Shelf(), "Shelf", ["word"]),
        (Order, "Order", ["book", "copies"]),
        (functools.partial(weather, "Rome"), "weather", ["days", "unit"]),
        (functools.partial(Shelf().find), "find", ["word"]),
        (functools.partial(Shelf()), "Shelf", ["word"]),
        (functools.lru_cache(weather), "weather", ["city", "days", "unit"]),
        (math.sqrt, "sqrt", ["x"]),
    ],
)
def test_callables_of_all_kinds(function: Any, name: str, names: list[str]) -> None:
    """The name is the function's own, and only what a caller gives is a parameter."""
    tool = Tool.of(function)
    assert tool.name == name
    assert not tool.is_async
    assert list(parameters(function)["properties"]) == names


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        (Shelf().find, '{"word": "m"}', ["Emma"]),
        (Shelf.size, "", "Shelf in cm"),
        (Shelf(), '{"word": "x"}', []),
        (Order, '{"book": "Emma"}', Order("Emma")),
        (functools.partial(weather, "Rome"), "{}", "3 days of rain in Rome, in c"),
        (functools.partial(weather, days=2), '{"city": "Rome"}', "2 days of rain in Rome, in c"),
        (math.sqrt, '{"x": 4}', 2.0),
    ],
)
def test_what_was_read_is_called(function: Any, arguments: str, result: Any) -> None:
    """The function is called as if the caller had written the arguments."""
    assert called(Tool.of(function), arguments) == result


def test_what_a_partial_binds_is_hidden() -> None:
    """A bound key is neither a parameter nor anywhere in what is sent or printed."""

    def ask(question: str, *, key: str, tries: int = 1) -> str:
        return f"{question} {key} {tries}"

    tool = Tool.of(functools.partial(functools.partial(ask, key="secret-1"), tries=2))
    assert list(dict(tool.parameters or {})["properties"]) == ["question"]
    assert "secret-1" not in f"{tool!r} {tool} {tool.definition()}"
    assert called(tool, '{"question": "why"}') == "why secret-1 2"
    with pytest.raises(ValueError, match=r"key: is not a parameter \(known: question"):
        tool.validate('{"question": "why", "key": "mine"}')


@pytest.mark.parametrize(
    "function", [weather_later, Shelf().find_later, Asking(), functools.partial(Asking())]
)
def test_async_callables_are_known_as_such(function: Any) -> None:
    """Coroutine functions, methods and objects with an async call are async."""
    assert Tool.of(function).is_async


def test_a_wrapper_speaks_for_itself() -> None:
    """The signature is that of what is wrapped, but whether to await is the wrapper's affair."""

    @functools.wraps(weather_later)
    def wrapped(*args: Any, **kwargs: Any) -> str:
        return "at once"

    tool = Tool.of(wrapped)
    assert list(dict(tool.parameters or {})["properties"]) == ["city"]
    assert not tool.is_async
    assert called(tool, '{"city": "Rome"}') == "at once"


def test_positional_only_parameters_are_given_by_place() -> None:
    """A model gives them by name; one that it leaves out has its default."""

    def place(a: int, b: int = 2, c: int = 3, /, d: int = 4, *, e: int = 5) -> list[int]:
        return [a, b, c, d, e]

    tool = Tool.of(place)
    assert called(tool, '{"a": 1}') == [1, 2, 3, 4, 5]
    assert called(tool, '{"a": 1, "c": 9}') == [1, 2, 9, 4, 5]
    assert called(tool, '{"e": 8, "d": 7, "a": 0}') == [0, 2, 3, 7, 8]


def test_keywords_go_where_they_are_gathered() -> None:
    """Members that are no parameter go into ``**kwargs``, judged by their type."""

    def tag(name: str, /, **labels: int) -> Any:
        return name, labels

    tool = Tool.of(tag)
    assert called(tool, '{"name": "n", "a b": 1}') == ("n", {"a b": 1})
    with pytest.raises(ValueError, match='a: should be a valid integer; got "x"'):
        tool.validate('{"name": "n", "a": "x"}')


def yields() -> Iterator[int]:
    yield 1


async def yields_later() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda *words: words, r"f takes \*words, but a model gives arguments by name"),
        (Shelf.find, "f is a method without its object; pass it bound, as in thing.f"),
        (yields, "f is a generator"),
        (yields_later, "f is a generator"),
        (max, "The signature of f cannot be read"),
        (Shelf.__dict__["size"], "not of classmethod"),
        ("find", "A tool is made of a function, .* not of str"),
        (None, "not of NoneType"),
    ],
)
def test_what_cannot_be_a_tool(function: Any, message: str) -> None:
    """Each refusal says what is wrong with the callable."""
    with pytest.raises(TypeError, match=message):
        Tool.of(function, name="f")


@pytest.mark.parametrize("name", ["", "a b", "ä", "a" * 65, "a.b", "a\n", "<lambda>"])
def test_names_that_services_refuse(name: str) -> None:
    """Letters of ASCII, digits, underscore and dash, 64 at most."""
    with pytest.raises(ValueError, match=r"A tool cannot be called .* Give another"):
        Tool.of(weather, name=name)


def test_a_lambda_needs_a_name() -> None:
    """Its own is none that a service takes."""
    nameless: Callable[..., Any] = lambda: 1  # noqa: E731 - the point of the test
    with pytest.raises(ValueError, match="cannot be called '<lambda>'"):
        Tool.of(nameless)
    assert Tool.of(nameless, name="one").call({}) == 1
