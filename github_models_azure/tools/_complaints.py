"""Pydantic's findings as lines for a model: where in its JSON, what is wrong, what it gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._errors import path_to, problem, shown

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_MOST_CHOICES = 3  # of a union, each choice of which complains
_ABSENT = object()
_SAID = {
    "extra_forbidden": "is not known",
    "missing": "is missing",
    "missing_argument": "is missing",
    "missing_keyword_only_argument": "is missing",
    "unexpected_keyword_argument": "is not known",
}
_PREFIXES = ("Input ", "Value error, ", "Assertion failed, ")


def complaints(error: ValidationError, key: str, value: object) -> list[str]:
    """Return a line for each place of the argument ``key`` that is wrong."""
    places: dict[str, tuple[object, list[str]]] = {}
    for finding in error.errors(include_url=False, include_context=False, include_input=False):
        path, found = _place(finding, key, value)
        _, texts = places.setdefault(path, (found, []))
        text = _text(finding)
        if text not in texts:
            texts.append(text)
    return [_line(path, found, texts) for path, (found, texts) in places.items()]


def _line(path: str, found: object, texts: Sequence[str]) -> str:
    what = " or ".join(texts[:_MOST_CHOICES])
    end = "" if found is _ABSENT else f"; got {shown(found)}"
    return problem(path, what) + end


def _place(finding: ErrorDetails, key: str, value: Any) -> tuple[str, object]:
    """Return the path in the JSON that was given; pydantic's also names the choices of unions."""
    steps: list[str | int] = [key]
    for step in finding["loc"]:
        if _has(value, step):
            value = value[step]
        elif step is finding["loc"][-1] and "missing" in finding["type"]:
            value = _ABSENT
        else:
            continue
        steps.append(step)
    return path_to(steps), value


def _has(value: object, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _text(finding: ErrorDetails) -> str:
    text = _SAID.get(finding["type"], finding["msg"])
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text
