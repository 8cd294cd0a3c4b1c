"""How deep the flattest value of a JSON schema is: some refer to themselves without an end."""

from __future__ import annotations

import math

from .json_value import Json, JsonObject, as_list, as_object, as_text
from .schema_check import pointed


class Heights:
    """The heights of the schemas in one root, and of all that they refer to.

    Infinite where a value would have no end.
    """

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._known: dict[str, float] = {}

    def of(self, schema: Json) -> float:
        """Return how deep the flattest value of a schema is."""
        count = len(self._known)
        found = height_of(schema, self._known)
        if len(self._known) == count:
            return found
        self._settle()
        return height_of(schema, self._known)

    def _settle(self) -> None:
        while True:
            before = dict(self._known)
            for reference in before:
                self._known[reference] = height_of(pointed(reference, self._root), self._known)
            if self._known == before:
                return


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
