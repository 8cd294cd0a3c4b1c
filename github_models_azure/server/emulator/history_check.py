"""What OpenAI's models refuse of a conversation that goes back to them.

Each refusal is in the words of a public report, which its comment names. Two points are our choice,
for no report settles them [unconfirmed]: of a call without a result the place is the first message
that is none, or else the last; and roles are judged before names and ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import errors
from .errors import ErrorAnswer
from .json_value import Json, JsonObject, as_list, as_object, as_text

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME = 64
_LONGEST_ID = 40
_OBJECTS = ("audio", "function_call")


def history_refusals(messages: Json) -> Iterator[ErrorAnswer]:
    """Yield the refusals of a history, in the order in which they are found."""
    turns = [as_object(message) for message in as_list(messages)]
    for index, turn in enumerate(turns):
        yield from _members(index, turn)
        for number, call in enumerate(map(as_object, as_list(turn.get("tool_calls")))):
            yield from _call(f"messages[{index}].tool_calls[{number}]", call)
        if turn.get("role") == "tool":
            yield from _id(f"messages[{index}].tool_call_id", turn.get("tool_call_id"))
    yield from _results(turns)


def _members(index: int, turn: JsonObject) -> Iterator[ErrorAnswer]:
    place = f"messages[{index}]"
    for name in _OBJECTS:
        if name in turn and turn[name] is None:  # sashirestela/simple-openai#212
            yield errors.invalid(f"{place}.{name}", "expected an object, but got null instead.")
    if turn.get("tool_calls") == []:  # home-assistant/core#118577
        yield _empty(f"{place}.tool_calls", "array")
    calls = turn.get("tool_calls") or turn.get("function_call")
    if turn.get("content") is None and not calls:  # docs.n8n.io, AI Agent: common issues
        message = "Invalid value for 'content': expected a string, got null."
        yield errors.upstream(message, code=None, param=f"messages.[{index}].content")


def _call(place: str, call: JsonObject) -> Iterator[ErrorAnswer]:
    yield from _id(f"{place}.id", call.get("id"))
    name = as_object(call.get("function")).get("name")
    if not isinstance(name, str):
        return
    where = f"{place}.function.name"
    if not name:  # continuedev/continue#11645
        yield _empty(where, "string")
    elif not _NAME.fullmatch(name):  # mcp-use/mcp-use#90
        yield _invalid(
            where,
            "string does not match pattern. Expected a string that matches the pattern "
            "'^[a-zA-Z0-9_-]+$'.",
            "invalid_value",
        )
    elif len(name) > _LONGEST_NAME:
        yield _too_long(where, _LONGEST_NAME, len(name))


def _id(place: str, given: Json) -> Iterator[ErrorAnswer]:
    if isinstance(given, str) and len(given) > _LONGEST_ID:  # vercel/ai#5171
        yield _too_long(place, _LONGEST_ID, len(given))


def _results(turns: list[JsonObject]) -> Iterator[ErrorAnswer]:
    """Judge calls and results by each other."""
    asked: list[str] = []
    left: list[str] = []
    for index, turn in enumerate(turns):
        if turn.get("role") == "tool":
            given = as_text(turn.get("tool_call_id"))
            if not asked:
                yield _orphan(index)
            elif given not in asked:
                yield _unknown_id(index, given)
            elif given in left:
                left.remove(given)
            continue
        if left:
            yield _unanswered(index, left)
        calls = map(as_object, as_list(turn.get("tool_calls")))
        asked = [as_text(call.get("id")) for call in calls]
        left = list(asked)
    if left:
        yield _unanswered(len(turns) - 1, left)


def _orphan(index: int) -> ErrorAnswer:
    # sdcb/chats#132, llama_index#10493; the spelling is the service's.
    message = (
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
        "with 'tool_calls'."
    )
    return errors.upstream(message, code=None, param=f"messages.[{index}].role")


def _unknown_id(index: int, given: str) -> ErrorAnswer:
    # The words stand in the notes of public projects; the place is a guess [unconfirmed].
    message = (
        f"Invalid parameter: 'tool_call_id' of '{given}' not found in 'tool_calls' of previous "
        "message."
    )
    return errors.upstream(message, code=None, param=f"messages.[{index}].tool_call_id")


def _unanswered(index: int, left: list[str]) -> ErrorAnswer:
    # sdcb/chats#132, aliasrobotics/cai#111
    message = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        f"{', '.join(left)}"
    )
    return errors.upstream(message, code=None, param=f"messages.[{index}].role")


def _empty(place: str, kind: str) -> ErrorAnswer:
    message = (
        f"empty {kind}. Expected {'an' if kind == 'array' else 'a'} {kind} with minimum length 1, "
        f"but got an empty {kind} instead."
    )
    return _invalid(place, message, f"empty_{kind}")


def _too_long(place: str, most: int, given: int) -> ErrorAnswer:
    message = (
        f"string too long. Expected a string with maximum length {most}, but got a string with "
        f"length {given} instead."
    )
    return _invalid(place, message, "string_above_max_length")


def _invalid(place: str, message: str, code: str) -> ErrorAnswer:
    return errors.invalid(place, message, code=code)
