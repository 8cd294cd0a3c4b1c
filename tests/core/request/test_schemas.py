"""Taking refused keywords out of JSON schemas, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.request.fit_schemas import fit_schemas
from github_models_azure._core.trail_events import Change
from tests.core.body_helpers import KEYWORDS, json_values, nested, schemas

REFUSED = st.frozensets(st.sampled_from(KEYWORDS).map("schema.".__add__))


def fit(schema: Any, *refused: str) -> tuple[Any, list[Change]]:
    """Fit a schema as a tool's parameters and as an answer's; both come out the same."""
    payload = {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        "response_format": {"type": "json_schema", "json_schema": {"schema": schema}},
    }
    before, sent = copy.deepcopy(payload), dict(payload)
    changes = fit_schemas(sent, frozenset(f"schema.{name}" for name in refused))
    assert payload == before
    parameters = sent["tools"][0]["function"]["parameters"]
    assert [sent["response_format"]["json_schema"]["schema"]] == [parameters]  # NaN is itself
    assert sent["tools"][0]["function"]["name"] == "f"
    return parameters, changes


@pytest.mark.parametrize(
    ("schema", "refused", "expected"),
    [
        ({"$schema": "x", "type": "object"}, ["$schema"], {"type": "object"}),
        (
            {"properties": {"a": {"additionalProperties": False}}, "additionalProperties": {}},
            ["additionalProperties"],
            {"properties": {"a": {}}},
        ),
        ({"anyOf": [{"const": 1}, {}]}, ["const"], {"anyOf": [{"enum": [1]}, {}]}),
        ({"const": None}, ["const"], {"enum": [None]}),
        ({"const": 1, "enum": [1, 2]}, ["const"], {"enum": [1]}),
        ({"enum": [1, 2], "const": 1}, ["const"], {"enum": [1]}),
        ({"enum": [1, 2], "const": 1}, ["const", "enum"], {}),
        ({"enum": [1, 2], "const": 1}, ["enum"], {"const": 1}),
        (
            {"items": {"minItems": 1, "items": {"minItems": 2}}},
            ["minItems"],
            {"items": {"items": {}}},
        ),
        (
            {"if": {"const": 1}, "then": {"not": {"const": 2}}},
            ["const"],
            {"if": {"enum": [1]}, "then": {"not": {"enum": [2]}}},
        ),
        ({"$defs": {"const": {"const": 1}}}, ["const"], {"$defs": {"const": {"enum": [1]}}}),
        ({"$defs": {"x": {}}, "$ref": "#"}, ["$defs"], {"$ref": "#"}),
    ],
)  # fmt: skip
def test_refused_keywords_are_taken_out_everywhere(
    schema: Any, refused: list[str], expected: Any
) -> None:
    """At the top and in all schemas within; ``const`` says the same as an ``enum`` of one."""
    assert fit(schema, *refused)[0] == expected


@pytest.mark.parametrize("place", ["properties", "patternProperties", "$defs", "definitions",
                                   "dependencies", "dependentSchemas"])  # fmt: skip
def test_what_is_only_named_like_a_keyword_survives(place: str) -> None:
    """A tool may well have a parameter called ``const`` or ``items``."""
    schema = {place: {name: {"const": 1, "title": "T"} for name in KEYWORDS}}
    fitted, _ = fit(schema, "const", "title", "items", "required")
    assert fitted == {place: {key: {"enum": [1]} for key in KEYWORDS}}


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["const"]},
        {"default": {"const": 1}},
        {"enum": [{"const": 1}]},
        {"examples": [{"const": 1}], "example": {"const": 2}},
        {"dependentRequired": {"const": ["a"]}},
        {"properties": ["const"]},
        {"type": ["string", "null"]},
        True,
        None,
        "const",
        [],
    ],
)
def test_data_in_a_schema_is_not_walked(schema: Any) -> None:
    """Values are no schemas, however they look."""
    fitted, changes = fit(schema, "const", "title")
    assert fitted == schema
    assert changes == []


def test_changes_say_what_is_lost() -> None:
    """Words for people are no loss, constraints are; each keyword is told once, in order."""
    schema = {"title": "T", "minItems": 1, "items": {"minItems": 1, "const": 1}, "$schema": "s"}
    assert fit(schema, "minItems", "const", "title", "$schema", "maxItems")[1] == [
        Change("schema keyword $schema dropped"),
        Change("schema keyword const sent as enum"),
        Change("schema keyword minItems dropped", lossy=True),
        Change("schema keyword title dropped"),
    ]
    assert Change("schema keyword const dropped", lossy=True) in fit(schema, "const", "enum")[1]


def test_what_is_nested_deeper_than_any_server_takes_is_left_as_it_is() -> None:
    """No recursion ends in an error, and nothing above is left unmended."""
    schema = {"const": 1, "items": nested(5000)}
    payload: dict[str, Any] = {"tools": [{"function": {"parameters": schema}}]}
    changes = fit_schemas(payload, frozenset({"schema.const"}))
    assert changes == [Change("schema keyword const sent as enum")]
    fitted = payload["tools"][0]["function"]["parameters"]
    assert fitted["enum"] == [1]
    for _ in range(5001):
        fitted = fitted["items"]
    assert fitted == {"const": 1}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"tools": "odd", "response_format": "odd"},
        {"tools": [1, {}, {"function": 1}, {"function": {}}]},
        {"response_format": {"json_schema": [1]}},
        {"response_format": {"type": "json_object"}},
        {"parameters": {"const": 1}, "messages": [{"schema": {"const": 1}}]},
    ],
)
def test_bodies_without_schemas_stay_as_they_are(payload: dict[str, Any]) -> None:
    """Odd values are passed on, and no other member is looked into."""
    before = copy.deepcopy(payload)
    assert fit_schemas(payload, frozenset({"schema.const"})) == []
    assert payload == before


def test_without_a_refused_keyword_nothing_is_looked_at() -> None:
    """The schemas are the very objects that were given."""
    payload: dict[str, Any] = {"tools": [{"function": {"parameters": {"const": 1}}}]}
    tools = payload["tools"]
    assert fit_schemas(payload, frozenset({"const", "seed"})) == []
    assert payload["tools"] is tools


def keywords_in(schema: Any) -> Iterator[str]:
    """All keywords of a schema and of those within, by a plain walk of our own."""
    if isinstance(schema, list):
        for item in schema:
            yield from keywords_in(item)
    elif isinstance(schema, Mapping):
        for name, value in schema.items():
            yield name
            if name in ("properties", "$defs") and isinstance(value, Mapping):
                yield from keywords_in(list(value.values()))
            elif name not in ("const", "enum", "required", "dependentRequired"):
                yield from keywords_in(value)


@given(schema=schemas, refused=REFUSED)
@settings(deadline=None, max_examples=200)
def test_after_fitting_no_refused_keyword_is_left(schema: Any, refused: frozenset[str]) -> None:
    """Whatever the schema is; what was changed is exactly what was found; twice is once."""
    names = frozenset(name.removeprefix("schema.") for name in refused)
    fitted, changes = fit(schema, *names)
    assert not names & set(keywords_in(fitted))
    assert bool(changes) == bool(names & set(keywords_in(schema)))
    assert fit(fitted, *names) == (fitted, [])


@given(value=json_values, refused=REFUSED)
@settings(deadline=None)
def test_any_value_in_place_of_tools_and_formats_is_taken(
    value: Any, refused: frozenset[str]
) -> None:
    """What is no list of tools has no schema, and raises nothing."""
    for name in ("tools", "response_format"):
        payload = {name: value}
        fit_schemas(payload, refused)
        assert payload == {name: value}
