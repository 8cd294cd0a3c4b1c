"""What can go wrong with model data, and one line for each wrong field of it."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_LONGEST_VALUE = 80

_brief = reprlib.Repr()  # walks no further into a large or deep value than it shows
_brief.maxstring = _brief.maxlong = _brief.maxother = _LONGEST_VALUE - 20


class UnknownModelError(KeyError, ValueError):
    """The registry has no model of that name; ``suggestions`` holds the nearest ids.

    ``elsewhere`` says who serves the model, if that is known.
    """

    def __init__(
        self, name: str, suggestions: Iterable[str] = (), elsewhere: str | None = None
    ) -> None:
        self.name = name
        self.suggestions = tuple(suggestions)
        self.elsewhere = elsewhere
        super().__init__(name, self.suggestions, elsewhere)

    def __str__(self) -> str:
        if self.elsewhere is not None:
            return f"{self.elsewhere}."
        shown = self.name if len(self.name) <= 80 else f"{self.name[:77]}..."
        near = f" Did you mean {', '.join(self.suggestions)}?" if self.suggestions else ""
        return (
            f"Unknown model {shown!r}.{near} ModelRegistry.models() lists the known ones; "
            'an overlay ([models."..."] in the settings) describes a new one.'
        )


class OverlayError(ValueError):
    """A user's model or tier settings are wrong; ``problems`` has one line for each field."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(("The model settings have mistakes:", *self.problems))


class CatalogError(RuntimeError):
    """A catalogue could not be fetched, read or stored; what was known before still holds."""


def clip(value: object) -> str:
    """Return a value for a message: on one line, cut where it gets long."""
    text = _brief.repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def list_problems(subject: str, error: ValidationError, schema: type[BaseModel]) -> Iterator[str]:
    """Yield what is wrong with a subject, field by field.

    The value of an unknown field is not shown: a key that strayed into it must not be printed.
    """
    for detail in error.errors(include_url=False, include_context=False):
        path = [str(step) for step in detail["loc"]]
        if not path:
            yield f"{subject}: should be a table of fields, not {clip(detail['input'])}"
        elif detail["type"] == "extra_forbidden":
            yield f"{subject}: unknown field {clip(path[0])}{_near(path[0], schema)}"
        elif detail["type"] == "missing":
            yield f"{subject}: {'.'.join(path)} is missing"
        else:
            message = _lower_first(detail["msg"].removeprefix("Value error, "))
            yield f"{subject}: {'.'.join(path)} = {clip(detail['input'])}: {message}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _near(field: str, schema: type[BaseModel]) -> str:
    import difflib  # for an error message only, so not at the cost of every import

    close = difflib.get_close_matches(field[:100], schema.model_fields, n=1)
    known = f"did you mean {close[0]}?" if close else f"use {', '.join(schema.model_fields)}"
    return f"; {known}"
