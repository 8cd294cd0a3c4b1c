"""Values that a prompt suggests: quoted words, names, numbers, dates, ``key=value`` pairs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

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
