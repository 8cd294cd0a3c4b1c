"""The JSON schema that the types of a function's parameters make."""

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, Union

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from typing_extensions import Doc, TypedDict

import github_models_azure
from github_models_azure.tools import Tool
from tests.tools.tool_helpers import (
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

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]


def test_a_function_becomes_an_object_schema() -> None:
    """Parameters are properties; those without default are required, and there are no others."""
    assert parameters(weather) == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "where"},
            "days": {
                "type": "integer",
                "minimum": 1,
                "maximum": 7,
                "default": 3,
                "description": "how many",
            },
            "unit": {"anyOf": [{"$ref": "#/$defs/Unit"}], "default": "c"},
        },
        "required": ["city"],
        "additionalProperties": False,
        "$defs": {"Unit": {"description": "How warm it is.", "type": "string", "enum": ["c", "f"]}},
    }


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    """Properties are there though there are none: servers refuse an object without them."""
    expected = {"type": "object", "properties": {}, "additionalProperties": False}
    assert parameters(lambda: None, name="f") == expected


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (str, {"type": "string"}),
        (None, {"type": "null"}),
        (Any, {}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045
        (Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}),  # noqa: UP007
        (Literal["a", 2], {"enum": ["a", 2]}),
        (dt.date, {"type": "string", "format": "date"}),
        (dt.datetime, {"type": "string", "format": "date-time"}),
        (dt.timedelta, {"type": "string", "format": "duration"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (Annotated[int, Field(gt=1, multiple_of=2)],
         {"type": "integer", "exclusiveMinimum": 1, "multipleOf": 2}),
        (Annotated[str, Field(min_length=2, pattern="^a")],
         {"type": "string", "minLength": 2, "pattern": "^a"}),
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (Annotated[int, Doc("how many")], {"type": "integer", "description": "how many"}),
        (Annotated[int, Field(description="n", examples=[4])],
         {"type": "integer", "description": "n", "examples": [4]}),
    ],
)  # fmt: skip
def test_types_have_their_schemas(hint: Any, expected: Any) -> None:
    """Each type is written as JSON schema, with what stands beside it in Annotated."""
    assert schema_of(hint) == expected


def test_decimals_are_numbers_or_text() -> None:
    """A decimal is exact as text, and a number is taken too."""
    kinds = [choice["type"] for choice in schema_of(decimal.Decimal)["anyOf"]]
    assert kinds == ["number", "string"]


@pytest.mark.parametrize("hint", [Place, Stop, Filters, Point, Pet, Unit, Level, list[Stop]])
def test_nested_types_are_definitions(hint: Any) -> None:
    """Models, dataclasses, typed dictionaries, named tuples and enums are defined once."""
    tool = of_one(hint)
    schema = dict(tool.parameters or {})
    Draft202012Validator.check_schema(schema)
    assert schema["$defs"]
    assert "title" not in str(schema)
    assert "discriminator" not in str(schema)
    assert "oneOf" not in str(schema)


def test_a_description_stands_beside_no_reference() -> None:
    """Servers of old drafts refuse keywords beside a ``$ref``, so that is wrapped."""
    schema = schema_of(Annotated[Place, "from where"])
    assert schema == {"anyOf": [{"$ref": "#/$defs/Place"}], "description": "from where"}


def test_parameters_of_one_recursive_type_keep_their_own_descriptions() -> None:
    """The description of one parameter is not given to the other."""

    def travel(start: Annotated[Place, Field(description="from")], end: Place) -> None:
        pass

    properties = parameters(travel)["properties"]
    assert properties["start"]["description"] == "from"
    assert properties["end"] == {"$ref": "#/$defs/Place"}


def test_two_types_of_one_name_are_told_apart() -> None:
    """Two models that are both called Place have a definition each."""

    class Place(BaseModel):
        street: str

    from tests.tools import tool_helpers

    def travel(start: Any, end: Any) -> None:
        pass

    travel.__annotations__ = {"start": Place, "end": tool_helpers.Place}
    schema = parameters(travel)
    assert schema["properties"]["start"] != schema["properties"]["end"]
    assert {"street", "name"} <= {
        name for one in schema["$defs"].values() for name in one.get("properties", ())
    }


def test_a_default_may_be_a_field_of_pydantic() -> None:
    """``= Field(...)`` gives constraints, description and default, as in a model."""

    def find(word: str = Field(description="what"), most: int = Field(5, ge=1)) -> None:
        pass

    schema = parameters(find)
    assert schema["required"] == ["word"]
    assert schema["properties"] == {
        "word": {"type": "string", "description": "what"},
        "most": {"type": "integer", "minimum": 1, "default": 5},
    }


def test_a_default_that_is_no_json_is_not_told() -> None:
    """An object as default makes the parameter optional, without a value in the schema."""

    def find(word: str, how: Any = object()) -> None:  # noqa: B008 - the point of the test
        pass

    schema = parameters(find)
    assert schema["required"] == ["word"]
    assert schema["properties"]["how"] == {}


def test_an_alias_is_the_name_in_json() -> None:
    """A parameter may have a name in JSON that Python does not allow."""
    tool = of_one(Annotated[str, Field(alias="class")])
    assert list(dict(tool.parameters or {})["properties"]) == ["class"]
    assert tool.call(tool.validate('{"class": "a"}')) == "a"


def test_two_parameters_of_one_alias_are_refused() -> None:
    """The model could not give both."""

    def find(a: Annotated[int, Field(alias="b")], b: int) -> None:
        pass

    with pytest.raises(TypeError, match="Two parameters of find are called 'b' in JSON"):
        Tool.of(find)


def test_typed_keywords_allow_other_members() -> None:
    """``**kwargs`` become additional properties of their type."""

    def tag(name: str, **labels: int) -> None:
        pass

    schema = parameters(tag)
    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] == {"type": "integer"}


def test_untyped_parameters_take_anything() -> None:
    """Without annotations any value is taken, and any keyword."""

    def tag(name, **labels):  # type: ignore[no-untyped-def]
        pass

    schema = parameters(tag)
    assert schema["properties"] == {"name": {}}
    assert schema["additionalProperties"] is True


class Opaque:
    """A class that pydantic knows nothing of."""


@pytest.mark.parametrize("hint", [Opaque, Callable[[], int], list[Opaque], type, 5])
def test_a_type_that_json_cannot_carry_is_refused(hint: Any) -> None:
    """The error names function and parameter, and says what to do."""
    message = "Parameter 'x' of takes has a type that JSON cannot carry: .*functools.partial"
    with pytest.raises(TypeError, match=message):
        of_one(hint)


def test_unresolvable_annotations_are_refused_by_name() -> None:
    """A name that is known to type checkers only cannot make a schema."""

    def find(word: str, thing: Missing) -> None:
        pass

    message = "annotation 'Missing' of parameter 'thing' of find cannot be resolved: name 'Missing'"
    with pytest.raises(TypeError, match=message):
        Tool.of(find)


def test_annotations_of_results_need_not_be_resolvable() -> None:
    """Only parameters make the schema."""

    def find(word: str) -> Missing:
        pass

    assert list(parameters(find)["properties"]) == ["word"]


def test_local_types_are_found_where_the_function_uses_them() -> None:
    """An annotation may name what the function closes over."""

    class Local(TypedDict):
        a: int

    def find(one: Local) -> object:
        return Local(a=1)

    assert parameters(find)["properties"] == {"one": {"$ref": "#/$defs/Local"}}


def test_pydantic_loads_on_use() -> None:
    """Importing the tools loads neither pydantic nor docstring-parser."""
    root = Path(github_models_azure.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(root)!r}); import github_models_azure.tools; "
    code += "print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "github_models_azure.tools" in loaded
    assert not {"pydantic", "docstring_parser"} & set(loaded)
