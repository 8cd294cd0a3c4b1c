"""Arguments that answer to a strict schema, as the function's own schema has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._walk import resolved

_TYPES = {
    bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null",
    list: "array", dict: "object",
}  # fmt: skip


def without_unset(value: Any, schema: Any, defs: Mapping[str, Any]) -> Any:
    """Return a value without the members that are ``null`` because they were left out.

    Those are the members that the plain schema does not require.

    :param schema: the plain schema.
    :param defs: its definitions.
    """
    schema = resolved(schema, defs)
    if not isinstance(schema, Mapping):
        return value
    for choice in schema.get("anyOf", ()):
        if _is_like(value, choice, defs):
            return without_unset(value, choice, defs)
    if isinstance(value, dict) and "properties" in schema:
        properties, required = schema["properties"], schema.get("required", ())
        return {
            name: without_unset(member, properties.get(name), defs)
            for name, member in value.items()
            if member is not None or name in required or name not in properties
        }
    if isinstance(value, list):
        fixed = schema.get("prefixItems", ())
        kinds = [*fixed, *[schema.get("items")] * (len(value) - len(fixed))]
        pairs = zip(value, kinds, strict=False)
        return [without_unset(item, kind, defs) for item, kind in pairs]
    return value


def _is_like(value: Any, schema: Any, defs: Mapping[str, Any]) -> bool:
    """Tell whether a value was made for this choice of a union, by its shape."""
    schema = resolved(schema, defs)
    if choices := schema.get("anyOf"):
        return any(_is_like(value, choice, defs) for choice in choices)
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if allowed is not None:
        return any(
            value == one and isinstance(value, bool) is isinstance(one, bool) for one in allowed
        )
    if not _has_type(value, schema.get("type")):
        return False
    if isinstance(value, dict) and "properties" in schema:
        return _has_members(value, schema, defs)
    if isinstance(value, list) and "items" in schema:
        return all(_is_like(item, schema["items"], defs) for item in value)
    return True


def _has_members(value: dict[str, Any], schema: Mapping[str, Any], defs: Mapping[str, Any]) -> bool:
    required = schema.get("required", ())
    if not set(required) <= value.keys() <= schema["properties"].keys():
        return False
    return all(
        (member is None and name not in required)
        or _is_like(member, schema["properties"][name], defs)
        for name, member in value.items()
    )


def _has_type(value: Any, wanted: Any) -> bool:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    if kinds is None or _TYPES[type(value)] in kinds:
        return True
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return "number" in kinds or ("integer" in kinds and float(value).is_integer())
