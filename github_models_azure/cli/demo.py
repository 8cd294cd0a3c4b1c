"""``demo``: everything at a glance, on this machine alone."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

import typer

from ..registry import Plan
from ..trail import Trail, trail_as_json
from ._console import Console
from ._demo_script import (
    Answered,
    Event,
    FellBack,
    Finished,
    PassedOver,
    Started,
    StreamPiece,
    StreamStarted,
    ToolCalled,
    ToolReturned,
    TrailShown,
    perform,
)
from ._errors import console_of, guarded
from ._options import Debug, Json
from ._render import JsonValue, plain, wrapped

EXAMPLES = """\b
Examples:
  github-models demo
  github-models demo --plan pro
  github-models demo --json | jq -c 'select(.event == "fell_back")'
"""

_NAMES: dict[type[Event], str] = {
    Started: "started",
    Answered: "answered",
    FellBack: "fell_back",
    PassedOver: "passed_over",
    ToolCalled: "tool_called",
    ToolReturned: "tool_returned",
    StreamStarted: "stream_started",
    StreamPiece: "stream_piece",
    TrailShown: "trail",
    Finished: "finished",
}


@guarded
def demo(
    ctx: typer.Context,
    plan: Annotated[
        Plan, typer.Option("--plan", help="The Copilot plan whose quotas hold.")
    ] = Plan.FREE,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """See it work on this machine, in seconds.

    Shows fallback, a tool call, a stream and a trail: starts an emulator of GitHub Models, asks
    it through the real client and real HTTP until a rate limit is met, and stops it. No token, no
    network, no model.
    """
    console = console_of(ctx)
    perform(plan.value, _Lines(console) if as_json else _Story(console))


class _Lines:
    """Shows each event as one line of JSON."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: Event) -> None:
        line: dict[str, JsonValue] = {"event": _NAMES[type(event)]}
        for field in fields(event):
            value = getattr(event, field.name)
            if isinstance(value, Trail):
                told = trail_as_json(value)
                line |= {"steps": told.pop("events"), **told}
            else:
                line[field.name] = plain(round(value, 3) if isinstance(value, float) else value)
        self._console.json({**line, "emulated": True}, indent=None)


class _Story:
    """Shows the events as a story, in 80 columns."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._streaming = False

    def __call__(self, event: Event) -> None:
        if self._streaming and not isinstance(event, StreamPiece):
            self._console.out()
            self._streaming = False
        match event:
            case Started():
                self._start(event)
            case Answered():
                lead = f"  {event.number:2}  " if event.number else "  answer     "
                for line in wrapped(lead, event.text):
                    self._console.out(line)
            case FellBack() | PassedOver():
                self._turn(event)
            case ToolCalled() | ToolReturned():
                self._use_tool(event)
            case StreamStarted():
                self._heading(f"A streamed answer to: {event.question}")
                self._console.out("  ", end="")
                self._streaming = True
            case StreamPiece():
                self._console.out(event.text, end="")
            case TrailShown() | Finished():
                self._finish(event)

    def _use_tool(self, event: ToolCalled | ToolReturned) -> None:
        if isinstance(event, ToolCalled):
            self._heading("A tool call: the model asks, this program runs the function")
            self._console.out(f"  question   {event.question}")
            self._console.out(f"  call       {event.name}({event.arguments})")
            self._console.out(f"             asked for by {event.target}", style="dim")
        else:
            self._console.out(f"  result     {event.result}")

    def _start(self, event: Started) -> None:
        console = self._console
        console.out("GitHub Models was retired on 2026-07-30. What answers here is an EMULATOR on")
        console.out(f"this machine, {event.url};")
        console.out(
            "the client, the HTTP and the limits are the real ones, the answers are made up."
        )
        limit = f"{event.limit} requests a minute" if event.limit else "no known limit"
        self._heading(f"Questions to {event.model} until it refuses")
        console.out(f"  tier {event.tier}, plan {event.plan}: {limit}", style="dim")

    def _turn(self, event: FellBack | PassedOver) -> None:
        if isinstance(event, PassedOver):
            self._console.out(f"      {event.target} is not asked: {event.reason}", style="dim")
            return
        status = event.status if event.status is not None else "no answer"
        self._console.out(f"  !!  {event.refused_by}: {status}", style="yellow")
        for line in wrapped("      ", event.reason):
            self._console.out(line, style="yellow")
        self._console.out(f"      falling back to {event.next_target}", style="yellow")

    def _finish(self, event: TrailShown | Finished) -> None:
        console = self._console
        if isinstance(event, TrailShown):
            self._heading(f"The trail of question {event.number}, as trail_of(answer) gives it")
            for step in str(event.trail).splitlines():
                for line in wrapped("  ", step, hang=2):
                    console.out(line)
            return
        self._heading(
            f"Done in {event.seconds:.1f} s: {event.requests} requests, {event.answers} answers, "
            f"{event.fallbacks} by fallback"
        )
        console.out("The emulator has stopped. Next:")
        console.out('  github-models chat --demo "What is the capital of Norway?" --trail')
        console.out("  github-models doctor      what your own settings can reach")
        console.out("  github-models emulate     the emulator, for your own code")

    def _heading(self, text: str) -> None:
        self._console.out()
        self._console.out(text, style="bold")
