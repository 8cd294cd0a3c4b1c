"""Results with an instance of a model: a completion, or a stream that has one at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from azure.ai.inference.models import (
    AsyncStreamingChatCompletions,
    StreamingChatCompletions,
    StreamingChatCompletionsUpdate,
)

from .._core.answer.wanted import Said
from .._core.failure.kinds import FailureKind
from ..trail import attach_trail, trail_of
from ._run import Run
from ._structured import STRUCTURED_OPTION, Structured

Options = dict[str, Any]
T = TypeVar("T")

if TYPE_CHECKING:
    from azure.ai.inference.models import ChatCompletions

    class ParsedChatCompletions(ChatCompletions, Generic[T]):
        """The SDK's own object with one member more: ``parsed``, the instance."""

        parsed: T


class _Parsed(Generic[T]):
    """What the sync and the async stream share: the text is gathered, and read at the end.

    ``parsed`` is the instance, ``None`` until the end and where the model calls tools.
    """

    _structured: Structured
    _run: Run
    _ask: Callable[[Options], Any]
    _updates: Any  # the stream itself, or what somebody wrapped it in: the SDK's instrumentation
    _text: list[str]
    _refusal: list[str]
    _reason: str | None
    _calls: bool
    _call: int | None
    _is_read: bool
    parsed: T | None

    @classmethod
    def of(
        cls, stream: Any, structured: Structured, run: Run, ask: Callable[[Options], Any]
    ) -> Any:
        """Make one of the SDK's stream.

        :param ask: makes the same call once more, with the options that it is given.
        """
        made: Any = cls.__new__(cls)
        vars(made).update(vars(stream))
        made._structured, made._run, made._ask = structured, run, ask
        made._updates = aiter(stream) if hasattr(stream, "__aiter__") else iter(stream)
        made._text, made._refusal, made._reason = [], [], None
        made._calls, made._call, made._is_read, made.parsed = False, None, False, None
        return made

    @property
    def partial(self) -> Any:
        """The data of the answer as far as it has come: dicts, lists, texts, numbers."""
        return self._structured.model.partial("".join(self._text))

    def _gather(self, update: StreamingChatCompletionsUpdate) -> StreamingChatCompletionsUpdate:
        for choice in update.choices or ():
            if choice.index:
                continue
            self._gather_delta(choice.delta)
            reason = choice.finish_reason
            if reason is not None:
                self._reason = str(getattr(reason, "value", reason))
                if self._call is not None:
                    choice["finish_reason"] = "stop"
        return update

    def _gather_delta(self, delta: Any) -> None:
        if delta.tool_calls and self._structured.tool is not None:
            delta["content"] = "".join(map(self._argument, delta.pop("tool_calls")))
        elif delta.tool_calls:
            self._calls = True
        self._text.append(delta.content or "")
        self._refusal.append(delta.get("refusal") or "")

    def _argument(self, call: Any) -> str:
        """Give what a piece of a call adds to the arguments of the forced one."""
        index, function = call.get("index", 0), call.get("function") or {}
        if self._call is None and function.get("name") == self._structured.tool:
            self._call = index
        return function.get("arguments") or "" if index == self._call else ""

    def _read(self) -> Options | None:
        """Read the whole text; return the options of a second call that may correct it.

        :raises OutputValidationError: where there is no instance, and no second call would help.
        """
        self._is_read = True
        text, refusal = "".join(self._text), "".join(self._refusal)
        said = Said(text, self._call is not None, self._calls, self._reason, refusal or None)
        invalid = self._structured.take(said)
        if invalid is None:
            self.parsed = self._structured.parsed
            self._run.declare(self._structured.notes)
            return None
        failure, error = invalid
        self._run.interrupted(failure)
        self._run.served_by = None
        options = self._left()
        if failure.kind is FailureKind.WRONG_DIALECT and options is not None:
            again = Structured(self._structured.model, self._structured.correction)
            return {**options, "stream": False, STRUCTURED_OPTION: again}
        attach_trail(error, self._run.trail())
        raise error

    def _left(self) -> Options | None:
        """Give the limits of a second call within those of the first; ``None`` if none is left."""
        run = self._run
        attempts = run.plan.rules.max_attempts - len(run.trail().attempts)
        wait = run.plan.rules.max_wait - run.plan.waited
        options: Options = {"fallback_max_attempts": attempts, "fallback_max_wait": max(0.0, wait)}
        seconds = run._deadline - run._settings.clock()
        if attempts < 1 or seconds <= 0:
            return None
        return options if seconds == inf else {**options, "timeout": seconds}

    def _corrected(self, options: Options, result: Any) -> None:
        self._run.go_on(trail_of(result))
        self.parsed = options[STRUCTURED_OPTION].parsed

    def _failed(self, error: Exception) -> None:
        self._run.go_on(trail_of(error))
        attach_trail(error, self._run.trail())


class ParsedStream(_Parsed[T], StreamingChatCompletions):
    """The SDK's stream of updates; afterwards ``parsed`` is the instance."""

    def __iter__(self) -> Iterator[StreamingChatCompletionsUpdate]:
        return self

    def __next__(self) -> StreamingChatCompletionsUpdate:
        try:
            return self._gather(next(self._updates))
        except StopIteration:
            options = None if self._is_read else self._read()
            if options is not None:
                try:
                    self._corrected(options, self._ask(options))
                except Exception as error:
                    self._failed(error)
                    raise
            raise


class AsyncParsedStream(_Parsed[T], AsyncStreamingChatCompletions):
    """The async twin."""

    _ask: Callable[[Options], Awaitable[Any]]

    def __aiter__(self) -> AsyncIterator[StreamingChatCompletionsUpdate]:
        return self

    async def __anext__(self) -> StreamingChatCompletionsUpdate:
        try:
            return self._gather(await anext(self._updates))
        except StopAsyncIteration:
            options = None if self._is_read else self._read()
            if options is not None:
                try:
                    self._corrected(options, await self._ask(options))
                except Exception as error:
                    self._failed(error)
                    raise
            raise
