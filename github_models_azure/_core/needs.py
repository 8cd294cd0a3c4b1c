"""What a request requires of the model that serves it, derived from its body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from .facts import ModelFacts
from .tokens import MESSAGE_OVERHEAD, estimate_text

IMAGE_TOKENS = 765  # one high-detail image of 1024 x 1024 in OpenAI's published rule

TokenCounter = Callable[[str], int]


class Operation(str, Enum):
    """The route of an inference request below the endpoint's base URL."""

    CHAT = "/chat/completions"
    EMBEDDINGS = "/embeddings"
    IMAGE_EMBEDDINGS = "/images/embeddings"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request requires; token counts are estimates."""

    operation: Operation = Operation.CHAT
    input_tokens: int = 0
    output_tokens: int | None = None
    tools: bool = False
    parallel_tool_calls: bool = False
    json_schema: bool = False
    images: bool = False
    audio: bool = False
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a target cannot serve a request; ``firm`` is false where the fact may be out of date."""

    reason: str
    firm: bool = True


def derive_needs(
    payload: Mapping[str, object],
    operation: Operation = Operation.CHAT,
    count: TokenCounter = estimate_text,
) -> Needs:
    """Read the needs off a request body.

    :param count: counts the tokens of a text; by characters unless a tokenizer is given.
    """
    if operation is not Operation.CHAT:
        return Needs(operation=operation, input_tokens=_largest_input(payload.get("input"), count))
    text, images, audio = _read_messages(payload.get("messages"), count)
    tools = payload.get("tools") or payload.get("functions")
    if tools:
        text += count(json.dumps(tools, default=str))
    response_format = payload.get("response_format")
    schema = isinstance(response_format, Mapping) and response_format.get("type") == "json_schema"
    if schema:
        text += count(json.dumps(response_format, default=str))
    limit = payload.get("max_completion_tokens", payload.get("max_tokens"))
    return Needs(
        operation=operation,
        input_tokens=text + images * IMAGE_TOKENS,
        output_tokens=limit if isinstance(limit, int) else None,
        tools=bool(tools),
        parallel_tool_calls=bool(tools) and payload.get("parallel_tool_calls") is True,
        json_schema=schema,
        images=images > 0,
        audio=audio,
        streaming=payload.get("stream") is True,
    )


def unmet(needs: Needs, facts: ModelFacts) -> Unmet | None:
    """Give the first reason why a model with these facts cannot serve the request."""
    for needed, known, lacks in _CHECKS:
        if needed(needs) and known(facts) is False:
            return Unmet(lacks)
    for limit, firm in ((facts.input_tokens, True), (facts.advised_input_tokens, False)):
        if limit is not None and needs.input_tokens > limit:
            much = f"{needs.input_tokens:,}"
            return Unmet(f"input of about {much} tokens is over its limit of {limit:,}", firm)
    asked, most = needs.output_tokens, facts.output_tokens
    if asked is not None and most is not None and asked > most:
        return Unmet(f"{asked:,} output tokens are over its limit of {most:,}", firm=False)
    return None


_Check = tuple[Callable[[Needs], bool], Callable[[ModelFacts], bool | None], str]

_CHECKS: tuple[_Check, ...] = (
    (lambda n: n.tools, lambda f: f.tools, "does not support tools"),
    (
        lambda n: n.parallel_tool_calls,
        lambda f: f.parallel_tool_calls,
        "does not support parallel tool calls",
    ),
    (lambda n: n.json_schema, lambda f: f.json_schema, "does not support json_schema"),
    (lambda n: n.images, lambda f: f.images, "does not take images"),
    (lambda n: n.audio, lambda f: f.audio, "does not take audio"),
    (lambda n: n.streaming, lambda f: f.streaming, "does not stream"),
    (
        lambda n: n.operation is not Operation.CHAT,
        lambda f: f.embeddings,
        "does not make embeddings",
    ),
    (lambda n: n.operation is Operation.CHAT, lambda f: f.chat, "is not a chat model"),
)


def _read_messages(messages: object, count: TokenCounter) -> tuple[int, int, bool]:
    tokens, images, audio = 0, 0, False
    for message in _items(messages):
        tokens += MESSAGE_OVERHEAD
        if not isinstance(message, Mapping):
            continue
        content = message.get("content")
        if isinstance(content, str):
            tokens += count(content)
        else:
            for part in _items(content):
                text, image, sound = _read_part(part, count)
                tokens, images, audio = tokens + text, images + image, audio or sound
        if message.get("tool_calls"):
            tokens += count(json.dumps(message["tool_calls"], default=str))
    return tokens, images, audio


def _read_part(part: object, count: TokenCounter) -> tuple[int, int, bool]:
    if not isinstance(part, Mapping):
        return 0, 0, False
    kind, text = part.get("type"), part.get("text")
    if isinstance(text, str):
        return count(text), 0, False
    return 0, int(kind == "image_url"), kind in ("input_audio", "audio_url")


def _largest_input(value: object, count: TokenCounter) -> int:
    if isinstance(value, str):
        return count(value)
    return max((count(item) for item in _items(value) if isinstance(item, str)), default=0)


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()
