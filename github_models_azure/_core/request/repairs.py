"""What a refusal teaches of its target: the notes by which later requests are fitted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..failure.kinds import TOOL_CHOICE_IGNORED, Failure, FailureKind
from ..route.needs import UNKNOWN, ModelFacts
from .dialect import DROP, KEEP, Dialect
from .fit import RENAMES, adapt, droppable
from .fit_calls import unlike
from .fit_content import is_blank
from .fit_messages import SIGNATURE, TEXT_ROLE, TOOL_ID
from .fit_schemas import EMPTY_OBJECTS, IN_SCHEMA, NUMBERS_IN_ENUM
from .history import (
    CALL_ARGUMENTS,
    CALL_NAME,
    EMPTY_CONTENT,
    EMPTY_MEMBERS,
    HISTORY,
    IN_CALL,
    IN_MESSAGE,
    MISSING_CONTENT,
    NULL_BESIDE_CALLS,
    NULL_CONTENT,
)

API_VERSION = "api-version"
"""The lesson that an endpoint takes no ``api-version``; with ``=VERSION`` it wants that one."""

LACKS, WRITES = "lacks.", "writes="
"""Begin the lessons about a model: the capability that it lacks, and its most tokens of output."""

_CAPABILITIES = {"tools": "tools", "image_url": "images"}
_SCHEMA_PLACES = frozenset({"parameters", "schema", "json_schema", "input_schema"})
_BEARING = frozenset({"properties", "type"})  # a schema without them says nothing any more
_ROLES = frozenset({"system", "developer"})
# Without these a message or a call says nothing any more.
_VITAL = frozenset(
    {IN_MESSAGE + name for name in ("content", "role", "tool_call_id", "tool_calls")}
    | {IN_CALL + name for name in ("function", "id")}
)
# What words of a refusal alone stand for, wherever in the body it is.
_WHOLE = HISTORY | {NUMBERS_IN_ENUM, EMPTY_OBJECTS, TOOL_ID + "plain40"}
_WANTED = re.compile(rf"{API_VERSION}(=[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(-preview)?)?")


def lessons_of(failure: Failure, payload: Mapping[str, object]) -> frozenset[str]:
    """Return what is to be remembered of a refusal; empty where nothing can be mended.

    :param payload: the body that was refused.
    """
    param = failure.param or ""
    path = param.split(".")
    if _WANTED.fullmatch(param):
        return frozenset({param})
    known = frozenset(param.split()) & _WHOLE
    if known:
        return known
    if path[0] == "tool_call_id":
        return frozenset({TOOL_ID + "alnum9"})
    if path[0] == SIGNATURE:
        return frozenset({SIGNATURE})
    if any(part in _SCHEMA_PLACES for part in path[:-1]):
        names = frozenset(path[-1].split(",")) - _BEARING - {""}
        return frozenset(IN_SCHEMA + name for name in names)
    if path[0] == "messages":
        return _of_message(path[1:], payload)
    name = path[0]  # a role of that name is refused in a message
    if name not in payload or name in _ROLES:
        return frozenset()
    return frozenset({name} if name in RENAMES or droppable(name, payload[name]) else ())


def taught_of_model(failure: Failure) -> frozenset[str]:
    """Return what a refusal tells of the model, by which later calls are sent elsewhere first."""
    if failure.kind is not FailureKind.WRONG_DIALECT or failure.code == TOOL_CHOICE_IGNORED:
        return frozenset()
    if failure.max_output_tokens is not None:
        return frozenset({f"{WRITES}{failure.max_output_tokens}"})
    capability = _CAPABILITIES.get(failure.param or "")
    return frozenset({LACKS + capability} if capability else ())


def facts_learnt(lessons: Iterable[str]) -> ModelFacts:
    """Return what lessons say of a model; :data:`UNKNOWN` if they say nothing."""
    lacks = {name.removeprefix(LACKS) for name in lessons if name.startswith(LACKS)}
    limits = [int(name.removeprefix(WRITES)) for name in lessons if name.startswith(WRITES)]
    if not (lacks or limits):
        return UNKNOWN
    return replace(
        UNKNOWN,
        tools=False if "tools" in lacks else None,
        images=False if "images" in lacks else None,
        output_tokens=min(limits, default=None),
    )


def repair(
    failure: Failure, payload: Mapping[str, object], known: frozenset[str], dialect: Dialect
) -> frozenset[str]:
    """Return the lessons by which the same target may be asked again; none if nothing changes.

    :param payload: the body before it was fitted.
    :param known: the lessons by which the refused body was fitted.
    """
    sent = adapt(payload, known, dialect)[0]
    told = lessons_of(failure, sent)
    if told & known & _ROLES:  # a template names one role that it lacks, whichever it got
        told |= _ROLES
    lessons = told - known
    same_version = wanted_version(known | versions_in(lessons)) == wanted_version(known)
    if same_version and adapt(payload, known | lessons, dialect)[0] == sent:
        return frozenset()
    return lessons


def versions_in(lessons: frozenset[str]) -> frozenset[str]:
    """Return the lessons about the URL, which concern every model behind it."""
    return frozenset(name for name in lessons if name.startswith(API_VERSION))


def wanted_version(lessons: frozenset[str]) -> str:
    """Return the ``api-version`` that lessons ask for: one, ``drop``, or ``keep`` what there is."""
    versions = [name for name in lessons if _WANTED.fullmatch(name)]
    if API_VERSION in versions:
        return DROP
    return max(versions).partition("=")[2] if versions else KEEP


def told_version(version: str) -> str | None:
    """Say what becomes of the ``api-version``; ``None`` where it is kept."""
    if version == KEEP:
        return None
    return f"{API_VERSION} dropped" if version == DROP else f"{API_VERSION} sent as {version}"


def _of_message(path: list[str], payload: Mapping[str, object]) -> frozenset[str]:
    """Learn from a refusal inside a message: ``0.role``, ``1.assistant.reasoning_content``."""
    if not path:
        return frozenset()
    last, role = path[-1], _role_at(path, payload)
    if last == "role":
        return frozenset({role} & _ROLES)
    if path[0] == "role":  # refused in whichever message
        return _ROLES if last == "*" else frozenset({last} & _ROLES)
    message = _message_at(path, payload)
    if last == "content":
        return _of_content(message, role)
    if (lesson := _of_call(path, message)) is not None:
        return frozenset({lesson})
    if last in message and not message[last] and "tool_calls" not in path[:-1]:
        return frozenset({EMPTY_MEMBERS})
    if last.isdecimal() or last == "tool_calls":
        return frozenset()
    if "function" in path or "content" in path:  # what is said; nothing there can be left out
        return frozenset()
    place = IN_CALL if "tool_calls" in path else IN_MESSAGE
    return frozenset(place + name for name in last.split(",") if name) - _VITAL


def _of_call(path: list[str], message: Mapping[str, object]) -> str | None:
    """Learn from a refused id, name or text of arguments."""
    last = path[-1]
    if last == "tool_call_id" or (last == "id" and "tool_calls" in path):
        return TOOL_ID + unlike(_value_at(path, message))
    if path[-2:] == ["function", "name"]:
        return CALL_NAME
    return CALL_ARGUMENTS if path[-2:] == ["function", "arguments"] else None


def _of_content(message: Mapping[str, object], role: str) -> frozenset[str]:
    """Judge a refused content by what it is: missing, ``null``, empty, or something else."""
    if not message:
        return frozenset()
    if "content" not in message:
        return frozenset({MISSING_CONTENT})
    content = message["content"]
    if content is None:
        return frozenset({NULL_BESIDE_CALLS if message.get("tool_calls") else NULL_CONTENT})
    if is_blank(content):
        return frozenset({EMPTY_CONTENT})
    return frozenset({TEXT_ROLE + role} if role else ())


def _role_at(path: list[str], payload: Mapping[str, object]) -> str:
    role = _message_at(path, payload).get("role")
    return role if isinstance(role, str) else ""


def _message_at(path: list[str], payload: Mapping[str, object]) -> Mapping[str, object]:
    position = next((part for part in path if part.isdecimal()), "")
    message = _at(payload.get("messages"), position)
    return message if isinstance(message, Mapping) else {}


def _value_at(path: list[str], message: Mapping[str, object]) -> object:
    """Return what stands at the end of a path whose first number was the message's."""
    if "tool_calls" not in path:
        return message.get(path[-1])
    position = next((p for p in path[path.index("tool_calls") :] if p.isdecimal()), "")
    call = _at(message.get("tool_calls"), position)
    return call.get(path[-1]) if isinstance(call, Mapping) else None


def _at(items: object, position: str) -> object:
    if not position or not isinstance(items, list) or int(position) >= len(items):
        return None
    return items[int(position)]
