"""What a prompt suggests of its answer: values in it, and the shape of JSON that it asks for.

Values are quoted words, names, numbers, dates and ``key=value`` pairs; a shape is a schema written
into the prompt, or keys that it names.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .json_value import JsonObject

_QUOTED = re.compile(r"\"([^\"\n]+)\"|(?<!\w)'([^'\n]+)'(?!\w)|\u201c([^\u201d\n]+)\u201d")
_PAIR = re.compile(r"(?<!\w)(\w+)\s*[=:]\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.+@/-]+))")
_NAME = re.compile(
    r"[A-Z\u00c0-\u00de][\w\u00c0-\u024f'-]*(?:\s+[A-Z\u00c0-\u00de][\w\u00c0-\u024f'-]*)*"
)
_AFTER = re.compile(
    r"\b(?:in|for|to|at|of|from|near|about|on|with)\s+(?:the\s+)?"
    r"([A-Z\u00c0-\u00de][\w\u00c0-\u024f'-]*(?:\s+[A-Z\u00c0-\u00de][\w\u00c0-\u024f'-]*)*)"
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")
_AROUND = ".,;:!?()[]{}<>\"'\u201c\u201d"
_LONGEST = 8000  # characters of a prompt that are searched for values
_WORD = re.compile(r"[^\W_]+")
_LEAD = re.compile(
    r"^\s*(?:please\s+|can you\s+|could you\s+)?(?:search(?:\s+the\s+\w+)?|look up|find|query"
    r"|send|say|ask|translate|summari[sz]e|remember|note|tell me|show me)\s+"
    r"(?:for\s+|about\s+|that\s+)?",
    re.IGNORECASE,
)
# Capitalised at the head of a question, and never the value that is asked about.
_OPENERS = frozenset(
    re.findall(
        r"\S+",
        "what what's whats who who's when where where's why how is are was were do does "
        "did can could would should will please tell show give get find search look call "
        "use the a an i it and or then also my add set send book create make turn run "
        "check compare compute calculate convert translate summarize write say list which "
        "hello hi hey schedule order buy answer return first next after finally today "
        "tomorrow",
    )
)

# The shape of JSON that is asked for in words
_LONGEST_SHAPE = 20_000
_MOST_BRACES = 40
_KEY_WORD = r"(?:keys?|fields?|members?|properties|property|attributes?)"
_QUOTED_KEY = r"(?:'[\w-]+'|\"[\w-]+\"|`[\w-]+`)"
_BARE_KEY = r"[A-Za-z_][\w-]*"
_ANY_KEY = rf"(?:{_QUOTED_KEY}|{_BARE_KEY})"
_BETWEEN = r"(?:\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+)"
# "with 'a' and 'b' keys" and "with the keys a, b and c"; a bare name only counts in the latter,
# where "and" comes before the last: "..., please" is no key.
_KEYS_BEFORE = re.compile(
    rf"({_QUOTED_KEY}(?:{_BETWEEN}{_QUOTED_KEY})*)\s+(?:as\s+)?{_KEY_WORD}\b", re.IGNORECASE
)
_KEYS_AFTER = re.compile(
    rf"\b(?:keys|fields|members|properties|attributes)\b(?:\s+(?:named|called|are))?\s*:?\s+"
    rf"({_ANY_KEY}(?:\s*,\s*(?!and\b|or\b){_ANY_KEY})*(?:\s*,?\s+(?:and|or)\s+{_ANY_KEY})*)"
    rf"|\b{_KEY_WORD}\s+({_QUOTED_KEY})",
    re.IGNORECASE,
)
_EACH_KEY = re.compile(_ANY_KEY)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Hints:
    """The values found in one text, in order of appearance."""

    text: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    quoted: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    words: frozenset[str] = frozenset()

    def strings(self, name: str) -> Iterator[str]:
        """Yield strings that may be the value called ``name``, the likeliest first."""
        wanted = name.lower().replace("_", "")
        for key, value in self.pairs:
            if key.lower().replace("_", "") == wanted:
                yield value
        yield from self.quoted
        yield from self.places
        yield from self.names
        yield from (word.strip(_AROUND) for word in self.text.split())

    @property
    def sentence(self) -> str:
        """The text without the words that only ask for something: a search query, a message."""
        stripped = _LEAD.sub("", self.text).strip(" .?!\n")
        return stripped or self.text.strip()


def find_hints(text: str) -> Hints:
    """Return the values that ``text`` suggests; only its first 8000 characters are read."""
    text = text[:_LONGEST]
    names = []
    for match in _NAME.finditer(text):
        parts = match.group().split()
        while parts and parts[0].lower() in _OPENERS:
            parts = parts[1:]
        if parts:
            names.append(" ".join(parts))
    return Hints(
        text=text,
        pairs=tuple((m[1], m[2] or m[3] or m[4] or "") for m in _PAIR.finditer(text)),
        quoted=tuple(m[1] or m[2] or m[3] for m in _QUOTED.finditer(text)),
        places=tuple(m[1] for m in _AFTER.finditer(text)),
        names=tuple(names),
        numbers=tuple(filter(math.isfinite, map(float, _NUMBER.findall(text)))),
        words=frozenset(words_of(text)),
    )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` in lower case, camelCase and snake_case taken apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return tuple(_stem(word.lower()) for word in _WORD.findall(apart))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def asked_shape(text: str) -> JsonObject | None:
    """Return a JSON schema of what ``text`` asks for; ``None`` where it names no shape."""
    text = text[:_LONGEST_SHAPE]
    found = _schema_in(text)
    return found[0] if found else _keys_in(text)


def without_shape(text: str) -> str:
    """Return a text without what says the shape: the names in it are no values."""
    text = text[:_LONGEST_SHAPE]
    if found := _schema_in(text):
        _, start, end = found
        return f"{text[:start]} {text[end:]}"
    return _KEYS_AFTER.sub(" ", _KEYS_BEFORE.sub(" ", text))


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
    found = _KEYS_BEFORE.search(text) or _KEYS_AFTER.search(text)
    if found is None:
        return None
    names = [one.strip("'\"`") for one in _EACH_KEY.findall(found.group(found.lastindex or 0))]
    keys = [name for name in dict.fromkeys(names) if name.lower() not in ("and", "or")]
    properties: JsonObject = {name: {"type": "string"} for name in keys}
    required: list[str] = list(keys)
    return {"type": "object", "properties": properties, "required": [*required]}
