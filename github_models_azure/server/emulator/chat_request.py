"""A chat request: read from its body once, judged for shape, and counted in emulated tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from . import errors
from .errors import ServiceRefusal
from .json_value import (
    Json,
    JsonObject,
    as_count,
    as_list,
    as_object,
    as_text,
    compact,
)

# What one image weighs in tokens: 85 in low detail; 765 is a square picture in high detail.
_IMAGE_TOKENS_LOW = 85
_IMAGE_TOKENS = 765
_AUDIO_TOKENS = 100
_FILE_TOKENS = 1000
_TOKENS_PER_MESSAGE = 4
_AUDIO = ("input_audio", "audio_url")
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")

# Up to six letters with the space before them, or one punctuation mark: about four characters of
# English a piece, which is what the real tokenizers average.
_PIECE = re.compile(r"\s?(?:\w{1,6}|[^\w\s])|\s+")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``calls`` are the (id, name) of its tool calls, ``media`` images and audio."""

    role: str
    text: str
    calls: tuple[tuple[str, str], ...] = ()
    tool_call_id: str = ""
    media: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the caller offers."""

    name: str
    description: str
    parameters: JsonObject


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """What the caller asks of the tools; ``name`` is set for one named function."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the emulator needs of a chat body; ``max_tokens`` is whichever name was used."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel: bool = True
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    choices: int = 1
    format: Literal["text", "json_object", "json_schema"] = "text"
    schema: JsonObject = field(default_factory=dict)
    reasoning_effort: str | None = None

    @property
    def last_user_text(self) -> str:
        """The text of the last user message, empty when there is none."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def prompt_text(self) -> str:
        """Everything that was said, for filters."""
        return "\n".join(message.text for message in self.messages)


def read_chat(body: JsonObject) -> ChatRequest:
    """Return the request in ``body``.

    :raises ServiceRefusal: 400 for messages, tools or options of the wrong shape.
    """
    response_format = as_object(body.get("response_format"))
    kind = as_text(response_format.get("type")) or "text"
    if kind not in ("text", "json_object", "json_schema"):
        raise ServiceRefusal(
            errors.invalid("response_format.type", f"{kind!r} is unknown.", code="invalid_value")
        )
    schema = as_object(as_object(response_format.get("json_schema")).get("schema"))
    choices = 1 if body.get("n") is None else as_count(body["n"])
    if choices is None or not 1 <= choices <= 128:
        raise ServiceRefusal(errors.invalid("n", "expected an integer from 1 to 128."))
    tools = read_tools(body.get("tools"))
    effort = body.get("reasoning_effort")
    return ChatRequest(
        messages=_messages(body.get("messages")),
        tools=tools,
        tool_choice=_tool_choice(body.get("tool_choice"), tools),
        parallel=body.get("parallel_tool_calls") is not False,
        stream=body.get("stream") is True,
        include_usage=as_object(body.get("stream_options")).get("include_usage") is True,
        max_tokens=_max_tokens(body),
        stop=_stop(body.get("stop")),
        choices=choices,
        format="json_schema" if kind == "json_schema" else _plain_format(kind),
        schema=schema,
        reasoning_effort=effort if isinstance(effort, str) else None,
    )


def input_tokens(body: JsonObject) -> int:
    """Count the input of a chat body the way the gateway did: messages, tools and schema."""
    total = sum(_tokens_of(as_object(message)) for message in as_list(body.get("messages")))
    tools = body.get("tools")
    schema = as_object(body.get("response_format")).get("json_schema")
    total += count_pieces(compact(tools)) if tools else 0
    total += count_pieces(compact(schema)) if schema else 0
    return total + 3


def audio_tokens(body: JsonObject) -> int:
    """Count what the sounds among the input of a chat body weigh."""
    contents = (as_object(message).get("content") for message in as_list(body.get("messages")))
    parts = (as_object(part) for content in contents for part in as_list(content))
    return sum(_AUDIO_TOKENS for part in parts if part.get("type") in _AUDIO)


def read_tools(value: Json) -> tuple[Tool, ...]:
    """Return the functions among ``tools``.

    :raises ServiceRefusal: 400 when one has no name.
    """
    tools = []
    for index, entry in enumerate(as_list(value)):
        function = as_object(as_object(entry).get("function"))
        name = as_text(function.get("name"))
        if not name:
            raise ServiceRefusal(
                errors.upstream(
                    f"Missing required parameter: 'tools[{index}].function.name'.",
                    code="missing_required_parameter",
                    param=f"tools[{index}].function.name",
                )
            )
        description = as_text(function.get("description"))
        tools.append(Tool(name, description, as_object(function.get("parameters"))))
    return tuple(tools)


def _messages(value: Json) -> tuple[Message, ...]:
    if not isinstance(value, list):
        if value is None:
            raise ServiceRefusal(
                errors.upstream(
                    "Missing required parameter: 'messages'.",
                    code="missing_required_parameter",
                    param="messages",
                )
            )
        raise ServiceRefusal(errors.invalid("messages", "expected an array of objects."))
    if not value:
        raise ServiceRefusal(errors.empty_messages())
    return tuple(_message(index, entry) for index, entry in enumerate(value))


def _message(index: int, entry: Json) -> Message:
    where = f"messages[{index}]"
    if not isinstance(entry, dict):
        raise ServiceRefusal(errors.invalid(where, "expected an object."))
    role = as_text(entry.get("role"))
    if role not in _ROLES:
        known = ", ".join(f"'{name}'" for name in _ROLES)
        raise ServiceRefusal(
            errors.invalid(f"{where}.role", f"supported values are {known}.", code="invalid_value")
        )
    content = entry.get("content")
    if not (content is None or isinstance(content, (str, list))):
        raise ServiceRefusal(errors.invalid(f"{where}.content", "expected a string or an array."))
    calls = as_list(entry.get("tool_calls"))
    names = tuple(
        (as_text(c.get("id")), as_text(as_object(c.get("function")).get("name")))
        for c in map(as_object, calls)
    )
    text, media = _content(content)
    return Message(
        role=role,
        text=text,
        calls=names,
        tool_call_id=as_text(entry.get("tool_call_id")),
        media=media,
    )


def _content(content: Json) -> tuple[str, int]:
    """Return the text of a message's content, and what its images and audio weigh in tokens."""
    if isinstance(content, str):
        return content, 0
    texts, media = [], 0
    for part in map(as_object, as_list(content)):
        kind = part.get("type")
        if kind == "text":
            texts.append(as_text(part.get("text")))
        elif kind == "image_url":
            low = as_object(part.get("image_url")).get("detail") == "low"
            media += _IMAGE_TOKENS_LOW if low else _IMAGE_TOKENS
        elif kind in _AUDIO:
            media += _AUDIO_TOKENS
        elif kind == "file":
            media += _FILE_TOKENS
    return "\n".join(texts), media


def _tokens_of(message: JsonObject) -> int:
    text, media = _content(message.get("content"))
    calls = message.get("tool_calls")
    called = count_pieces(compact(calls)) if calls else 0
    return _TOKENS_PER_MESSAGE + count_pieces(text) + media + called


def _tool_choice(value: Json, tools: Sequence[Tool]) -> ToolChoice:
    if value is None:
        return ToolChoice()
    if value == "none":
        return ToolChoice("none")
    if value == "auto":
        return ToolChoice("auto")
    if value in ("required", "any"):
        return ToolChoice("required")
    name = as_text(as_object(as_object(value).get("function")).get("name"))
    if name not in {tool.name for tool in tools}:
        raise ServiceRefusal(
            errors.invalid("tool_choice", f"{value!r} fits no tool.", code="invalid_value")
        )
    return ToolChoice("required", name)


def _max_tokens(body: JsonObject) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        if value is None:
            continue
        count = as_count(value)
        if count is None:
            raise ServiceRefusal(errors.invalid(name, "expected an integer."))
        if count < 1:
            raise ServiceRefusal(
                errors.invalid(name, f"{count} is less than 1.", code="invalid_value")
            )
        return count
    return None


def _stop(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(word for word in as_list(value) if isinstance(word, str) and word)


def _plain_format(kind: str) -> Literal["text", "json_object"]:
    return "json_object" if kind == "json_object" else "text"


def split_pieces(text: str) -> tuple[str, ...]:
    """Return the pieces of ``text``; joined again they are the same text."""
    return tuple(_PIECE.findall(text))


def count_pieces(text: str) -> int:
    """Return how many pieces, that is emulated tokens, ``text`` has."""
    return sum(1 for _ in _PIECE.finditer(text))
