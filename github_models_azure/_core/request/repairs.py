"""What a refusal teaches of its target: the notes by which later requests are fitted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..failure.kinds import TOOL_CHOICE_IGNORED, Failure, FailureKind
from ..route.needs import UNKNOWN, ModelFacts
from .dialect import DROP, KEEP, Dialect
from .fit import IN_SCHEMA, RENAMES, adapt, droppable
from .fit_messages import CALL_NAME, IN_CALL, IN_MESSAGE, SIGNATURE, TEXT_ROLE, TOOL_ID

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
_WANTED = re.compile(rf"{API_VERSION}(=[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(-preview)?)?")


def lessons_of(failure: Failure, payload: Mapping[str, object]) -> frozenset[str]:
    """Return what is to be remembered of a refusal; empty where nothing can be mended.

    :param payload: the body that was refused.
    """
    param = failure.param or ""
    path = param.split(".")
    if _WANTED.fullmatch(param):
        return frozenset({param})
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
    lessons = lessons_of(failure, sent) - known
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
        return frozenset({last} & _ROLES)
    if last == "content":
        return frozenset({TEXT_ROLE + role} if role else ())
    if last == "tool_call_id" or (last == "id" and "tool_calls" in path):
        return frozenset({TOOL_ID + "max40"})
    if last.isdecimal() or last == "tool_calls":
        return frozenset()
    if path[-2:] == ["function", "name"]:
        return frozenset({CALL_NAME})
    if "function" in path or "content" in path:  # what is said; nothing there can be left out
        return frozenset()
    place = IN_CALL if "tool_calls" in path else IN_MESSAGE
    return frozenset(place + name for name in last.split(",") if name) - _VITAL


def _role_at(path: list[str], payload: Mapping[str, object]) -> str:
    messages, position = payload.get("messages"), next((p for p in path if p.isdecimal()), "")
    if not position or not isinstance(messages, list) or int(position) >= len(messages):
        return ""
    message = messages[int(position)]
    role = message.get("role") if isinstance(message, Mapping) else None
    return role if isinstance(role, str) else ""
