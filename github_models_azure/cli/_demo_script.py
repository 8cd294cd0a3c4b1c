"""What ``demo`` does: questions until a limit is met, a tool call, a stream, a trail."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..trail import Attempt, Skip, Trail, trail_of
from ._errors import CommandFailedError

if TYPE_CHECKING:
    from .. import ChatCompletionsClient
    from ..server.emulator import Emulator

MODEL = "openai/gpt-4.1"
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


@dataclass(frozen=True, slots=True)
class Started:
    """The emulator runs; ``limit`` is how many requests a minute the plan has on the tier."""

    url: str
    plan: str
    model: str
    tier: str
    limit: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A model has answered a question; those after the limit have no number."""

    number: int | None
    question: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class FellBack:
    """A target refused a question, and the next one was asked."""

    refused_by: str
    status: int | None
    reason: str
    next_target: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A target was not asked, because of what is known of it."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A model asks for a function of this process."""

    question: str
    target: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """The function has run here."""

    name: str
    result: str


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """A streamed answer is about to come."""

    question: str


@dataclass(frozen=True, slots=True)
class StreamPiece:
    """A piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class TrailShown:
    """The trail of the question that fell back first."""

    number: int
    trail: Trail


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything has been shown, and the emulator has stopped."""

    seconds: float
    requests: int
    answers: int
    fallbacks: int


Event: TypeAlias = (
    Started
    | Answered
    | FellBack
    | PassedOver
    | ToolCalled
    | ToolReturned
    | StreamStarted
    | StreamPiece
    | TrailShown
    | Finished
)


def get_weather(city: str) -> str:
    """Return the weather of a city, as a program would look it up."""
    degrees = _TEMPERATURES.get(city, 15)
    return json.dumps({"city": city, "celsius": degrees})


def perform(plan: str, show: Callable[[Event], None]) -> None:
    """Run the whole demonstration; ``show`` gets each event as it happens.

    :param plan: the Copilot plan whose quotas the emulator enforces.
    """
    from ..server.emulator import Emulator, EmulatorSettings

    started = time.monotonic()
    # A real model takes its time over each word; without any the stream would not be seen.
    with Emulator(plan=plan, settings=EmulatorSettings(chunk_delay=0.02)) as emulator:
        performance = _Performance(emulator, plan, show)
        with performance.client:
            performance.ask_until_limited()
            performance.call_a_tool()
            performance.stream()
            performance.show_trail()
        requests = len(emulator.journal)
    show(Finished(time.monotonic() - started, requests, performance.answers, performance.fallbacks))


class _Performance:
    def __init__(self, emulator: Emulator, plan: str, show: Callable[[Event], None]) -> None:
        self._show = show
        self._limited: tuple[int, Trail] | None = None
        self.answers = self.fallbacks = 0
        self.client = _client(emulator, plan)
        quota = emulator.state.registry.quota(MODEL, plan)
        self._limit = quota.requests_per_minute if quota is not None else None
        tier = emulator.state.registry.get(MODEL).tier
        show(Started(emulator.inference_url, plan, MODEL, str(tier), self._limit))

    def ask_until_limited(self) -> None:
        """Ask until a limit is met, and once more, to see that the model is left alone."""
        from azure.ai.inference.models import UserMessage

        for number, question in enumerate(itertools.cycle(_QUESTIONS), 1):
            known = self._limited is not None
            messages: list[Any] = [UserMessage(question)]
            answer = self.client.complete(messages=messages)
            trail = self._take(answer, number)
            text = answer.choices[0].message.content or ""
            self._show(Answered(number, question, str(trail.served_by), text))
            if known or number >= _MOST_QUESTIONS:
                return

    def call_a_tool(self) -> None:
        """Let a model call a function of this process, and answer with what it returned."""
        from azure.ai.inference.models import (
            AssistantMessage,
            ChatCompletionsToolDefinition,
            FunctionDefinition,
            ToolMessage,
            UserMessage,
        )

        schema = {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city"}},
            "required": ["city"],
        }
        function = FunctionDefinition(
            name="get_weather", description="The weather of a city now", parameters=schema
        )
        tools = [ChatCompletionsToolDefinition(function=function)]
        messages: list[Any] = [UserMessage(_TOOL_QUESTION)]
        asked = self.client.complete(messages=messages, tools=tools)
        trail = self._take(asked)
        calls = asked.choices[0].message.tool_calls
        if not calls:
            raise CommandFailedError("The emulated model called no tool; please report this.")
        messages.append(AssistantMessage(tool_calls=calls))
        for call in calls:
            name, arguments = call.function.name, call.function.arguments
            self._show(ToolCalled(_TOOL_QUESTION, str(trail.served_by), name, arguments))
            result = get_weather(**json.loads(arguments))
            self._show(ToolReturned(name, result))
            messages.append(ToolMessage(result, tool_call_id=call.id))
        answer = self.client.complete(messages=messages, tools=tools)
        trail = self._take(answer)
        text = answer.choices[0].message.content or ""
        self._show(Answered(None, _TOOL_QUESTION, str(trail.served_by), text))

    def stream(self) -> None:
        """Show an answer as it comes."""
        from azure.ai.inference.models import UserMessage

        self._show(StreamStarted(_STREAM_QUESTION))
        messages: list[Any] = [UserMessage(_STREAM_QUESTION)]
        # Typed as an iterable by the SDK, and closable all the same.
        updates: Any = self.client.complete(messages=messages, stream=True)
        with updates:
            for update in updates:
                for choice in update.choices or ():
                    if choice.delta is not None and choice.delta.content:
                        self._show(StreamPiece(choice.delta.content))
        self._count(trail_of(updates))

    def show_trail(self) -> None:
        """Show the trail of the first question that fell back."""
        if self._limited is not None:
            self._show(TrailShown(*self._limited))

    def _take(self, answer: object, number: int = 0) -> Trail:
        """Tell how an answer came about; return its trail."""
        trail = trail_of(answer)
        if trail is None:
            raise CommandFailedError("An answer came without its trail; please report this.")
        self._count(trail)
        for event in _turns(trail):
            # Said once: the target stays limited for everything that follows.
            if isinstance(event, FellBack) or number:
                self._show(event)
            if isinstance(event, FellBack) and event.status == _LIMITED and self._limited is None:
                self._limited = (number, trail)
        return trail

    def _count(self, trail: Trail | None) -> None:
        self.answers += 1
        self.fallbacks += trail is not None and trail.fell_back


def _client(emulator: Emulator, plan: str) -> ChatCompletionsClient:
    from azure.core.credentials import AzureKeyCredential

    from .. import ChatCompletionsClient, Endpoint, MemoryLedger
    from ..registry import default_registry

    endpoint = Endpoint(
        "emulator",
        emulator.inference_url,
        credential=AzureKeyCredential("demo_token"),
        dialect="github",
    )
    # Everything is given, so that the settings of the user cannot change what is shown.
    return ChatCompletionsClient(
        endpoint,
        model=MODEL,
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


def _turns(trail: Trail) -> Iterator[FellBack | PassedOver]:
    """Yield what stood between the question and its answer; the asked target comes first."""
    asked = trail.attempts
    for attempt, following in itertools.pairwise(asked):
        yield FellBack(attempt.target, attempt.status, _reason(attempt), following.target)
    for event in trail.events:
        if isinstance(event, Skip) and event.target == trail.requested:
            yield PassedOver(event.target, event.reason)


def _reason(attempt: Attempt) -> str:
    return attempt.failure.message if attempt.failure is not None else ""
