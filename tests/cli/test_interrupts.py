"""Ctrl-C, closed pipes and terminals, with processes as a user's shell starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Silent
from tests.cli.program import COMMAND, PATIENCE, finish, start
from tests.cli.test_chat import stream
from tests.loopback import serve

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are POSIX's"),
]


def test_ctrl_c_ends_a_stalled_chat(silent: Silent) -> None:
    """A server that never answers is left with code 130 and no traceback."""
    process = start("chat", "Hi", "--endpoint", silent.url, "-m", "x")
    assert silent.asked.wait(PATIENCE)
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


def test_ctrl_c_in_a_stream_keeps_what_came(emulator: Emulator) -> None:
    """Text that was shown stays, with its end of line."""
    emulator.fault("stall", after=6, seconds=600)
    process = start("chat", "Hello", "-m", "gpt-4.1")
    assert process.stdout is not None
    first = process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert outcome.code == 130
    assert (first.decode() + outcome.out).endswith("\n")
    assert "Traceback" not in outcome.err


def test_ctrl_c_ends_the_demo_with_its_emulator() -> None:
    """The demo leaves nothing running behind it."""
    process = start("demo", "--json")
    assert process.stdout is not None
    started = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert (outcome.code, outcome.err) == (130, "")
    host, _, port = started["url"].removeprefix("http://").partition("/")[0].partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_ctrl_c_stops_the_emulator_with_code_0() -> None:
    """Ctrl-C is how `emulate` is meant to end."""
    process = start("emulate", "--port", "0", "--json")
    assert process.stdout is not None
    json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert outcome.code == 0
    assert outcome.err.splitlines()[-1] == "The emulator has stopped."
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("arguments", [("models", "--json"), ("demo", "--json"), ("demo",)])
def test_a_closed_pipe_ends_quietly(arguments: tuple[str, ...]) -> None:
    """A reader that leaves, as `head` does, is no error."""
    process = start(*arguments)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    error = process.stderr.read().decode()
    assert (process.wait(PATIENCE), error) == (0, "")
    process.stderr.close()


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("models",), ("demo",)])
def test_a_pipe_that_was_never_read_ends_quietly(arguments: tuple[str, ...]) -> None:
    """A reader that has gone before the first line is no error either."""
    process = start(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    error = process.stderr.read().decode()
    assert (process.wait(PATIENCE), error) == (0, "")
    process.stderr.close()


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the side of the user, and the side of the program."""
    import pty

    user, program = pty.openpty()
    try:
        yield user, program
    finally:
        os.close(user)


def read_all(user: int) -> str:
    """Read what a program wrote to a terminal until it has gone."""
    shown = b""
    while True:
        try:
            piece = os.read(user, 4096)
        except OSError:  # Linux' way to say that the other side is closed
            break
        if not piece:
            break
        shown += piece
    return shown.decode()


def test_without_a_prompt_a_terminal_is_told_how_to_give_one() -> None:
    """`chat` does not sit and wait for typing."""
    with terminal() as (_, program):
        process = start("chat", "--demo", stdin=program)
        os.close(program)
        outcome = finish(process)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Give it as an argument, with --file PATH, or through a pipe" in outcome.error


def test_progress_is_shown_on_a_terminal_and_taken_away(silent: Silent) -> None:
    """The seconds are counted while nothing comes, and leave no trace."""
    with terminal() as (user, program):
        process = start("chat", "Hi", "--endpoint", silent.url, "-m", "x", stderr=program)
        os.close(program)
        shown = ""
        while "waiting for the answer ... 0 s (Ctrl-C stops)" not in shown:
            shown += os.read(user, 4096).decode()
        process.send_signal(signal.SIGINT)
        shown += read_all(user)
        assert finish(process).code == 130
    assert shown.endswith("\r\x1b[2K")


@pytest.mark.parametrize("coloured", [True, False])
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, coloured: bool
) -> None:
    """A terminal gets colours, unless NO_COLOR is set."""
    monkeypatch.setenv("TERM", "xterm")
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")
    with terminal() as (user, program):
        process = start("models", "nope", stderr=program)
        os.close(program)
        shown = read_all(user)
        assert finish(process).code == 1
    assert ("\x1b[31m" in shown) is coloured


def test_pipes_get_neither_colour_nor_progress() -> None:
    """Nothing but text reaches a file."""
    with serve(lambda _: stream("plain")) as journal:
        options = ("--endpoint", journal.url, "-m", "x", "--trail")
        outcome = finish(start("chat", "Hi", *options))
    assert outcome.code == 0
    assert not [character for character in outcome.out + outcome.err if character in "\x1b\r"]


def test_a_closed_stdout_and_stderr_are_survived() -> None:
    """`>&-` is odd, and not our problem."""
    with serve(lambda _: stream("plain")) as journal:
        command = 'exec "$@" >&- 2>&-'
        chat = ["chat", "Hi", "--endpoint", journal.url, "-m", "x"]
        process = subprocess.Popen(
            ["sh", "-c", command, "sh", *COMMAND, *chat],
            stdin=subprocess.DEVNULL,
        )
        assert process.wait(PATIENCE) == 0
