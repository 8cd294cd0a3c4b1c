"""The loop of one tool run, but for asking, approving and calling, which the runners do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from azure.ai.inference.models import (
    ChatCompletions,
    ChatResponseMessage,
    StreamingChatCompletionsUpdate,
    ToolMessage,
)
from azure.core.exceptions import AzureError

from .._core.answer.calls import unlike
from .._core.answer.normalise import asked_choices
from .._core.answer.pieces import AnswerPieces
from .._core.answer.reader import AnswerReader
from .._core.answer.reasons import failed_reason
from .._core.answer.stages import AnswerFault
from ..exceptions import StreamInterruptedError, ToolCallError
from ..trail import Trail, attach_trail, trail_of
from ._errors import ToolArgumentsError
from ._records import (
    CUT,
    OUT_OF_TIME,
    REFUSED,
    CallFinished,
    CallRecord,
    ToolCall,
    ToolRun,
    cut_result,
    describe_failure,
    describe_unknown,
    keep_run,
    one_line,
)
from ._steps import (
    Call,
    Outcome,
    Progress,
    RunCalls,
    RunLimits,
    Step,
    Stop,
    next_choice,
    read_calls,
)
from ._tool import Tool

_LEAST_SECONDS = 0.001  # azure-core takes 0 for no limit
_OURS = {
    "stream": "use run() for a whole answer, stream() for a streamed one",
    "tools": "give them to the runner",
}


class ChatClient(Protocol):
    """A chat client of this package, the SDK's own, or one that is used as they are."""

    @property
    def complete(self) -> Callable[..., Any]:
        """Ask for a completion, as the SDK's method of this name does."""


class News(Protocol):
    """A queue of what happens to calls that run at the same time."""

    def empty(self) -> bool:
        """Return whether nothing waits."""

    def get_nowait(self) -> tuple[Ready | None, object]:
        """Return the next call, and what happened to it."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A call with its tool, its arguments read, that may be run."""

    place: int
    call: ToolCall
    tool: Tool


@dataclass(slots=True)
class _Round:
    """The calls of one answer, and what has become of each, by place."""

    step: RunCalls
    ends: list[CallRecord | ToolCall | None]


class ToolLoop:
    """The state of one run; used by one thread or task, but for the methods that make records.

    :param clock: seconds, as ``time.monotonic`` gives them.
    :raises TypeError: for keywords that belong to the runner.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        messages: Sequence[object],
        limits: RunLimits,
        keywords: Mapping[str, object],
        clock: Callable[[], float],
    ) -> None:
        for name, instead in _OURS.items():
            if name in keywords:
                raise TypeError(f"{name!r} is not a keyword of a run: {instead}.")
        if isinstance(messages, (str, Mapping)):
            raise TypeError(f"messages must be a list, not one {type(messages).__name__}.")
        self.limits, self.clock = limits, clock
        self._tools, self._messages, self._keywords = tools, list(messages), dict(keywords)
        external = frozenset(name for name, tool in tools.items() if tool.function is None)
        self._progress = Progress(limits, external)
        self._began = clock()
        self._pieces = AnswerPieces()
        self._completion: ChatCompletions | None = None
        self._message: ChatResponseMessage | None = None
        self._trails: list[Trail] = []
        self._records: list[CallRecord] = []
        self._pending: list[ToolCall] = []
        told = [message for message in self._messages if isinstance(message, Mapping)]
        self._ids = {one.id for message in told for one in read_calls(message)}
        self._round = _Round(RunCalls(()), [])

    # Steps

    def next(self) -> Step:
        """Return what to do now."""
        return self._progress.next(self._elapsed())

    def left(self) -> float | None:
        """Return the seconds that are left; ``None`` without a limit."""
        seconds = self.limits.seconds
        return None if seconds is None else seconds - self._elapsed()

    @property
    def is_late(self) -> bool:
        """Whether the time of the run is over."""
        left = self.left()
        return left is not None and left <= 0

    def check_time(self) -> None:
        """Stop a run whose time is over.

        :raises ToolCallError: then.
        """
        if self.is_late:
            raise self.out_of_time()

    def out_of_time(self) -> ToolCallError:
        """Return the error of a run whose time is over."""
        return self.error(self._progress.out_of_time())

    @property
    def round(self) -> int:
        """The number of the round that the next answer begins, from 1."""
        return self._progress.rounds + 1

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Put the run on all that ends it; errors of the client, when time is over, say so."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, AzureError) and self.is_late and type(error) is not ToolCallError:
                late = self.out_of_time()
                attach_trail(late, trail_of(error))
                keep_run(late, self.result())
                raise late from error
            keep_run(error, self.result())
            raise

    def error(self, stop: Stop) -> ToolCallError:
        """Return the error of a run that met a limit, chained to the last failed call's."""
        failed = next((one for one in reversed(self._records) if one.error is not None), None)
        last = f" The last failed call, {failed.name}: {failed.error}" if failed else ""
        error = ToolCallError(stop.message + last)
        error.__cause__ = failed.cause if failed else None
        if self._trails:
            attach_trail(error, self._trails[-1])
        return error

    # Asking

    def request(self, **more: object) -> dict[str, Any]:
        """Return the keywords of the next call of ``complete``."""
        keywords: dict[str, Any] = {**self._keywords, "messages": list(self._messages), **more}
        if self._tools:
            keywords["tools"] = [tool.definition() for tool in self._tools.values()]
        if self._progress.rounds and "tool_choice" in keywords:
            keywords["tool_choice"] = next_choice(keywords["tool_choice"])
        left = self.left()
        if left is not None:
            given = keywords.get("timeout")
            left = max(left, _LEAST_SECONDS)
            keywords["timeout"] = left if given is None else min(given, left)
        extras = keywords.get("model_extras")
        choices = asked_choices(extras if isinstance(extras, Mapping) else {})
        reader = AnswerReader(id_seed=str(len(self._messages)), choices=choices)
        self._pieces = AnswerPieces(reader)
        return keywords

    def take(self, update: StreamingChatCompletionsUpdate) -> str:
        """Add one update of a stream, and return the text in it.

        :raises StreamInterruptedError: if a client of the SDK's own hands on an error as an update.
        """
        self.check_time()
        try:
            return self._pieces.take(update.as_dict())
        except AnswerFault as fault:
            text = self._pieces.reader.text
            raise StreamInterruptedError(
                f"The stream broke: {fault.failure.message}", partial_text=text
            ) from fault

    def assembled(self, updates: object) -> None:
        """Note that a streamed answer is complete."""
        completion = ChatCompletions(self._pieces.completion())
        if hasattr(updates, "parsed"):  # the call has a response_model
            object.__setattr__(completion, "parsed", updates.parsed)  # no member of the answer
        attach_trail(completion, trail_of(updates))
        self.answered(completion)

    def answered(self, completion: ChatCompletions) -> None:
        """Note an answer of the model.

        :raises StreamInterruptedError: if a client of the SDK's own hands on one that failed.
        """
        choice = completion.choices[0] if completion.choices else None
        if choice is not None and (failed := failed_reason(choice)):
            raise StreamInterruptedError(
                f"The answer failed: its finish_reason is {failed!r}.",
                partial_text=getattr(choice.message, "content", None) or "",
            )
        message = choice.message if choice is not None else None
        finish = choice.finish_reason if choice is not None else None
        calls = read_calls(message) if message is not None else ()
        self._completion, self._message = completion, message
        if (trail := trail_of(completion)) is not None:
            self._trails.append(trail)
        reason = None if finish is None else str(getattr(finish, "value", finish))
        self._progress = self._progress.answered(calls, reason)
        if not calls and message is not None:
            self._messages.append(message)

    # Calling

    def prepare(self, step: RunCalls) -> Iterator[Ready | CallRecord]:
        """Yield what is to be run, and records of what cannot be; what is neither is kept here."""
        self._round = _Round(step, [None] * len(step.calls))
        for place, call in enumerate(step.calls):
            found = self._read(place, call, cut=step.cut)
            if isinstance(found, Ready) and found.tool.function is None:
                self._round.ends[place] = found.call
                continue
            if isinstance(found, CallRecord):
                self.settle(place, found)
            yield found

    def judge(self, ready: Ready, verdict: object) -> CallRecord | None:
        """Return the record of a call that was refused; ``None`` where it may run."""
        if verdict is True:
            return None
        if verdict is not False and not isinstance(verdict, str):
            if inspect.iscoroutine(verdict):
                verdict.close()
            raise TypeError(
                f"approve() returned {type(verdict).__name__}: give True, False, or the reason "
                "for a refusal as text."
            )
        told = f"Refused: {verdict or REFUSED}" if isinstance(verdict, str) else REFUSED
        record = replace(self._record(ready.call), error=one_line(told), refused=True)
        self.settle(ready.place, record)
        return record

    def returned(self, ready: Ready, began: float, value: object) -> CallRecord:
        """Return the record of a call whose function returned."""
        seconds = self.clock() - began
        try:
            text = ready.tool.result_text(value)
        except Exception as error:  # a serialiser of the caller's may raise anything
            return self.raised(ready, began, error)
        return replace(
            self._record(ready.call),
            result=cut_result(text, self.limits.result_chars),
            seconds=seconds,
        )

    def raised(self, ready: Ready, began: float, error: Exception) -> CallRecord:
        """Return the record of a call whose function raised."""
        seconds = self.clock() - began
        told = describe_failure(f"{ready.call.name} failed", error)
        return replace(self._record(ready.call), error=told, seconds=seconds, cause=error)

    def unstarted(self, ready: Ready) -> CallRecord:
        """Return the record of a call for which no time was left."""
        return replace(self._record(ready.call), error=OUT_OF_TIME)

    def settle(self, place: int, record: CallRecord) -> CallRecord:
        """Keep a record, and return it."""
        self._round.ends[place] = record
        return record

    def settle_unread(self, news: News) -> None:
        """Keep the records in a queue that nobody reads any more: their calls were run."""
        while not news.empty():
            one, event = news.get_nowait()
            if one is not None and isinstance(event, CallFinished):
                self.settle(one.place, event.record)

    def finish_round(self) -> None:
        """Send the results, in the order of the calls, after the message that asked for them."""
        outcomes = []
        results = []
        ids = [self._own_id(call) for call in self._round.step.calls]
        for place, end in enumerate(self._round.ends):
            if isinstance(end, ToolCall):
                self._pending.append(replace(end, id=ids[place]))
                outcomes.append(Outcome.PENDING)
            elif end is not None:  # as every call has one by now
                outcomes.append(_outcome(end))
                self._records.append(end)
                text = end.result if end.result is not None else end.error or ""
                results.append(ToolMessage(text, tool_call_id=ids[place]))
        if self._message is not None:
            self._messages.append(_as_sent(self._message, ids))
        self._messages += results
        self._round = _Round(RunCalls(()), [])
        self._progress = self._progress.ran(outcomes)

    def _own_id(self, call: Call) -> str:
        """Give a call an id of its own: models repeat theirs, and servers refuse that.

        Seen in oh-my-pi#2055 and openclaw#40897; refused in agno#5116 and claudegram#12.
        """
        own = unlike(call.id, self._ids) if call.id else ""
        self._ids.add(own)
        return own

    def result(self) -> ToolRun:
        """Return the run as it stands."""
        unfinished = [end for end in self._round.ends if isinstance(end, CallRecord)]
        return ToolRun(
            self._message,
            list(self._messages),
            (*self._records, *unfinished),
            tuple(self._pending),
            self._progress.rounds,
            self._completion,
            tuple(self._trails),
        )

    def _read(self, place: int, call: Call, *, cut: bool) -> Ready | CallRecord:
        wanted = ToolCall(call.id, call.name, call.arguments, {}, self._progress.rounds)
        if cut:
            return replace(self._record(wanted), error=CUT)
        tool = self._tools.get(call.name)
        if tool is None:
            told = describe_unknown(call.name, list(self._tools))
            return replace(self._record(wanted), error=told)
        try:
            values = tool.validate(call.arguments)
        except ToolArgumentsError as error:
            told = f"Error: {call.name} was not run: {'; '.join(str(error).splitlines())}"
            return replace(self._record(wanted), error=one_line(told), cause=error)
        except Exception as error:  # a validator of the caller's may raise anything
            told = describe_failure(f"{call.name} was not run", error)
            return replace(self._record(wanted), error=told, cause=error)
        return Ready(place, replace(wanted, values=values), tool)

    def _record(self, call: ToolCall) -> CallRecord:
        return CallRecord(call.id, call.name, call.arguments, round=call.round)

    def _elapsed(self) -> float:
        return self.clock() - self._began


def _as_sent(message: ChatResponseMessage, ids: Sequence[str]) -> ChatResponseMessage:
    """Return a message whose calls have these ids; the same object if nothing changes."""
    changed = dict(message)
    if [call.id for call in read_calls(message)] != ids:
        changed["tool_calls"] = [
            type(call)({**call, "id": own}) if own else call
            for call, own in zip(message["tool_calls"], ids, strict=True)
        ]
    if changed.get("content", "") is None:  # llama-cpp-python refuses null
        del changed["content"]
    return message if changed == dict(message) else type(message)(changed)


def _outcome(record: CallRecord) -> Outcome:
    if record.refused:
        return Outcome.REFUSED
    return Outcome.DONE if record.error is None else Outcome.FAILED
