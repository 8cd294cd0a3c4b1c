"""A question that the model may answer with the help of functions."""

from __future__ import annotations

import contextlib
import importlib
import operator
import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..trail import Trail
from ._console import Console, JsonValue, Waiting
from ._errors import CommandFailedError, WrongUsageError
from ._exchange import Exchange, word_of

if TYPE_CHECKING:
    from .. import ChatCompletionsClient
    from ..tools import CallRecord, RunEvent, Tool, ToolRun

_LONGEST = 200  # characters of arguments and results on stderr
_WAITING = "waiting for the answer"


def load_tools(names: Iterable[str]) -> list[Tool]:
    """Return the functions that ``module:function`` names, imported from the working directory.

    :raises WrongUsageError: for a name of another form.
    :raises CommandFailedError: where there is no such function, or none that can be a tool.
    """
    tools = [_loaded(name) for name in names]
    twice = next((one.name for one in tools if sum(one.name == t.name for t in tools) > 1), None)
    if twice is not None:
        raise WrongUsageError(f"Two tools are called {twice!r}; give them different names.")
    return tools


def _loaded(name: str) -> Tool:
    from ..tools import Tool

    module, _, path = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *path.split("."))):
        raise WrongUsageError(
            f"--tool {name!r}: give it as MODULE:FUNCTION, like weather:forecast."
        )
    try:
        tool = Tool.of(operator.attrgetter(path)(_import(module, name)))
    except AttributeError as error:
        raise CommandFailedError(f"--tool {name}: {module} has no {path!r}.") from error
    except (TypeError, ValueError) as error:
        raise CommandFailedError(f"--tool {name}: {error}") from error
    if tool.function is None:
        raise CommandFailedError(
            f"--tool {name}: {path} is a definition without a function; give a function."
        )
    if tool.is_async:
        return replace(tool, function=_await_in_loop(tool.function), is_async=False)
    return tool


def _await_in_loop(
    function: Callable[..., Coroutine[object, None, object]],
) -> Callable[..., object]:
    """Return a function that runs an async one in a loop of its own."""

    def run(*values: object, **named: object) -> object:
        import asyncio

        return asyncio.run(function(*values, **named))

    return run


def _import(module: str, name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise CommandFailedError(
                f"--tool {name}: there is no module {error.name!r} here or among the installed "
                f"packages. Looked in {here}."
            ) from error
        raise CommandFailedError(f"--tool {name}: {module} needs {error.name}.") from error
    except Exception as error:  # whatever the file of the user does
        raise CommandFailedError(
            f"--tool {name}: importing {module} failed: {type(error).__name__}: {error}"
        ) from error


class ToolExchange(Exchange):
    """One question, the calls that the model makes on the way, and its answer.

    Calls are shown on stderr. A timeout is for all of it.
    """

    def __init__(
        self,
        console: Console,
        client: ChatCompletionsClient,
        request: dict[str, Any],
        tools: list[Tool],
        *,
        quiet: bool,
    ) -> None:
        from ..tools import RunLimits, ToolRunner

        super().__init__(console, client, dict(request), quiet=quiet)
        limits = RunLimits(seconds=self._request.pop("timeout", None))
        self._runner = ToolRunner(client, tools, limits=limits, on_event=self._show_event)
        self._waiting: Waiting | None = None
        self._line_is_open = False
        self._trails: tuple[Trail, ...] = ()

    @property
    def trails(self) -> tuple[Trail, ...]:
        """The trail of each request that was answered."""
        return self._trails

    def complete(self) -> dict[str, JsonValue]:
        """Show the calls, then the answer, and return it with all that is known of it."""
        with self._console.waiting(_WAITING):
            run = self._runner.run(**self._request)
        if run.text and not self._quiet:
            self._console.out(run.text, end="" if run.text.endswith("\n") else "\n")
        return self._ended(run)

    def stream(self) -> dict[str, JsonValue]:
        """Show text and calls as they come, and return the same."""
        from ..tools import RunFinished

        events = self._runner.stream(**self._request)
        with self._console.waiting(_WAITING) as self._waiting, contextlib.closing(events):
            try:
                last = next(event for event in events if isinstance(event, RunFinished))
            finally:
                self._close_line()
        return self._ended(last.run)

    def _show_event(self, event: RunEvent) -> None:
        from ..tools import CallFinished, CallStarted, TextDelta

        if isinstance(event, TextDelta):
            if self._waiting is not None and not self._quiet:
                self._line_is_open = not event.text.endswith("\n")
                self._show(event.text, self._waiting)
        elif isinstance(event, CallStarted):
            self._note(f"{event.call.name} {event.call.arguments}")
        elif isinstance(event, CallFinished):
            record = event.record
            told = record.result if record.error is None else record.error
            self._note(f"{record.name} -> {told}")

    def _note(self, text: str) -> None:
        self._close_line()
        line = " ".join(text.split())
        line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
        self._console.note(f"tool: {line}", style="dim")

    def _close_line(self) -> None:
        if self._line_is_open:
            self._line_is_open = False
            self._console.out()

    def _ended(self, run: ToolRun) -> dict[str, JsonValue]:
        self._trails = run.trails
        self.trail = run.trails[-1] if run.trails else None
        self._tell_origin()
        completion = run.completion
        choice = completion.choices[0] if completion is not None and completion.choices else None
        finish = word_of(choice.finish_reason) if choice is not None else None
        self._tell_end(run.text, finish)
        usage = completion.usage if completion is not None else None
        summary = self._summary(
            run.text,
            completion.model if completion is not None else None,
            finish,
            usage.as_dict() if usage is not None else None,
            [],
        )
        return {**summary, "calls": [_of_call(record) for record in run.calls]}


def _of_call(record: CallRecord) -> dict[str, JsonValue]:
    return {
        "round": record.round,
        "id": record.id,
        "name": record.name,
        "arguments": record.arguments,
        "result": record.result,
        "error": record.error,
        "seconds": record.seconds,
    }
