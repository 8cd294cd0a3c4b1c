"""Arguments judged by the types of the parameters, and what a model is told of them."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field

from github_models_azure.tools import Tool, ToolArgumentsError
from tests.tools.tool_helpers import (
    Cat,
    Dog,
    Filters,
    Level,
    Pet,
    Place,
    Point,
    Stop,
    Unit,
    of_one,
    weather,
)


def complaint(tool: Tool, arguments: str) -> str:
    with pytest.raises(ToolArgumentsError) as caught:
        tool.validate(arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (int, "7.0", 7),
        (list[int], "[7.0, 1e3]", [7, 1000]),
        (Any, "7.0", 7.0),
        (float, "7", 7.0),
        (Any, '{"a": [1]}', {"a": [1]}),
        (dt.date, '"2026-07-30"', dt.date(2026, 7, 30)),
        (dt.timedelta, '"PT90S"', dt.timedelta(seconds=90)),
        (decimal.Decimal, '"1.10"', decimal.Decimal("1.10")),
        (decimal.Decimal, "1.5", decimal.Decimal("1.5")),
        (uuid.UUID, f'"{uuid.UUID(int=5)}"', uuid.UUID(int=5)),
        (bytes, '"ab"', b"ab"),
        (set[int], "[1, 2]", {1, 2}),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (Iterable[int], "[1, 2.0]", [1, 2]),
        (Iterable, '[1, "a"]', [1, "a"]),
        (list[Iterable[int]] | None, "[[1], []]", [[1], []]),
        (Annotated[Iterable[str], Field(max_length=2)], '["a"]', ["a"]),
        (int | None, "null", None),
        (Unit, '"f"', Unit.FAHRENHEIT),
        (Level, "2", Level.LOW),
        (Literal["a", 2], "2", 2),
        (Point, '[1, "a"]', Point(1, "a")),
        (Filters, '{"word": "a"}', {"word": "a"}),
        (Stop, '{"where": {"name": "Ulm"}}', Stop(Place(name="Ulm"))),
        (Pet, '{"kind": "cat"}', Cat(kind="cat")),
        (list[Pet], '[{"kind": "dog", "tricks": [], "lives": null}]',
         [Dog(kind="dog", tricks=[], lives=None)]),
        (dict[str, Place], '{"a": {"name": "Ulm"}}', {"a": Place(name="Ulm")}),
    ],
)  # fmt: skip
def test_arguments_become_python_values(hint: Any, text: str, value: Any) -> None:
    """Each type has its Python value, of the right class."""
    read = of_one(hint).validate(f'{{"x": {text}}}')["x"]
    assert read == value
    assert type(read) is type(value)


def test_what_is_not_given_is_left_to_the_function() -> None:
    """The function's own defaults stay its own."""
    assert Tool.of(weather).validate('{"city": "Rome"}') == {"city": "Rome"}


def test_defaults_that_the_function_cannot_see_are_filled_in() -> None:
    """A Field as default is pydantic's affair; a factory makes a new value for each call."""

    def find(
        most: int = Field(5),
        words: list[str] = Field(default_factory=list),  # noqa: B008 - as pydantic's users do
        deep: Annotated[bool, Field(default=True)] = False,
    ) -> Any:
        return most, words, deep

    tool = Tool.of(find)
    first, second = tool.validate(""), tool.validate("")
    assert first == {"most": 5, "words": []}
    assert first["words"] is not second["words"]
    assert tool.call(first) == (5, [], False)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (int, '"7"'),
        (int, "true"),
        (int, "7.5"),
        (float, '"7"'),
        (bool, "1"),
        (bool, '"true"'),
        (str, "7"),
        (dt.date, "20260730"),
        (set[int], '"1"'),
        (Iterable[int], '"1"'),
        (int, "null"),
    ],
)
def test_no_value_is_taken_for_another(hint: Any, text: str) -> None:
    """What the schema refuses is refused: text is no number, and 1 is not true."""
    with pytest.raises(ToolArgumentsError, match="x: should be a valid"):
        of_one(hint).validate(f'{{"x": {text}}}')


@pytest.mark.parametrize(
    "hint", [Iterable[int], list[Iterable[int]], Iterable[Iterable[int]] | None]
)
def test_iterables_are_judged_before_the_call(hint: Any) -> None:
    """Not as the function goes through them."""
    with pytest.raises(ToolArgumentsError, match="should be a valid integer"):
        of_one(hint).validate('{"x": ["a", ["a"]]}')


def test_each_wrong_argument_has_its_line() -> None:
    """Missing, wrong and unknown arguments are told at once, in the order of the parameters."""
    assert complaint(Tool.of(weather), '{"days": 9, "unit": "k", "country": "Italy"}') == (
        "city: is missing\n"
        "days: should be less than or equal to 7; got 9\n"
        "unit: should be 'c' or 'f'; got \"k\"\n"
        'country: is not a parameter (known: city, days, unit); got "Italy"'
    )


def test_a_function_without_parameters_says_so() -> None:
    """An argument too many is told without an empty list of known ones."""
    tool = Tool.of(lambda: 1, name="one")
    assert complaint(tool, '{"a": 1}') == "a: is not a parameter (there are none); got 1"


@pytest.mark.parametrize(
    ("hint", "text", "lines"),
    [
        (Stop, '{"where": {"name": 5}, "notes": ["a", 6]}',
         ["x.where.name: should be a valid string; got 5",
          "x.notes[1]: should be a valid string; got 6"]),
        (Stop, '{"where": {}}', ["x.where.name: is missing"]),
        (dict[str, int], '{"a b": "c"}', ['x["a b"]: should be a valid integer; got "c"']),
        (tuple[int, int], "[1]", ["x[1]: is missing"]),
        (int | list[str], '{"a": 1}',
         ['x: should be a valid integer or should be a valid array; got {"a": 1}']),
        (int | list[str], '["a", 2]',
         ['x: should be a valid integer; got ["a", 2]', "x[1]: should be a valid string; got 2"]),
        (Pet, '{"kind": "cow"}',
         ["x: tag 'cow' found using 'kind' does not match any of the expected tags: 'cat', 'dog'; "
          'got {"kind": "cow"}']),
    ],
)  # fmt: skip
def test_lines_have_the_path_in_the_json(hint: Any, text: str, lines: list[str]) -> None:
    """The path is what the model wrote, without the names that pydantic gives to choices."""
    told = complaint(of_one(hint), f'{{"x": {text}}}')
    assert told.splitlines() == lines


def test_values_are_cut_to_forty_characters() -> None:
    """A long value, of many lines, is one short line."""
    told = complaint(of_one(int), '{"x": "' + "ab\\n" * 100 + '"}')
    value = told.removeprefix("x: should be a valid integer; got ")
    assert len(value) == 40
    assert value.endswith("...")
    assert "\n" not in value


def test_messages_of_validators_reach_the_model() -> None:
    """A validator's own words are told, on one line and not without end."""

    def later(day: dt.date) -> dt.date:
        raise ValueError("must lie\nin the future " + "really " * 100)

    told = complaint(of_one(Annotated[dt.date, AfterValidator(later)]), '{"x": "2020-01-01"}')
    assert told.startswith("x: must lie in the future really")
    assert told.endswith('...; got "2020-01-01"')
    assert len(told) < 250


def test_many_findings_are_cut_to_ten_lines() -> None:
    """A list with a thousand wrong items does not fill the model's context."""
    tool = of_one(list[int])
    with pytest.raises(ToolArgumentsError) as caught:
        tool.validate({"x": ["a"] * 1000})
    lines = str(caught.value).splitlines()
    assert lines[0] == 'x[0]: should be a valid integer; got "a"'
    assert lines[10:] == ["... and 990 more"]
    assert len(caught.value.problems) == 1000


def test_a_union_does_not_complain_without_end() -> None:
    """At most three choices of a union are named."""
    choices = int | list[str] | dict[str, int] | set[int] | bool
    assert complaint(of_one(choices), '{"x": "a"}').count("should be") == 3


def test_text_of_bad_json_is_told_as_it_is_read() -> None:
    """Arguments that are no JSON have their one line too."""
    assert complaint(of_one(int), '{"x": 1').startswith("the arguments: are not JSON")


def test_a_name_of_a_parameter_is_no_key_beside_its_alias() -> None:
    """Where a parameter has another name in JSON, the keywords do not take its own."""

    def tag(name: Annotated[str, Field(alias="class")], **others: str) -> Any:
        return name, others

    tool = Tool.of(tag)
    assert tool.call(tool.validate('{"class": "a", "b": "c"}')) == ("a", {"b": "c"})
    assert "name: is not a parameter" in complaint(tool, '{"class": "a", "name": "b"}')
