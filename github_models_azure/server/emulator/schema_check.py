"""Judge a JSON value by a JSON schema: the part of the standard that tools use."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence

from .json_value import Json, JsonObject, as_list, as_number, as_object, as_text, compact

_MAX_DEPTH = 40


def resolve(schema: Json, root: JsonObject) -> Json:
    """Follow the local ``$ref`` of a schema; what stands beside it stays in force."""
    for _ in range(_MAX_DEPTH):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            return schema
        target = pointed(as_text(schema["$ref"]), root)
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        if not beside:
            schema = target
        elif isinstance(target, Mapping):
            schema = merge(target, beside)
        else:
            return beside
    return {}


def merge(first: JsonObject, second: JsonObject) -> dict[str, Json]:
    """Return a schema that demands what both demand, as far as one schema can say it."""
    merged: dict[str, Json] = {**first, **second}
    if "properties" in first and "properties" in second:
        shared = dict(as_object(first["properties"]))
        for name, schema in as_object(second["properties"]).items():
            known = shared.get(name)
            both = isinstance(known, Mapping) and isinstance(schema, Mapping)
            shared[name] = merge(as_object(known), as_object(schema)) if both else schema
        merged["properties"] = shared
    if "required" in first and "required" in second:
        names = [*as_list(first["required"]), *as_list(second["required"])]
        merged["required"] = list(dict.fromkeys(map(as_text, names)))
    if "enum" in first and "enum" in second:
        allowed = as_list(second["enum"])
        merged["enum"] = [value for value in as_list(first["enum"]) if value in allowed]
    for name, pick in (("minimum", max), ("minLength", max), ("minItems", max), ("maximum", min),
                       ("maxLength", min), ("maxItems", min)):  # fmt: skip
        one, other = as_number(first.get(name)), as_number(second.get(name))
        if one is not None and other is not None:
            merged[name] = pick(one, other)
    return merged


def fits(value: Json, schema: Json, root: JsonObject, depth: int = 0) -> bool:
    """Tell whether ``value`` is valid under ``schema``; keywords not known here do not object."""
    schema = resolve(schema, root)
    if isinstance(schema, bool):
        return schema
    rules = as_object(schema)
    if depth > _MAX_DEPTH:
        return True
    if "const" in rules and not same(value, rules["const"]):
        return False
    if "enum" in rules and not any(same(value, one) for one in as_list(rules["enum"])):
        return False
    if not _type_fits(value, rules.get("type")):
        return False
    return _kind_fits(value, rules, root, depth) and _combined_fits(value, rules, root, depth)


def same(one: Json, other: Json) -> bool:
    """Compare as JSON does: ``true`` is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def pointed(reference: str, root: JsonObject) -> Json:
    """Return what a local reference points to; an empty schema where it points elsewhere."""
    if not reference.startswith("#"):
        return {}
    place: Json = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        place = as_object(place).get(name, {})
    return place


_TYPES: dict[str, Callable[[Json], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (n := as_number(value)) is not None and float(n).is_integer(),
    "number": lambda value: as_number(value) is not None,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, (list, tuple)),
    "object": lambda value: isinstance(value, Mapping),
}


def _type_fits(value: Json, wanted: Json) -> bool:
    names = [wanted] if isinstance(wanted, str) else as_list(wanted)
    checks = [_TYPES.get(as_text(name)) for name in names]
    return not checks or any(check is None or check(value) for check in checks)


def _kind_fits(value: Json, rules: JsonObject, root: JsonObject, depth: int) -> bool:
    if isinstance(value, str):
        return _string_fits(value, rules)
    if isinstance(value, Mapping):
        return _object_fits(value, rules, root, depth)
    if isinstance(value, (list, tuple)):
        return _array_fits(value, rules, root, depth)
    number = as_number(value)
    return number is None or _number_fits(number, rules)


def _combined_fits(value: Json, rules: JsonObject, root: JsonObject, depth: int) -> bool:
    def matches(keyword: str) -> list[bool]:
        return [fits(value, one, root, depth + 1) for one in as_list(rules.get(keyword))]

    if "allOf" in rules and not all(matches("allOf")):
        return False
    if "anyOf" in rules and not any(matches("anyOf")):
        return False
    if "oneOf" in rules and sum(matches("oneOf")) != 1:
        return False
    return not ("not" in rules and fits(value, rules["not"], root, depth + 1))


def _number_fits(value: float, rules: JsonObject) -> bool:
    low, high = as_number(rules.get("minimum")), as_number(rules.get("maximum"))
    over, under = as_number(rules.get("exclusiveMinimum")), as_number(rules.get("exclusiveMaximum"))
    step = as_number(rules.get("multipleOf"))
    return not (
        (low is not None and value < low)
        or (high is not None and value > high)
        or (over is not None and value <= over)
        or (under is not None and value >= under)
        or (step and abs(value / step - round(value / step)) > 1e-9)
    )


def _string_fits(value: str, rules: JsonObject) -> bool:
    shortest, longest = as_number(rules.get("minLength")), as_number(rules.get("maxLength"))
    if shortest is not None and len(value) < shortest:
        return False
    if longest is not None and len(value) > longest:
        return False
    pattern = rules.get("pattern")
    if isinstance(pattern, str) and not _finds(pattern, value):
        return False
    check = _FORMATS.get(as_text(rules.get("format")))
    return check is None or check(value)


def _finds(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True  # not a Python pattern: nothing can be said


def _array_fits(value: Sequence[Json], rules: JsonObject, root: JsonObject, depth: int) -> bool:
    fewest, most = as_number(rules.get("minItems")), as_number(rules.get("maxItems"))
    if (fewest is not None and len(value) < fewest) or (most is not None and len(value) > most):
        return False
    if rules.get("uniqueItems") is True and len({compact(v) for v in value}) != len(value):
        return False
    first = as_list(rules.get("prefixItems"))
    if not all(fits(v, s, root, depth + 1) for v, s in zip(value, first, strict=False)):
        return False
    rest = rules.get("items", True)
    return all(fits(v, rest, root, depth + 1) for v in value[len(first) :])


def _object_fits(value: JsonObject, rules: JsonObject, root: JsonObject, depth: int) -> bool:
    if any(as_text(name) not in value for name in as_list(rules.get("required"))):
        return False
    fewest, most = as_number(rules.get("minProperties")), as_number(rules.get("maxProperties"))
    if (fewest is not None and len(value) < fewest) or (most is not None and len(value) > most):
        return False
    known = as_object(rules.get("properties"))
    others = rules.get("additionalProperties", True)
    return all(fits(v, known.get(name, others), root, depth + 1) for name, v in value.items())


def _is_date(value: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and _parses(value)


def _is_moment(value: str) -> bool:
    shape = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    return bool(re.fullmatch(shape, value)) and _parses(value[:19].upper())


def _parses(value: str) -> bool:
    try:
        datetime.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _shaped(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_moment,
    "time": _shaped(r"\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?"),
    "email": _shaped(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "uri": _shaped(r"[A-Za-z][\w+.-]*://\S+"),
    "url": _shaped(r"[A-Za-z][\w+.-]*://\S+"),
    "uuid": _shaped(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "ipv4": _shaped(r"(\d{1,3}\.){3}\d{1,3}"),
    "hostname": _shaped(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"),
    "duration": _shaped(r"P(?!$)(\d+[YMWD])*(T(\d+[HMS])+)?"),
}
