"""The changes that fit one request body to one target."""

from __future__ import annotations

from collections.abc import Mapping

from ..trail_events import Change
from .dialect import Dialect
from .extras import shown
from .fit_messages import fit_messages
from .fit_schemas import fit_schemas

SDK = Dialect(name="unknown")
"""What the SDK itself speaks: nothing is known of the server, so nothing is changed."""

RENAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
ESSENTIAL = frozenset(
    {
        "audio", "documents", "encoding_format", "dimensions", "function_call", "functions",
        "input", "input_type", "messages", "modalities", "model", "response_format", "stream",
        "tool_choice", "tools", "web_search_options",
    }
)  # fmt: skip
"""Members that say what is asked; the loss of any other changes how an answer is made."""

_DEFAULTS: Mapping[str, object] = {"tool_choice": "auto", "response_format": {"type": "text"}}


def adapt(
    payload: Mapping[str, object], rejects: frozenset[str], dialect: Dialect = SDK
) -> tuple[Mapping[str, object], tuple[Change, ...]]:
    """Return the body without what the target refuses, and what was changed.

    The body given is left as it is; where nothing has to change, it is returned itself.

    :param rejects: what is known of this target, beside its dialect: refused members, and lessons.
    """
    if not (rejects or dialect.adapts):
        return payload, ()
    refused = rejects | dialect.refuses
    adapted: dict[str, object] = {}
    changes: list[Change] = []
    for name, value in payload.items():
        new = _new_name(name, payload, adapted, refused, dialect)
        if new == name:
            adapted[name] = value
        elif new is not None:
            adapted[new] = value
            changes.append(Change(f"{name} sent as {new}"))
        else:
            default = name in _DEFAULTS and value == _DEFAULTS[name]
            changes.append(Change(f"{_shown(name, value)} dropped", lossy=not default))
    if "messages" in adapted:
        adapted["messages"], fitted = fit_messages(adapted["messages"], refused, dialect)
        changes += fitted
    changes += fit_schemas(adapted, refused)
    return (adapted, tuple(changes)) if changes else (payload, ())


def droppable(name: str, value: object) -> bool:
    """Tell whether a member of a body may be left out where it is refused."""
    return name not in ESSENTIAL or (name in _DEFAULTS and value == _DEFAULTS[name])


def _new_name(
    name: str,
    payload: Mapping[str, object],
    adapted: Mapping[str, object],
    refused: frozenset[str],
    dialect: Dialect,
) -> str | None:
    """Give the name under which a member is sent; ``None`` where it is left out."""
    members = dialect.members if "messages" in payload else None
    unfit = name in refused or (members is not None and name not in members)
    other = dialect.renames.get(name)
    if not (unfit or other):
        return name
    for new in (other, RENAMES.get(name) if unfit else None):
        known = members is None or new in members
        taken = new in payload or new in adapted
        if new and known and not taken and new not in refused and new not in dialect.renames:
            return new
    return None if droppable(name, payload[name]) else name


def _shown(name: str, value: object) -> str:
    try:
        return shown(name, value, 40)
    except RecursionError:  # nested as deep as the parser goes
        return f"{name}=..."


def key_headers(auth: str, key: str) -> dict[str, str]:
    """Return the headers that carry a key, in the way of a dialect."""
    headers = {"Authorization": f"Bearer {key}"} if auth in ("bearer", "both") else {}
    if auth != "bearer":
        headers["api-key" if auth == "both" else auth] = key
    return headers


def is_sendable(key: str) -> bool:
    """Return whether a header can carry a key; the libraries' own errors would show it."""
    return key.isascii() and key.isprintable()
