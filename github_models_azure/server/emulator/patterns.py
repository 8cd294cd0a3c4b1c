"""Write a text that matches a regular expression: best effort, for the common kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_MOST_REPEATS = 1000
_PRINTABLE = "".join(map(chr, range(32, 127)))
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_QUANTIFIER = re.compile(r"\*|\+|\?|\{(\d+)(?:(,)(\d*))?\}")


def example_of(pattern: str) -> str | None:
    """Return a text that ``pattern`` finds, or ``None`` when the pattern is beyond this writer."""
    try:
        reader = _Reader(pattern)
        text = reader.alternatives()
        matches = re.search(pattern, text) is not None
    except (ValueError, IndexError, re.error):
        return None
    return text if matches and reader.at_end else None


@dataclass(slots=True)
class _Reader:
    """A recursive walk over the pattern that writes the shortest text of each part."""

    pattern: str
    place: int = 0

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.pattern)

    def alternatives(self) -> str:
        """Write the first of ``a|b|c`` and read over the others."""
        first = self.sequence()
        while not self.at_end and self.pattern[self.place] == "|":
            self.place += 1
            self.sequence()
        return first

    def sequence(self) -> str:
        written = []
        while not self.at_end and self.pattern[self.place] not in "|)":
            atom = self.atom()
            written.append(atom * self.repeats())
        return "".join(written)

    def atom(self) -> str:
        char = self.pattern[self.place]
        self.place += 1
        if char in "^$":
            return ""
        if char == "(":
            return self.group()
        if char == "[":
            return self.char_class()
        if char == "\\":
            return self.escape()
        return "a" if char == "." else char

    def group(self) -> str:
        if self.pattern.startswith("?", self.place):
            prefix = re.compile(r"\?(?::|P<\w+>|<\w+>)").match(self.pattern, self.place)
            if prefix is None:
                raise ValueError("look-around and flags are not written")
            self.place = prefix.end()
        text = self.alternatives()
        if self.pattern[self.place] != ")":
            raise ValueError("unclosed group")
        self.place += 1
        return text

    def escape(self) -> str:
        char = self.pattern[self.place]
        self.place += 1
        if char in "bB":
            return ""
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isdigit():
            raise ValueError("back-references are not written")
        return _ESCAPES.get(char, char)

    def char_class(self) -> str:
        start = self.place
        if self.pattern[self.place] == "^":
            self.place += 1
        if self.pattern[self.place] == "]":
            self.place += 1
        while self.pattern[self.place] != "]":
            self.place += 2 if self.pattern[self.place] == "\\" else 1
        self.place += 1
        members: re.Pattern[str] = re.compile("[" + self.pattern[start : self.place])
        likely = "a0A1bz-_. /:@#"
        for char in likely + _PRINTABLE:
            if members.fullmatch(char):
                return char
        raise ValueError("no printable member")

    def repeats(self) -> int:
        match = _QUANTIFIER.match(self.pattern, self.place)
        if match is None:
            return 1
        self.place = match.end()
        if self.pattern.startswith("?", self.place):
            self.place += 1
        if match.group() in ("+", "*", "?"):
            return 1 if match.group() == "+" else 0
        count = int(str(match.group(1)))
        if count > _MOST_REPEATS:
            raise ValueError("too long a repetition")
        return count
