"""Values as JSON, and rows as a table of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from .._core.trail_events import JsonValue as JsonValue


def table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield rows as lines; a cell that is too wide takes the space of those after it."""
    for row in rows:
        line, wanted = "", 0
        for cell, width in zip(row, widths, strict=True):
            line += cell + " "
            wanted += width + 1
            line = line.ljust(wanted)
        yield line.rstrip()


def wrapped(lead: str, text: str, *, hang: int = 0, width: int = 79) -> Iterator[str]:
    """Yield a text after a lead, its further lines indented by the lead's length and ``hang``."""
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain(value: object) -> JsonValue:
    """Return a fact as JSON: sets sorted, dates as text, enums as their words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, frozenset | set):
        return list[JsonValue](sorted(str(item) for item in value))
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return value.isoformat() if isinstance(value, date) else str(value)
