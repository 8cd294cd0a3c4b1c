"""Bringing answers into the form that the SDK's models expect, where servers differ.

Only what is publicly known of a server is changed: unknown members stay, and so do unknown finish
reasons. What had to be replaced is kept beside, as ``native_finish_reason`` (OpenRouter's name for
it) and ``content_parts``. ``id``, ``created``, ``model`` and ``usage`` are ``None`` in the SDK's
models where a server leaves them out, and are not made up here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from .call_pieces import CallPieces
from .calls import LISTED, fit_calls, text_in
from .reasons import fitted_reason, is_cut, reason_text

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_MOST_DIGITS = 15
_HEAD = ("id", "model", "system_fingerprint")
_TEXTS = frozenset({"content", "reasoning_content", "reasoning", "refusal"})
_INNER = ("text", "content", "value")  # of an object in place of a text


def id_seed_of(payload: Mapping[str, object]) -> str:
    """Return what sets a request apart within its conversation, for ids that a server leaves out.

    It is the number of messages. If the server leaves out the id of the answer too, as for a status
    that is asked for again, the answers are the same to the letter.
    """
    messages = payload.get("messages")
    return str(len(messages)) if isinstance(messages, list) else ""


def asked_choices(payload: Mapping[str, object]) -> int:
    """Return how many choices a request asks for."""
    asked = payload.get("n")
    return asked if type(asked) is int and asked > 1 else 1


@dataclass(slots=True)
class Form:
    """The stage that brings an answer into OpenAI's form, whole or update by update.

    Groq's usage comes twice if ``stream_options`` asks for it: with the finish reason and, as
    everywhere, in an update of its own.

    :ivar id_seed: from :func:`.calls.id_seed_of`, for tool-call ids that the server leaves out.
    :ivar choices: how many were asked for, ``None`` if that is not known. Of one, the index can
        only be 0; some servers count their chunks there.
    """

    id_seed: str = ""
    choices: int | None = None
    _calls: dict[int, CallPieces] = field(default_factory=dict)
    _has_deltas: bool = False

    def whole(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return a chat completion in OpenAI's form: the same object if nothing has to change."""
        return _fit_answer(body, partial(_fit_choice, form=self), {})

    def update(self, update: Mapping[str, object]) -> Mapping[str, object]:
        """Return the next update: the same object if nothing has to change."""
        changes: dict[str, object] = {}
        if update.get("choices") is None:
            changes["choices"] = []
        return _fit_answer(update, self._fit_choice, changes)

    def rest(self) -> Mapping[str, object] | None:
        """Return what is held back of calls in choices that never finished, as an update."""
        pieces = [(number, calls.rest()) for number, calls in self._calls.items()]
        choices: list[object] = [
            {"index": number, "delta": {"tool_calls": rest}, "finish_reason": None}
            for number, rest in pieces
            if rest
        ]
        return {"choices": choices} if choices else None

    def number(self, choice: Mapping[str, object], place: int, answer: Mapping[str, object]) -> int:
        """Return the index that a choice has to have."""
        index = choice.get("index")
        if type(index) is not int:  # GitHub Copilot leaves it out, agentgateway#2371
            index = _whole(index)
            index = index if type(index) is int else place
        if index and self.choices == 1:
            given = answer.get("choices")
            return 0 if isinstance(given, list) and len(given) == 1 else index
        return index

    def _fit_choice(
        self, choice: Mapping[str, object], place: int, answer: Mapping[str, object]
    ) -> Mapping[str, object]:
        changes: dict[str, object] = {}
        number = self.number(choice, place, answer)
        _put("index", number, choice, changes)
        delta, reason = self._delta(choice), choice.get("finish_reason")
        if isinstance(delta, dict):
            _put("delta", self._fit_delta(delta, number, answer, reason), choice, changes)
        if reason is not None:
            calls = self._calls.get(number)
            _fit_reason(choice, calls is not None and calls.began, changes)
        return {**choice, **changes} if changes else choice

    def _delta(self, choice: Mapping[str, object]) -> object:
        """Give a choice's delta; Azure's filter results come without one (openai-python#1677)."""
        delta = choice.get("delta")
        if delta is not None:
            self._has_deltas = True
            return delta
        message = choice.get("message")  # in place of all deltas, or once more at the end
        return {} if self._has_deltas or not isinstance(message, dict) else message

    def _fit_delta(
        self,
        delta: Mapping[str, object],
        number: int,
        answer: Mapping[str, object],
        reason: object,
    ) -> object:
        changes: dict[str, object] = {}
        _fit_texts(delta, changes)
        calls, ended = self._calls.get(number), reason is not None
        if delta.get("tool_calls") or delta.get("function_call") or delta.get(LISTED):
            if calls is None:
                seed = f"{text_in(answer.get('id'))}/{number}/{self.id_seed}"
                calls = self._calls[number] = CallPieces(seed)
            pieces = calls.fit(delta, ended=ended, cut=ended and is_cut(reason))
            _put("tool_calls", pieces, delta, changes)
        elif calls is not None and ended and (rest := calls.rest(cut=is_cut(reason))):
            changes["tool_calls"] = rest
        return {**delta, **changes} if changes else delta


_FitChoice = Callable[[Mapping[str, object], int, Mapping[str, object]], Mapping[str, object]]


def _fit_answer(
    answer: Mapping[str, object], fit_choice: _FitChoice, changes: dict[str, object]
) -> Mapping[str, object]:
    given = answer.get("choices")
    choices: list[object] = given if isinstance(given, list) else []
    copy = choices
    for place, choice in enumerate(choices):
        if isinstance(choice, dict) and (fitted := fit_choice(choice, place, answer)) is not choice:
            copy = list(choices) if copy is choices else copy
            copy[place] = fitted
    if copy is not choices:
        changes["choices"] = copy
    for name in _HEAD:
        if (value := answer.get(name)) is not None and type(value) is not str:
            changes[name] = _as_text(value)
    created = answer.get("created")
    if type(created) is not int and isinstance(created, str):  # which the SDK makes a date of
        number = _whole(created)
        changes["created"] = number if type(number) is int else None
    _fit_usage(answer, changes)
    return {**answer, **changes} if changes else answer


def _fit_choice(
    choice: Mapping[str, object], place: int, answer: Mapping[str, object], form: Form
) -> Mapping[str, object]:
    changes: dict[str, object] = {}
    _put("index", form.number(choice, place, answer), choice, changes)
    message, has_calls = choice.get("message"), False
    if message is None:  # Gemini, where its filter stopped the answer: LightRAG#3086
        changes["message"] = {"role": "assistant", "content": None}
    elif isinstance(message, dict):
        inner: dict[str, object] = {}
        _fit_texts(message, inner)
        if message.get("tool_calls") or message.get("function_call") or message.get(LISTED):
            seed = f"{text_in(answer.get('id'))}/{place}/{form.id_seed}"
            reason = choice.get("finish_reason")
            cut = is_cut(reason)
            empty = "" if cut else "{}"
            calls = fit_calls(message, seed, empty=empty, cut=cut and reason is not None)
            has_calls = isinstance(calls, list) and any(isinstance(call, dict) for call in calls)
            _put("tool_calls", calls, message, inner)
        if inner:
            changes["message"] = {**message, **inner}
    if choice.get("finish_reason") is not None:
        _fit_reason(choice, has_calls, changes)
    return {**choice, **changes} if changes else choice


def _put(name: str, value: object, given: Mapping[str, object], changes: dict[str, object]) -> None:
    if value is not given.get(name):
        changes[name] = value


def _fit_reason(choice: Mapping[str, object], has_calls: bool, changes: dict[str, object]) -> None:
    """Name the finish reason as the SDK does."""
    reason = choice.get("finish_reason")
    if isinstance(reason, list):
        return
    fitted = fitted_reason(reason_text(reason), has_calls=has_calls)
    if fitted != reason:
        changes["finish_reason"] = fitted
        changes["native_finish_reason"] = choice.get("native_finish_reason") or reason


def _fit_texts(message: Mapping[str, object], changes: dict[str, object]) -> None:
    """Make texts of what is declared as one: a number, an object, or a list of parts."""
    for name, value in message.items():
        if type(value) is str or value is None or name not in _TEXTS:
            continue
        if name == "content" and isinstance(value, list):
            _fit_content(message, value, changes)
        elif name not in changes:
            is_flag = isinstance(value, bool) and name != "content"  # "refusal": false
            changes[name] = None if is_flag else _as_text(value)
    role = message.get("role")
    if role is not None and type(role) is not str:
        changes["role"] = "assistant"


def _as_text(value: object) -> str:
    """Return the text that stands in an object or a list of parts; anything else as JSON."""
    if isinstance(value, list):
        return "".join(map(_text_of, value))
    if isinstance(value, dict):
        inner = next((value[name] for name in _INNER if isinstance(value.get(name), str)), None)
        if inner is not None:
            return text_in(inner)
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return ""


def _fit_content(
    message: Mapping[str, object], parts: list[object], changes: dict[str, object]
) -> None:
    """Make one text of a list of parts, as Mistral's reasoning models send it (llm-mistral#39).

    What they think goes where other servers put it; the parts themselves are kept beside.
    """
    changes["content_parts"] = parts
    changes["content"] = "".join(map(_text_of, parts))
    thought = "".join(_text_of(inner) for part in parts for inner in _thoughts(part))
    if thought and not message.get("reasoning_content"):
        changes["reasoning_content"] = thought


def _text_of(part: object) -> str:
    if isinstance(part, dict) and part.get("type", "text") == "text":
        part = part.get("text")
    return text_in(part)


def _thoughts(part: object) -> list[object]:
    thinking = part.get("thinking") if isinstance(part, dict) else None
    return thinking if isinstance(thinking, list) else [thinking]


def _fit_usage(value: Mapping[str, object], changes: dict[str, object]) -> None:
    usage = value.get("usage")
    if usage is None:
        groq = value.get("x_groq")  # vercel/ai#1651
        usage = groq.get("usage") if isinstance(groq, dict) else None
    if isinstance(usage, dict):
        _put("usage", _fit_counts(usage), value, changes)


def _fit_counts(usage: Mapping[str, object]) -> object:
    """Make whole numbers of the counts, and a missing one of the other two."""
    prompt, completion, total = map(usage.get, _COUNTS)
    if type(prompt) is int and type(completion) is int and type(total) is int:
        return usage
    given = (prompt, completion, total)
    counts = prompt, completion, total = [_whole(count) for count in given]
    if total is None and type(prompt) is type(completion) is int:
        counts[2] = prompt + completion
    elif type(total) is int and type(prompt) is int and completion is None:
        counts[1] = total - prompt if total >= prompt else None
    elif type(total) is int and type(completion) is int and prompt is None:
        counts[0] = total - completion if total >= completion else None
    changes = {
        name: count
        for name, count, old in zip(_COUNTS, counts, given, strict=True)
        if count is not old
    }
    return {**usage, **changes} if changes else usage


def _whole(count: object) -> object:
    if isinstance(count, float) and count.is_integer():
        return int(count)
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < _MOST_DIGITS:
        return int(count)
    return count
