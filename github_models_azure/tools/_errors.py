"""What is wrong with the arguments of a tool call, in words that a model can act upon."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

LONGEST_VALUE = 40
_LONGEST_TEXT = 200  # of what is said about one argument; a list of allowed values can be endless
_MOST_LINES = 10
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

WHOLE = "the arguments"
"""Stands in the place of a path where no single argument is to blame."""


class ToolArgumentsError(ValueError):
    """The arguments of a tool call do not fit the tool; one line for each that is wrong.

    A line has the path of the argument, what is wrong, and the value that was given, cut to forty
    characters. ``problems`` holds the lines one by one; the text is meant to be sent to the model.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """The lines of the message."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        left_out = len(self.args) - _MOST_LINES
        more = (f"... and {left_out} more",) if left_out > 0 else ()
        return "\n".join((*self.problems[:_MOST_LINES], *more))


def problem(path: str, what: str) -> str:
    """Return one line about the argument at ``path``."""
    text = " ".join(what.split())
    return f"{path}: {text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 3] + '...'}"


def format_value(value: object) -> str:
    """Return a JSON value as text on one line, of at most forty characters."""
    return cut(json.dumps(value, ensure_ascii=False, default=lambda other: type(other).__name__))


def cut(text: str) -> str:
    """Return ``text`` on one line, of at most forty characters."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 3] + "..."


def path_to(steps: Sequence[str | int]) -> str:
    """Return the path to a value: ``trip.stops[2].name``."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier():
            path += f".{step}" if path else step
        else:
            path += f"[{format_value(step)}]" if path else cut(step)
    return path or WHOLE


def list_problems(error: ValidationError, key: str, value: object) -> list[str]:
    """Return a line for each place of the argument ``key`` that is wrong."""
    places: dict[str, tuple[object, list[str]]] = {}
    for finding in error.errors(include_url=False, include_context=False, include_input=False):
        path, found = _locate(finding, key, value)
        _, texts = places.setdefault(path, (found, []))
        text = _text(finding)
        if text not in texts:
            texts.append(text)
    return [_line(path, found, texts) for path, (found, texts) in places.items()]


def _line(path: str, found: object, texts: Sequence[str]) -> str:
    what = " or ".join(texts[:_MOST_CHOICES])
    end = "" if found is _ABSENT else f"; got {format_value(found)}"
    return problem(path, what) + end


def _locate(finding: ErrorDetails, key: str, value: Any) -> tuple[str, object]:
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
