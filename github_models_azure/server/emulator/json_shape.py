"""The shape of JSON that a prompt asks for in words: a schema written into it, or named keys."""

from __future__ import annotations

import json
import re

from .json_value import JsonObject

_READ = 20_000
_MOST_BRACES = 40
_WORD = r"(?:keys?|fields?|members?|properties|property|attributes?)"
_NAME = r"(?:'[\w-]+'|\"[\w-]+\"|`[\w-]+`)"
_BARE = r"[A-Za-z_][\w-]*"
_ANY = rf"(?:{_NAME}|{_BARE})"
_BETWEEN = r"(?:\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+)"
# "with 'a' and 'b' keys" and "with the keys a, b and c"; a bare name only counts in the latter,
# where "and" comes before the last: "..., please" is no key.
_BEFORE = re.compile(rf"({_NAME}(?:{_BETWEEN}{_NAME})*)\s+(?:as\s+)?{_WORD}\b", re.IGNORECASE)
_AFTER = re.compile(
    rf"\b(?:keys|fields|members|properties|attributes)\b(?:\s+(?:named|called|are))?\s*:?\s+"
    rf"({_ANY}(?:\s*,\s*(?!and\b|or\b){_ANY})*(?:\s*,?\s+(?:and|or)\s+{_ANY})*)"
    rf"|\b{_WORD}\s+({_NAME})",
    re.IGNORECASE,
)
_EACH = re.compile(_ANY)
_DECODER = json.JSONDecoder()


def asked_shape(text: str) -> JsonObject | None:
    """Return a JSON schema of what ``text`` asks for; ``None`` where it names no shape."""
    text = text[:_READ]
    found = _schema_in(text)
    return found[0] if found else _keys_in(text)


def without_shape(text: str) -> str:
    """Return a text without what says the shape: the names in it are no values."""
    text = text[:_READ]
    if found := _schema_in(text):
        _, start, end = found
        return f"{text[:start]} {text[end:]}"
    return _AFTER.sub(" ", _BEFORE.sub(" ", text))


def _schema_in(text: str) -> tuple[JsonObject, int, int] | None:
    """Return the first JSON schema in a text, and where it starts and ends."""
    place = -1
    for _ in range(_MOST_BRACES):
        place = text.find("{", place + 1)
        if place < 0:
            return None
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("properties"), dict):
            return value, place, end
    return None


def _keys_in(text: str) -> JsonObject | None:
    found = _BEFORE.search(text) or _AFTER.search(text)
    if found is None:
        return None
    names = [one.strip("'\"`") for one in _EACH.findall(found.group(found.lastindex or 0))]
    keys = [name for name in dict.fromkeys(names) if name.lower() not in ("and", "or")]
    properties: JsonObject = {name: {"type": "string"} for name in keys}
    required: list[str] = list(keys)
    return {"type": "object", "properties": properties, "required": [*required]}
