"""Tool calls that a model writes out as text: found, and taken out of what the caller reads.

Servers without a parser for a model's own format hand its calls on as content. They are read only
where a dialect says so, only as calls of tools that the request offered, and only where nothing
but calls follows: JSON that is talked about is text. In a stream, text is held back from where a
call may have begun until it is known to be none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .calls import fit_calls, text_in
from .normalise import id_seed_of
from .text_grammar import TextCalls, count_ticks, find_start, read_calls

LONGEST = 128 * 1024
"""How much text is held back at most, in characters; what goes on for longer is no call."""

_MOST_STARTS = 100  # that lead nowhere: such a text is about calls, and reading on would be slow
_ALWAYS_READ = 512  # characters; what is longer is read again when it has grown by a quarter


def wanted_text_calls(payload: Mapping[str, object], how: str) -> TextCalls | None:
    """Return what to look for in the answer to a request; ``None`` where nothing is.

    :param how: the dialect's ``text_calls``.
    """
    if not how or payload.get("tool_choice") == "none":
        return None
    tools, functions = payload.get("tools"), payload.get("functions")
    offered = [_member(tool, "function") for tool in tools] if isinstance(tools, list) else []
    offered += functions if isinstance(functions, list) else []
    names = [_member(function, "name") for function in offered]
    known = frozenset(name for name in names if isinstance(name, str) and name)
    return TextCalls(how, known, id_seed_of(payload)) if known else None


def _take_choice(choice: object, answer: Mapping[str, object], wanted: TextCalls) -> object:
    message = _member(choice, "message")
    content = _member(message, "content")
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return choice
    if not isinstance(content, str) or message.get("tool_calls"):
        return choice
    held = _Held(wanted)
    text = held.feed(content)
    rest, calls = held.end()
    if not calls:
        return choice
    text += rest
    changes = _finished(choice, calls, answer, wanted)
    # White space around calls is no answer.
    said = {"content": text if text.strip() else None, "tool_calls": changes.pop("tool_calls")}
    return {**choice, "message": {**message, **said}, **changes}


def _finished(
    choice: Mapping[str, object],
    calls: list[object],
    answer: Mapping[str, object],
    wanted: TextCalls,
) -> dict[str, object]:
    """Give the calls in full, with ids, and the finish reason that goes with them."""
    seed = f"{text_in(answer.get('id'))}/{choice.get('index')}/{wanted.id_seed}"
    changes: dict[str, object] = {"tool_calls": fit_calls({"tool_calls": calls}, seed)}
    if choice.get("finish_reason") == "stop":
        native = choice.get("native_finish_reason") or "stop"
        changes |= {"finish_reason": "tool_calls", "native_finish_reason": native}
    return changes


_IDENTITY = ("id", "object", "created", "model")


@dataclass(slots=True)
class WrittenCalls:
    """The stage that makes tool calls of calls written as text; reads what ``Form`` returns."""

    wanted: TextCalls
    _held: dict[int, _Held] = field(default_factory=dict)
    _over: set[int] = field(default_factory=set)
    _last: Mapping[str, object] = field(default_factory=dict)

    def whole(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return a chat completion with its written calls as tool calls; as given without any."""
        given = body.get("choices")
        choices = given if isinstance(given, list) else []
        fitted = [_take_choice(choice, body, self.wanted) for choice in choices]
        if all(one is other for one, other in zip(fitted, choices, strict=True)):
            return body
        return {**body, "choices": fitted}

    def update(self, update: Mapping[str, object]) -> Mapping[str, object]:
        """Return the next update: the same object if nothing has to change."""
        given = update.get("choices")
        choices = given if isinstance(given, list) else []
        fitted = [self._take_choice(choice, update) for choice in choices]
        self._last = update if choices else self._last
        if all(one is other for one, other in zip(fitted, choices, strict=True)):
            return update
        return {**update, "choices": fitted}

    def rest(self) -> Mapping[str, object] | None:
        """Return what was held back of choices that never finished, as an update of its own."""
        choices: list[object] = []
        for number, held in self._held.items():
            if number not in self._over:
                made = self._close(held, {"index": number, "delta": {}}, self._last, "")
                choices += [made] if made["delta"] else []
        self._over |= set(self._held)
        known = {name: value for name, value in self._last.items() if name in _IDENTITY}
        return {**known, "choices": choices} if choices else None

    def _take_choice(self, choice: object, update: Mapping[str, object]) -> object:
        number, delta = _member(choice, "index"), _member(choice, "delta")
        if not isinstance(choice, dict) or not isinstance(delta, dict):
            return choice
        if not isinstance(number, int) or number in self._over:
            return choice
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = _Held(self.wanted)
        text = text_in(delta.get("content"))
        if delta.get("tool_calls"):  # the server reads calls itself
            self._over.add(number)
            return _saying(choice, delta, held.give_up() + text)
        told = held.feed(text)
        if choice.get("finish_reason") is None:
            return _saying(choice, delta, told)
        self._over.add(number)
        return self._close(held, choice, update, told)

    @staticmethod
    def _close(
        held: _Held, choice: Mapping[str, object], update: Mapping[str, object], told: str
    ) -> Mapping[str, object]:
        rest, calls = held.end()
        delta = choice["delta"]
        said = _saying(choice, delta if isinstance(delta, dict) else {}, told + rest)
        if not calls:
            return said
        changes = _finished(choice, calls, update, held.wanted)
        made, delta = changes.pop("tool_calls"), said["delta"]
        numbered = enumerate(made if isinstance(made, list) else ())
        pieces = [{"index": place, **call} for place, call in numbered]
        told_delta = delta if isinstance(delta, dict) else {}
        return {**said, "delta": {**told_delta, "tool_calls": pieces}, **changes}


def _saying(
    choice: Mapping[str, object], delta: Mapping[str, object], text: str
) -> Mapping[str, object]:
    if text == (delta.get("content") or ""):
        return choice
    return {**choice, "delta": {**delta, "content": text}}


@dataclass(slots=True)
class _Held:
    """The text of one choice: what was let go, and what is held back.

    ``_begun`` tells whether anything but white space was let go, ``_fresh`` whether what is held
    begins a line, ``_ticks`` the backticks that were let go: all, and at the very end.
    """

    wanted: TextCalls
    _text: str = ""
    _begun: bool = False
    _fresh: bool = True
    _ticks: tuple[int, int] = (0, 0)
    _starts: int = 0
    _due: int = 0

    def feed(self, text: str) -> str:
        """Return what can be let go now that ``text`` has come."""
        if not text:
            return ""
        self._text += text
        if 0 < len(self._text) < self._due:
            return ""
        return self._let_go(at_end=False)[0]

    def end(self) -> tuple[str, list[object]]:
        """Return the text that is left, and the calls after it."""
        return self._let_go(at_end=True)

    def give_up(self) -> str:
        """Return the text that is left, whatever it may be."""
        return self._release(len(self._text))

    def _let_go(self, *, at_end: bool) -> tuple[str, list[object]]:
        out = ""
        while self._text:
            start = self._start()
            if start is None:
                return out + self.give_up(), []
            out += self._release(start)
            calls = read_calls(self._text, self.wanted, bare=not self._begun)
            if calls and at_end:
                self._text = ""
                return out, calls
            if calls != [] and not at_end and len(self._text) <= LONGEST:
                size = len(self._text)
                self._due = 0 if size < _ALWAYS_READ else size + size // 4
                break
            self._starts += 1
            out += self._release(1)
        return out, []

    def _start(self) -> int | None:
        if self._starts >= _MOST_STARTS:
            return None
        return find_start(
            self._text,
            self.wanted.how,
            bare=not self._begun,
            fresh=self._fresh,
            ticks=self._ticks,
        )

    def _release(self, size: int) -> str:
        text, self._text, self._due = self._text[:size], self._text[size:], 0
        line = text.rpartition("\n")[2]
        self._fresh = (self._fresh or "\n" in text) and not line.strip(" \t")
        self._begun = self._begun or not (not text or text.isspace())
        self._ticks = count_ticks(text, self._ticks)
        return text


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
