"""Schemas as OpenAI's structured outputs want them, and the values that answer to those.

The rules: https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas".
Azure takes fewer keywords than that page names, and so do fine-tuned models
(https://learn.microsoft.com/azure/foundry/openai/how-to/structured-outputs). As a request may be
served by any of them, what not all take is said in the description instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._walk import DEFS, ROOT, TO_DEFS, Schema, SchemaView, follow_ref

NULL: Schema = {"type": "null"}

_WORDS = {  # the keywords that go into the description, and how they read there
    "format": "format {}",
    "pattern": "matching {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "examples": "for example {}",
}
_REFUSED = ("allOf", "not", "if", "dependentRequired", "dependentSchemas", "definitions")
_TYPES = {
    bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null",
    list: "array", dict: "object",
}  # fmt: skip


def strict_schema(schema: SchemaView, owner: str) -> Schema:
    """Return the schema of a function's parameters in the strict subset.

    Every member is required; one that was not may be ``null``.

    :param schema: the plain schema, tidied.
    :param owner: what errors call the function.
    :raises TypeError: where a part takes any value, objects with any members, or uses what has no
        counterpart in the subset.
    """
    for name in (*_REFUSED, "anyOf", "$ref"):
        if name in schema:
            raise _cannot(owner, "", f"has {name} beside its parameters")
    made = _object(schema, owner, "")
    if DEFS in schema:
        made[DEFS] = {name: _strict(one, owner, name) for name, one in schema[DEFS].items()}
    return made


def _strict(schema: object, owner: str, path: str) -> Schema:
    given = _check_schema(schema, owner, path)
    made = _shape(given, owner, path)
    return made if "$ref" in made else _describe(made, given.get("description"), _notes(given))


def _check_schema(schema: object, owner: str, path: str) -> SchemaView:
    if not isinstance(schema, Mapping) or any(name in schema for name in _REFUSED):
        raise _cannot(owner, path, "has a schema that the strict subset cannot express")
    return schema


def _shape(schema: SchemaView, owner: str, path: str) -> Schema:
    if "$ref" in schema:
        if schema["$ref"] != ROOT and not str(schema["$ref"]).startswith(TO_DEFS):
            raise _cannot(owner, path, f"refers to {schema['$ref']}, which is no definition")
        return {"$ref": schema["$ref"]}
    if choices := schema.get("anyOf"):
        return {"anyOf": [_strict(one, owner, path) for one in choices]}
    if "const" in schema or "enum" in schema:
        return _values(schema)
    if schema.get("type") == "object":
        return _object(schema, owner, path)
    if schema.get("type") == "array":
        return _array(schema, owner, path)
    if "type" not in schema:
        raise _cannot(owner, path, "takes any value")
    return {"type": schema["type"]}


def _object(schema: SchemaView, owner: str, path: str) -> Schema:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", "properties" not in schema)
    if others is not False and (not properties or not path):
        raise _cannot(owner, path, "takes members of any name")  # openai-agents-python#608
    members: Schema = {}
    for name, one in properties.items():
        place = f"{path}.{name}" if path else name
        needed = name in schema.get("required", ())
        members[name] = _strict(one, owner, place) if needed else _optional(one, owner, place)
    return {
        "type": "object",
        "properties": members,
        "required": list(properties),
        "additionalProperties": False,
    }


def _optional(schema: object, owner: str, path: str) -> Schema:
    """Let ``null`` stand for a member that is left out."""
    given = _check_schema(schema, owner, path)
    made = _shape(given, owner, path)
    text, notes = given.get("description"), _notes(given)
    if "default" in given:
        notes.append(f"null for the default, {_json(given['default'])}")
    if NULL not in made.get("anyOf", ()):
        if "default" not in given:
            notes.append("null to leave it out")
        order = made.pop("description", None)  # of a tuple
        choices = made["anyOf"] if "anyOf" in made else [_describe(made, order, [])]
        made = {"anyOf": [*choices, NULL]}
    return _describe(made, text, notes)


def _array(schema: SchemaView, owner: str, path: str) -> Schema:
    fixed = schema.get("prefixItems")
    if not fixed:
        if not isinstance(schema.get("items"), Mapping):
            raise _cannot(owner, path, "is a list of anything")
        return {"type": "array", "items": _strict(schema["items"], owner, f"{path}[]")}
    # prefixItems are ignored, and then the array is refused for its lack of items
    # (pydantic/pydantic-ai#7315).
    kinds: list[Schema] = []
    for position, one in enumerate(fixed):
        kind = _strict(one, owner, f"{path}[{position}]")
        if kind not in kinds:
            kinds.append(kind)
    order = "in this order: " + ", ".join(map(_label, fixed)) if len(kinds) > 1 else None
    items = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return _describe({"type": "array", "items": items}, None, [order] if order else [])


def _values(schema: SchemaView) -> Schema:
    made: Schema = {name: schema[name] for name in ("type", "const", "enum") if name in schema}
    if "const" in made:
        made.pop("enum", None)
    if "type" not in made:
        values = [made["const"]] if "const" in made else made["enum"]
        kinds = list(dict.fromkeys(_TYPES[type(value)] for value in values))
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
    return made


def _notes(schema: SchemaView) -> list[str]:
    notes = [
        text.format(schema[name] if isinstance(schema[name], str) else _json(schema[name]))
        for name, text in _WORDS.items()
        if name in schema
    ]
    return [*notes, "no item twice"] if schema.get("uniqueItems") else notes


def _describe(made: Schema, text: object, notes: list[str]) -> Schema:
    parts = [made.pop("description", ""), text or "", f"({'; '.join(notes)})" if notes else ""]
    whole = " ".join(part for part in parts if part)
    return {**made, "description": whole} if whole else made


def _label(schema: SchemaView) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(TO_DEFS)
    if choices := schema.get("anyOf"):
        return " or ".join(map(_label, choices))
    return str(schema.get("type") or _values(schema)["type"])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cannot(owner: str, path: str, why: str) -> TypeError:
    what = f"{path!r} {why}" if path else f"it {why}"
    return TypeError(f"{owner} cannot be strict: {what}. Narrow the type, or leave strict out.")


def without_unset(value: object, schema: object, defs: Mapping[str, object]) -> Any:
    """Return a value without the members that are ``null`` because they were left out.

    Those are the members that the plain schema does not require.

    :param schema: the plain schema.
    :param defs: its definitions.
    """
    plain = follow_ref(schema, defs)
    if not isinstance(plain, Mapping):
        return value
    for choice in plain.get("anyOf", ()):
        if _is_like(value, choice, defs):
            return without_unset(value, choice, defs)
    if isinstance(value, dict) and "properties" in plain:
        properties, required = plain["properties"], plain.get("required", ())
        return {
            name: without_unset(member, properties.get(name), defs)
            for name, member in value.items()
            if member is not None or name in required or name not in properties
        }
    if isinstance(value, list):
        fixed = plain.get("prefixItems", ())
        kinds = [*fixed, *[plain.get("items")] * (len(value) - len(fixed))]
        pairs = zip(value, kinds, strict=False)
        return [without_unset(item, kind, defs) for item, kind in pairs]
    return value


def _is_like(value: object, schema: object, defs: Mapping[str, object]) -> bool:
    """Tell whether a value was made for this choice of a union, by its shape."""
    plain = follow_ref(schema, defs)
    if choices := plain.get("anyOf"):
        return any(_is_like(value, choice, defs) for choice in choices)
    allowed = [plain["const"]] if "const" in plain else plain.get("enum")
    if allowed is not None:
        return any(
            value == one and isinstance(value, bool) is isinstance(one, bool) for one in allowed
        )
    if not _has_type(value, plain.get("type")):
        return False
    if isinstance(value, dict) and "properties" in plain:
        return _has_members(value, plain, defs)
    if isinstance(value, list) and "items" in plain:
        return all(_is_like(item, plain["items"], defs) for item in value)
    return True


def _has_members(
    value: Mapping[str, object], schema: SchemaView, defs: Mapping[str, object]
) -> bool:
    required = schema.get("required", ())
    if not set(required) <= value.keys() <= schema["properties"].keys():
        return False
    return all(
        (member is None and name not in required)
        or _is_like(member, schema["properties"][name], defs)
        for name, member in value.items()
    )


def _has_type(value: object, wanted: object) -> bool:
    kinds = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    if wanted is None or _TYPES[type(value)] in kinds:
        return True
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return "number" in kinds or ("integer" in kinds and float(value).is_integer())
