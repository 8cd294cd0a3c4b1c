"""What may be said of every call to an endpoint or a model: members of its body, and seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

LEAST_SECONDS = 0.001
RESERVED = frozenset({"input", "messages", "model", "stream"})
"""Members of a body that no settings say: they are what the call itself is."""

_DEEPEST = 32
_SECRET = re.compile(
    r"api_?key|secret|passw|credential|bearer|auth(?!or(?!iz))"
    r"|(?:^|[_-])(?<!cache[_-])(?:key|token|pat)$",
    re.IGNORECASE,
)
"""Names of secrets; ``prompt_cache_key`` and ``author`` are none."""


def checked_members(members: object) -> dict[str, object]:
    """Return members of a body, if they may be sent with every call.

    :raises TypeError: for what is not a table, and for a value that JSON does not have.
    :raises ValueError: for a member that only the call itself may say, and for an empty name.
    """
    if not isinstance(members, Mapping):
        raise TypeError(f"extra_body is a table of members of the body, not {members!r:.60}.")
    for name, value in members.items():
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"extra_body has a member named {name!r:.60}; a name is a text.")
        if name in RESERVED:
            raise ValueError(
                f"extra_body has {name!r}, which only the call itself may say. Leave it out; no "
                f"settings say {', '.join(sorted(RESERVED))}."
            )
        if not _is_json(value):
            raise TypeError(
                f"extra_body has {name!r:.60} with a value that JSON does not have: it is a text, "
                "a finite number, true or false, a list or a table of those."
            )
    return dict(members)


SECONDS_FORM = f"is a number of seconds, and is at least {LEAST_SECONDS:g} seconds"
"""What a length of time is, where a message must not show the value."""


def checked_seconds(seconds: object) -> float:
    """Return a length of time.

    :raises TypeError: for what is not a number; ValueError for one below a thousandth.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"timeout is a number of seconds, not {seconds!r:.60}.")
    if not (isfinite(seconds) and seconds >= LEAST_SECONDS):
        raise ValueError(f"timeout is at least {LEAST_SECONDS:g} seconds, not {seconds!r}.")
    return seconds


def _is_json(value: object, depth: int = 0) -> bool:
    if value is None or isinstance(value, str | bool | int):
        return True
    if isinstance(value, float):
        return isfinite(value)
    if depth == _DEEPEST:
        return False
    if isinstance(value, dict):  # no other mapping is written as JSON
        return all(isinstance(n, str) and _is_json(one, depth + 1) for n, one in value.items())
    return isinstance(value, list | tuple) and all(_is_json(one, depth + 1) for one in value)


def holds_secret(name: str, value: object) -> bool:
    """Return whether a member of a body is named like a secret, or has such a member in it."""
    if _SECRET.search(name):
        return True
    if isinstance(value, Mapping):
        return any(holds_secret(str(one), member) for one, member in value.items())
    return isinstance(value, list | tuple) and any(holds_secret("", one) for one in value)


def without_secrets(name: str, value: object) -> object:
    """Return the value of a member as it may be shown: without what is named like a secret."""
    if _SECRET.search(name):
        return "..."
    if isinstance(value, Mapping):
        return {one: without_secrets(str(one), member) for one, member in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets("", one) for one in value]
    return value


def shown(name: str, value: object, width: int = 80) -> str:
    """Return a member in words, as trails and ``doctor`` have it; no secret is in it.

    :param width: the most characters of the value.
    """
    kept = without_secrets(name, value) if holds_secret(name, value) else value
    return f"{name}={kept!r:.{width}}"
