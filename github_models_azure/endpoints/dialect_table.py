"""Dialects written as tables, in a settings file say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .._core.failure.kinds import FailureKind
from .._core.request.dialect import CAPABILITIES, Dialect

_SETS = (
    "drop_headers", "refuses", "members", "message_members", "call_members", "text_roles", "lacks",
)  # fmt: skip
_LISTS = ("required_headers", "reset_headers")
_MAPS = ("routes", "renames", "error_codes")
_TEXTS = ("api_version", "auth", "scope", "tool_ids", "model_names", "text_calls")


def read_dialect(name: str, table: Mapping[str, object], known: Mapping[str, Dialect]) -> Dialect:
    """Make a dialect of a table with the fields of :class:`Dialect`.

    ``like`` names the dialect whose values hold where the table is silent; ``openai-compatible``
    unless another is named.

    :raises ValueError: for an unknown field or a value of a wrong kind.
    """
    given = dict(table)
    like = given.pop("like", "openai-compatible")
    if not isinstance(like, str) or like not in known:
        raise ValueError(f"dialects.{name}.like: {like!r} is none of {', '.join(sorted(known))}")
    values = {field: _value(f"dialects.{name}.{field}", field, v) for field, v in given.items()}
    return replace(known[like], name=name, **values)


def _value(place: str, field: str, value: object) -> Any:
    if field in _SETS or field in _LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{place} is a list of texts")
        strange = sorted(set(value) - CAPABILITIES) if field == "lacks" else []
        if strange:
            known = ", ".join(sorted(CAPABILITIES))
            raise ValueError(f"{place}: {strange[0]!r} is no capability; known are {known}")
        if field == "drop_headers":
            value = [item.lower() for item in value]
        return frozenset(value) if field in _SETS else tuple(value)
    if field in _MAPS:
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            raise ValueError(f"{place} is a table of texts")
        return MappingProxyType(_kinds(place, value) if field == "error_codes" else dict(value))
    if field in _TEXTS or field == "tool_choice":
        kind, word = (str, "a text") if field in _TEXTS else (bool, "true or false")
        if not isinstance(value, kind):
            raise ValueError(f"{place} is {word}")
        return value
    fields_known = ", ".join(sorted(("like", "tool_choice", *_SETS, *_LISTS, *_MAPS, *_TEXTS)))
    raise ValueError(f"{place} is no field of a dialect; those are {fields_known}")


def _kinds(place: str, table: Mapping[str, str]) -> dict[str, FailureKind]:
    try:
        return {code: FailureKind(kind) for code, kind in table.items()}
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in FailureKind)
        raise ValueError(f"{place}: {error}; failure kinds are {kinds}") from error
