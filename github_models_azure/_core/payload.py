"""The changes that fit one request body to one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RENAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
DROPPABLE = frozenset(
    {
        "frequency_penalty", "logit_bias", "logprobs", "metadata", "n", "parallel_tool_calls",
        "presence_penalty", "prediction", "reasoning_effort", "seed", "service_tier", "stop",
        "store", "stream_options", "temperature", "top_k", "top_logprobs", "top_p", "user",
        "verbosity",
    }
)  # fmt: skip
"""Members whose loss changes how an answer is made, never what is asked."""

_ROLES = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a body, in words; ``lossy`` where something the caller set is dropped."""

    text: str
    lossy: bool = False


def repairable(param: str | None, payload: Mapping[str, object]) -> bool:
    """Tell whether a member that a server refused can be renamed or dropped."""
    name = (param or "").partition(".")[0]
    return name in payload and (name in RENAMES or name in DROPPABLE)


def adapt(
    payload: Mapping[str, object], rejects: frozenset[str]
) -> tuple[Mapping[str, object], tuple[Change, ...]]:
    """Return the body without what the target refuses, and what was changed.

    The body given is left as it is; where nothing has to change, it is returned itself.
    """
    if not rejects:
        return payload, ()
    adapted: dict[str, object] = {}
    changes: list[Change] = []
    for name, value in payload.items():
        if name not in rejects:
            adapted[name] = value
        elif (new := RENAMES.get(name)) and new not in rejects and new not in payload:
            adapted[new] = value
            changes.append(Change(f"{name} sent as {new}"))
        elif name in DROPPABLE or name in RENAMES:
            changes.append(Change(f"{name}={value!r:.40} dropped", lossy=True))
        else:
            adapted[name] = value
    if "messages" in payload and any(role in rejects for role in _ROLES):
        adapted["messages"] = _adapt_roles(adapted.get("messages"), rejects, changes)
    return (adapted, tuple(changes)) if changes else (payload, ())


def _adapt_roles(messages: object, rejects: frozenset[str], changes: list[Change]) -> object:
    if not isinstance(messages, list):
        return messages
    allowed = next((role for role in _ROLES if role not in rejects), "user")
    changed: list[object] = []
    seen: set[str] = set()
    for message in messages:
        role = message.get("role") if isinstance(message, Mapping) else None
        if role in _ROLES and role in rejects:
            changed.append({**message, "role": allowed})
            seen.add(str(role))
        else:
            changed.append(message)
    changes.extend(Change(f"role {role} sent as {allowed}") for role in sorted(seen))
    return changed
