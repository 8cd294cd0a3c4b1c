"""The changes that fit JSON schemas, those of tools and of the answer, to one target."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..trail_events import Change

IN_SCHEMA = "schema."
"""Before the name of a refused keyword."""

NUMBERS_IN_ENUM = IN_SCHEMA + "enum.numbers"
"""Stands for a server that takes nothing but texts in an ``enum``."""

EMPTY_OBJECTS = IN_SCHEMA + "properties.empty"
"""Stands for a server that takes no object without properties."""

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
_BEARING = ("properties", "anyOf", "oneOf", "allOf", "$ref")
_UNUSED = "_"
_TYPES = {
    bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null",
}  # fmt: skip


def fit_schemas(payload: dict[str, object], refused: frozenset[str]) -> list[Change]:
    """Take refused keywords out of the schemas of tools and answer; return what was changed.

    A refused ``const`` is written as an ``enum`` of one, and what an ``enum`` may not hold is said
    in the description. ``payload`` is changed in place, what it holds is not.
    """
    names = frozenset(n.removeprefix(IN_SCHEMA) for n in refused if n.startswith(IN_SCHEMA))
    if not names:
        return []
    keywords = frozenset(name for name in names if "." not in name)
    fitting = _Fitting(keywords, NUMBERS_IN_ENUM in refused, EMPTY_OBJECTS in refused)
    tools = payload.get("tools")
    if isinstance(tools, list):
        payload["tools"] = [fitting.tool(tool) for tool in tools]
    if "response_format" in payload:
        path = ("json_schema", "schema")
        payload["response_format"] = fitting.inside(payload["response_format"], path)
    return fitting.changes()


@dataclass(slots=True)
class _Fitting:
    """The rules of one target, and what they have changed."""

    keywords: frozenset[str]
    texts_only: bool
    no_empty: bool
    found: set[str] = field(default_factory=set)
    done: dict[str, bool] = field(default_factory=dict)

    def changes(self) -> list[Change]:
        as_enum = "const" in self.found and "enum" not in self.keywords
        dropped = [
            Change("schema keyword const sent as enum")
            if name == "const" and as_enum
            else Change(f"schema keyword {name} dropped", lossy=name not in _HARMLESS)
            for name in sorted(self.found)
        ]
        return dropped + [Change(text, lossy) for text, lossy in self.done.items()]

    def tool(self, tool: object) -> object:
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if not isinstance(tool, Mapping) or not isinstance(function, Mapping):
            return tool
        if self.no_empty and _is_empty_object(function.get("parameters")):
            bare = {name: value for name, value in function.items() if name != "parameters"}
            self.done.setdefault("parameters of tools that have none left out", False)
            return {**tool, "function": bare}
        return self.inside(tool, ("function", "parameters"))

    def inside(self, value: object, path: tuple[str, ...]) -> object:
        if not path:
            return self.schema(value)
        if not isinstance(value, Mapping) or path[0] not in value:
            return value
        return {**value, path[0]: self.inside(value[path[0]], path[1:])}

    def schema(self, schema: object, depth: int = 0) -> object:
        """Walk schemas only: a property may well be named as a keyword is."""
        if depth == _DEEPEST:
            return schema
        if isinstance(schema, list):
            return [self.schema(item, depth + 1) for item in schema]
        if not isinstance(schema, Mapping):
            return schema
        kept: dict[str, object] = {}
        keywords = self.keywords
        as_enum = "const" in schema and "const" in keywords and "enum" not in keywords
        for name, value in schema.items():
            if name in keywords:
                self.found.add(name)
                if name == "const" and as_enum:
                    kept["enum"] = [value]
            elif name in _DATA:
                if not (name == "enum" and as_enum):  # the one value that const allows says more
                    kept[name] = value
            elif name in _NAMED and isinstance(value, Mapping):
                kept[name] = {key: self.schema(inner, depth + 1) for key, inner in value.items()}
            else:
                kept[name] = self.schema(value, depth + 1)
        return self.fill(self.values(kept), schema)

    def values(self, schema: dict[str, object]) -> dict[str, object]:
        """Say in words what an ``enum`` of a server that takes only texts cannot hold."""
        allowed = schema.get("enum")
        if not self.texts_only or not isinstance(allowed, list):
            return schema
        if all(isinstance(one, str) and one for one in allowed):
            return schema
        kinds: dict[str, list[object]] = {}
        for one in allowed:
            kinds.setdefault(_TYPES.get(type(one), "object"), []).append(one)
        if {"integer", "number"} <= kinds.keys():
            kinds["number"] = [*kinds.pop("integer"), *kinds["number"]]
        self.done.setdefault("values of an enum that are no texts said in its description", False)
        rest = {name: value for name, value in schema.items() if name not in ("enum", "type")}
        choices = [_choice(kind, values) for kind, values in kinds.items()]
        if len(choices) == 1:
            (choice,) = choices
            text = _joined(rest.pop("description", ""), choice.pop("description", ""))
            return {**rest, **choice, **({"description": text} if text else {})}
        return {**rest, "anyOf": choices}

    def fill(self, schema: dict[str, object], given: Mapping[str, object]) -> dict[str, object]:
        """Give an object a member where it has none."""
        if not self.no_empty or not _is_empty_object(schema):
            return schema
        is_open = given.get("additionalProperties", "properties" not in given) is not False
        text = "objects without properties sent with one that stays unused"
        self.done[text] = is_open or self.done.get(text, False)
        unused = {"type": "string", "description": "Not used; leave it out."}
        return {**schema, "properties": {_UNUSED: unused}}


def _choice(kind: str, values: list[object]) -> dict[str, object]:
    """Return the schema of the values of one type in an ``enum``."""
    texts = [one for one in values if kind == "string" and one]
    made: dict[str, object] = {"type": kind, **({"enum": texts} if texts else {})}
    if kind != "null" and len(texts) < len(values):
        if texts:  # the empty text, which no enum may hold, is one of them
            del made["enum"]
        made["description"] = f"(one of {_listed(values)})"
    return made


def _listed(values: Iterable[object]) -> str:
    return ", ".join(json.dumps(one, ensure_ascii=False) for one in values)


def _joined(*texts: object) -> str:
    return " ".join(text for text in texts if isinstance(text, str) and text)


def _is_empty_object(schema: object) -> bool:
    if not isinstance(schema, Mapping) or any(schema.get(name) for name in _BEARING):
        return False
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)
