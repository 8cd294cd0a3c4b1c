"""Make a JSON value that a JSON schema accepts, from the words of a prompt where they fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from .hints import Hints, words_of
from .json_value import Json, JsonObject, as_list, as_number, as_object, as_text
from .patterns import example_of
from .schema_check import fits, merge, resolve, same
from .schema_heights import Heights
from .schema_notes import with_notes

_DEEP = 6
_MOST_ITEMS = 1000
_MOST_LENGTH = 10_000
_FORMATS = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T09:00:00Z",
    "time": "09:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/emulated",
    "url": "https://example.com/emulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "hostname": "example.com",
    "duration": "PT1H",
}
# Members that hold running text rather than a name or a value.
_SENTENCES = frozenset(
    words_of(
        "query question prompt text message content body input search topic task instruction "
        "expression sentence description summary answer note thought reasoning explanation"
    )
)


def value_for(schema: JsonObject, hints: Hints | None = None) -> Json:
    """Return a value that ``schema`` accepts; the same schema and hints give the same value.

    Known: types, ``enum``, ``const``, objects, arrays, bounds, ``multipleOf``, formats, simple
    patterns, local ``$ref``, ``allOf``, ``anyOf``, ``oneOf``. A contradictory schema, or one that
    leans on other keywords, gets the nearest value rather than an error.
    """
    return _Maker(schema, hints or Hints()).make(schema, "", 0)


def arguments_for(parameters: JsonObject, hints: Hints) -> dict[str, Json]:
    """Return the arguments of a call: an object that ``parameters`` accepts."""
    schema = dict(parameters) if parameters else {}
    schema.setdefault("type", "object")
    made = value_for(schema, hints)
    return dict(made) if isinstance(made, Mapping) else {}


class _Maker:
    """One value in the making; remembers which words of the prompt were already given away."""

    def __init__(self, root: JsonObject, hints: Hints) -> None:
        self._root = root
        self._heights = Heights(root)
        self._hints = hints
        self._spent: set[str] = set()
        self._numbers = list(hints.numbers)

    def make(self, schema: Json, name: str, depth: int, variant: int = 0) -> Json:
        rules = with_notes(as_object(resolve(schema, self._root)))
        if "allOf" in rules:
            rules = self._flatten(rules)
        if "const" in rules:
            return rules["const"]
        if "enum" in rules:
            return self._one_of(rules, variant)
        for keyword in ("anyOf", "oneOf"):
            if keyword in rules:
                return self._branch(rules, keyword, name, depth, variant)
        return self._typed(rules, name, depth, variant)

    def _flatten(self, rules: JsonObject) -> JsonObject:
        whole = {key: value for key, value in rules.items() if key != "allOf"}
        for part in as_list(rules["allOf"]):
            inner = as_object(resolve(part, self._root))
            whole = merge(whole, self._flatten(inner) if "allOf" in inner else inner)
        return whole

    def _branch(self, rules: JsonObject, keyword: str, name: str, depth: int, variant: int) -> Json:
        beside = {key: value for key, value in rules.items() if key != keyword}
        branches = [as_object(resolve(one, self._root)) for one in as_list(rules[keyword])]
        # The flattest first when deep, so that recursive schemas come to an end; null last.
        branches = [one for one in branches if self._ends(one)] or branches
        deep = depth >= _DEEP
        branches.sort(key=lambda one: self._heights.of(one) if deep else _kind_of(one) == "null")
        spent, numbers = set(self._spent), list(self._numbers)
        value: Json = None
        for branch in branches:
            self._spent, self._numbers = set(spent), list(numbers)
            value = self.make(merge(beside, branch), name, depth + 1, variant)
            if fits(value, rules, self._root):
                return value
        return value

    def _ends(self, schema: Json) -> bool:
        return self._heights.of(schema) < math.inf

    def _typed(self, rules: JsonObject, name: str, depth: int, variant: int) -> Json:
        kind = _kind_of(rules)
        if kind == "object":
            return self._object(rules, depth)
        if kind == "array":
            return self._array(rules, name, depth)
        if kind in ("integer", "number"):
            return self._number(rules, kind, name, variant)
        if kind == "boolean":
            told = rules.get("default")
            return (told if isinstance(told, bool) else True) != bool(variant % 2)
        if kind == "null":
            return None
        return self._string(rules, name, variant)

    def _one_of(self, rules: JsonObject, variant: int) -> Json:
        allowed = [v for v in as_list(rules["enum"]) if fits(v, rules, self._root)]
        if not allowed:
            return next(iter(as_list(rules["enum"])), None)
        if variant:
            return allowed[variant % len(allowed)]
        for value in allowed:
            words = words_of(value) if isinstance(value, str) else ()
            if words and self._hints.words.issuperset(words):
                return value
        default = rules.get("default")
        return default if any(same(default, value) for value in allowed) else allowed[0]

    def _object(self, rules: JsonObject, depth: int) -> Json:
        known = as_object(rules.get("properties"))
        required = [as_text(name) for name in as_list(rules.get("required"))]
        others = rules.get("additionalProperties", True)
        made: dict[str, Json] = {}
        for name, schema in known.items():
            optional = depth < _DEEP and self._ends(schema) and self._is_mentioned(name, schema)
            if name in required or optional:
                made[name] = self.make(schema, name, depth + 1)
        for name in required:
            if name not in made:
                made[name] = self.make(
                    others if isinstance(others, Mapping) else {}, name, depth + 1
                )
        fewest = min(as_number(rules.get("minProperties")) or 0, _MOST_ITEMS)
        spare = [name for name in known if name not in made]
        while len(made) < fewest:
            name = spare.pop(0) if spare else f"member{len(made) + 1}"
            made[name] = self.make(known.get(name, others), name, depth + 1)
        return made

    def _is_mentioned(self, name: str, schema: Json) -> bool:
        """Tell whether the prompt speaks of an optional member: by ``name=`` or an enum's word."""
        rules = as_object(resolve(schema, self._root))
        if any(key.lower() == name.lower() for key, _ in self._hints.pairs):
            return True
        if "format" in rules:
            return any(fits(one, rules, self._root) for one in self._hints.strings(name))
        words = (words_of(value) for value in as_list(rules.get("enum")) if isinstance(value, str))
        return any(one and self._hints.words.issuperset(one) for one in words)

    def _array(self, rules: JsonObject, name: str, depth: int) -> Json:
        first = as_list(rules.get("prefixItems"))
        items = rules.get("items", True)
        fewest = int(min(as_number(rules.get("minItems")) or 0, _MOST_ITEMS))
        most = as_number(rules.get("maxItems"))
        size = max(fewest, len(first) or (1 if depth < _DEEP else 0))
        size = min(size, int(most)) if most is not None else size
        if items is False or not self._ends(items):
            size = min(size, max(fewest, len(first)) if items is not False else len(first))
        made = [self.make(schema, name, depth + 1) for schema in first[:size]]
        unique = rules.get("uniqueItems") is True
        for variant in range(size * 8):
            if len(made) >= size:
                break
            value = self.make(items, name, depth + 1, variant if unique else 0)
            if not (unique and any(same(value, one) for one in made)):
                made.append(value)
        return made

    def _string(self, rules: JsonObject, name: str, variant: int) -> str:
        if not variant:
            for text in self._strings(name, rules):
                if text and fits(text, rules, self._root):
                    self._spent.add(text)
                    return text
        kept = _FORMATS.get(as_text(rules.get("format")))
        pattern = example_of(as_text(rules.get("pattern"))) if rules.get("pattern") else None
        text = pattern if pattern is not None else kept or f"emulated {name}".strip()
        return _lengthen(text + (str(variant) if variant else ""), rules)

    def _strings(self, name: str, rules: JsonObject) -> Iterator[str]:
        """Yield candidates from the prompt, the likeliest first, each given away only once."""
        default = rules.get("default")
        pairs = [v for key, v in self._hints.pairs if key.lower() == name.lower()]
        yield from pairs
        words = set(words_of(name))
        if words & _SENTENCES and "format" not in rules:
            yield from (text for text in self._hints.quoted if text not in self._spent)
            yield self._hints.sentence
        strict = "format" in rules or "pattern" in rules
        for text in self._hints.strings(name) if strict else self._named():
            if text not in self._spent:
                yield text
        if isinstance(default, str):
            yield default

    def _named(self) -> Iterator[str]:
        yield from self._hints.quoted
        yield from self._hints.places
        yield from self._hints.names

    def _number(self, rules: JsonObject, kind: str, name: str, variant: int) -> int | float:
        pairs = [v for key, v in self._hints.pairs if key.lower() == name.lower()]
        for text in pairs:
            told = _as_number(text, kind)
            if told is not None and fits(told, rules, self._root):
                return told
        if not variant:
            for number in self._numbers:
                value = _whole(number) if number.is_integer() else number
                if fits(value, {**rules, "type": kind}, self._root):
                    self._numbers.remove(number)
                    return value
            default = as_number(rules.get("default"))
            if default is not None and fits(default, rules, self._root):
                return default
        return _number_within(rules, kind, variant)


def _kind_of(rules: JsonObject) -> str:
    named = rules.get("type")
    names = [named] if isinstance(named, str) else [as_text(one) for one in as_list(named)]
    names.sort(key=lambda one: one == "null")
    if names:
        return names[0]
    if "properties" in rules or "required" in rules or "additionalProperties" in rules:
        return "object"
    if "items" in rules or "prefixItems" in rules:
        return "array"
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
    return "number" if any(one in rules for one in bounds) else "string"


def _whole(number: float) -> int:
    return int(number)


def _as_number(text: str, kind: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if number.is_integer():
        return int(number)
    return None if kind == "integer" or not math.isfinite(number) else number


def _number_within(rules: JsonObject, kind: str, variant: int) -> int | float:
    """Return a number inside the bounds: the ``variant``-th one from below."""
    low, high = as_number(rules.get("minimum")), as_number(rules.get("maximum"))
    over, under = as_number(rules.get("exclusiveMinimum")), as_number(rules.get("exclusiveMaximum"))
    step = as_number(rules.get("multipleOf")) or 0
    if kind == "integer":
        # The whole multiples of 0.5 are those of 1, of 1.5 those of 3.
        step = step * _denominator(step) if step else 1
    floor = max((b for b in (low, over) if b is not None), default=None)
    ceiling = min((b for b in (high, under) if b is not None), default=None)
    if step:
        start = _first_multiple(step, floor, ceiling, strict=floor is not None and floor == over)
        value = start + variant * step
        return int(value) if float(value).is_integer() else value
    if floor is None and ceiling is None:
        return 1 + variant
    if floor is None:
        return (ceiling or 0) - 1 - variant
    if ceiling is None:
        return floor + 1 + variant
    return floor + (ceiling - floor) / (2 + variant)


def _first_multiple(
    step: float, floor: float | None, ceiling: float | None, *, strict: bool
) -> float:
    if floor is None:
        return min(step, math.floor(ceiling / step) * step - step) if ceiling is not None else step
    first = math.ceil(floor / step) * step
    return first + step if strict and first <= floor else first


def _denominator(step: float) -> int:
    return next((n for n in range(1, 1000) if float(step * n).is_integer()), 1)


def _lengthen(text: str, rules: JsonObject) -> str:
    shortest, longest = as_number(rules.get("minLength")), as_number(rules.get("maxLength"))
    shortest = min(shortest, _MOST_LENGTH) if shortest is not None else None
    if shortest is not None and len(text) < shortest and text:
        text = (text * math.ceil(shortest / len(text)))[: int(shortest)]
    return text[: int(longest)] if longest is not None else text
