"""Types and small readers for JSON that arrived from, or goes out to, the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = "Mapping[str, Json]"

EMPTY: JsonObject = {}


def parse(body: bytes) -> Json:
    """Return the JSON value in ``body``.

    :raises ValueError: when it is not JSON, or nested too deeply to read.
    """
    try:
        value: Json = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("The JSON is nested too deeply.") from error
    return value


def compact(value: Json) -> str:
    """Return JSON without spaces, the way the service writes its bodies."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which a JSON escape can smuggle in: keep it escaped.
        return json.dumps(value, separators=(",", ":"))
    return text


def as_object(value: Json) -> JsonObject:
    """Return ``value`` when it is a JSON object, an empty object otherwise."""
    return value if isinstance(value, Mapping) else EMPTY


def as_list(value: Json) -> Sequence[Json]:
    """Return ``value`` when it is a JSON array, an empty sequence otherwise."""
    return value if isinstance(value, (list, tuple)) else ()


def as_text(value: Json) -> str:
    """Return ``value`` when it is a string, an empty string otherwise."""
    return value if isinstance(value, str) else ""


def as_number(value: Json) -> float | None:
    """Return ``value`` when it is a JSON number (``true`` is not one), ``None`` otherwise."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_count(value: Json) -> int | None:
    """Return ``value`` when it is a whole JSON number, ``None`` otherwise."""
    number = as_number(value)
    return int(number) if number is not None and float(number).is_integer() else None


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON.")
