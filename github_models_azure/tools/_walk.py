"""Walking JSON schemas: what is a schema in them, and what is a name or a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]
SchemaView = Mapping[str, Any]
"""A schema that is only read."""

DEFS = "$defs"
TO_DEFS = "#/$defs/"
ROOT = "#"

_NAMED = frozenset({"properties", "patternProperties", DEFS, "definitions", "dependentSchemas"})
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset(
    {
        "items", "additionalItems", "additionalProperties", "unevaluatedItems",
        "unevaluatedProperties", "propertyNames", "contains", "not", "if", "then", "else",
    }
)  # fmt: skip


def transform(schema: object, change: Callable[[Schema], Schema]) -> Any:
    """Return the schema with ``change`` applied to each schema in it, the innermost first."""
    if not isinstance(schema, Mapping):
        return schema
    rebuilt: Schema = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, Mapping):
            rebuilt[name] = {key: transform(inner, change) for key, inner in value.items()}
        elif name in _LISTED and isinstance(value, list):
            rebuilt[name] = [transform(inner, change) for inner in value]
        elif name in _SINGLE:
            rebuilt[name] = transform(value, change)
        else:
            rebuilt[name] = value
    return change(rebuilt)


def tidy_schema(schema: object) -> Any:
    """Return a schema of pydantic's as servers like it.

    Titles, ``null`` as a default and OpenAPI's ``discriminator`` go: they cost tokens and tell a
    model nothing. ``oneOf``, written for unions that tell their members apart, is refused by some
    (livekit/agents#5302), and so are keywords beside a ``$ref`` (camel-ai/camel#3001,
    NousResearch/hermes-agent#44676), which is put into an ``anyOf`` of one.
    """
    return transform(schema, _tidy)


def _tidy(schema: Schema) -> Schema:
    kept = {name: value for name, value in schema.items() if name not in {"title", "discriminator"}}
    if kept.get("default", 0) is None:
        del kept["default"]
    if "anyOf" not in kept:
        if len(kept.get("allOf", ())) == 1:  # so pydantic before 2.9 refers to a definition
            kept["anyOf"] = kept.pop("allOf")
        elif "oneOf" in kept:
            kept["anyOf"] = kept.pop("oneOf")
    if "$ref" in kept and len(kept) > 1:
        return {"anyOf": [{"$ref": kept.pop("$ref")}], **kept}
    alone = kept.get("anyOf")
    if len(kept) == 1 and isinstance(alone, list) and len(alone) == 1:
        return dict(alone[0])
    return kept


def definitions(schema: SchemaView) -> Schema:
    """Return what references in a schema may name."""
    return {**schema.get(DEFS, {}), ROOT: schema}


def follow_ref(schema: object, defs: Mapping[str, object]) -> Any:
    """Follow a reference; what ``defs`` does not hold may be anything, ``#`` is the root."""
    for _ in range(len(defs) + 1):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            return schema
        schema = defs.get(str(schema["$ref"]).removeprefix(TO_DEFS), {})
    return {}
