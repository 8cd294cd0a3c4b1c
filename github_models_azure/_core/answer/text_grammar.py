"""The forms in which models write tool calls as text.

- ``json``: the whole text is ``{"name": ..., "arguments" or "parameters": {...}}``, several of
  them, or a list of them, in a code fence or not: Llama (ollama#13519, dynamo#9536), Hermes
  (NemoClaw#2731), Mistral (mistral-common#73).
- ``tags``: the text ends in calls, the first at the beginning of a line:
  ``<tool_call>{...}</tool_call>`` of Hermes and Qwen (vllm#5649; in the plural inspect_ai#1871),
  ``<function=name>{...}</function>`` of Llama (Rapid-MLX#703), ``[TOOL_CALLS][...]`` (vllm#5649)
  and ``[TOOL_CALLS]name[ARGS]{...}`` (mistral-vibe#594, mlx-lm#1448) of Mistral.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

JSON, TAGS, BOTH = "json", "tags", "both"
TEXT_CALLS = ("", JSON, TAGS, BOTH)
"""What a dialect may say of calls in text; by default none are looked for."""

_MARKERS = ("<tool_call", "<function=", "[TOOL_CALLS]")
_BEGUN = {marker[:size] for marker in _MARKERS for size in range(1, len(marker))}
_LINE = re.compile(
    r"^[ \t]*(?P<marker>{}|(?:{})\Z)".format(
        "|".join(map(re.escape, _MARKERS)), "|".join(map(re.escape, sorted(_BEGUN)))
    ),
    re.MULTILINE,
)
_FENCE, _PYTHON = "```", "<|python_tag|>"  # the latter: llama-models#266
_BARE = ("{", "[", _FENCE[0], _PYTHON[0])
_NAME = re.compile(r"[\w.-]{1,128}")
_LANGUAGE = re.compile(r"[ \t]*[A-Za-z]*[ \t]*\r?")
_KEYS = frozenset({"name", "arguments", "parameters", "type", "id"})
_OPENING = re.compile(r'(?:\[\s*)?\{{\s*"(?:{}|function)"'.format("|".join(sorted(_KEYS))))
_CUT_OPENING = re.compile(r'(?:\[\s*)?(?:\{\s*(?:"[^"\\]*)?)?\Z')
_WORD = 10  # characters: no word or escape of JSON is longer
_DECODER = json.JSONDecoder(
    strict=False, parse_constant=lambda name: _refuse(f"{name} is not JSON")
)  # models write line ends into strings


@dataclass(frozen=True, slots=True)
class TextCalls:
    """What to look for: ``how`` calls are written (see ``Dialect``), of which tools.

    ``id_seed`` is that of :class:`.normalise.Form`.
    """

    how: str
    names: frozenset[str]
    id_seed: str = ""


class _NoCallError(Exception):
    """What is read is no call, whatever may follow."""


class _OpenError(Exception):
    """What is read may be the beginning of a call."""


def _refuse(why: str) -> object:
    raise _NoCallError(why)


def count_ticks(text: str, before: tuple[int, int]) -> tuple[int, int]:
    """Count code fences: how many there were, and the backticks at the end that may begin one."""
    fences, carried = before
    text = "`" * carried + text
    return fences + text.count(_FENCE), (len(text) - len(text.rstrip("`"))) % len(_FENCE)


def find_start(
    text: str, how: str, *, bare: bool, fresh: bool, ticks: tuple[int, int]
) -> int | None:
    """Return where a call may begin; ``None`` where that is nowhere.

    :param bare: nothing but white space came before.
    :param fresh: the text begins a line.
    :param ticks: the code fences before it, as ``count_ticks`` counts them.
    """
    if bare and how != TAGS:
        start = len(text) - len(text.lstrip())
        if text.startswith(_BARE, start):
            return start
    if how == JSON:
        return None
    first = 0 if fresh else text.find("\n") + 1
    if not (fresh or first):
        return None
    done = 0
    for match in _LINE.finditer(text, first):
        start = match.start("marker")
        ticks, done = count_ticks(text[done:start], ticks), start
        if ticks[0] % 2 == 0:  # else it is shown in a code block
            return start
    return None


def read_calls(text: str, wanted: TextCalls, *, bare: bool) -> list[object] | None:
    """Read a text that may be calls; empty where it is none, ``None`` where it may become some.

    :param bare: it is the whole text, so that no tag has to say what it is.
    :returns: calls as in ``tool_calls``, without ``type``, and without ``id`` unless it was given.
    """
    may_become = False
    forms = [_Reader.tagged] if wanted.how != JSON else []
    forms += [_Reader.bare] if wanted.how != TAGS and bare else []
    for form in forms:
        reader = _Reader(text, wanted.names)
        try:
            form(reader)
        except _OpenError:
            may_become = True
        except _NoCallError:
            continue
        else:
            return reader.calls
    return None if may_become else []


class _Reader:
    """Reads one text from left to right."""

    __slots__ = ("_at", "_names", "_text", "calls")

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self._text, self._names, self._at = text, names, 0
        self.calls: list[object] = []

    def tagged(self) -> None:
        """Read calls in tags, up to the end."""
        while not self._ends():
            if self._takes("<tool_call"):
                plural = "s" if self._takes("s") else ""
                self._expect(">")
                self._value(bare=False)
                self._close(f"</tool_call{plural}>")
            elif self._takes("<function="):
                name = self._name()
                self._expect(">")
                self._arguments(name)
                self._close("</function>")
            else:
                self._expect("[TOOL_CALLS]")
                self._skip()
                if self._text.startswith(("[", "{"), self._at):
                    self._value(bare=False)
                else:
                    name = self._name()
                    self._takes("[ARGS]")
                    self._arguments(name)

    def bare(self) -> None:
        """Read calls that are all there is, up to the end."""
        self._takes(_PYTHON)
        fenced = self._takes(_FENCE)
        if fenced:
            language = _LANGUAGE.match(self._text, self._at)
            self._at = language.end() if language else self._at
            self._expect("\n")
        while True:
            self._value(bare=True)
            self._skip(";")
            if fenced and self._takes(_FENCE):
                if not self._ends():
                    raise _NoCallError
                return
            if self._ends():
                if fenced:
                    raise _OpenError
                return

    def _skip(self, also: str = "") -> None:
        while self._at < len(self._text) and (
            self._text[self._at].isspace() or self._text[self._at] in also
        ):
            self._at += 1

    def _ends(self) -> bool:
        self._skip()
        return self._at == len(self._text)

    def _takes(self, literal: str) -> bool:
        """Go past a literal if it is there."""
        if self._text.startswith(literal, self._at):
            self._at += len(literal)
            return True
        rest = self._text[self._at : self._at + len(literal)]
        if rest and literal.startswith(rest):
            raise _OpenError
        return False

    def _expect(self, literal: str) -> None:
        if self._at == len(self._text):
            raise _OpenError
        if not self._takes(literal):
            raise _NoCallError

    def _close(self, literal: str) -> None:
        """Go past a closing tag; at the end it may be missing, where it stopped the model."""
        if not self._ends():
            self._expect(literal)

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        end = match.end() if match else self._at
        name = self._text[self._at : end]
        if end == len(self._text) and any(known.startswith(name) for known in self._names):
            raise _OpenError
        if name not in self._names:
            raise _NoCallError
        self._at = end
        return name

    def _arguments(self, name: str) -> None:
        self._skip()
        self._expect("{")
        self._at -= 1
        self._add(name, self._json(), {})

    def _value(self, *, bare: bool) -> None:
        value = self._json(_OPENING, _CUT_OPENING)
        calls = value if isinstance(value, list) else [value]
        if not calls:
            raise _NoCallError
        for call in calls:
            self._call(call, bare=bare)

    def _json(self, *openings: re.Pattern[str]) -> object:
        """Read a value; where it is cut off, it has to begin in one of these ways."""
        self._skip()
        if self._at == len(self._text):
            raise _OpenError
        try:
            value, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated") or error.pos + _WORD > len(self._text)
            known = not openings or any(opening.match(self._text, self._at) for opening in openings)
            if cut and known:
                raise _OpenError from error
            raise _NoCallError from error
        except (RecursionError, ValueError) as error:  # nested too deep, digits without end
            raise _NoCallError from error
        return value

    def _call(self, call: object, *, bare: bool) -> None:
        if not isinstance(call, dict):
            raise _NoCallError
        identity: Mapping[str, object] = call
        if isinstance(function := call.get("function"), dict):  # vllm#11786
            if not call.keys() <= {"function", "type", "id"}:
                raise _NoCallError
            call = function
        name, given = call.get("name"), call.keys() & {"arguments", "parameters"}
        if not isinstance(name, str) or name not in self._names or not call.keys() <= _KEYS:
            raise _NoCallError
        if len(given) > 1 or (bare and not given):
            raise _NoCallError
        arguments = call[given.pop()] if given else None
        self._add(name, arguments, identity)

    def _add(self, name: str, arguments: object, identity: Mapping[str, object]) -> None:
        if isinstance(arguments, str):
            text = arguments
            try:
                arguments = json.loads(text)
            except (RecursionError, ValueError) as error:
                raise _NoCallError from error
        if not (arguments is None or isinstance(arguments, dict)):
            raise _NoCallError
        try:
            text = json.dumps(
                arguments or {}, ensure_ascii=False, separators=(",", ":"), allow_nan=False
            )
        except (RecursionError, ValueError) as error:  # numbers beyond all bounds
            raise _NoCallError from error
        call: dict[str, object] = {"function": {"name": name, "arguments": text}}
        if isinstance(given := identity.get("id"), str) and given:
            call["id"] = given
        self.calls.append(call)
