"""The program: its commands, and what is done around each of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from .._version import __version__
from . import chat, demo, doctor, emulate, login, migrate, models, plan, serve, trust
from ._console import Console, OutputClosedError
from ._errors import OK, WRONG_USAGE, console_of, report
from ._options import Debug

PROGRAM = "github-models"

_HELP = """Keep azure-ai-inference code getting answers: try it, ask, plan, look things up.

GitHub Models was retired on 2026-07-30. Every command works with any endpoint that speaks its
API or OpenAI's, and 'demo', '--demo' and 'emulate' with an emulator on this machine.
"""
_EXAMPLES = """\b
Examples:
  github-models demo
  github-models chat --demo "What is the capital of France?"
  github-models chat -m llama3.2 --endpoint http://localhost:11434/v1 "Hello"
  github-models models --capability tools
  github-models doctor
"""

app = typer.Typer(
    name=PROGRAM,
    help=_HELP,
    epilog=_EXAMPLES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=demo.EXAMPLES)(demo.demo)
app.command(epilog=chat.EXAMPLES)(chat.chat)
app.command(epilog=models.EXAMPLES)(models.models)
app.command(epilog=plan.EXAMPLES)(plan.plan)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.command(epilog=emulate.EXAMPLES)(emulate.emulate)
app.command(epilog=doctor.EXAMPLES)(doctor.doctor)
app.command(epilog=migrate.EXAMPLES)(migrate.migrate)
app.command(epilog=login.EXAMPLES)(login.login)
app.command(epilog=login.LOGOUT_EXAMPLES)(login.logout)
app.command(epilog=trust.EXAMPLES)(trust.trust)


def _show_version(wanted: bool) -> None:
    if wanted:
        Console().out(f"{PROGRAM} {__version__}")
        raise typer.Exit(OK)


@app.callback(invoke_without_command=True, help=_HELP)
def _program(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    if ctx.invoked_subcommand is None:
        console_of(ctx).note(ctx.get_help())
        raise typer.Exit(WRONG_USAGE)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    console = Console()
    command = typer.main.get_command(app)
    given = list(sys.argv[1:] if arguments is None else arguments)
    with console.logging():
        try:
            code = command.main(given, prog_name=PROGRAM, standalone_mode=False, obj=console)
            console.close()
        except (OutputClosedError, SystemExit):  # the latter: a reader of the help has gone
            return OK
        except Exception as error:
            return _refuse(console, error)
    return code if isinstance(code, int) else OK


def _refuse(console: Console, error: Exception) -> int:
    """Report what the parser of the arguments raises; its classes differ between versions."""
    told = getattr(error, "format_message", None)
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else PROGRAM
    if told is None:
        return report(console, error, where)
    # Newer typers pass on pydantic's way to begin a sentence.
    text = str(told()).replace("Value error, ", "")
    console.fail(f"{text} (see '{where} --help')")
    return int(getattr(error, "exit_code", WRONG_USAGE))
