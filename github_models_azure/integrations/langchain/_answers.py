"""Answers of chat/completions as LangChain's results, whole or streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.json import parse_partial_json

from ..._core.answer.arguments import is_whole
from ..._core.answer.reasons import is_cut
from ...trail import Trail
from ._metadata import answer_metadata, usage_metadata

Json = Mapping[str, Any]


def chat_result(answer: Json, trail: Trail | None) -> ChatResult:
    """Return a whole answer; the tokens are counted for the first of several choices alone."""
    metadata = answer_metadata(answer, trail)
    usage = answer.get("usage")
    generations: list[ChatGeneration] = []
    for choice in answer.get("choices") or ():
        message = _message(choice.get("message") or {}, cut=is_cut(_reason(choice)))
        message.response_metadata = {**metadata, **_choice_metadata(choice)}
        if not generations:
            message.usage_metadata = usage_metadata(usage)
        info = {name: value for name, value in _choice_info(choice).items() if value is not None}
        generations.append(ChatGeneration(message=message, generation_info=info))
    output: dict[str, Any] = {"token_usage": _plain(usage), "model_provider": "github_models"}
    if "model_name" in metadata:
        output["model_name"] = metadata["model_name"]
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
        self._written: dict[Any, str] = {}

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
        cut = is_cut(self._info.get("finish_reason"))
        message = AIMessageChunk(
            content="",
            tool_call_chunks=[*self._broken()] if cut else [],
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
        for call in calls:
            self._written[call["index"]] = self._written.get(call["index"], "") + (
                call["args"] or ""
            )
        extra = _extra(delta)
        content = delta.get("content") or ""
        if not (content or calls or extra or logprobs):
            return None
        message = AIMessageChunk(content=content, tool_call_chunks=calls, additional_kwargs=extra)
        return ChatGenerationChunk(
            message=message, generation_info={"logprobs": logprobs} if logprobs else None
        )

    def _broken(self) -> Iterator[Any]:
        """Yield what LangChain needs to see that arguments were cut, for it mends what it can."""
        for index, written in self._written.items():
            if not is_whole(written):
                ends = ("]", "}", '"]', '"}', '""]', '""}')
                end = next(e for e in ends if not isinstance(_mended(written + e), dict))
                yield tool_call_chunk(name=None, args=end, id=None, index=index)


def _mended(written: str) -> object:
    try:
        mended: object = parse_partial_json(written)
    except ValueError:
        return None
    return mended


def _message(message: Json, *, cut: bool) -> AIMessage:
    calls: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    for raw in message.get("tool_calls") or ():
        call = _plain(raw)
        function = call.get("function") or call.get("custom") or {}
        name, given = function.get("name") or "", function.get("arguments", function.get("input"))
        call_id = call.get("id") or None
        try:
            calls.append(tool_call(name=name, args=_arguments(given, cut=cut), id=call_id))
        except ValueError as error:  # whatever a model wrote in place of arguments
            why = f"The arguments of {name} are not a JSON object: {error}"
            broken.append(invalid_tool_call(name=name, args=_written(given), id=call_id, error=why))
    return AIMessage(
        content=message.get("content") or "",
        tool_calls=calls,
        invalid_tool_calls=broken,
        additional_kwargs=_extra(message),
    )


def _arguments(given: object, *, cut: bool) -> dict[str, Any]:
    """Return the arguments of a call, which some servers send read already.

    :raises ValueError: for what is no JSON object, and nothing is one where the answer was cut.
    """
    if cut and isinstance(given, str) and not is_whole(given):
        raise ValueError("the answer was cut off before its end")
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


def _reason(choice: Json) -> str | None:
    reason = choice.get("finish_reason")
    return None if reason is None else str(getattr(reason, "value", reason))


def _choice_info(choice: Json) -> dict[str, Any]:
    return {
        "finish_reason": _reason(choice),
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
