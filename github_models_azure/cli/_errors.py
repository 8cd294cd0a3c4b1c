"""Every error as one line, whatever was raised."""

from __future__ import annotations

import errno
import functools
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from .._core.failure.kinds import FailureKind, Scope, deciding
from ..exceptions import (
    EndpointRetiredError,
    FallbackExhaustedError,
    RateLimitedError,
    StreamInterruptedError,
)
from ..trail import Attempt, Trail, trail_of
from ._console import Console, OutputClosedError

OK, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

_Command = TypeVar("_Command", bound=Callable[..., Any])
_TOLD = (RateLimitedError, StreamInterruptedError)


class CommandFailedError(Exception):
    """A command cannot do its work; the message says why and what to do."""


class WrongUsageError(Exception):
    """The arguments make no sense together; the message says what to give instead."""


def guarded(command: _Command) -> _Command:
    """Turn whatever a command raises into one line on stderr and an exit code.

    The command takes ``ctx``, whose ``obj`` is the console, and returns its exit code or ``None``.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        ctx: typer.Context = kwargs["ctx"]
        console = console_of(ctx)
        try:
            code = command(*args, **kwargs) or OK
        except Exception as error:
            code = report(console, error, ctx.command_path)
        except KeyboardInterrupt:
            code = INTERRUPTED
        console.status("")
        if code == OK:
            console.release_warnings()
        raise typer.Exit(code)

    return run  # type: ignore[return-value]


def console_of(ctx: typer.Context) -> Console:
    """Return the console of this run."""
    if not isinstance(ctx.obj, Console):
        ctx.obj = Console()
    return ctx.obj


def report(console: Console, error: Exception, command: str) -> int:
    """Say what went wrong and return the exit code."""
    if isinstance(error, OutputClosedError):
        return OK
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    if console.debug:
        console.note("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, WrongUsageError):
        console.fail(f"{error} (see '{command} --help')")
        return WRONG_USAGE
    console.fail(describe(error))
    return FAILED


def describe(error: BaseException) -> str:
    """Say on one line what went wrong and, where that is known, what to do."""
    text = " ".join(_describe(error).split())
    return text if len(text) <= 1000 else f"{text[:997]}..."


def why_not_bound(host: str, port: int, error: OSError) -> str:
    """Say why a server cannot listen, and what to give instead."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken. Choose another with --port; 0 takes any free one."
    if error.errno == errno.EACCES:
        return (
            f"Port {port} needs privileges that you do not have. Choose one above 1023 with --port."
        )
    return f"Cannot listen on {host}:{port}: {error.strerror or error}."


def _describe(error: BaseException) -> str:
    if isinstance(error, EndpointRetiredError):
        return f"{error} To see answers without any service: --demo."
    if isinstance(error, FallbackExhaustedError):
        return _of_many(error)
    if isinstance(error, AzureError):
        return _of_one(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, CommandFailedError | ValueError | TypeError | ImportError | RuntimeError):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error} (--debug shows where)"


def _of_many(error: FallbackExhaustedError) -> str:
    headline = str(error).partition("\n")[0]
    trail = trail_of(error)
    failed = [attempt for attempt in trail.attempts if attempt.failure] if trail else []
    if trail is not None and not failed and trail.skipped:
        first = trail.skipped[0]
        return f"{headline} {first.target} was not asked: {first.reason}. --trail shows the others."
    if not failed:
        return headline
    return f"{headline} The first said: {_answer(failed[0])}. --trail shows every step."


_HINTS = ("Nearest known", "GitHub Models never had ")


def _of_one(error: AzureError) -> str:
    attempt = _deciding(trail_of(error), refused=isinstance(error, HttpResponseError))
    if attempt is None or attempt.failure is None or isinstance(error, _TOLD):
        return error.message
    unsent = attempt.status is None and isinstance(error, ClientAuthenticationError)
    if unsent or attempt.status == 200:  # the message is the whole story
        return error.message
    near = next((li for li in error.message.splitlines() if li.startswith(_HINTS)), "")
    failure = attempt.failure
    hint = near or failure.kind.rule.hint
    if failure.kind is FailureKind.AUTH and failure.scope is Scope.TARGET:
        hint = "The credential is valid, but not for this model."
    return f"{_answer(attempt)}. {hint}"


def _deciding(trail: Trail | None, *, refused: bool) -> Attempt | None:
    attempts = trail.attempts if trail is not None else ()
    failed = [(one.failure, one) for one in attempts if one.failure is not None]
    chosen = deciding((failure for failure, _ in failed), refused=refused)
    return next((one for failure, one in failed if failure is chosen), None)


def _answer(attempt: Attempt) -> str:
    message = attempt.failure.message.rstrip(".") if attempt.failure else ""
    if attempt.status is None:
        return f"{attempt.target}: {message or 'no answer'}"
    return f"{attempt.target} answered {attempt.status}: {message or 'no message'}"
