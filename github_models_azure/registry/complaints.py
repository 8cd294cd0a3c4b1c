"""One line for each wrong field of data from outside."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_LONGEST_VALUE = 80

_brief = reprlib.Repr()  # walks no further into a large or deep value than it shows
_brief.maxstring = _brief.maxlong = _brief.maxother = _LONGEST_VALUE - 20


def shown(value: object) -> str:
    """Return a value for a message: on one line, cut where it gets long."""
    text = _brief.repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def complaints(subject: str, error: ValidationError, schema: type[BaseModel]) -> Iterator[str]:
    """Yield what is wrong with a subject, field by field.

    The value of an unknown field is not shown: a key that strayed into it must not be printed.
    """
    for detail in error.errors(include_url=False, include_context=False):
        path = [str(step) for step in detail["loc"]]
        if not path:
            yield f"{subject}: should be a table of fields, not {shown(detail['input'])}"
        elif detail["type"] == "extra_forbidden":
            yield f"{subject}: unknown field {shown(path[0])}{_near(path[0], schema)}"
        elif detail["type"] == "missing":
            yield f"{subject}: {'.'.join(path)} is missing"
        else:
            yield f"{subject}: {'.'.join(path)} = {_given(detail)}"


def _given(detail: Any) -> str:
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{shown(detail['input'])}: {message[:1].lower()}{message[1:]}"


def _near(field: str, schema: type[BaseModel]) -> str:
    close = difflib.get_close_matches(field[:100], schema.model_fields, n=1)
    known = f"did you mean {close[0]}?" if close else f"use {', '.join(schema.model_fields)}"
    return f"; {known}"
