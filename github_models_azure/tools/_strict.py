"""Schemas as OpenAI's structured outputs want them, and the values that answer to those.

The rules: https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas".
Azure takes fewer keywords than that page names, and so do fine-tuned models
(https://learn.microsoft.com/azure/foundry/openai/how-to/structured-outputs). What a server does
not take is said in the description instead; so is whatever a tool has, which any may be sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
# As the page had them in November 2026; minLength, maxLength and uniqueItems are not on it.
_KEPT = {
    "string": frozenset({"format", "pattern"}),
    "array": frozenset({"minItems", "maxItems"}),
    **dict.fromkeys(
        ("integer", "number"),
        frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    ),
}
# "uri", which it lacks, is a 400 (git-mcp-server#47, oh-my-pi#206).
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
# What looks around or back no grammar can express; that it is refused is [unconfirmed].
_LOOKS_AROUND = re.compile(r"\(\?(?:<?[=!]|P=)|\\[1-9]")
_REFUSED = ("allOf", "not", "if", "dependentRequired", "dependentSchemas", "definitions")
_TYPES = {
    bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null",
    list: "array", dict: "object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Form:
    """Whose schema is written, and whether it keeps the keywords that OpenAI takes."""

    owner: str
    keeps: bool

    def kept(self, schema: SchemaView) -> Schema:
        """Return the keywords of one schema that stay keywords."""
        kind = schema.get("type")
        if not self.keeps or not isinstance(kind, str) or _is_choice(schema):
            return {}
        return {name: schema[name] for name in _KEPT.get(kind, ()) if _is_taken(name, schema)}


def _is_choice(schema: SchemaView) -> bool:
    return any(name in schema for name in ("$ref", "anyOf", "const", "enum"))


def _is_taken(name: str, schema: SchemaView) -> bool:
    value = schema.get(name)
    if name == "format":
        return value in _FORMATS
    if name == "pattern":
        return isinstance(value, str) and not _LOOKS_AROUND.search(value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def strict_schema(schema: SchemaView, owner: str, *, keeps: bool = False) -> Schema:
    """Return the schema of a function's parameters in the strict subset.

    Every member is required; one that was not may be ``null``.

    :param schema: the plain schema, tidied.
    :param owner: what errors call the function.
    :param keeps: whether formats, patterns and bounds that OpenAI takes stay keywords; otherwise
        they are said in descriptions.
    :raises TypeError: where a part takes any value, objects with any members, or uses what has no
        counterpart in the subset.
    """
    form = _Form(owner, keeps)
    for name in (*_REFUSED, "anyOf", "$ref"):
        if name in schema:
            raise _cannot(form.owner, "", f"has {name} beside its parameters")
    made = _object(schema, form, "")
    if DEFS in schema:
        made[DEFS] = {name: _strict(one, form, name) for name, one in schema[DEFS].items()}
    return made


def _strict(schema: object, form: _Form, path: str) -> Schema:
    given = _check_schema(schema, form, path)
    made = _shape(given, form, path)
    return (
        made if "$ref" in made else _describe(made, given.get("description"), _notes(given, form))
    )


def _check_schema(schema: object, form: _Form, path: str) -> SchemaView:
    if not isinstance(schema, Mapping) or any(name in schema for name in _REFUSED):
        raise _cannot(form.owner, path, "has a schema that the strict subset cannot express")
    return schema


def _shape(schema: SchemaView, form: _Form, path: str) -> Schema:
    if "$ref" in schema:
        if schema["$ref"] != ROOT and not str(schema["$ref"]).startswith(TO_DEFS):
            raise _cannot(form.owner, path, f"refers to {schema['$ref']}, which is no definition")
        return {"$ref": schema["$ref"]}
    if choices := schema.get("anyOf"):
        return {"anyOf": [_strict(one, form, path) for one in choices]}
    if "const" in schema or "enum" in schema:
        return _values(schema)
    if schema.get("type") == "object":
        return _object(schema, form, path)
    if schema.get("type") == "array":
        return _array(schema, form, path)
    if "type" not in schema:
        raise _cannot(form.owner, path, "takes any value")
    return {"type": schema["type"], **form.kept(schema)}


def _object(schema: SchemaView, form: _Form, path: str) -> Schema:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", "properties" not in schema)
    if others is not False and (not properties or not path):
        raise _cannot(form.owner, path, "takes members of any name")  # openai-agents-python#608
    members: Schema = {}
    for name, one in properties.items():
        place = f"{path}.{name}" if path else name
        needed = name in schema.get("required", ())
        members[name] = _strict(one, form, place) if needed else _optional(one, form, place)
    return {
        "type": "object",
        "properties": members,
        "required": list(properties),
        "additionalProperties": False,
    }


def _optional(schema: object, form: _Form, path: str) -> Schema:
    """Let ``null`` stand for a member that is left out."""
    given = _check_schema(schema, form, path)
    made = _shape(given, form, path)
    text, notes = given.get("description"), _notes(given, form)
    if "default" in given:
        notes.append(f"null for the default, {_json(given['default'])}")
    if NULL not in made.get("anyOf", ()):
        if "default" not in given:
            notes.append("null to leave it out")
        order = made.pop("description", None)  # of a tuple
        choices = made["anyOf"] if "anyOf" in made else [_describe(made, order, [])]
        made = {"anyOf": [*choices, NULL]}
    return _describe(made, text, notes)


def _array(schema: SchemaView, form: _Form, path: str) -> Schema:
    fixed = schema.get("prefixItems")
    if not fixed:
        if not isinstance(schema.get("items"), Mapping):
            raise _cannot(form.owner, path, "is a list of anything")
        items = _strict(schema["items"], form, f"{path}[]")
        return {"type": "array", "items": items, **form.kept(schema)}
    # prefixItems are ignored, and then the array is refused for its lack of items
    # (pydantic/pydantic-ai#7315).
    kinds: list[Schema] = []
    for position, one in enumerate(fixed):
        kind = _strict(one, form, f"{path}[{position}]")
        if kind not in kinds:
            kinds.append(kind)
    order = "in this order: " + ", ".join(map(_label, fixed)) if len(kinds) > 1 else None
    items = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    made: Schema = {"type": "array", "items": items, **form.kept(schema)}
    return _describe(made, None, [order] if order else [])


def _values(schema: SchemaView) -> Schema:
    made: Schema = {name: schema[name] for name in ("type", "const", "enum") if name in schema}
    if "const" in made:
        made.pop("enum", None)
    if "type" not in made:
        values = [made["const"]] if "const" in made else made["enum"]
        kinds = list(dict.fromkeys(_TYPES[type(value)] for value in values))
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
    return made


def _notes(schema: SchemaView, form: _Form) -> list[str]:
    kept = form.kept(schema)
    notes = [
        text.format(schema[name] if isinstance(schema[name], str) else _json(schema[name]))
        for name, text in _WORDS.items()
        if name in schema and name not in kept
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
