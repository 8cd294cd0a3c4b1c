"""The sync tool runner: asks, approves, calls; what to do next is decided in ``_loop``."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import queue
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ._loop import ChatClient, Ready, ToolLoop
from ._records import (
    CallFinished,
    CallRecord,
    CallStarted,
    RunEvent,
    RunFinished,
    TextDelta,
    ToolCall,
    ToolRun,
)
from ._steps import AskModel, Finish, RunCalls, RunLimits
from ._tool import ToolSource, toolset


class ToolRunner:
    """Lets a model call Python functions until it has an answer.

    The calls of one answer run at the same time, each in a thread with the context variables of
    the caller; a single one, or with ``RunLimits(parallel=1)`` all of them, in the caller's own
    thread. Hooks always run in the caller's thread.

    :param client: a chat client, of this package or the SDK's own.
    :param tools: functions, tools, or definitions; calls of a definition end the run early.
    :param limits: how far a run may go.
    :param on_event: called with each event of a run.
    :param approve: called with each call before it is run; ``True`` allows it, ``False`` or a text
        with the reason refuses it, which the model is told.
    :param clock: seconds, for limits and records.
    :raises TypeError: if a function is async, or cannot be a tool.
    :raises ValueError: if two tools have the same name.
    """

    def __init__(
        self,
        client: ChatClient,
        tools: Iterable[ToolSource],
        *,
        limits: RunLimits | None = None,
        on_event: Callable[[RunEvent], object] | None = None,
        approve: Callable[[ToolCall], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._tools = client, toolset(tools)
        self._limits, self._clock = limits or RunLimits(), clock
        self._on_event, self._approve = on_event, approve
        for tool in self._tools.values():
            if tool.is_async:
                raise TypeError(f"{tool.name} is async: AsyncToolRunner can await it.")

    def run(
        self, messages: Sequence[object], *, limits: RunLimits | None = None, **complete: Any
    ) -> ToolRun:
        """Go on from ``messages`` until the model answers, and return the whole run.

        :param messages: objects of the SDK or dicts; the list is not changed.
        :param limits: instead of the runner's own.
        :param complete: keywords for the client's ``complete``, for each request. A forced
            ``tool_choice`` holds for the first.
        :raises ToolCallError: if the model does not get its calls right, or a limit is met;
            :func:`run_of` has the run so far, and of every other error too.
        """
        loop = ToolLoop(self._tools, messages, limits or self._limits, complete, self._clock)
        for event in self._events(loop, streamed=False):
            if isinstance(event, RunFinished):
                return event.run
        raise RuntimeError("A run ends with its last event.")  # pragma: no cover

    def stream(
        self, messages: Sequence[object], *, limits: RunLimits | None = None, **complete: Any
    ) -> Generator[RunEvent, None, None]:
        """Do as :meth:`run`, and yield what happens while the model's text streams on.

        The last event is ``RunFinished``. If the stream of an answer breaks, none of its calls is
        run, and ``StreamInterruptedError`` passes through.
        """
        loop = ToolLoop(self._tools, messages, limits or self._limits, complete, self._clock)
        return self._events(loop, streamed=True)

    def _events(self, loop: ToolLoop, *, streamed: bool) -> Generator[RunEvent, None, None]:
        with loop.reporting():
            while True:
                step = loop.next()
                if isinstance(step, AskModel):
                    yield from self._ask(loop, streamed)
                elif isinstance(step, RunCalls):
                    yield from self._run_calls(loop, step)
                elif isinstance(step, Finish):
                    yield self._tell(RunFinished(loop.result()))
                    return
                else:
                    raise loop.error(step)

    def _ask(self, loop: ToolLoop, streamed: bool) -> Iterator[RunEvent]:
        if not streamed:
            loop.answered(self._complete(loop.request()))
            return
        with contextlib.closing(self._complete(loop.request(stream=True))) as updates:
            for update in updates:
                if text := loop.take(update):
                    yield self._tell(TextDelta(text, loop.round))
        loop.assembled(updates)

    def _complete(self, keywords: Mapping[str, object]) -> Any:
        result = self._client.complete(**keywords)
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("The client is async: AsyncToolRunner can use it.")
        return result

    def _run_calls(self, loop: ToolLoop, step: RunCalls) -> Iterator[RunEvent]:
        ready: list[Ready] = []
        for one in loop.prepare(step):
            refused = one if isinstance(one, CallRecord) else self._check_approval(loop, one)
            if refused is not None:
                yield self._tell(CallFinished(refused))
            elif isinstance(one, Ready):
                ready.append(one)
        if min(len(ready), loop.limits.parallel) > 1:
            yield from self._side_by_side(loop, ready)
        else:
            yield from self._in_turn(loop, ready)
        loop.finish_round()

    def _check_approval(self, loop: ToolLoop, one: Ready) -> CallRecord | None:
        return None if self._approve is None else loop.judge(one, self._approve(one.call))

    def _in_turn(self, loop: ToolLoop, ready: Iterable[Ready]) -> Iterator[RunEvent]:
        for one in ready:
            if not loop.is_late:
                yield self._tell(CallStarted(one.call))
            yield self._tell(CallFinished(loop.settle(one.place, self._call(loop, one))))

    def _side_by_side(self, loop: ToolLoop, ready: Sequence[Ready]) -> Iterator[RunEvent]:
        news: queue.SimpleQueue[tuple[Ready, RunEvent | BaseException]] = queue.SimpleQueue()

        def work(one: Ready) -> None:
            try:
                if not loop.is_late:
                    news.put((one, CallStarted(one.call)))
                news.put((one, CallFinished(self._call(loop, one))))
            except BaseException as error:  # for the thread that waits, which raises it
                news.put((one, error))

        pool = ThreadPoolExecutor(min(len(ready), loop.limits.parallel), "tool")
        try:
            for one in ready:
                pool.submit(contextvars.copy_context().run, work, one)
            left = len(ready)
            while left:
                one, event = news.get()
                if isinstance(event, BaseException):
                    raise event
                if isinstance(event, CallFinished):
                    left -= 1
                    loop.settle(one.place, event.record)
                yield self._tell(event)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            loop.settle_unread(news)

    def _call(self, loop: ToolLoop, one: Ready) -> CallRecord:
        if loop.is_late:
            return loop.unstarted(one)
        began = loop.clock()
        try:
            value = one.tool.call(one.call.values)
        except Exception as error:
            return loop.raised(one, began, error)
        return loop.returned(one, began, value)

    def _tell(self, event: RunEvent) -> RunEvent:
        if self._on_event is not None:
            told = self._on_event(event)
            if inspect.iscoroutine(told):
                told.close()
                raise TypeError("on_event is async: AsyncToolRunner can await it.")
        return event
