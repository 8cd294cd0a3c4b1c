"""Rows as a table of plain text, and text in lines."""

from __future__ import annotations

import pytest

from github_models_azure.cli._render import table, wrapped

pytestmark = pytest.mark.extras


def test_a_wide_cell_takes_the_room_of_the_next() -> None:
    """One long name does not push the whole row out of its columns."""
    rows = [("a", "b", "c"), ("long name", "b", "c")]
    assert list(table(rows, (4, 8, 1))) == ["a    b        c", "long name b   c"]


def test_further_lines_hang() -> None:
    """Wrapped text stays under its own beginning."""
    lines = list(wrapped("1. ", "one two three", hang=2, width=11))
    assert lines == ["1. one two", "     three"]
