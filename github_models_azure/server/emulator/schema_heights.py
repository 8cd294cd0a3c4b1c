"""How deep the flattest value of a JSON schema is: some refer to themselves without an end."""

from __future__ import annotations

import math

from .json_value import Json, JsonObject, as_list, as_object, as_text
from .schema_check import pointed


def heights(schema: JsonObject) -> dict[str, float]:
    """Return, for the schema and all that it refers to, how deep the flattest value is.

    Infinite where it has no end.
    """
    found: dict[str, float] = {"#": math.inf}
    while True:
        before = dict(found)
        for reference in before:
            found[reference] = height_of(pointed(reference, schema), found)
        if found == before:
            return found


def height_of(schema: Json, known: dict[str, float]) -> float:
    """Return how deep the flattest value of a schema is.

    :param known: that of the references seen so far; those that are new are noted.
    """
    rules = as_object(schema)
    parts = [0.0]
    if isinstance(reference := rules.get("$ref"), str):
        parts.append(known.setdefault(reference, math.inf) if reference[:1] == "#" else 0.0)
    parts += [height_of(one, known) for one in as_list(rules.get("allOf"))]
    for keyword in ("anyOf", "oneOf"):
        if choices := as_list(rules.get(keyword)):
            parts.append(min(height_of(one, known) for one in choices))
    if "const" in rules or "enum" in rules:
        return max(parts)
    properties = as_object(rules.get("properties"))
    for name in as_list(rules.get("required")):
        parts.append(1 + height_of(properties.get(as_text(name)), known))
    parts += [1 + height_of(one, known) for one in as_list(rules.get("prefixItems"))]
    if rules.get("minItems"):
        parts.append(1 + height_of(rules.get("items"), known))
    return max(parts)
