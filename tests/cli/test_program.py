"""The program around its commands: help, version, usage, debug, what is missing.

About `cli/_app.py`, `__main__.py`.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from github_models_azure import __version__
from tests.cli.program import COMMAND, PATIENCE, Program, environment, run

pytestmark = pytest.mark.extras

COMMANDS = ["demo", "chat", "models", "plan", "serve", "emulate", "doctor", "migrate"]


def test_version_is_printed() -> None:
    """`--version` prints one line on stdout."""
    outcome = run("--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"github-models {__version__}\n", "")


def test_help_lists_the_commands_in_80_columns() -> None:
    """`--help` names every command, plainly."""
    outcome = run("--help", COLUMNS="200")
    assert outcome.code == 0
    listed = outcome.out.partition("Commands:")[2]
    assert [name for name in COMMANDS if f"  {name} " in listed] == COMMANDS
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_examples(program: Program, command: str) -> None:
    """Each command shows how it is used."""
    outcome = program(command, "--help")
    assert outcome.code == 0
    assert f"\n    github-models {command}" in outcome.out.partition("Examples:")[2]
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_no_command_shows_the_help_on_stderr(program: Program) -> None:
    """The program alone is wrong usage, and helps."""
    outcome = program()
    assert (outcome.code, outcome.out) == (2, "")
    assert "Commands:" in outcome.err


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("--nonsense",), ("chat", "--nonsense"), ("chat", "a", "b")]
)
def test_wrong_usage_is_one_line_and_code_2(program: Program, arguments: tuple[str, ...]) -> None:
    """What the parser refuses is one line that points at the help."""
    outcome = program(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.endswith("--help')")
    assert outcome.err.count("\n") == 1


def test_a_mistyped_command_is_recognised(program: Program) -> None:
    """The nearest command is suggested."""
    assert "Did you mean 'doctor'?" in program("docter").error


def test_without_typer_one_line_says_what_to_install() -> None:
    """The package without its extra tells how to get the command line."""
    code = "import sys; sys.modules['typer'] = None\n"
    code += "from github_models_azure.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "The command line needs: pip install 'github-models-azure[cli]'\n"


def test_importing_the_program_loads_no_heavy_package() -> None:
    """The module of the console script leaves typer to the moment of use."""
    code = "import sys, github_models_azure.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert not {"typer", "starlette", "uvicorn", "pydantic"} & set(done.stdout.split())


def test_without_starlette_the_demo_says_what_to_install() -> None:
    """A missing server package is named together with its cure."""
    code = "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
    code += "from github_models_azure.cli import main; sys.exit(main(['demo']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'github-models-azure[" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--debug", "chat", ""), ("chat", "", "--debug")])
def test_debug_shows_the_traceback(program: Program, arguments: tuple[str, ...]) -> None:
    """`--debug` is taken before and after the command."""
    outcome = program(*arguments)
    assert outcome.code == 2
    assert "Traceback (most recent call last)" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("error: ")


def test_debug_may_come_from_the_environment(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GITHUB_MODELS_DEBUG=1 does as `--debug` does."""
    monkeypatch.setenv("GITHUB_MODELS_DEBUG", "1")
    assert "Traceback" in program("chat", "").err


def test_the_module_runs_as_the_command() -> None:
    """`python -m github_models_azure` is the same program."""
    assert COMMAND[1:] == ["-m", "github_models_azure"]
    assert run("models", "no-such-model").code == 1


def test_an_unexpected_error_is_one_line(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug shows its kind and how to see more, not its traceback."""

    def broken(*_: object) -> None:
        raise LookupError("odd")

    monkeypatch.setattr("github_models_azure.cli.models.known_models", broken)
    outcome = program("models")
    assert outcome.code == 1
    assert outcome.error == "error: LookupError: odd (--debug shows where)"


def test_wrong_settings_are_one_line(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of a wrong value is named with what it may be."""
    monkeypatch.setenv("GITHUB_MODELS_PLAN", "gold")
    outcome = program("models")
    assert outcome.code == 1
    assert "GITHUB_MODELS_PLAN" in outcome.error
