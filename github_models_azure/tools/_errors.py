"""What is wrong with the arguments of a tool call, in words that a model can act upon."""

from __future__ import annotations

import json
from collections.abc import Sequence

LONGEST_VALUE = 40
_LONGEST_TEXT = 200  # of what is said about one argument; a list of allowed values can be endless
_MOST_LINES = 10

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


def shown(value: object) -> str:
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
            path += f"[{shown(step)}]" if path else cut(step)
    return path or WHOLE
