"""Results with an instance of a model: a completion, or a stream that has one at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from azure.ai.inference.models import (
    AsyncStreamingChatCompletions,
    StreamingChatCompletions,
    StreamingChatCompletionsUpdate,
)

from .._core.failure.kinds import FailureKind
from ..trail import attach_trail, trail_of
from ._call import Call
from .structured import Structured

Options = dict[str, Any]
T = TypeVar("T")

if TYPE_CHECKING:
    from azure.ai.inference.models import ChatCompletions

    class ParsedChatCompletions(ChatCompletions, Generic[T]):
        """The SDK's own object with one member more: ``parsed``, the instance."""

        parsed: T


class Again(NamedTuple):
    """A second call that may correct the answer of the first."""

    structured: Structured
    options: Options


class _Parsed(Generic[T]):
    """What the sync and the async stream share: the text is gathered, and read at the end.

    ``parsed`` is the instance, ``None`` until the end and where the model calls tools.
    """

    _structured: Structured
    _call: Call
    _ask: Callable[[Structured, Options], Any]
    _updates: Any  # the stream itself, or what it was wrapped in: the SDK's instrumentation
    _text: list[str]
    _is_read: bool
    parsed: T | None

    @classmethod
    def of(cls, stream: Any, structured: Structured, call: Call, ask: Callable[..., Any]) -> Any:
        """Make one of the SDK's stream.

        :param ask: makes the same call again, given a wanted shape and further options.
        """
        made: Any = cls.__new__(cls)
        vars(made).update(vars(stream))
        made._structured, made._call, made._ask = structured, call, ask
        made._updates = aiter(stream) if hasattr(stream, "__aiter__") else iter(stream)
        made._text, made._is_read, made.parsed = [], False, None
        return made

    @property
    def partial(self) -> Any:
        """The data of the answer as far as it has come: dicts, lists, texts, numbers."""
        return self._structured.model.partial("".join(self._text))

    def _gather(self, update: StreamingChatCompletionsUpdate) -> StreamingChatCompletionsUpdate:
        for choice in update.choices or ():
            if not choice.index:
                self._text.append(choice.delta.content or "")
        return update

    def _read(self) -> Again | None:
        """Read the whole text; return what is asked again if that may correct it.

        :raises OutputValidationError: if there is no instance, and no second call would help.
        """
        self._is_read = True
        invalid = self._structured.take(self._call.said)
        if invalid is None:
            self.parsed = self._structured.parsed
            self._call.declare(self._structured.notes)
            return None
        failure, error = invalid
        self._call.unserved(failure)
        options = self._call.budget_left()
        if failure.kind is FailureKind.WRONG_DIALECT and options is not None:
            again = Structured(self._structured.model, self._structured.correction)
            return Again(again, {**options, "stream": False})
        attach_trail(error, self._call.trail())
        raise error

    def _corrected(self, again: Again, result: Any) -> None:
        self._call.go_on(trail_of(result))
        self.parsed = again.structured.parsed

    def _failed(self, error: Exception) -> None:
        self._call.go_on(trail_of(error))
        attach_trail(error, self._call.trail())


class ParsedStream(_Parsed[T], StreamingChatCompletions):
    """The SDK's stream of updates; afterwards ``parsed`` is the instance."""

    def __iter__(self) -> Iterator[StreamingChatCompletionsUpdate]:
        return self

    def __next__(self) -> StreamingChatCompletionsUpdate:
        try:
            return self._gather(next(self._updates))
        except StopIteration:
            again = None if self._is_read else self._read()
            if again is not None:
                try:
                    self._corrected(again, self._ask(*again))
                except Exception as error:
                    self._failed(error)
                    raise
            raise


class AsyncParsedStream(_Parsed[T], AsyncStreamingChatCompletions):
    """The async twin."""

    _ask: Callable[[Structured, Options], Awaitable[Any]]

    def __aiter__(self) -> AsyncIterator[StreamingChatCompletionsUpdate]:
        return self

    async def __anext__(self) -> StreamingChatCompletionsUpdate:
        try:
            return self._gather(await anext(self._updates))
        except StopAsyncIteration:
            again = None if self._is_read else self._read()
            if again is not None:
                try:
                    self._corrected(again, await self._ask(*again))
                except Exception as error:
                    self._failed(error)
                    raise
            raise
