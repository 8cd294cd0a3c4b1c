"""LangChain's messages as those of chat/completions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from ._content import Part, folded, is_text, parts_of, text_in, thoughts_in

Wire = dict[str, Any]
_ROLE = "__openai_role__"  # where LangChain keeps that a system message is a developer's


def wire_messages(messages: Sequence[BaseMessage]) -> list[Wire]:
    """Return the messages as they are sent.

    A tool's result may only be text there: images and files of one follow in a message of the
    user's, after the last of the results.

    :raises ValueError: for content that chat/completions has no form for.
    """
    turn = max((i for i, one in enumerate(messages) if isinstance(one, HumanMessage)), default=-1)
    sent: list[Wire] = []
    shown: list[Part] = []
    for place, message in enumerate(messages):
        if shown and not isinstance(message, ToolMessage):
            sent.append({"role": "user", "content": shown})
            shown = []
        if isinstance(message, ToolMessage):
            sent.append(_tool_result(message, shown))
        else:
            sent.append(_wire(message, is_in_turn=place > turn))
    if shown:
        sent.append({"role": "user", "content": shown})
    return sent


def _wire(message: BaseMessage, *, is_in_turn: bool) -> Wire:
    if isinstance(message, AIMessage):
        wire = _answer(message, is_in_turn=is_in_turn)
    elif isinstance(message, HumanMessage):
        wire = {"role": "user", "content": folded(parts_of(message.content))}
    elif isinstance(message, SystemMessage):
        role = message.additional_kwargs.get(_ROLE, "system")
        wire = {"role": role, "content": folded(parts_of(message.content))}
    elif isinstance(message, FunctionMessage):
        wire = {"role": "function", "content": text_in(parts_of(message.content))}
    elif isinstance(message, ChatMessage):
        wire = {"role": message.role, "content": folded(parts_of(message.content))}
    else:
        raise ValueError(f"There is no role for a {type(message).__name__} in chat/completions.")
    return {**wire, "name": message.name} if message.name else wire


def _answer(message: AIMessage, *, is_in_turn: bool) -> Wire:
    said = parts_of(message.content)
    calls = [*map(_call, message.tool_calls), *map(_broken_call, message.invalid_tool_calls)]
    known = {call["id"] for call in calls}
    calls += [call for call in _calls_in(message.content) if call["id"] not in known]
    others = [part for part in said if not is_text(part)]
    text: Any = said if others else text_in(said)
    wire: Wire = {"role": "assistant", "content": text or (None if calls else "")}
    extra = message.additional_kwargs
    if calls:
        wire["tool_calls"] = calls
    elif extra.get("function_call"):
        wire["function_call"] = extra["function_call"]
    if extra.get("refusal"):
        wire["refusal"] = extra["refusal"]
    if isinstance(extra.get("audio"), dict) and extra["audio"].get("id"):
        wire["audio"] = {"id": extra["audio"]["id"]}
    # Servers that send what they thought want it back between a call and its result, and there
    # only; one that refuses it is asked once more without.
    thought = extra.get("reasoning_content") or thoughts_in(message.content)
    if thought and calls and is_in_turn:
        wire["reasoning_content"] = thought
    return wire


def _call(call: Any) -> Wire:
    arguments = json.dumps(call["args"], ensure_ascii=False, default=str)
    return _written(call.get("id"), call["name"], arguments)


def _broken_call(call: Any) -> Wire:
    return _written(call.get("id"), call.get("name"), call.get("args") or "")


def _calls_in(content: object) -> list[Wire]:
    """Return the calls that stand in Anthropic's blocks alone."""
    blocks = content if isinstance(content, list) else []
    return [
        _written(block.get("id"), block.get("name"), json.dumps(block.get("input") or {}))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "tool_use"
    ]


def _written(call_id: object, name: object, arguments: str) -> Wire:
    function = {"name": name or "", "arguments": arguments}
    return {"id": call_id or "", "type": "function", "function": function}


def _tool_result(message: ToolMessage, shown: list[Part]) -> Wire:
    """Return a tool's result, and add to ``shown`` what has to follow in a message of its own."""
    parts = parts_of(message.content)
    others = [part for part in parts if not is_text(part)]
    text = text_in(parts, "\n")
    if others:
        name = message.name or "the tool"
        shown.append({"type": "text", "text": f"From {name} ({message.tool_call_id}):"})
        shown.extend(others)
        text = text or "The result is in the next message."
    return {"role": "tool", "tool_call_id": message.tool_call_id, "content": text}
