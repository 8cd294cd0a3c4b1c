"""The kernel's chat history as the messages of a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from semantic_kernel.contents.annotation_content import AnnotationContent
from semantic_kernel.contents.audio_content import AudioContent
from semantic_kernel.contents.chat_history import ChatHistory
from semantic_kernel.contents.chat_message_content import ChatMessageContent
from semantic_kernel.contents.file_reference_content import FileReferenceContent
from semantic_kernel.contents.function_call_content import FunctionCallContent
from semantic_kernel.contents.function_result_content import FunctionResultContent
from semantic_kernel.contents.image_content import ImageContent
from semantic_kernel.contents.reasoning_content import ReasoningContent
from semantic_kernel.contents.streaming_annotation_content import StreamingAnnotationContent
from semantic_kernel.contents.streaming_file_reference_content import StreamingFileReferenceContent
from semantic_kernel.contents.text_content import TextContent
from semantic_kernel.contents.utils.author_role import AuthorRole
from semantic_kernel.exceptions.service_exceptions import ServiceInvalidRequestError

CALL_EXTRAS = "tool_call"
"""Where the metadata of a function call keeps what a server wants back with it."""

_FOR_PEOPLE = (
    AnnotationContent,
    FileReferenceContent,
    ReasoningContent,
    StreamingAnnotationContent,
    StreamingFileReferenceContent,
)
"""Items that no model is told: remarks on an answer, and thoughts that led to it."""

_Message = dict[str, Any]


def request_messages(history: ChatHistory, instruction_role: str) -> list[_Message]:
    """Return the messages of a request, in order.

    :param instruction_role: the role of system messages, ``system`` or ``developer``.
    :raises ServiceInvalidRequestError: for an item that its message cannot carry.
    """
    messages = []
    for message in history.messages:
        made = _MAKERS[message.role](message)
        if message.role is AuthorRole.SYSTEM:
            made = [{**one, "role": instruction_role} for one in made]
        if message.name and message.role is not AuthorRole.TOOL:  # which of several agents it was
            made = [{**one, "name": message.name} for one in made]
        messages += made
    return messages


def _instruction(message: ChatMessageContent) -> list[_Message]:
    return [{"role": message.role.value, "content": _text(message)}]


def _user(message: ChatMessageContent) -> list[_Message]:
    items = _told(message)
    if all(isinstance(item, TextContent) for item in items) and len(items) < 2:
        return [{"role": "user", "content": _text(message)}]
    return [{"role": "user", "content": [_part(message, item) for item in items]}]


def _assistant(message: ChatMessageContent) -> list[_Message]:
    calls = [_call(item) for item in message.items if isinstance(item, FunctionCallContent)]
    text = _text(message, FunctionCallContent)
    made: _Message = {"role": "assistant"}
    if text or not calls:
        made["content"] = text
    if calls:
        made["tool_calls"] = calls
    return [made]


def _tool(message: ChatMessageContent) -> list[_Message]:
    """Return one message for each result: the kernel puts several into one message."""
    results = [item for item in _told(message) if isinstance(item, FunctionResultContent)]
    if not results:
        raise ServiceInvalidRequestError(
            "A tool message has no FunctionResultContent; it has to carry the result of a call."
        )
    return [
        {"role": "tool", "tool_call_id": item.id or "", "content": _result(item.result)}
        for item in results
    ]


_MAKERS: dict[AuthorRole, Callable[[ChatMessageContent], list[_Message]]] = {
    AuthorRole.SYSTEM: _instruction,
    AuthorRole.DEVELOPER: _instruction,
    AuthorRole.USER: _user,
    AuthorRole.ASSISTANT: _assistant,
    AuthorRole.TOOL: _tool,
}


def _told(message: ChatMessageContent) -> list[Any]:
    return [item for item in message.items if not isinstance(item, _FOR_PEOPLE)]


def _text(message: ChatMessageContent, *beside: type[Any]) -> str:
    texts = []
    for item in _told(message):
        if isinstance(item, TextContent):
            texts.append(item.text)
        elif not isinstance(item, beside):
            raise _misplaced(message, item)
    return "\n".join(texts)


def _part(message: ChatMessageContent, item: Any) -> _Message:
    if isinstance(item, TextContent):
        return {"type": "text", "text": item.text}
    if isinstance(item, ImageContent) and (item.data_uri or item.uri):
        return {"type": "image_url", "image_url": {"url": item.data_uri or str(item.uri)}}
    if isinstance(item, AudioContent) and item.data_uri:
        form = item.mime_type.partition("/")[2].removeprefix("x-")
        sound = {"data": item.data_string, "format": "mp3" if form == "mpeg" else form}
        return {"type": "input_audio", "input_audio": sound}
    raise _misplaced(message, item)


def _call(item: FunctionCallContent) -> _Message:
    arguments = item.arguments
    if not isinstance(arguments, str | None):
        arguments = json.dumps(dict(arguments), ensure_ascii=False)
    function = {"name": item.name or item.function_name, "arguments": arguments or "{}"}
    extras = item.metadata.get(CALL_EXTRAS) or {}
    return {**extras, "id": item.id or "", "type": "function", "function": function}


def _result(result: Any) -> str:
    if isinstance(result, dict | list):
        try:
            return json.dumps(result, ensure_ascii=False)
        except TypeError:  # objects of the caller's own, which say themselves what they are
            return str(result)
    return str(result)


def _misplaced(message: ChatMessageContent, item: Any) -> ServiceInvalidRequestError:
    return ServiceInvalidRequestError(
        f"A message of the role {message.role.value} cannot carry this {type(item).__name__}. "
        "Users send texts, images and audio data, assistants texts and function calls."
    )
