"""What a schema says in words, for keywords that a server does not take: read as a model would.

Structured output puts them at the end of a description: "(format uri; at least 2 characters)".
"""

from __future__ import annotations

import json
import re

from .json_value import Json, JsonObject

_NOTES = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*$")
_NUMBER = r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_TEXTS = ((re.compile(r"format ([a-z0-9-]+)"), "format"), (re.compile(r"matching (.+)"), "pattern"))
_NUMBERS = (
    (re.compile(rf"at least {_NUMBER} characters"), "minLength"),
    (re.compile(rf"at most {_NUMBER} characters"), "maxLength"),
    (re.compile(rf"at least {_NUMBER} items"), "minItems"),
    (re.compile(rf"at most {_NUMBER} items"), "maxItems"),
    (re.compile(rf"at least {_NUMBER}"), "minimum"),
    (re.compile(rf"at most {_NUMBER}"), "maximum"),
    (re.compile(rf"more than {_NUMBER}"), "exclusiveMinimum"),
    (re.compile(rf"less than {_NUMBER}"), "exclusiveMaximum"),
    (re.compile(rf"a multiple of {_NUMBER}"), "multipleOf"),
)


def with_notes(rules: JsonObject) -> JsonObject:
    """Return a schema with the keywords that its description states, where it lacks them."""
    description = rules.get("description")
    found = _NOTES.search(description) if isinstance(description, str) else None
    if found is None:
        return rules
    stated: dict[str, Json] = {}
    for note in found[1].split("; "):
        for pattern, keyword in _TEXTS:
            if match := pattern.fullmatch(note):
                stated[keyword] = match[1]
        for pattern, keyword in _NUMBERS:
            if match := pattern.fullmatch(note):
                stated[keyword] = json.loads(match[1])
        if note == "no item twice":
            stated["uniqueItems"] = True
    return {**stated, **rules} if stated else rules
