"""The schema that says what an answer is to be, and the reading of what came."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, TypeAdapter
from typing_extensions import TypedDict

from github_models_azure.tools.answer import AnswerError, answer_model

T = TypeVar("T")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Node(BaseModel):
    """A tree."""

    name: str
    children: list[Node] = []


class Trip(BaseModel):
    to: str
    on: date
    colour: Colour = Colour.RED
    note: str | None = "none"
    stops: tuple[int, str] = (1, "a")
    days: Annotated[int, Field(ge=1)] = 1


class Box(BaseModel, Generic[T]):
    inside: T


class Movie(TypedDict, total=False):
    title: str
    year: int


@dataclass
class Point:
    x: int
    y: int | None = None


TRIP = Trip(to="Oslo", on=date(2026, 1, 2), colour=Colour.BLUE, note=None, days=3)
CASES: list[tuple[Any, Any]] = [
    (Trip, TRIP),
    (Node, Node(name="a", children=[Node(name="b")])),
    (Point, Point(1, 2)),
    (Movie, {"title": "Up", "year": 2009}),
    (Box[int], Box[int](inside=3)),
    (list[Trip], [TRIP]),
    (list[str], ["a", "b"]),
    (dict[str, int], {"a": 1}),
    (Point | Trip, TRIP),
    (int, 3),
    (str, "{}"),
    (Literal["yes", "no"], "yes"),
    (Colour, Colour.BLUE),
    (int | None, None),
    (RootModel[list[int]], RootModel[list[int]]([1])),
    (TypeAdapter(list[int]), [1]),
]


def dump(model: Any, value: Any) -> Any:
    adapter: Any = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    return adapter.dump_python(value, mode="json")


@pytest.mark.parametrize(("model", "value"), CASES)
def test_an_instance_comes_back(model: Any, value: Any) -> None:
    """What fits the schema that is sent is read as the instance it was written of."""
    answer = answer_model(model)
    plain = dump(model, value)
    for written in (plain, {"value": plain}):
        try:
            jsonschema.validate(written, dict(answer.wanted.plain))
        except jsonschema.ValidationError:
            continue  # it is not wrapped, or it has to be
        assert answer.read(json.dumps(written), strict=False) == value
        break
    else:
        pytest.fail("the schema takes neither form")
    assert answer.read(json.dumps(plain), strict=False) == value


@pytest.mark.parametrize(("model", "value"), CASES)
def test_every_schema_is_an_object(model: Any, value: Any) -> None:
    """No server takes anything else at the root; references stay whole."""
    for schema in (answer_model(model).wanted.schema, answer_model(model).wanted.plain):
        assert schema["type"] == "object"
        assert "$ref" not in schema
        jsonschema.Draft202012Validator.check_schema(dict(schema))


def test_iterables_are_judged_at_once() -> None:
    """Not as the caller goes through them, when nothing can be corrected any more."""
    answer = answer_model(Iterable[Point])
    assert answer.read('{"value": [{"x": 1, "y": 2}]}', strict=False) == [Point(1, 2)]
    with pytest.raises(AnswerError, match="valid integer"):
        answer.read('{"value": [{"x": "a", "y": 2}]}', strict=False)


def test_the_strict_form_is_openais() -> None:
    """All members are required and there are no others; what takes anything is not strict."""
    wanted = answer_model(Trip).wanted
    assert wanted.strict
    assert wanted.schema["additionalProperties"] is False
    properties: Any = wanted.schema["properties"]
    assert wanted.schema["required"] == list(properties)
    assert "minimum" not in properties["days"]
    assert "minimum" in str(wanted.plain)
    assert not answer_model(dict[str, int]).wanted.strict
    assert answer_model(Node).wanted.strict


@pytest.mark.parametrize(
    ("model", "name", "description"),
    [
        (Node, "Node", "A tree."),
        (Trip, "Trip", None),
        (Box[int], "Box_int_", None),
        (list[str], "answer", None),
        (TypeAdapter(int), "answer", None),
        (type("Größe", (BaseModel,), {}), "Gr__e", None),
        (type("名", (BaseModel,), {}), "answer", None),
    ],
)
def test_the_name_is_one_that_servers_take(model: Any, name: str, description: str | None) -> None:
    """Letters, digits, _ and -; a docstring tells the model what it is."""
    wanted = answer_model(model).wanted
    assert (wanted.name, wanted.description) == (name, description)


def test_null_for_what_was_left_out() -> None:
    """In the strict form null stands for the default; elsewhere it is null where that may be."""
    answer = answer_model(Trip)
    text = '{"to": "Oslo", "on": "2026-01-02", "colour": null, "note": null}'
    strict = answer.read(text, strict=True)
    assert (strict.colour, strict.note) == (Colour.RED, "none")
    text = '{"to": "Oslo", "on": "2026-01-02", "note": null}'
    assert answer.read(text, strict=False).note is None
    text = '{"to": "Oslo", "on": "2026-01-02", "colour": null}'
    assert answer.read(text, strict=False).colour is Colour.RED


def test_the_first_valid_json_is_read() -> None:
    """A model that repeats the schema, or gives an example, is understood."""
    answer = answer_model(Point)
    schema = answer.wanted.written
    assert answer.read(f'By {schema} it is {{"x": 1}}.', strict=False) == Point(1)


@pytest.mark.parametrize(
    ("model", "text", "told", "kinds"),
    [
        (Point, "", "it is empty", []),
        (Point, " \n", "it is empty", []),
        (Point, "x is 1", "there is no JSON in it", []),
        (Point, "{}", "x: Field required", ["missing"]),
        (Point, '{"x": null}', "x: Input should be a valid integer", ["int_type"]),
        (Trip, '{"to": 1}', "to: Input should be a valid string; on: Field required", None),
        (list[int], '{"value": [1, "a"]}', "1: Input should be a valid integer, unable", None),
        (list[int], "3", "Input should be a valid array", ["list_type"]),
        (Box[Any], '{"inside": "\\ud800"}', "Invalid JSON", ["json_invalid"]),
        (list[int], json.dumps(["a"] * 9), "and 4 more", ["int_parsing"] * 9),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    model: Any, text: str, told: str, kinds: list[str] | None
) -> None:
    """The path and the reason; pydantic's findings are kept beside."""
    with pytest.raises(AnswerError) as caught:
        answer_model(model).read(text, strict=False)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    if kinds is not None:
        assert [error["type"] for error in caught.value.errors] == kinds


@given(st.text() | st.text(st.sampled_from('{}[]":,x1 \n`'), max_size=60), st.booleans())
def test_junk_is_never_another_exception(text: str, strict: bool) -> None:
    """Whatever a model says is an instance or an :class:`AnswerError`."""
    for model in (Point, list[int], Node):
        answer = answer_model(model)
        answer.partial(text)
        with suppress(AnswerError):
            answer.read(text, strict=strict)


@pytest.mark.parametrize(
    ("model", "text", "expected"),
    [
        (Point, "", None),
        (Point, "Sure: ", None),
        (Point, "{", {}),
        (Point, 'Sure: {"x": 1, "y', {"x": 1}),
        (Point, "{x", None),
        (list[int], '{"value": [1, 2, ', [1, 2]),
        (list[int], "{", None),
        (list[int], "[1, 2, ", [1, 2]),
    ],
)
def test_a_growing_text_is_read_as_far_as_it_goes(model: Any, text: str, expected: Any) -> None:
    """Data that has come whole, unwrapped; ``None`` where there is none."""
    assert answer_model(model).partial(text) == expected


@pytest.mark.parametrize(
    "model", [object(), threading.Lock, "Nowhere", lambda: None, partial(int), 3]
)
def test_what_has_no_schema_is_refused(model: Any) -> None:
    """The error names the value, and what would do."""
    with pytest.raises(TypeError, match=r"response_model=.* has no JSON schema: .*Give a pydantic"):
        answer_model(model)


def test_models_are_made_once() -> None:
    """A type that was seen before costs nothing; one that cannot be hashed is made anew."""
    assert answer_model(Trip) is answer_model(Trip)
    unhashable = Annotated[list[int], {"a": "note"}]
    assert answer_model(unhashable).read("[1]", strict=False) == [1]
