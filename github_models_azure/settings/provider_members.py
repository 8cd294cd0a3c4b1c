"""``NAME_...`` members of an ``[llm]`` table, as OpenHands' guide has them for a provider NAME.

``NAME_timeout`` bounds an attempt, ``NAME_response_format`` shapes the answer, and every other one
is a member of the chat body, under its name without the prefix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .._core.request.extras import SECONDS_FORM, checked_members, checked_seconds, holds_secret
from .model import LLM_FIELDS, LLM_IGNORED

_FORMATS: Mapping[str, str] = {"json": "json_object", "json_object": "json_object", "text": "text"}
_SAMPLING = frozenset({"temperature", "timeout", "top_p"})


class MemberError(ValueError):
    """What is wrong with a member; no value that may be a secret is in it."""


@dataclass(frozen=True, slots=True)
class ProviderMembers:
    """What the members of a provider come to: members of a chat body, and the seconds."""

    body: Mapping[str, object] = field(default_factory=dict)
    timeout: float | None = None


def names_of(values: Mapping[str, object], *others: str | None) -> tuple[str, ...]:
    """Return what may stand in front of a provider's members, the longest first.

    :param values: a table; its ``custom_llm_provider`` and the prefix of its ``model`` count.
    :param others: more names, such as that of the endpoint.
    """
    model = values.get("model")
    prefix = model.partition("/") if isinstance(model, str) else ("", "", "")
    given = [values.get("custom_llm_provider"), prefix[0] if prefix[1] else None, *others]
    texts = (re.sub(r"\W+", "_", one.strip().lower()) for one in given if isinstance(one, str))
    return tuple(sorted({text for text in texts if text.strip("_")}, key=len, reverse=True))


def is_member(name: str, value: object, names: Iterable[str]) -> bool:
    """Return whether a member of a table is a provider's own."""
    if name in LLM_FIELDS | LLM_IGNORED or _rest(name, names) is None:
        return False
    # A table that says something of a model is one, whatever it is called.
    return not (isinstance(value, Mapping) and value.keys() & (LLM_FIELDS | LLM_IGNORED))


def read_members(
    values: Mapping[str, object], names: Iterable[str]
) -> tuple[ProviderMembers, dict[str, str]]:
    """Return what a provider's members come to, and what is wrong with others by their name."""
    body: dict[str, object] = {}
    timeout: float | None = None
    problems: dict[str, str] = {}
    for name, rest in _members(values, tuple(names)):
        read = _READERS.get(rest, _body_member)
        try:
            found = read(rest, values[name])
        except (TypeError, ValueError) as error:  # each has a line of its own
            problems[name] = str(error).rstrip(".")
            continue
        if isinstance(found, float):
            timeout = found
        else:
            body[rest] = found[rest]
    return ProviderMembers(body, timeout), problems


def _members(values: Mapping[str, object], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        rest = _rest(name, names)
        if rest is not None and is_member(name, value, names):
            yield name, rest


def _rest(name: str, names: Iterable[str]) -> str | None:
    """Return a name without the provider in front of it."""
    for one in names:
        rest = name.lower().removeprefix(f"{one}_")
        if rest and rest != name.lower():
            return rest
    return None


def _seconds(_: str, value: object) -> float:
    try:
        return float(checked_seconds(value))
    except (TypeError, ValueError) as error:  # which show the value
        raise ValueError(SECONDS_FORM) from error


def _format(rest: str, value: object) -> dict[str, object]:
    if isinstance(value, str) and value.lower() in _FORMATS:
        return {rest: {"type": _FORMATS[value.lower()]}}
    if isinstance(value, Mapping) and isinstance(value.get("type"), str):
        return checked_members({rest: value})
    raise MemberError(
        f"is {', '.join(map(repr, _FORMATS))} or a table with a type, not {value!r:.60}"
    )


def _body_member(rest: str, value: object) -> dict[str, object]:
    if rest in LLM_FIELDS - _SAMPLING - {"model"}:
        raise MemberError(f"is a setting of the table itself; write {rest}")
    if holds_secret(rest, value):
        raise MemberError(
            "would be sent in the body of every request; a key is api_key of the table, a header "
            "goes into headers of an [endpoints.NAME] table of github-models.toml"
        )
    return checked_members({rest: value})


_READERS: Mapping[str, Callable[[str, object], float | dict[str, object]]] = {
    "response_format": _format,
    "timeout": _seconds,
}
