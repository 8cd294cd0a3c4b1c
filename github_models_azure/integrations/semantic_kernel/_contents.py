"""Answers as the kernel's contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from azure.ai.inference.models import ChatCompletions, StreamingChatCompletionsUpdate
from pydantic import ValidationError
from semantic_kernel.connectors.ai.completion_usage import CompletionUsage
from semantic_kernel.contents.chat_message_content import ChatMessageContent
from semantic_kernel.contents.function_call_content import FunctionCallContent
from semantic_kernel.contents.streaming_chat_message_content import StreamingChatMessageContent
from semantic_kernel.contents.streaming_text_content import StreamingTextContent
from semantic_kernel.contents.text_content import TextContent
from semantic_kernel.contents.utils.author_role import AuthorRole
from semantic_kernel.contents.utils.finish_reason import FinishReason

from ..._core.answer.reasons import is_cut
from ...trail import Trail, trail_of
from ._history import CALL_EXTRAS

_CUT = "{"  # no JSON, so that the kernel does not take it for no arguments


def whole_messages(answer: ChatCompletions, ai_model_id: str) -> list[ChatMessageContent]:
    """Return one message for each choice of an answer."""
    about = _about(answer) | _outcome(answer, answer.usage)
    return [_whole(answer, choice, about, ai_model_id) for choice in answer.choices]


def _whole(answer: Any, choice: Any, about: dict[str, Any], model: str) -> ChatMessageContent:
    message = choice.message
    text = message.content or message.get("refusal")
    items: list[Any] = [TextContent(text=text)] if text else []
    cut = is_cut(_reason(choice))
    items += [_call(call, None, cut=cut) for call in message.tool_calls or ()]
    return ChatMessageContent(
        role=AuthorRole.ASSISTANT,
        items=items,
        inner_content=answer,
        finish_reason=_finish(choice),
        ai_model_id=model,
        metadata=about | _logprobs(choice),
    )


class StreamedMessages:
    """The messages of one stream: what each update brings, and at the end what is known then.

    The kernel adds the messages of a stream up, and what comes later overwrites: so usage and
    trail come once, with a last message without text.
    """

    def __init__(self, ai_model_id: str, attempt: int) -> None:
        self._about: dict[str, Any] = {}
        self._ai_model_id, self._attempt = ai_model_id, attempt
        self._indexes: set[int] = set()
        self._unwritten: dict[int, set[int]] = {}
        self._last: StreamingChatCompletionsUpdate | None = None

    def of(self, update: StreamingChatCompletionsUpdate) -> list[StreamingChatMessageContent]:
        """Return one message for each choice of an update, none for the one with the usage."""
        self._about |= _about(update)
        if update.usage:
            self._last = update
        return [self._piece(update, choice) for choice in update.choices or ()]

    def end(self, stream: Any) -> list[StreamingChatMessageContent]:
        """Return the last message of each choice, with the usage and the trail."""
        outcome = self._about | _outcome(stream, self._last and self._last.usage)
        return [
            self._message(index, [], self._last, outcome) for index in sorted(self._indexes) or [0]
        ]

    def _piece(self, update: Any, choice: Any) -> StreamingChatMessageContent:
        index = choice.index or 0
        self._indexes.add(index)
        delta = choice.delta or {}
        text = delta.get("content") or delta.get("refusal")
        items: list[Any] = []
        if text:
            items.append(StreamingTextContent(choice_index=index, text=text))
        calls = [_call(call, call.get("index")) for call in delta.get("tool_calls") or ()]
        items += [*calls, *self._cut_calls(index, calls, choice)]
        about = _about(update) | _logprobs(choice)
        return self._message(index, items, update, about, _finish(choice))

    def _cut_calls(self, index: int, calls: list[Any], choice: Any) -> list[Any]:
        """Return what marks the calls of a choice that was cut before their arguments began."""
        unwritten = self._unwritten.setdefault(index, set())
        for call in calls:
            if call.arguments:
                unwritten.discard(call.index)
            elif call.name:
                unwritten.add(call.index)
        reason = _reason(choice)
        if reason is None or not is_cut(reason):
            return []
        return [FunctionCallContent(index=one, arguments=_CUT) for one in sorted(unwritten)]

    def _message(
        self,
        index: int,
        items: list[Any],
        update: Any,
        metadata: dict[str, Any],
        finish: FinishReason | None = None,
    ) -> StreamingChatMessageContent:
        return StreamingChatMessageContent(
            role=AuthorRole.ASSISTANT,
            choice_index=index,
            items=items,
            inner_content=update,
            finish_reason=finish,
            metadata=metadata,
            ai_model_id=self._ai_model_id,
            function_invoke_attempt=self._attempt,
        )


def _call(call: Any, index: int | None, *, cut: bool = False) -> FunctionCallContent:
    function = call.get("function") or {}
    # Gemini refuses the next turn without the thought_signature that it sent beside a call.
    extras = {
        name: value
        for name, value in call.items()
        if name not in ("id", "type", "function", "index") and value is not None
    }
    return FunctionCallContent(
        id=call.get("id"),
        index=index,
        name=function.get("name"),
        arguments=function.get("arguments") or (_CUT if cut else function.get("arguments")),
        metadata={CALL_EXTRAS: extras} if extras else None,
    )


def _about(answer: Any) -> dict[str, Any]:
    members = ("id", "model", "created", "system_fingerprint")
    return {name: answer.get(name) for name in members if answer.get(name) is not None}


def _outcome(result: Any, usage: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = {"trail": _counted(trail_of(result))}
    if counted := _usage(usage):
        outcome["usage"] = counted
    if getattr(result, "parsed", None) is not None:
        outcome["parsed"] = result.parsed
    return outcome


def _usage(told: Any) -> CompletionUsage | None:
    """Return the tokens of an answer, without what a server has in place of a number."""
    if not told or not isinstance(told, Mapping):
        return None
    given = {name: told.get(name) for name in CompletionUsage.model_fields}
    try:
        return CompletionUsage(**given)
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors()}
        return CompletionUsage(**{name: given[name] for name in given.keys() - wrong})


def _logprobs(choice: Any) -> dict[str, Any]:
    logprobs = choice.get("logprobs")
    return {} if logprobs is None else {"logprobs": logprobs}


def _reason(choice: Any) -> Any:
    reason = choice.finish_reason
    return getattr(reason, "value", reason)


def _finish(choice: Any) -> FinishReason | None:
    known = {one.value: one for one in FinishReason}
    return known.get(_reason(choice))


def _counted(trail: Trail | None) -> Trail | None:
    """Return a trail that holds the usage itself, so that the kernel can store it."""
    return trail and replace(trail, spent=trail.usage)
