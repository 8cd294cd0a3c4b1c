"""Whether an answer holds the tool call that the request demanded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..failure.kinds import TOOL_CHOICE_IGNORED, Failure, FailureKind

CUT = ("content_filter", "length")
"""Finish reasons of an answer that was stopped: what it would have called is not known."""

ANY_CALL = ""
"""Demands a call of whichever tool."""


def demanded_call(payload: Mapping[str, object]) -> str | None:
    """Return the tool that must be called, or :data:`ANY_CALL`; ``None`` where none must be."""
    choice = payload.get("tool_choice")
    if choice in ("required", "any"):
        return ANY_CALL
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None


def called_tools(message: object) -> Iterable[str]:
    """Yield the names of the tools that a message, or a piece of one, calls."""
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        name = function.get("name") if isinstance(function, Mapping) else None
        if isinstance(name, str) and name:
            yield name


def is_kept(demanded: str, called: Iterable[str]) -> bool:
    """Tell whether the calls that were made hold the one that was demanded."""
    return any(demanded in (ANY_CALL, name) for name in called)


def breach(value: object, demanded: str | None) -> Failure | None:
    """Return the failure of an answer that lacks the demanded call; ``None`` where all is well."""
    if demanded is None:
        return None
    choices = value.get("choices") if isinstance(value, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    if isinstance(first, Mapping) and first.get("finish_reason") in CUT:
        return None
    return None if is_kept(demanded, called_tools(message)) else ignored(demanded)


def ignored(demanded: str) -> Failure:
    """Make the failure of a server that answered without the demanded call."""
    what = f"a call of {demanded}" if demanded else "a tool call"
    return Failure(
        FailureKind.WRONG_DIALECT,
        status=200,
        code=TOOL_CHOICE_IGNORED,
        message=f"answered without {what}, which tool_choice demands",
    )
