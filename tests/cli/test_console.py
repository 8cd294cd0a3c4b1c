"""How values become text: tables, the terminal, and an interrupt."""

from __future__ import annotations

import sys

import pytest

from github_models_azure.cli._console import Console, table, wrap
from tests.cli.program import Program

pytestmark = pytest.mark.extras


def test_a_wide_cell_takes_the_room_of_the_next() -> None:
    """One long name does not push the whole row out of its columns."""
    rows = [("a", "b", "c"), ("long name", "b", "c")]
    assert list(table(rows, (4, 8, 1))) == ["a    b        c", "long name b   c"]


def test_further_lines_hang() -> None:
    """Wrapped text stays under its own beginning."""
    lines = list(wrap("1. ", "one two three", hang=2, width=11))
    assert lines == ["1. one two", "     three"]


def test_a_terminal_shows_colour_status_and_progress(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is awaited stands on the last line until something else is written."""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True)
    program.capsys.readouterr()
    console = Console({"TERM": "xterm"})
    console.status("waiting")
    console.note("done", style="bold")
    assert program.capsys.readouterr().err == "waiting\r\x1b[2K\x1b[1mdone\x1b[0m\n"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_plain_terminal_gets_no_escape_codes(
    program: Program, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """The status line is wiped with blanks there."""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True)
    program.capsys.readouterr()
    console = Console(environ)
    console.status("wait")
    console.note("done", style="bold")
    assert program.capsys.readouterr().err == "wait\r    \rdone\n"


def test_an_interrupt_is_code_130(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command without a word."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("github_models_azure.cli.models.known_models", interrupted)
    outcome = program("models")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")
