"""What an answer used: the tokens that its server counted, or an estimate that says it is one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..route.tokens import Tally, TokenCounter, estimate_text

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_THOUGHTS = ("reasoning_content", "reasoning")  # some servers send the same thoughts under both


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one answer.

    ``estimated`` is true if the server did not count them all: what it left out is then an
    estimate from the texts, by characters or by the ``tokenizer`` of the client.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    estimated: bool = False


@dataclass(slots=True)
class _Kept:
    """Keeps the pieces of a text, for a tokenizer counts nothing but whole ones."""

    count: TokenCounter
    pieces: list[str] = field(default_factory=list)

    def add(self, piece: str) -> None:
        self.pieces.append(piece)

    def tokens(self) -> int:
        return self.count("".join(self.pieces))


class Spending:
    """The stage that notes what an answer uses; it changes nothing, and counts when it is read.

    Of a whole answer without usage it holds the body until then. Of a stream it holds counts, and
    texts only for a tokenizer.

    :param prompt: the tokens of a chat prompt; ``None`` if ``inputs`` are counted instead.
    :param inputs: what embeddings are made of: a text, tokens, or a list of either.
    """

    __slots__ = ("_body", "_count", "_heard", "_inputs", "_named", "_prompt", "_told")

    def __init__(
        self, prompt: int | None, inputs: object = None, count: TokenCounter = estimate_text
    ) -> None:
        self._prompt, self._inputs, self._count = prompt, inputs, count
        self._told: Mapping[str, object] = {}
        self._body: Mapping[str, object] | None = None
        self._heard: dict[int, Tally | _Kept] = {}
        self._named: set[tuple[int, int, str]] = set()

    def __call__(self) -> Usage | None:
        """Return the usage so far; ``None`` if neither the server nor a text tells it."""
        counts = (self._told.get(name) for name in _COUNTS)
        prompt, completion, total = (one if type(one) is int else None for one in counts)
        if self._prompt is None and completion is None:  # vectors have no tokens
            completion = 0
        if prompt is not None and completion is not None:
            return Usage(prompt, completion, prompt + completion if total is None else total)
        if prompt is None:
            prompt = self._prompt_tokens()
        if prompt is None:
            return None
        if completion is None:
            completion = self._completion_tokens()
        return Usage(prompt, completion, prompt + completion, estimated=True)

    def __reduce__(self) -> tuple[object, ...]:
        """Leave texts and tokenizer behind: a copy of a trail keeps the counts."""
        return _same, (self(),)

    def whole(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Note the usage of an answer, or the answer if it tells none."""
        self._note(body)
        if not self._is_told() and self._prompt is not None:
            self._body = body
        return body

    def update(self, update: Mapping[str, object]) -> Mapping[str, object]:
        """Note the usage in an update of a stream, and count the text until there is one."""
        self._note(update)
        if not self._is_told():
            self._hear(update, "delta")
        return update

    def _note(self, body: Mapping[str, object]) -> None:
        told = body.get("usage")
        if told and isinstance(told, Mapping) and (self._is_whole(told) or not self._is_told()):
            self._told = told
            if self._is_told():
                self._inputs = self._body = None
                self._heard, self._named = {}, set()

    def _is_told(self) -> bool:
        return bool(self._told) and self._is_whole(self._told)

    def _is_whole(self, told: Mapping[str, object]) -> bool:
        wanted = _COUNTS[:1] if self._prompt is None else _COUNTS[:2]
        return all(type(told.get(name)) is int for name in wanted)

    def _prompt_tokens(self) -> int | None:
        if self._prompt is not None:
            return self._prompt
        return _tokens_in(self._inputs, self._count)

    def _completion_tokens(self) -> int:
        if (body := self._body) is not None:
            counted = Spending(self._prompt, count=self._count)  # two threads may read at once
            counted._hear(body, "message")
            self._heard, self._body = counted._heard, None
        return sum(heard.tokens() for heard in self._heard.values())

    def _hear(self, body: Mapping[str, object], member: str) -> None:
        for number, choice in enumerate(_mappings(body.get("choices"))):
            said, index = choice.get(member), _index(choice, number)
            if isinstance(said, Mapping):
                heard = self._heard.get(index)
                if heard is None:
                    plain = self._count is estimate_text
                    heard = self._heard[index] = Tally() if plain else _Kept(self._count)
                text = said.get("content")
                if isinstance(text, str):
                    heard.add(text)
                    if len(said) == 1:  # as most pieces of a stream
                        continue
                for piece in self._further(said, index):
                    heard.add(piece)

    def _further(self, said: Mapping[str, object], choice: int) -> Iterator[str]:
        refusal = said.get("refusal")
        if isinstance(refusal, str):
            yield refusal
        thoughts = (said.get(name) for name in _THOUGHTS)
        thought = next((one for one in thoughts if isinstance(one, str)), None)
        if thought is not None:
            yield thought
        for number, call in enumerate(_mappings(said.get("tool_calls"))):
            function = call.get("function")
            if isinstance(function, Mapping):
                called, arguments = function.get("name"), function.get("arguments")
                if isinstance(called, str):
                    mark = (choice, _index(call, number), called)
                    yield "" if mark in self._named else called  # some say it in every piece
                    self._named.add(mark)
                if arguments is not None:
                    yield arguments if isinstance(arguments, str) else json.dumps(arguments)


def _tokens_in(inputs: object, count: TokenCounter) -> int | None:
    """Count what embeddings are made of; ``None`` if it holds something else, such as images."""
    if isinstance(inputs, str):
        return count(inputs)
    if isinstance(inputs, int):
        return 1  # a token
    if not isinstance(inputs, list):
        return None
    found = [_tokens_in(one, count) for one in inputs]
    known = [one for one in found if one is not None]
    return sum(known) if len(known) == len(found) else None


def _index(item: Mapping[str, object], number: int) -> int:
    index = item.get("index")
    return index if isinstance(index, int) else number


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item


def _same(usage: Usage | None) -> Usage | None:
    return usage
