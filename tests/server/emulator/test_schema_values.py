"""Values for JSON schemas: always valid, and made of the prompt's words where they fit.

About `server/emulator/hints.py`, `server/emulator/patterns.py`,
`server/emulator/schema_check.py`.
"""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure.server.emulator.hints import find_hints
from github_models_azure.server.emulator.patterns import example_of
from github_models_azure.server.emulator.schema_check import fits
from github_models_azure.server.emulator.schema_values import arguments_for, value_for

CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER


def assert_valid(value: Any, schema: Any) -> None:
    jsonschema.Draft202012Validator(schema, format_checker=CHECKER).validate(value)


FORMATS = ["date", "date-time", "time", "email", "uri", "uuid", "ipv4", "hostname"]
PATTERNS = [r"^[A-Z]{3}$", r"^\d{4}-\d{2}$", r"^(a|b)+c?$", r"^#[0-9a-fA-F]{6}$", r"\w+@\w+\.com"]


@st.composite
def bounded_numbers(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(-50, 50))
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["integer", "number"]))}
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = low + 20
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 5, 0.5]))
    return schema


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["plain", "length", "format", "pattern", "enum", "const"]))
    if kind == "length":
        low = draw(st.integers(0, 30))
        return {"type": "string", "minLength": low, "maxLength": low + draw(st.integers(0, 5))}
    if kind == "format":
        return {"type": "string", "format": draw(st.sampled_from(FORMATS))}
    if kind == "pattern":
        return {"type": "string", "pattern": draw(st.sampled_from(PATTERNS))}
    if kind == "enum":
        return {"enum": draw(st.lists(st.text(max_size=5), min_size=1, max_size=4))}
    if kind == "const":
        return {"const": draw(st.text(max_size=8) | st.booleans() | st.integers())}
    return {"type": "string"}


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["city", "unit", "count", "query", "when", "tags"])
    members = st.dictionaries(names, inner, max_size=4)
    objects = members.flatmap(
        lambda properties: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.just(properties),
                "required": st.lists(st.sampled_from([*properties, "extra"]), unique=True)
                if properties
                else st.just([]),
                "minProperties": st.integers(0, 3),
            }
        )
    )
    low = st.integers(0, 3)
    arrays = low.flatmap(
        lambda fewest: st.fixed_dictionaries(
            {
                "type": st.just("array"),
                "items": inner,
                "minItems": st.just(fewest),
                "maxItems": st.integers(fewest, fewest + 2),
            }
        )
    )
    unions = st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)})
    both = st.fixed_dictionaries({"allOf": st.tuples(inner).map(list)})
    return objects | arrays | unions | both


LEAVES = strings() | bounded_numbers() | st.sampled_from([{"type": "boolean"}, {"type": "null"}])
SCHEMAS = st.recursive(LEAVES, nested, max_leaves=8)
PROMPTS = st.sampled_from(
    [
        "",
        "What's the weather in Oslo on 2026-03-01, in celsius?",
        "Send 'Hello there' to ada@example.org 3 times, count=4, query: 'x y'",
        "Add 17 and -2.5; see https://example.net/a?b=c at 12:30:00Z #ff00aa ABC",
    ]
)


@settings(deadline=None, max_examples=200)
@given(schema=SCHEMAS, prompt=PROMPTS)
def test_values_always_validate(schema: Any, prompt: str) -> None:
    """Whatever the schema and the prompt, the value is what the schema asks for."""
    assert_valid(value_for(schema, find_hints(prompt)), schema)


@settings(deadline=None)
@given(schema=SCHEMAS, value=st.none() | st.booleans() | st.integers() | st.text(max_size=9))
def test_our_judge_agrees_with_the_standard_one(schema: Any, value: Any) -> None:
    """Our small validator says what the reference validator says; on formats it is stricter."""
    reference = jsonschema.Draft202012Validator(schema, format_checker=CHECKER).is_valid(value)
    ours = fits(value, schema, schema)
    assert reference or not ours
    if "'format'" not in repr(schema):
        assert ours == reference


@given(schema=SCHEMAS, prompt=PROMPTS)
@settings(deadline=None, max_examples=50)
def test_the_same_schema_and_prompt_give_the_same_value(schema: Any, prompt: str) -> None:
    """Answers are deterministic."""
    hints = find_hints(prompt)
    assert value_for(schema, hints) == value_for(schema, hints)


RECURSIVE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/node"}},
    "required": ["name", "next"],
    "additionalProperties": False,
    "$defs": {
        "node": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "value": {"type": "integer"},
                        "next": {"$ref": "#/$defs/node"},
                    },
                    "required": ["value", "next"],
                    "additionalProperties": False,
                },
                {"type": "null"},
            ]
        }
    },
}


@pytest.mark.parametrize(
    "schema",
    [
        RECURSIVE,
        {"type": ["string", "null"]},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"const": "x"}], "items": False},
        {"oneOf": [{"type": "integer", "multipleOf": 5}, {"type": "integer", "multipleOf": 3}]},
        {"allOf": [{"properties": {"a": {"minimum": 3}}}, {"required": ["a"]}], "type": "object"},
        {"type": "object", "required": ["b"], "additionalProperties": {"type": "integer"}},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"$ref": "#/definitions/x", "definitions": {"x": {"type": "string", "format": "date"}}},
        {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "minLength": 3},
        {
            "$ref": "#/$defs/age",
            "maximum": 12,
            "$defs": {"age": {"type": "integer", "minimum": 10, "maximum": 120}},
        },
        {
            "$ref": "#/$defs/a~1b",
            "properties": {"y": {"type": "integer"}},
            "required": ["y"],
            "$defs": {
                "a/b": {
                    "type": "object",
                    "properties": {"x": {"enum": [1, 2]}, "y": {"minimum": 4}},
                    "required": ["x"],
                }
            },
        },
        {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
        {"allOf": [{"allOf": [{"minLength": 4}]}, {"maxLength": 6, "type": "string"}]},
        {"type": "integer", "multipleOf": 1.5, "minimum": 4},
        {"type": "number", "maximum": -3},
        {"not": {"type": "integer"}, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"properties": {"x": {"type": "string"}}, "minProperties": 3},
        {"items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
        {},
        True,
    ],
)
def test_special_schemas_get_valid_values(schema: Any) -> None:
    """Recursion, unions, references, tuples and unique items are understood."""
    assert_valid(value_for(schema, find_hints("Oslo 7")), schema)


@pytest.mark.parametrize(
    ("text", "properties", "expected"),
    [
        ("Weather in Oslo?", {"city": {"type": "string"}}, {"city": "Oslo"}),
        ("Weather in New York, please", {"city": {"type": "string"}}, {"city": "New York"}),
        ("Search for cheap flights", {"query": {"type": "string"}}, {"query": "cheap flights"}),
        ("Add 17 and 25", {"a": {"type": "integer"}, "b": {"type": "integer"}}, {"a": 17, "b": 25}),
        ("In fahrenheit", {"u": {"enum": ["celsius", "fahrenheit"]}}, {"u": "fahrenheit"}),
        ("On 2026-03-01", {"day": {"type": "string", "format": "date"}}, {"day": "2026-03-01"}),
        ("Mail ada@example.org", {"to": {"format": "email"}}, {"to": "ada@example.org"}),
        ("Say 'good night'", {"text": {"type": "string"}}, {"text": "good night"}),
        ("limit=3", {"limit": {"type": "integer", "maximum": 5}}, {"limit": 3}),
        ("take 9", {"limit": {"type": "integer", "maximum": 5, "minimum": 2}}, {"limit": 2}),
    ],
)
def test_arguments_come_from_the_prompt(text: str, properties: Any, expected: Any) -> None:
    """Names, numbers, dates, choices and quotations of the prompt end up where they fit."""
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    assert arguments_for(parameters, find_hints(text)) == expected


def test_optional_members_are_left_out_unless_spoken_of() -> None:
    """Only what the prompt mentions is added to what the schema requires."""
    parameters = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer"},
        },
        "required": ["city"],
    }
    assert arguments_for(parameters, find_hints("Oslo in celsius")) == {
        "city": "Oslo",
        "unit": "celsius",
    }


@pytest.mark.parametrize("pattern", [*PATTERNS, r"^[^a-z]$", r"^(?:x|y){2,3}\.\d+$", "^$", "a{0}b"])
def test_patterns_get_matching_texts(pattern: str) -> None:
    """The common kinds of patterns can be written for."""
    example = example_of(pattern)
    assert example is not None
    assert jsonschema.Draft202012Validator({"pattern": pattern}).is_valid(example)


@pytest.mark.parametrize("pattern", ["(?=x)y", r"(a)\1", "[", "(", "a{999999}"])
def test_patterns_beyond_the_writer_are_declined(pattern: str) -> None:
    """Look-around, back-references, nonsense and giants give no text rather than an error."""
    assert example_of(pattern) is None


def test_giant_bounds_do_not_make_giant_values() -> None:
    """A schema cannot make the emulator fill the memory."""
    value = value_for({"type": "array", "items": {"type": "integer"}, "minItems": 10**12})
    assert isinstance(value, list)
    assert len(value) == 1000
