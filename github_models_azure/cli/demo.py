"""``demo``: questions until a limit is met, a tool call, a stream and a trail, on this machine."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from ..registry import Plan
from ..trail import Skip, Trail, trail_as_json, trail_of
from ._console import Console, JsonValue, plain, wrap
from ._errors import CommandFailedError, console_of, guarded
from ._options import Debug, Json

if TYPE_CHECKING:
    from .. import ChatCompletionsClient
    from ..server.emulator import Emulator

EXAMPLES = """\b
Examples:
  github-models demo
  github-models demo --plan pro
  github-models demo --json | jq -c 'select(.event == "fell_back")'
"""

_MODEL = "openai/gpt-4.1"
_MOST_QUESTIONS = 60
_LIMITED = 429
_QUESTIONS = (
    "What is the capital of France?",
    "What is 12 * 12?",
    "How many feet are in a mile?",
    "What is the capital of Japan?",
    "What is 1024 / 8?",
    "What is the capital of Canada?",
)
_TOOL_QUESTION = "What is the weather in Oslo?"
_STREAM_QUESTION = "Hello! Who is there?"
_TEMPERATURES = {"Oslo": -3, "Paris": 11, "Cairo": 24}
_WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city now",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city"}},
            "required": ["city"],
        },
    },
}


@guarded
def demo(
    ctx: typer.Context,
    plan: Annotated[
        Plan, typer.Option("--plan", help="The Copilot plan whose quotas apply.")
    ] = Plan.FREE,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """See it work on this machine, in seconds.

    Shows fallback, a tool call, a stream and a trail: starts an emulator of GitHub Models, asks
    it through the real client and real HTTP until a rate limit is met, and stops it. No token, no
    network, no model.
    """
    from ..server.emulator import Emulator, EmulatorSettings

    console = console_of(ctx)
    show = _Lines(console) if as_json else _Story(console)
    started = time.monotonic()
    # A real model takes its time over each word; without any the stream would not be seen.
    settings = EmulatorSettings(chunk_delay=0.02)
    with Emulator(plan=plan.value, settings=settings) as emulator:
        performance = _Performance(emulator, plan.value, show)
        with performance.client:
            performance.ask_until_limited()
            performance.call_a_tool()
            performance.stream()
            performance.show_trail()
        requests = len(emulator.journal)
    show(
        "finished",
        seconds=time.monotonic() - started,
        requests=requests,
        answers=performance.answers,
        fallbacks=performance.fallbacks,
    )


class _Show(Protocol):
    def __call__(self, event: str, **facts: object) -> None:
        """Show what has happened."""


class _Performance:
    """Asks the emulator through a client, and has each event shown as it happens."""

    def __init__(self, emulator: Emulator, plan: str, show: _Show) -> None:
        self._show = show
        self._limited: tuple[int, Trail] | None = None
        self.answers = self.fallbacks = 0
        self.client = _client(emulator, plan)
        registry = emulator.state.registry
        quota, tier = registry.quota(_MODEL, plan), registry.get(_MODEL).tier
        limit = quota.requests_per_minute if quota is not None else None
        url = emulator.inference_url
        show("started", url=url, plan=plan, model=_MODEL, tier=str(tier), limit=limit)

    def ask_until_limited(self) -> None:
        """Ask until a limit is met, and once more, to see that the model is left alone."""
        for number, question in enumerate(itertools.cycle(_QUESTIONS), 1):
            known = self._limited is not None
            self._ask(question, [{"role": "user", "content": question}], number)
            if known or number >= _MOST_QUESTIONS:
                return

    def call_a_tool(self) -> None:
        """Let a model call a function of this process, and answer with what it returned."""
        tools: list[Any] = [_WEATHER_TOOL]
        messages: list[Any] = [{"role": "user", "content": _TOOL_QUESTION}]
        asked = self.client.complete(messages=messages, tools=tools)
        target = self._take(asked).served_by
        message = asked.choices[0].message
        if not message.tool_calls:
            raise CommandFailedError("The emulated model called no tool; please report this.")
        messages.append(message)
        for call in message.tool_calls:
            name, arguments = call.function.name, call.function.arguments
            called = {"target": target, "name": name, "arguments": arguments}
            self._show("tool_called", question=_TOOL_QUESTION, **called)
            result = _get_weather(**json.loads(arguments))
            self._show("tool_returned", name=name, result=result)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        self._ask(_TOOL_QUESTION, messages, tools=tools)

    def stream(self) -> None:
        """Show an answer as it comes."""
        self._show("stream_started", question=_STREAM_QUESTION)
        messages: list[Any] = [{"role": "user", "content": _STREAM_QUESTION}]
        # Typed as an iterable by the SDK, and closable all the same.
        updates: Any = self.client.complete(messages=messages, stream=True)
        with updates:
            for update in updates:
                for choice in update.choices or ():
                    if choice.delta is not None and choice.delta.content:
                        self._show("stream_piece", text=choice.delta.content)
        self._count(trail_of(updates))

    def show_trail(self) -> None:
        """Show the trail of the first question that fell back."""
        if self._limited is not None:
            number, trail = self._limited
            self._show("trail", number=number, trail=trail)

    def _ask(self, question: str, messages: list[Any], number: int = 0, **more: Any) -> None:
        """Ask, and show the answer; one to a question after the limit has no number."""
        answer = self.client.complete(messages=messages, **more)
        target = self._take(answer, number).served_by
        text = answer.choices[0].message.content or ""
        self._show("answered", number=number or None, question=question, target=target, text=text)

    def _take(self, answer: object, number: int = 0) -> Trail:
        """Show how an answer came about; return its trail."""
        trail = trail_of(answer)
        if trail is None:
            raise CommandFailedError("An answer came without its trail; please report this.")
        self._count(trail)
        for refused, following in itertools.pairwise(trail.attempts):
            told = {"refused_by": refused.target, "status": refused.status}
            reason = refused.failure.message if refused.failure is not None else ""
            self._show("fell_back", **told, reason=reason, next_target=following.target)
            if refused.status == _LIMITED and self._limited is None:
                self._limited = (number, trail)
        # Shown of numbered questions only: the target stays limited for all that follow.
        skips = [event for event in trail.events if isinstance(event, Skip) and number]
        for skip in skips:
            if skip.target == trail.requested:
                self._show("passed_over", target=skip.target, reason=skip.reason)
        return trail

    def _count(self, trail: Trail | None) -> None:
        self.answers += 1
        self.fallbacks += trail is not None and trail.fell_back


def _get_weather(city: str) -> str:
    """Return the weather of a city, as a program would look it up."""
    return json.dumps({"city": city, "celsius": _TEMPERATURES.get(city, 15)})


def _client(emulator: Emulator, plan: str) -> ChatCompletionsClient:
    from azure.core.credentials import AzureKeyCredential

    from .. import ChatCompletionsClient, Endpoint, MemoryLedger
    from ..registry import default_registry

    key = AzureKeyCredential("demo_token")
    # Everything is given, so that the settings of the user cannot change what is shown.
    return ChatCompletionsClient(
        Endpoint("emulator", emulator.inference_url, credential=key, dialect="github"),
        model=_MODEL,
        plan=plan,
        fallback="tier",
        fallback_on=None,
        fallback_max_wait=10.0,
        fallback_max_attempts=6,
        attempt_timeout=10.0,
        adapt="lenient",
        allow_retired=False,
        registry=default_registry(),
        ledger=MemoryLedger(),
    )


class _Lines:
    """Shows each event as one line of JSON."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: str, **facts: object) -> None:
        line: dict[str, JsonValue] = {"event": event}
        for name, value in facts.items():
            if isinstance(value, Trail):
                told = trail_as_json(value)
                line |= {"steps": told.pop("events"), **told}
            else:
                line[name] = plain(round(value, 3) if isinstance(value, float) else value)
        self._console.json({**line, "emulated": True}, indent=None)


_STORY: dict[str, tuple[tuple[str, str], ...]] = {
    "started": (
        ("", "GitHub Models was retired on 2026-07-30. What answers here is an EMULATOR on"),
        ("", "this machine, {url};"),
        ("", "the client, the HTTP and the limits are the real ones, the answers are made up."),
        ("bold", "Questions to {model} until it refuses"),
        ("dim", "  tier {tier}, plan {plan}: {limited}"),
    ),
    "passed_over": (("dim", "      {target} is not asked: {reason}"),),
    "tool_called": (
        ("bold", "A tool call: the model asks, this program runs the function"),
        ("", "  question   {question}"),
        ("", "  call       {name}({arguments})"),
        ("dim", "             asked for by {target}"),
    ),
    "tool_returned": (("", "  result     {result}"),),
    "stream_started": (("bold", "A streamed answer to: {question}"),),
    "trail": (("bold", "The trail of question {number}, as trail_of(answer) gives it"),),
    "finished": (
        (
            "bold",
            "Done in {seconds:.1f} s: {requests} requests, {answers} answers, {fallbacks} by "
            "fallback",
        ),
        ("", "The emulator has stopped. Next:"),
        ("", '  github-models chat --demo "What is the capital of Norway?" --trail'),
        ("", "  github-models doctor      what your own settings can reach"),
        ("", "  github-models emulate     the emulator, for your own code"),
    ),
}
"""The style and text of the lines of an event; those in bold are headings."""


class _Story:
    """Shows the events as a story, in 80 columns."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._streaming = False

    def __call__(self, event: str, **facts: object) -> None:
        if self._streaming and event != "stream_piece":
            self._console.out()
            self._streaming = False
        limit = facts.get("limit")
        limited = f"{limit} requests a minute" if limit else "no known limit"
        for style, line in _STORY.get(event, ()):
            if style == "bold":  # a heading
                self._console.out()
            self._console.out(line.format(**facts, limited=limited), style=style)
        for line, style in self._long_lines(event, facts):
            self._console.out(line, style=style)
        if event in ("stream_started", "stream_piece"):
            self._console.out(str(facts.get("text", "  ")), end="")
            self._streaming = True

    def _long_lines(self, event: str, facts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the lines, with their style, of what may be too long for one."""
        if event == "answered":
            lead = f"  {facts['number']:2}  " if facts["number"] else "  answer     "
            yield from ((line, "") for line in wrap(lead, str(facts["text"])))
        elif event == "fell_back":
            status = facts["status"] if facts["status"] is not None else "no answer"
            yield f"  !!  {facts['refused_by']}: {status}", "yellow"
            yield from ((line, "yellow") for line in wrap(" " * 6, str(facts["reason"])))
            yield f"      falling back to {facts['next_target']}", "yellow"
        elif event == "trail":
            for step in str(facts["trail"]).splitlines():
                yield from ((line, "") for line in wrap("  ", step, hang=2))
