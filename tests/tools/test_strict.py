"""Schemas in the subset of OpenAI's structured outputs, and the arguments made for them.

The rules: https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas".

About `tools/_walk.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field

from github_models_azure.tools import Tool
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
    parameters,
    schema_of,
    weather,
)

ALLOWED = {
    *("type", "enum", "const", "properties", "required", "additionalProperties", "items"),
    *("anyOf", "$ref", "$defs", "description"),
}


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


def schemas_in(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    inner = [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]
    inner += schema.get("$defs", {}).values()
    inner += [schema["items"]] if "items" in schema else []
    for one in inner:
        yield from schemas_in(one)


@pytest.mark.parametrize(
    "hint",
    [
        *(int, str, list[int], set[str], Literal["a", 2, None], dt.date, Unit, Level, Place, Stop),
        *(Filters, Point, Pet, list[Pet] | None, tuple[int, str], Loose, bytes),
        Annotated[int, Field(ge=1, examples=[2], json_schema_extra={"x-more": 1})],
    ],
)
def test_strict_schemas_keep_the_rules(hint: Any) -> None:
    """No other keywords; objects are closed and name all members as required; a type for each."""

    def takes(x: Any, y: Any = None) -> None:
        pass

    takes.__annotations__ = {"x": hint, "y": hint}
    schema = parameters(takes, strict=True)
    Draft202012Validator.check_schema(schema)
    for one in schemas_in(schema):
        assert one.keys() <= ALLOWED
        assert one.keys() & {"type", "anyOf", "$ref"}
        assert one.keys() == {"$ref"} or "$ref" not in one
        if one.get("type") == "object":
            assert one["additionalProperties"] is False
            assert one["required"] == list(one["properties"])
        assert one.get("type") != "array" or "items" in one


def test_optional_parameters_may_be_null() -> None:
    """The default is told in words, as is each keyword that not all services take."""
    schema = parameters(weather, strict=True)
    assert schema["required"] == ["city", "days", "unit"]
    assert schema["properties"] == {
        "city": {"type": "string", "description": "where"},
        "days": {
            "anyOf": [{"type": "integer"}, {"type": "null"}],
            "description": "how many (at least 1; at most 7; null for the default, 3)",
        },
        "unit": {
            "anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}],
            "description": '(null for the default, "c")',
        },
    }


def test_what_has_no_default_to_tell_may_be_null_too() -> None:
    """In words as well: an object's member may just be left out."""
    schema = parameters(of_one(Filters), strict=True)
    (filters,) = schema["$defs"].values()
    assert filters["required"] == list(filters["properties"])
    optional = [one for one in filters["properties"].values() if "anyOf" in one]
    assert optional
    assert all(one["description"] == "(null to leave it out)" for one in optional)


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (dt.date, {"type": "string", "description": "(format date)"}),
        (Annotated[str, Field(pattern="^a$", min_length=2, description="A word.")],
         {"type": "string", "description": "A word. (matching ^a$; at least 2 characters)"}),
        (set[str],
         {"type": "array", "items": {"type": "string"}, "description": "(no item twice)"}),
        (Literal["a", 2], {"type": ["string", "integer"], "enum": ["a", 2]}),
        (Literal["a"], {"type": "string", "const": "a"}),
        (tuple[int, int], {"type": "array", "items": {"type": "integer"},
                           "description": "(at least 2 items; at most 2 items)"}),
        (tuple[int, str | None],
         {"type": "array",
          "items": {"anyOf": [{"type": "integer"},
                              {"anyOf": [{"type": "string"}, {"type": "null"}]}]},
          "description": "(in this order: integer, string or null) "
                         "(at least 2 items; at most 2 items)"}),
    ],
)  # fmt: skip
def test_what_the_subset_lacks_is_said_in_words(hint: Any, expected: Any) -> None:
    """Keywords become part of the description, and the elements of a tuple any of their types."""
    assert schema_of(hint, strict=True) == expected


@pytest.mark.parametrize(
    ("hint", "why"),
    [
        (Any, "'x' takes any value"),
        (list[Any], r"'x\[\]' takes any value"),
        (list, r"'x(\[\])?' (takes any value|is a list of anything)"),
        (dict[str, int], "'x' takes members of any name"),
        (Annotated[int, Field(json_schema_extra={"not": {"const": 1}})], "'x' has a schema"),
    ],
)
def test_what_the_subset_cannot_say_is_refused(hint: Any, why: str) -> None:
    """The error names function and parameter, and what to do."""
    with pytest.raises(TypeError, match=f"takes cannot be strict: {why}.*leave strict out"):
        of_one(hint, strict=True)


def test_gathered_keywords_cannot_be_strict() -> None:
    """Members of any name have no place in a closed object."""

    def tag(name: str, **labels: int) -> None:
        pass

    with pytest.raises(TypeError, match="tag cannot be strict: it takes members of any name"):
        Tool.of(tag, strict=True)


def test_the_definition_asks_for_strictness() -> None:
    """Only a strict tool has the mark."""
    assert Tool.of(weather, strict=True).definition().as_dict()["function"]["strict"] is True
    assert "strict" not in Tool.of(weather).definition().as_dict()["function"]


def test_null_for_a_default_means_not_given() -> None:
    """Also where the type takes null itself: a strict model has no other way to say nothing."""

    def find(word: str, most: int | None = 5, near: str | None = None) -> Any:
        return most

    given = '{"word": "a", "most": null, "near": null}'
    assert Tool.of(find, strict=True).validate(given) == {"word": "a"}
    assert Tool.of(find).validate(given) == {"word": "a", "most": None, "near": None}


def test_null_for_what_is_required_is_null() -> None:
    """It is a value where the type takes it, and wrong where it does not."""

    def find(word: str | None, most: int) -> None:
        pass

    tool = Tool.of(find, strict=True)
    assert tool.validate('{"word": null, "most": 1}') == {"word": None, "most": 1}
    with pytest.raises(ValueError, match="most: should be a valid integer; got null"):
        tool.validate('{"word": null, "most": null}')


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (Stop, '{"where": {"name": "Ulm", "near": null, "unit": null}, "nights": null, '
         '"notes": null}', Stop(Place(name="Ulm"))),
        (list[Filters], '[{"word": "a", "most": null}]', [{"word": "a"}]),
        (Filters | None, '{"word": "a", "most": null}', {"word": "a"}),
        (Pet, '{"kind": "cat", "lives": null}', Cat(kind="cat")),
        (Pet, '{"kind": "dog", "tricks": [], "lives": null}',
         Dog(kind="dog", tricks=[], lives=None)),
        (tuple[Filters, int], '[{"word": "a", "most": null}, 1]', ({"word": "a"}, 1)),
        (list[Filters] | Filters, '{"word": "a", "most": 2.0}', {"word": "a", "most": 2}),
        (list[Cat] | Filters, '[{"kind": "cat", "lives": null}]', [Cat(kind="cat")]),
    ],
)  # fmt: skip
def test_null_means_not_given_at_any_depth(hint: Any, text: str, value: Any) -> None:
    """Members of models, dataclasses and typed dictionaries, also in lists and unions."""
    assert of_one(hint, strict=True).validate(f'{{"x": {text}}}') == {"x": value}


def test_a_service_that_is_not_strict_may_leave_out() -> None:
    """A missing member is taken as one that is null: not every service keeps to the schema."""
    assert Tool.of(weather, strict=True).validate('{"city": "Ulm"}') == {"city": "Ulm"}


def test_a_definition_can_be_made_strict() -> None:
    """Its schema is rewritten, and null dropped from what comes back."""
    plain = {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"oneOf": [{"type": "string"}], "title": "B"},
            "c": {"allOf": [{"type": "string"}], "default": None},
        },
        "required": ["a"],
    }
    tool = Tool.of({"function": {"name": "f", "parameters": plain}}, strict=True)
    assert tool.strict
    schema = dict(tool.parameters or {})
    assert schema["required"] == ["a", "b", "c"]
    assert schema["properties"]["b"] == schema["properties"]["c"]
    assert tool.validate('{"a": null, "b": null, "c": null}') == {"a": None}
    assert plain["required"] == ["a"]


def test_odd_definitions_do_no_harm() -> None:
    """Of a reference to itself nothing is known; one to the root is the whole schema."""
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/loop"},
            "b": {"anyOf": [{"$ref": "#/$defs/loop"}, {"type": "null"}]},
            "c": {"$ref": "#"},
        },
        "$defs": {"loop": {"$ref": "#/$defs/loop"}},
    }
    tool = Tool.of({"function": {"name": "f", "parameters": schema}}, strict=True)
    given = {"a": {"x": None}, "b": [None], "c": {"a": None, "b": 1, "c": None}}
    assert tool.validate(given) == {"a": {"x": None}, "b": [None], "c": {"b": 1}}


def test_a_definition_that_is_strict_is_left_alone() -> None:
    """Neither its schema nor the arguments made for it are changed."""
    schema = {"type": "object", "properties": {"a": {}}}
    source = {"function": {"name": "f", "strict": True, "parameters": schema}}
    tool = Tool.of(source, strict=True)
    assert tool.definition().function.parameters == schema
    assert tool.validate('{"a": null}') == {"a": None}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "anyOf": [{"properties": {}}]},
        {"type": "object", "properties": {"a": {"$ref": "#/definitions/b"}}},
        {"type": "object", "properties": {}, "definitions": {}},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object"},
    ],
)
def test_a_definition_that_cannot_be_strict(schema: dict[str, Any]) -> None:
    """Its author is told, rather than the service's user."""
    with pytest.raises(TypeError, match="f cannot be strict"):
        Tool.of({"function": {"name": "f", "parameters": schema}}, strict=True)
