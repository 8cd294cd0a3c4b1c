"""The arguments of a tool call as a model wrote them: JSON text that may be anything."""

from __future__ import annotations

import json
import math
import operator
import sys
from collections.abc import Mapping
from typing import NoReturn

from ._errors import WHOLE, ToolArgumentsError, cut, format_value, path_to, problem

_DEEPEST = 100  # pydantic stops at 200 levels
_LARGEST = int(sys.float_info.max)  # what JSON readers agree on (RFC 8259, section 6)
_MOST_DIGITS = 400
_KINDS = {str: "a text", list: "a list", bool: "a boolean", int: "a number", float: "a number"}


def read_arguments(arguments: str | Mapping[str, object] | None) -> dict[str, object]:
    """Read the arguments of a call; empty text and ``null`` mean that there are none.

    :param arguments: JSON text, or the JSON object that it stands for.
    :raises ToolArgumentsError: if it is no JSON object, holds ``NaN``, a number beyond the range of
        a double, half of a surrogate pair or a member given twice, or is nested too deeply.
    """
    if arguments is None:
        return {}
    text = arguments if isinstance(arguments, str) else _write(arguments)
    text = text.strip("\ufeff \t\r\n")
    value = _parse(text) if text else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "something else")
        _refuse(WHOLE, f"should be one JSON object, not {kind}; got {format_value(value)}")
    _check(value, [])
    return value


def with_integers(value: object) -> object:
    """Return a JSON value in which numbers without a fraction are integers, as in JSON schema.

    Where there is nothing to change, it is the same object.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        items = [with_integers(item) for item in value]
        return value if all(map(operator.is_, items, value)) else items
    if isinstance(value, dict):
        members = {name: with_integers(member) for name, member in value.items()}
        return value if all(members[name] is value[name] for name in value) else members
    return value


def _write(arguments: Mapping[str, object]) -> str:
    try:
        return json.dumps(arguments, default=_as_json)
    except RecursionError:
        _refuse(WHOLE, "are nested too deeply")
    except (TypeError, ValueError) as error:
        _refuse(WHOLE, f"are not JSON: {error}")


def _as_json(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _parse(text: str) -> object:
    try:
        return json.loads(
            text,
            parse_float=_float,
            parse_int=_int,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        got = f"got {cut(rest)}" if rest else "the text ends there"
        _refuse(WHOLE, f"are not JSON: {error.msg} at character {error.pos}; {got}")
    except RecursionError:
        _refuse(WHOLE, "are nested too deeply")


def _float(token: str) -> float:
    number = float(token)
    if math.isinf(number):
        _refuse(WHOLE, f"hold a number that is too large: {cut(token)}")
    return number


def _int(token: str) -> int:
    number = int(token) if len(token) <= _MOST_DIGITS else math.inf
    if abs(number) > _LARGEST:
        _refuse(WHOLE, f"hold a number that is too large: {cut(token)}")
    return int(number)


def _constant(name: str) -> NoReturn:
    _refuse(WHOLE, f"hold {name}, which is not a JSON number")


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(members)
    if len(made) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(path_to([twice]), "is given twice")
    return made


def _check(value: object, steps: list[str | int]) -> None:
    if len(steps) > _DEEPEST:
        _refuse(WHOLE, f"are nested deeper than {_DEEPEST} levels")
    if isinstance(value, str) and not _is_text(value):
        _refuse(path_to(steps), "holds half of a surrogate pair, which is not a character")
    if isinstance(value, dict):
        for name, member in value.items():
            _check(name, steps)
            _check(member, [*steps, name])
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check(item, [*steps, position])


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(path: str, what: str) -> NoReturn:
    raise ToolArgumentsError(problem(path, what))
