"""Answers of chat/completions as LangChain's results, whole or streamed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from ...trail import Trail
from ._metadata import answer_metadata, usage_metadata

Json = Mapping[str, Any]


def chat_result(answer: Json, trail: Trail | None) -> ChatResult:
    """Return a whole answer; the tokens are counted for the first of several choices alone."""
    metadata = answer_metadata(answer, trail)
    usage = answer.get("usage")
    generations: list[ChatGeneration] = []
    for choice in answer.get("choices") or ():
        message = _message(choice.get("message") or {})
        message.response_metadata = {**metadata, **_choice_metadata(choice)}
        if not generations:
            message.usage_metadata = usage_metadata(usage)
        info = {name: value for name, value in _choice_info(choice).items() if value is not None}
        generations.append(ChatGeneration(message=message, generation_info=info))
    output: dict[str, Any] = {"token_usage": _plain(usage), "model_provider": "github_models"}
    told = ("model_name", "id", "system_fingerprint")
    output.update({name: metadata[name] for name in told if name in metadata})
    return ChatResult(generations=generations, llm_output=output)


class ChunkReader:
    """Makes chunks of the updates of one stream; only its first choice is read.

    What stands beside the text is told once, in the last chunk: chunks are added up, and texts
    that came twice would be glued together.
    """

    def __init__(self) -> None:
        self._answer: dict[str, Any] = {}
        self._info: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}

    def take(self, update: Json) -> ChatGenerationChunk | None:
        """Return what an update adds; ``None`` where that is nothing to show."""
        for member, value in update.items():
            if member != "choices" and value:
                self._answer[member] = value
        chunk = None
        for choice in update.get("choices") or ():
            if not choice.get("index"):
                chunk = self._chunk(choice)
        return chunk

    def end(self, trail: Trail | None) -> ChatGenerationChunk:
        """Return the last chunk."""
        message = AIMessageChunk(
            content="",
            usage_metadata=usage_metadata(self._answer.get("usage")),
            response_metadata={**answer_metadata(self._answer, trail), **self._metadata},
            chunk_position="last",
        )
        return ChatGenerationChunk(message=message, generation_info=self._info or None)

    def _chunk(self, choice: Json) -> ChatGenerationChunk | None:
        info = _choice_info(choice)
        logprobs = info.pop("logprobs")
        self._info.update({name: value for name, value in info.items() if value is not None})
        self._metadata.update(_choice_metadata(choice))
        delta = choice.get("delta") or {}
        calls = [_call_chunk(call) for call in delta.get("tool_calls") or ()]
        extra = _extra(delta)
        content = delta.get("content") or ""
        if not (content or calls or extra or logprobs):
            return None
        message = AIMessageChunk(content=content, tool_call_chunks=calls, additional_kwargs=extra)
        return ChatGenerationChunk(
            message=message, generation_info={"logprobs": logprobs} if logprobs else None
        )


def _message(message: Json) -> AIMessage:
    calls: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    for raw in message.get("tool_calls") or ():
        call = _plain(raw)
        function = call.get("function") or call.get("custom") or {}
        name, given = function.get("name") or "", function.get("arguments", function.get("input"))
        call_id = call.get("id") or None
        try:
            calls.append(tool_call(name=name, args=_arguments(given), id=call_id))
        except ValueError as error:  # whatever a model wrote in place of arguments
            why = f"The arguments of {name} are not a JSON object: {error}"
            broken.append(invalid_tool_call(name=name, args=_written(given), id=call_id, error=why))
    return AIMessage(
        content=message.get("content") or "",
        tool_calls=calls,
        invalid_tool_calls=broken,
        additional_kwargs=_extra(message),
    )


def _arguments(given: object) -> dict[str, Any]:
    """Return the arguments of a call, which some servers send read already.

    :raises ValueError: for what is no JSON object.
    """
    read = given
    if isinstance(given, str):
        read = json.loads(given, strict=False) if given.strip() else None
    if read is None:  # a tool without parameters
        return {}
    if not isinstance(read, dict):
        raise ValueError(f"it is of type {type(read).__name__}")
    return read


def _written(arguments: object) -> str | None:
    if arguments is None or isinstance(arguments, str):
        return arguments
    return json.dumps(_plain(arguments), ensure_ascii=False)


def _extra(message: Json) -> dict[str, Any]:
    """Return what has no field of its own in LangChain's messages."""
    extra: dict[str, Any] = {}
    thought = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thought, str) and thought:
        extra["reasoning_content"] = thought
    for member in ("refusal", "audio", "annotations", "images"):
        if message.get(member):
            extra[member] = _plain(message[member])
    return extra


def _call_chunk(call: Json) -> Any:
    function = call.get("function") or {}
    return tool_call_chunk(
        name=function.get("name") or None,
        args=_written(function.get("arguments")),
        id=call.get("id") or None,
        index=call.get("index"),
    )


def _choice_info(choice: Json) -> dict[str, Any]:
    reason = choice.get("finish_reason")
    return {
        "finish_reason": None if reason is None else str(getattr(reason, "value", reason)),
        "logprobs": _plain(choice.get("logprobs")),
    }


def _choice_metadata(choice: Json) -> dict[str, Any]:
    return {
        name: _plain(choice[name])
        for name in ("content_filter_results", "native_finish_reason", "stop_reason")
        if choice.get(name)
    }


def _plain(value: Any) -> Any:
    """Return the SDK's mappings as the dicts and lists that they stand for."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
