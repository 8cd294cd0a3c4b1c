"""The arguments of a tool call as one JSON text, whole and in the pieces of a stream.

Servers send objects where text belongs, text that is encoded twice, raw line ends, ``{}`` before
the arguments, and arguments that come again. What is no JSON otherwise stays as it came.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

# openai-agents-js#712, before the arguments themselves, in a piece of its own or in theirs.
_PLACEHOLDER = re.compile(r'\s*(?:\{\s*\}|null|"")\s*')
_BEFORE_OBJECT = re.compile(rf"\A(?:{_PLACEHOLDER.pattern})(?=\{{)")
_CONTROL = re.compile(r"[\x00-\x1f]")
_MARKS = re.compile(r'\\.?|"|[\x00-\x1f]', re.DOTALL)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_DECODER = json.JSONDecoder(strict=False)
_MOST_VALUES = 100
_DEEPEST = 3  # times that a text is encoded


def whole_arguments(arguments: object, empty: str, *, cut: bool = False) -> object:
    """Make one text of arguments; ``empty`` stands for none, and for a placeholder of a cut answer.

    Servers send "" for a tool without parameters (aichat#1217), and objects where text belongs
    (text-generation-inference#2461, llama.cpp#20198), of which the SDK makes text that is no JSON.
    """
    text = arguments if isinstance(arguments, str) else as_text(arguments)
    if text is None:
        return arguments
    bare = text.strip()
    if bare in ("null", '""') or (not text and empty):
        return empty
    if cut and _PLACEHOLDER.fullmatch(bare):  # what should have followed it is missing
        return empty
    if bare.startswith('"'):
        return _decoded(text)
    if not bare.startswith(("{", "null")) or _loads(text, strict=True) is not None:
        return text
    if _loads(text, strict=False) is not None:
        return _Escapes().take(text)
    return _said_once(text)


def as_text(arguments: object) -> str | None:
    """Return the text of arguments that are none; ``None`` where JSON cannot be written."""
    if arguments is None:
        return ""
    try:
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        return None


def is_whole(text: str) -> bool:
    """Return whether a text is a JSON object, raw line ends or not."""
    return isinstance(_loads(text, strict=False), dict)


def _loads(text: str, *, strict: bool) -> object:
    try:
        value: object = json.loads(text, strict=strict)
    except (ValueError, RecursionError):
        return None
    return value


def _decoded(text: str) -> str:
    """Return the object in a text that was encoded more than once; as given if there is none."""
    value: object = text
    for _ in range(_DEEPEST):
        if not isinstance(value, str):
            break
        if value is not text and value.lstrip().startswith("{"):
            return value if is_whole(value) else text
        value = _loads(value, strict=False)
    return text


def _said_once(text: str) -> str:
    """Return the one object that a text holds several times over, or behind a placeholder."""
    found: list[tuple[object, str]] = []
    position = 0
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return text
        found.append((value, text[position:end]))
        position = end + len(text[end:]) - len(text[end:].lstrip())
        if len(found) > _MOST_VALUES:
            return text
    meant = [one for one in found if one[0] not in ({}, None)]
    if not meant or not isinstance(meant[0][0], dict):
        return text
    same = all(value == meant[0][0] for value, _ in meant)
    return meant[0][1] if same else text


@dataclass(slots=True)
class _Escapes:
    """Escapes raw line ends and the like inside the strings of a JSON text that comes in pieces."""

    _in_string: bool = False
    _open: bool = False  # a backslash ended the last piece

    def take(self, text: str) -> str:
        """Return the next piece."""
        if self._open:
            self._open = False
            return text[:1] + self.take(text[1:]) if text else text
        return _MARKS.sub(self._mark, text)

    def _mark(self, found: re.Match[str]) -> str:
        mark = found[0]
        if mark == '"':
            self._in_string = not self._in_string
        elif mark[0] == "\\":
            self._open = len(mark) == 1
        elif self._in_string:
            return _SHORT.get(mark) or f"\\u{ord(mark):04x}"
        return mark


@dataclass(slots=True)
class ArgumentPieces:
    """The arguments of one streamed call.

    What may not be theirs is held back until it is known: a placeholder, a text that is encoded
    twice, and a piece that is all there is so far or an object inside.
    """

    _sent: list[str] = field(default_factory=list)
    _held: str = ""
    _doubt: str = ""
    _again: str = ""
    _grows: bool = False
    _escapes: _Escapes | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come."""
        return not self._sent and not self._held

    @property
    def holds_placeholder(self) -> bool:
        """Whether nothing has come but what may stand for arguments that follow."""
        return _PLACEHOLDER.fullmatch(self._held) is not None

    @property
    def is_whole(self) -> bool:
        """Whether an object has come whole."""
        return is_whole(self._held or self._all())

    def repeats(self, text: str) -> bool:
        """Return whether a text says what has come already."""
        return _same(text, self._held or self._all())

    def take(self, text: str, *, first: bool) -> str:
        """Return what a piece adds.

        :param first: whether it is the one that names the tool.
        """
        if not text:
            return ""
        if self._held:
            return self._after_held(text)
        if self._doubt:
            return self._after_doubt(text)
        if self._again:
            return self._more_again(text)
        if not self._sent:
            text = _BEFORE_OBJECT.sub("", text, count=1)
            if text.startswith("{") and _loads(text, strict=False) is None:
                text = _said_once(text)
            bare = text.strip()
            if bare[:1] == '"' or bare == "null" or (first and _PLACEHOLDER.fullmatch(bare)):
                self._held = text
                return ""
        elif text[0] == "{" and '"' in text:
            return self._object(text)
        return self._let(text)

    def release(self, *, cut: bool) -> str:
        """Return what is still held back, at the end of the call.

        :param cut: whether the answer was cut, so that a placeholder says nothing.
        """
        held, doubt, self._held, self._doubt = self._held, self._doubt, "", ""
        if doubt:
            before = self._all()
            grown = not is_whole(before + doubt) and is_whole(doubt)
            return self._let(doubt[len(before) :] if grown else doubt)
        if _PLACEHOLDER.fullmatch(held):
            return "" if cut else self._let("{}")
        return self._let(_decoded(held))

    def _all(self) -> str:
        if len(self._sent) > 1:
            self._sent = ["".join(self._sent)]
        return self._sent[0] if self._sent else ""

    def _after_held(self, text: str) -> str:
        if self._held.lstrip().startswith('"') and not self.holds_placeholder:
            self._held += text
        elif text.strip() and not _PLACEHOLDER.fullmatch(text):
            self._held = ""
            return self.take(text, first=False)
        return ""

    def _object(self, text: str) -> str:
        """Take an object that begins after others: one that comes again, or one inside."""
        before = self._all()
        if not before.startswith("{"):
            return self._let(text)
        if is_whole(before):
            if _same(text, before):
                return ""
            if before.startswith(text):
                self._again = text
                return ""
            return self._let(text)
        if not text.startswith(before):
            return self._let(text)
        if not self._grows and before.rstrip()[-1] in ":[,":
            self._doubt = text
            return ""
        self._grows = True
        return self._let(text[len(before) :])

    def _after_doubt(self, text: str) -> str:
        doubt, self._doubt = self._doubt, ""
        if text.startswith(doubt):
            self._grows = True
            return self._let(text[len(self._all()) :])
        return self._let(doubt + text)

    def _more_again(self, text: str) -> str:
        again, before = self._again + text, self._all()
        if before.startswith(again):
            self._again = "" if again == before else again
            return ""
        self._again = ""
        return self._let(again)

    def _let(self, text: str) -> str:
        if self._escapes is None:
            if not _CONTROL.search(text) or not (self._all() or text).lstrip().startswith("{"):
                self._sent.append(text)
                return text
            self._escapes = _Escapes()
            self._escapes.take(self._all())
        self._sent.append(text)
        return self._escapes.take(text)


def _same(one: str, other: str) -> bool:
    return one == other or (
        is_whole(one) and json.loads(one, strict=False) == _loads(other, strict=False)
    )
