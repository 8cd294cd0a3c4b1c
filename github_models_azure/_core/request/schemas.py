"""JSON schemas without the keywords that a target refuses."""

from __future__ import annotations

from collections.abc import Mapping

from ..trail_events import Change

IN_SCHEMA = "schema."
"""Before the name of a refused keyword."""

_NAMED = frozenset(
    {
        "properties", "patternProperties", "$defs", "definitions", "dependencies",
        "dependentSchemas",
    }
)  # fmt: skip
_DATA = frozenset(
    {"const", "default", "dependentRequired", "enum", "example", "examples", "required"}
)
_DEEPEST = 64  # what is nested deeper is sent as it is; servers take ten levels or fewer
_HARMLESS = frozenset({"$comment", "$id", "$schema", "title", "description", "examples"})


def fit_schemas(payload: dict[str, object], refused: frozenset[str]) -> list[Change]:
    """Take refused keywords out of the schemas of tools and answer; return what was changed.

    A refused ``const`` is written as an ``enum`` of one. ``payload`` is changed in place, what it
    holds is not.
    """
    keywords = frozenset(n.removeprefix(IN_SCHEMA) for n in refused if n.startswith(IN_SCHEMA))
    if not keywords:
        return []
    found: set[str] = set()
    tools = payload.get("tools")
    if isinstance(tools, list):
        payload["tools"] = [
            _inside(tool, ("function", "parameters"), keywords, found) for tool in tools
        ]
    if "response_format" in payload:
        path = ("json_schema", "schema")
        payload["response_format"] = _inside(payload["response_format"], path, keywords, found)
    as_enum = "const" in found and "enum" not in keywords
    return [
        Change("schema keyword const sent as enum")
        if name == "const" and as_enum
        else Change(f"schema keyword {name} dropped", lossy=name not in _HARMLESS)
        for name in sorted(found)
    ]


def _inside(
    value: object, path: tuple[str, ...], keywords: frozenset[str], found: set[str]
) -> object:
    if not path:
        return _without(value, keywords, found)
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    return {**value, path[0]: _inside(value[path[0]], path[1:], keywords, found)}


def _without(schema: object, keywords: frozenset[str], found: set[str], depth: int = 0) -> object:
    """Walk schemas only: a property may well be named as a keyword is."""
    if depth == _DEEPEST:
        return schema
    if isinstance(schema, list):
        return [_without(item, keywords, found, depth + 1) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, object] = {}
    as_enum = "const" in schema and "const" in keywords and "enum" not in keywords
    for name, value in schema.items():
        if name in keywords:
            found.add(name)
            if name == "const" and as_enum:
                kept["enum"] = [value]
        elif name in _DATA:
            if not (name == "enum" and as_enum):  # the one value that const allows says more
                kept[name] = value
        elif name in _NAMED and isinstance(value, Mapping):
            kept[name] = {
                key: _without(inner, keywords, found, depth + 1) for key, inner in value.items()
            }
        else:
            kept[name] = _without(value, keywords, found, depth + 1)
    return kept
