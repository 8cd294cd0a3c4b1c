"""Prompts and completions in the form of the conventions, and streams gathered into answers.

Texts are recorded only if that is asked for; the bytes of images and sounds are left out.
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/, ``gen_ai.input.messages`` and
``gen_ai.output.messages``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ._attributes import Attributes, choices

# Of azure-ai-inference's own instrumentation, and of OpenTelemetry's.
_AZURE_SWITCH = "AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED"
_OTEL_SWITCH = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_MODALITIES = {"image_url": "image", "audio_url": "audio", "input_audio": "audio"}
_ON_SPANS = {"true", "span_only", "span_and_event"}


def wants_content(given: bool | None) -> bool:
    """Tell whether content is to be recorded: as given, else as the environment says, else not."""
    if given is not None:
        return given
    environment = os.environ
    return (
        environment.get(_AZURE_SWITCH, "").strip().lower() == "true"
        or environment.get(_OTEL_SWITCH, "").strip().lower() in _ON_SPANS
    )


def prompt_attributes(body: Mapping[str, object]) -> Attributes:
    """Give the prompt of a request."""
    attributes: Attributes = {}
    messages = body.get("messages")
    if isinstance(messages, list):
        attributes["gen_ai.input.messages"] = _dump([_message(one) for one in messages])
    tools = body.get("tools")
    if isinstance(tools, list):
        attributes["gen_ai.tool.definitions"] = _dump(tools)
    texts = body.get("input")
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        attributes["gen_ai.input.messages"] = _dump(
            [{"role": "user", "parts": [_text(text)]} for text in texts]
        )
    return attributes


def completion_attributes(answer: Mapping[str, object]) -> Attributes:
    """Give the completion of an answer."""
    found = [
        {**_message(choice.get("message")), "finish_reason": choice.get("finish_reason") or "error"}
        for choice in choices(answer)
    ]
    return {"gen_ai.output.messages": _dump(found)} if found else {}


def _message(message: object) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        return {"role": "assistant", "parts": []}
    role = str(message.get("role") or "assistant")
    content = message.get("content")
    if role == "tool":
        answer = {"type": "tool_call_response", "id": message.get("tool_call_id")}
        response = list(_parts(content)) if isinstance(content, list) else content
        return {"role": role, "parts": [{**answer, "response": response}]}
    return {"role": role, "parts": [*_parts(content), *_calls(message.get("tool_calls"))]}


def _parts(content: object) -> Iterator[dict[str, Any]]:
    if isinstance(content, str) and content:
        yield _text(content)
    for item in content if isinstance(content, list) else ():
        if isinstance(item, Mapping):
            yield _part(item)


def _part(item: Mapping[str, Any]) -> dict[str, Any]:
    if item.get("type") == "text":
        return _text(item.get("text"))
    picture = item.get("image_url")
    url = picture.get("url") if isinstance(picture, Mapping) else None
    if isinstance(url, str) and not url.startswith("data:"):
        return {"type": "uri", "modality": "image", "uri": _without_secrets(url)}
    kind = str(item.get("type"))
    return {"type": "blob", "modality": _MODALITIES.get(kind, kind), "content": ""}


def _without_secrets(url: str) -> str:
    """Return a URL without what may be secret in it: user, password, query and fragment."""
    scheme, mark, rest = url.partition("?")[0].partition("#")[0].partition("://")
    place, slash, path = rest.partition("/")
    return scheme + mark + place.rpartition("@")[2] + slash + path


def _calls(calls: object) -> Iterator[dict[str, Any]]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            yield {
                "type": "tool_call",
                "id": call.get("id"),
                "name": function.get("name"),
                "arguments": function.get("arguments"),
            }


def _text(text: object) -> dict[str, Any]:
    return {"type": "text", "content": text}


def _dump(value: object) -> str:
    """Write JSON that can be sent as UTF-8: streams cut an emoji into two halves, or send one."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Gathered:
    """What the events of one stream say together.

    :param content: whether to gather texts and tool calls as well.
    """

    __slots__ = ("_choices", "_content", "_members")

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._members: dict[str, object] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def take(self, update: Mapping[str, object]) -> None:
        """Add one event."""
        for member in ("id", "model", "usage"):
            if update.get(member):
                self._members[member] = update[member]
        choices = update.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping):
                self._take_choice(choice)

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        kept = self._choices.setdefault(index, {"index": index, "finish_reason": None})
        if choice.get("finish_reason"):
            kept["finish_reason"] = choice["finish_reason"]
        delta = choice.get("delta")
        if not (self._content and isinstance(delta, Mapping)):
            return
        message = kept.setdefault("message", {"role": "assistant", "content": [], "tool_calls": {}})
        if isinstance(delta.get("content"), str):
            message["content"].append(delta["content"])
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, Mapping):
                _take_call(message["tool_calls"], call)

    def answer(self) -> dict[str, object]:
        """Give what was gathered as an answer that came whole."""
        choices = [_whole(choice) for _, choice in sorted(self._choices.items())]
        return {**self._members, "choices": choices}


def _take_call(calls: dict[object, dict[str, Any]], call: Mapping[str, Any]) -> None:
    kept = calls.setdefault(call.get("index", 0), {"id": None, "name": None, "arguments": []})
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    kept["id"] = call.get("id") or kept["id"]
    kept["name"] = function.get("name") or kept["name"]
    kept["arguments"].append(str(function.get("arguments") or ""))


def _whole(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    if message is None:
        return choice
    calls = [
        {"id": call["id"], "function": {**call, "arguments": "".join(call["arguments"])}}
        for call in message["tool_calls"].values()
    ]
    whole = {**message, "content": "".join(message["content"]), "tool_calls": calls}
    return {**choice, "message": whole}
