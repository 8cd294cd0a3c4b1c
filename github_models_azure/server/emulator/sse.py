"""The events of streamed chat answers, in the shape of each family."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .bodies import (
    FILTERED_RESULTS,
    FINGERPRINT,
    PROMPT_FILTER_RESULTS,
    SAFE_RESULTS,
    chat_id,
    serverless_call,
    usage_of,
    xai_call,
)
from .chat_request import split_pieces
from .completion import Choice, Completion
from .json_value import Json, compact
from .names import Family, ServedModel

DONE = b"data: [DONE]\n\n"
MEDIA_TYPE = "text/event-stream; charset=utf-8"


def chat_events(
    completion: Completion, model: ServedModel, created: int, *, include_usage: bool
) -> Iterator[bytes]:
    """Yield the events of a streamed answer, ``[DONE]`` included."""
    if model.family is Family.OPENAI:
        yield from _openai(completion, model, created, include_usage=include_usage)
    elif model.family is Family.XAI:
        yield from _xai(completion, model, created, include_usage=include_usage)
    else:
        yield from _serverless(completion, model, created)
    yield DONE


def event(value: Json) -> bytes:
    """Return one event."""
    return b"data: " + compact(value).encode() + b"\n\n"


def error_event() -> bytes:
    """Return an error in the middle of a stream: a chunk without choices."""
    message = "The server had an error while processing your request. Sorry about that!"
    return event({"error": {"message": message, "type": "server_error", "code": "server_error"}})


def _openai(
    completion: Completion, model: ServedModel, created: int, *, include_usage: bool
) -> Iterator[bytes]:
    count = 0

    def chunk(choices: list[Json], usage: Json = None) -> bytes:
        nonlocal count
        count += 1
        value: dict[str, Json] = {
            "choices": choices,
            "created": created,
            "id": chat_id(completion, model),
            "model": model.upstream,
            # Padding of varying length: the service hides the length of each piece with it.
            "obfuscation": completion.id[: (count * 7) % 16],
            "object": "chat.completion.chunk",
            "system_fingerprint": FINGERPRINT,
        }
        if include_usage:
            value["usage"] = usage
        return event(value)

    first: Json = {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": PROMPT_FILTER_RESULTS,
    }
    yield event(first)
    for choice in completion.choices:
        for delta, results in _openai_deltas(choice):
            yield chunk([_openai_part(choice, delta, results, None)])
        results = FILTERED_RESULTS if choice.finish == "content_filter" else {}
        yield chunk([_openai_part(choice, {}, results, choice.finish)])
    if include_usage:
        yield chunk([], usage_of(completion, model))


def _openai_part(choice: Choice, delta: Json, results: Json, finish: str | None) -> Json:
    return {
        "content_filter_results": results,
        "delta": delta,
        "finish_reason": finish,
        "index": choice.index,
        "logprobs": None,
    }


def _openai_deltas(choice: Choice) -> Iterator[tuple[Json, Json]]:
    """Yield (delta, filter results): the role, then the text or the fragments of the calls."""
    head: dict[str, Json] = {"content": "", "refusal": None, "role": "assistant"}
    if not choice.calls:
        yield head, {}
        for piece in choice.pieces:
            yield {"content": piece}, SAFE_RESULTS
        return
    for index, call in enumerate(choice.calls):
        opening: Json = {
            "function": {"arguments": "", "name": call.name},
            "id": call.id,
            "index": index,
            "type": "function",
        }
        # Only the first call comes with the role; the next ones open in a delta of their own.
        begin: dict[str, Json] = {**head, "content": None} if not index else {}
        yield {**begin, "tool_calls": [opening]}, {}
        for piece in split_pieces(call.arguments):
            yield {"tool_calls": [{"function": {"arguments": piece}, "index": index}]}, {}


def _serverless(completion: Completion, model: ServedModel, created: int) -> Iterator[bytes]:
    last = len(completion.choices) - 1
    for number, choice in enumerate(completion.choices):
        deltas: list[Json] = [{"content": "", "role": "assistant"}]
        if choice.calls:
            deltas.append({"tool_calls": [serverless_call(call) for call in choice.calls]})
        else:
            deltas.extend({"content": piece} for piece in choice.pieces)
            deltas.append({"content": ""})
        for place, delta in enumerate(deltas):
            ends = place == len(deltas) - 1
            part: Json = {
                "delta": delta,
                "finish_reason": choice.finish if ends else None,
                "index": choice.index,
                "logprobs": None,
            }
            value: dict[str, Json] = {
                "choices": [part],
                "created": created,
                "id": chat_id(completion, model),
                "model": model.upstream,
                "object": "chat.completion.chunk",
            }
            if ends and number == last:
                value["usage"] = usage_of(completion, model)
            yield event(value)


def _xai(
    completion: Completion, model: ServedModel, created: int, *, include_usage: bool
) -> Iterator[bytes]:
    def chunk(choices: list[Json]) -> dict[str, Json]:
        return {
            "id": chat_id(completion, model),
            "object": "chat.completion.chunk",
            "created": created,
            "model": model.upstream,
            "choices": choices,
            "system_fingerprint": FINGERPRINT,
            "service_tier": "default",
        }

    for choice in completion.choices:
        deltas: list[dict[str, Json]] = [{"content": piece} for piece in choice.pieces]
        if choice.calls:
            calls = [xai_call(index, call) for index, call in enumerate(choice.calls)]
            deltas = [{"content": "", "tool_calls": calls}]
        if deltas:
            deltas[0]["role"] = "assistant"
        for delta in deltas:
            yield event(chunk([{"index": choice.index, "delta": delta}]))
        end: Json = {"index": choice.index, "delta": {}, "finish_reason": choice.finish}
        yield event(chunk([end]))
    if include_usage:
        # This one chunk came with spaces in its JSON: another writer made it.
        usage = {**chunk([]), "usage": usage_of(completion, model)}
        yield b"data: " + json.dumps(usage).encode() + b"\n\n"
