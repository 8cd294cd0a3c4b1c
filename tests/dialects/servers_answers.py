"""What the strict servers answer: texts and tool calls, whole or streamed, each in its manner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.dialects.servers_http import Reply, as_json

DONE = b"data: [DONE]\n\n"
_EVENTS = (("content-type", "text/event-stream; charset=utf-8"),)


@dataclass(frozen=True)
class Call:
    """One tool call of the model; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Said:
    """What the model says: a text, or calls."""

    text: str | None
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Manner:
    """How one provider writes its answers.

    ``call_id`` is a pattern for the number of the call, ``finish`` the reason given beside calls.
    ``fragments`` streams arguments in pieces, as OpenAI does; the others send whole calls, with
    ``index`` and ``type`` where ``indexed`` and ``typed``. ``signature`` is Gemini's. ``comments``
    and ``crlf`` are OpenRouter's framing, ``opening`` an event before all others.
    """

    call_id: str = "call_{:024d}"
    finish: str = "tool_calls"
    fragments: bool = True
    indexed: bool = True
    typed: bool = True
    signature: str | None = None
    comments: bytes = b""
    crlf: bool = False
    opening: Mapping[str, Any] | None = None
    heeds_tool_choice: bool = True
    headers: tuple[tuple[str, str], ...] = field(default=())


def whole(manner: Manner, model: str, said: Said) -> Reply:
    """A plain answer."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.calls:
        message["tool_calls"] = [
            {**_call(manner, call), "type": "function"} for call in _signed(manner, said.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": _finish(manner, said)}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": _usage(said),
    }
    return as_json(body, 200, *manner.headers)


def streamed(manner: Manner, model: str, said: Said, *, usage: bool) -> Reply:
    """A streamed answer."""
    events = [_event(manner.opening)] if manner.opening is not None else []
    for delta, finish in _deltas(manner, said):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        events.append(_event(_chunk(model, [choice])))
    if usage:
        events.append(_event({**_chunk(model, []), "usage": _usage(said)}))
    return framed(manner, [*events, DONE])


def framed(manner: Manner, events: list[bytes]) -> Reply:
    """Events in the provider's framing."""
    if manner.comments:
        events = [part for event in events for part in (manner.comments, event)]
    if manner.crlf:
        events = [event.replace(b"\n", b"\r\n") for event in events]
    return Reply(200, (*_EVENTS, *manner.headers), chunks=tuple(events))


def error_events(manner: Manner, model: str, error: Mapping[str, Any]) -> Reply:
    """A stream that begins well and then says what went wrong, under a status of 200."""
    first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    broken = {**_chunk(model, []), "error": error}
    return framed(manner, [_event(_chunk(model, [first])), _event(broken), DONE])


def _deltas(manner: Manner, said: Said) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield (delta, finish reason)."""
    finish = _finish(manner, said)
    if not said.calls:
        text = said.text or ""
        yield {"role": "assistant", "content": ""}, None
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
            yield {"content": piece}, None
        yield {}, finish
        return
    calls = list(_signed(manner, said.calls))
    if not manner.fragments:
        # mistral-large, recorded by Azure/azure-sdk-assets: all at once, with the reason beside.
        yield {"role": "assistant", "content": ""}, None
        yield {"tool_calls": [_streamed_call(manner, i, c) for i, c in enumerate(calls)]}, finish
        return
    yield {"role": "assistant", "content": None}, None
    for index, call in enumerate(calls):
        text = call[0].arguments
        opening = _call(manner, (Call(call[0].id, call[0].name, ""), call[1]))
        yield {"tool_calls": [{"index": index, "type": "function", **opening}]}, None
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, finish


def _streamed_call(manner: Manner, index: int, call: tuple[Call, dict[str, Any]]) -> dict[str, Any]:
    written = _call(manner, call)
    if manner.typed:
        written["type"] = "function"
    return {"index": index, **written} if manner.indexed else written


def _call(manner: Manner, call: tuple[Call, dict[str, Any]]) -> dict[str, Any]:
    made, extra = call
    return {"id": made.id, "function": {"name": made.name, "arguments": made.arguments}, **extra}


def _signed(manner: Manner, calls: tuple[Call, ...]) -> Iterator[tuple[Call, dict[str, Any]]]:
    """Yield the calls with what is added to them; of several Gemini signs the first."""
    for place, call in enumerate(calls):
        signed = manner.signature is not None and place == 0
        extra = {"extra_content": {"google": {"thought_signature": manner.signature}}}
        yield call, extra if signed else {}


def _finish(manner: Manner, said: Said) -> str:
    return manner.finish if said.calls else "stop"


def _chunk(model: str, choices: list[Any]) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
    return {**head, "model": model, "choices": choices}


def _usage(said: Said) -> dict[str, int]:
    written = len(said.text or "") + sum(len(call.arguments) for call in said.calls)
    return {"prompt_tokens": 1, "completion_tokens": written, "total_tokens": written + 1}


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
