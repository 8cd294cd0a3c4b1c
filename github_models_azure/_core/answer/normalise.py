"""Bringing answers into the form that the SDK's models expect, where servers differ.

Only what is publicly known of a server is changed: unknown members stay, and so do unknown finish
reasons. What had to be replaced is kept beside, as ``native_finish_reason`` (OpenRouter's name for
it) and ``content_parts``. ``id``, ``created``, ``model`` and ``usage`` are ``None`` in the SDK's
models where a server leaves them out, and are not made up here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from .calls import LISTED, CallPieces, fit_calls, text_in

_STOP, _LENGTH, _FILTERED, _CALLS = "stop", "length", "content_filter", "tool_calls"
_REASONS: Mapping[str, str] = {
    "eos": _STOP,  # Together, openai-dotnet#267
    "eos_token": _STOP,  # text-generation-inference#2344, and watsonx, ragas#1548
    "stop_sequence": _STOP,  # text-generation-inference, router/src/lib.rs
    "end_turn": _STOP,  # Anthropic's own, handed through: bedrock-access-gateway#11
    "max_tokens": _LENGTH,  # the same
    "tool_use": _CALLS,  # the same
    "model_length": _LENGTH,  # Mistral's OpenAPI document, ChatCompletionChoice
    "function_call": _CALLS,  # OpenAI, deprecated: openai-openapi#88
    # Gemini's own (ai.google.dev/api/generate-content#FinishReason), seen through its OpenAI
    # endpoint: Vibe-Trading#308; what they mean in OpenAI's words: envoyproxy/ai-gateway#2118.
    "STOP": _STOP,
    "MAX_TOKENS": _LENGTH,
    **dict.fromkeys(("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"), _FILTERED),
}
_GEMINI_FILTERED = "content_filter: "  # followed by one of its own, LightRAG#3086
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_MOST_DIGITS = 15


def id_seed_of(payload: Mapping[str, object]) -> str:
    """Return what sets a request apart within its conversation, for ids that a server leaves out.

    It is the number of messages. If the server leaves out the id of the answer too, as for a status
    that is asked for again, the answers are the same to the letter.
    """
    messages = payload.get("messages")
    return str(len(messages)) if isinstance(messages, list) else ""


@dataclass(slots=True)
class Form:
    """The stage that brings an answer into OpenAI's form, whole or update by update.

    Groq's usage comes twice if ``stream_options`` asks for it: with the finish reason and, as
    everywhere, in an update of its own.

    :ivar id_seed: from :func:`.calls.id_seed_of`, for tool-call ids that the server leaves out.
    """

    id_seed: str = ""
    _calls: dict[int, CallPieces] = field(default_factory=dict)
    _has_deltas: bool = False

    def whole(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return a chat completion in OpenAI's form: the same object if nothing has to change."""
        return _fit_answer(body, partial(_fit_choice, id_seed=self.id_seed))

    def update(self, update: Mapping[str, object]) -> Mapping[str, object]:
        """Return the next update: the same object if nothing has to change."""
        return _fit_answer(update, self._fit_choice)

    def _fit_choice(
        self, choice: Mapping[str, object], place: int, answer: Mapping[str, object]
    ) -> Mapping[str, object]:
        changes: dict[str, object] = {}
        index = choice.get("index")
        if index is None:  # GitHub Copilot, agentgateway#2371
            index = changes["index"] = place
        number = index if isinstance(index, int) else place
        delta = self._delta(choice)
        if isinstance(delta, dict):
            _put("delta", self._fit_delta(delta, number, answer), choice, changes)
        if choice.get("finish_reason") is not None:
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
        self, delta: Mapping[str, object], number: int, answer: Mapping[str, object]
    ) -> object:
        changes: dict[str, object] = {}
        if isinstance(content := delta.get("content"), list):
            _fit_content(delta, content, changes)
        if delta.get("tool_calls") or delta.get("function_call") or delta.get(LISTED):
            calls = self._calls.get(number)
            if calls is None:
                seed = f"{text_in(answer.get('id'))}/{number}/{self.id_seed}"
                calls = self._calls[number] = CallPieces(seed)
            _put("tool_calls", calls.fit(delta), delta, changes)
        return {**delta, **changes} if changes else delta


_FitChoice = Callable[[Mapping[str, object], int, Mapping[str, object]], Mapping[str, object]]


def _fit_answer(answer: Mapping[str, object], fit_choice: _FitChoice) -> Mapping[str, object]:
    changes: dict[str, object] = {}
    given = answer.get("choices")
    choices: list[object] = given if isinstance(given, list) else []
    copy = choices
    for place, choice in enumerate(choices):
        if isinstance(choice, dict) and (fitted := fit_choice(choice, place, answer)) is not choice:
            copy = list(choices) if copy is choices else copy
            copy[place] = fitted
    if copy is not choices:
        changes["choices"] = copy
    _fit_usage(answer, changes)
    return {**answer, **changes} if changes else answer


def _fit_choice(
    choice: Mapping[str, object], place: int, answer: Mapping[str, object], id_seed: str
) -> Mapping[str, object]:
    changes: dict[str, object] = {}
    if choice.get("index") is None:  # GitHub Copilot, agentgateway#2371
        changes["index"] = place
    message, has_calls = choice.get("message"), False
    if message is None:  # Gemini, where its filter stopped the answer: LightRAG#3086
        changes["message"] = {"role": "assistant", "content": None}
    elif isinstance(message, dict):
        inner: dict[str, object] = {}
        if isinstance(content := message.get("content"), list):
            _fit_content(message, content, inner)
        if message.get("tool_calls") or message.get("function_call") or message.get(LISTED):
            seed = f"{text_in(answer.get('id'))}/{place}/{id_seed}"
            calls = fit_calls(message, seed, empty="" if _is_cut(choice) else "{}")
            has_calls = isinstance(calls, list) and any(isinstance(call, dict) for call in calls)
            _put("tool_calls", calls, message, inner)
        if inner:
            changes["message"] = {**message, **inner}
    if choice.get("finish_reason") is not None:
        _fit_reason(choice, has_calls, changes)
    return {**choice, **changes} if changes else choice


def _is_cut(choice: Mapping[str, object]) -> bool:
    """Tell whether an answer may have ended before the arguments of its calls began."""
    reason = choice.get("finish_reason")
    return not isinstance(reason, str) or _REASONS.get(reason, reason) in ("length", _FILTERED)


def _put(name: str, value: object, given: Mapping[str, object], changes: dict[str, object]) -> None:
    if value is not given.get(name):
        changes[name] = value


def _fit_reason(choice: Mapping[str, object], has_calls: bool, changes: dict[str, object]) -> None:
    """Name the finish reason as the SDK does; Gemini stops at calls too (python-genai#2868)."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str):
        return
    filtered = reason.startswith(_GEMINI_FILTERED)
    fitted = _FILTERED if filtered else _REASONS.get(reason, reason)
    fitted = _CALLS if fitted == _STOP and has_calls else fitted
    if fitted != reason:
        changes["finish_reason"] = fitted
        changes["native_finish_reason"] = choice.get("native_finish_reason") or reason


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
