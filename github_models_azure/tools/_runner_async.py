"""The async tool runner, the twin of ``_runner``."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
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


class AsyncToolRunner:
    """Lets a model call Python functions until it has an answer; the async twin.

    The calls of one answer run as tasks at the same time, functions that are not async in threads.
    If the run is cancelled or its time is over, so are its tasks; a thread runs to its end.

    :param client: an async chat client, of this package or the SDK's own.
    :param tools: functions, tools, or definitions; calls of a definition end the run early.
    :param limits: how far a run may go.
    :param on_event: called with each event of a run, and awaited where it is async.
    :param approve: called with each call before it is run, and awaited where it is async; ``True``
        allows it, ``False`` or a text with the reason refuses it, which the model is told.
    :param clock: seconds, for limits and records.
    :raises TypeError: if a function cannot be a tool.
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

    async def run(
        self, messages: Sequence[object], *, limits: RunLimits | None = None, **complete: Any
    ) -> ToolRun:
        """Go on from ``messages`` until the model answers, as :meth:`ToolRunner.run` does."""
        loop = ToolLoop(self._tools, messages, limits or self._limits, complete, self._clock)
        async with contextlib.aclosing(self._events(loop, streamed=False)) as events:
            async for event in events:
                if isinstance(event, RunFinished):
                    return event.run
        raise RuntimeError("A run ends with its last event.")  # pragma: no cover

    def stream(
        self, messages: Sequence[object], *, limits: RunLimits | None = None, **complete: Any
    ) -> AsyncGenerator[RunEvent, None]:
        """Do as :meth:`run`, and yield what happens, as :meth:`ToolRunner.stream` does.

        Who leaves the loop early closes the iterator: ``async with contextlib.aclosing(...)``.
        """
        loop = ToolLoop(self._tools, messages, limits or self._limits, complete, self._clock)
        return self._events(loop, streamed=True)

    async def _events(self, loop: ToolLoop, *, streamed: bool) -> AsyncGenerator[RunEvent, None]:
        with loop.reporting():
            while True:
                step = loop.next()
                if isinstance(step, AskModel):
                    events = self._ask(loop, streamed)
                elif isinstance(step, RunCalls):
                    events = self._run_calls(loop, step)
                elif isinstance(step, Finish):
                    yield await self._tell(RunFinished(loop.result()))
                    return
                else:
                    raise loop.error(step)
                async with contextlib.aclosing(events):
                    async for event in events:
                        yield event

    async def _ask(self, loop: ToolLoop, streamed: bool) -> AsyncGenerator[RunEvent, None]:
        if not streamed:
            loop.answered(await self._complete(loop.request()))
            return
        async with contextlib.aclosing(await self._complete(loop.request(stream=True))) as updates:
            async for update in updates:
                if text := loop.take(update):
                    yield await self._tell(TextDelta(text, loop.round))
        loop.assembled(updates)

    async def _complete(self, keywords: Mapping[str, object]) -> Any:
        result = self._client.complete(**keywords)
        if not inspect.isawaitable(result):
            if (close := getattr(result, "close", None)) is not None:
                close()
            raise TypeError("The client is not async: ToolRunner can use it.")
        return await result

    async def _run_calls(self, loop: ToolLoop, step: RunCalls) -> AsyncGenerator[RunEvent, None]:
        ready: list[Ready] = []
        for one in loop.prepare(step):
            refused = one if isinstance(one, CallRecord) else await self._check_approval(loop, one)
            if refused is not None:
                yield await self._tell(CallFinished(refused))
            elif isinstance(one, Ready):
                ready.append(one)
        async with contextlib.aclosing(self._side_by_side(loop, ready)) as events:
            async for event in events:
                yield event
        loop.finish_round()

    async def _check_approval(self, loop: ToolLoop, one: Ready) -> CallRecord | None:
        if self._approve is None:
            return None
        verdict = self._approve(one.call)
        return loop.judge(one, await verdict if inspect.isawaitable(verdict) else verdict)

    async def _side_by_side(
        self, loop: ToolLoop, ready: Sequence[Ready]
    ) -> AsyncGenerator[RunEvent, None]:
        news: asyncio.Queue[tuple[Ready | None, RunEvent | BaseException | None]] = asyncio.Queue()
        gate = asyncio.Semaphore(loop.limits.parallel)

        async def work(one: Ready) -> None:
            try:
                async with gate:
                    if not loop.is_late:
                        news.put_nowait((one, CallStarted(one.call)))
                    news.put_nowait((one, CallFinished(await self._call(loop, one))))
            except BaseException as error:  # for the task that waits, which raises it
                news.put_nowait((one, error))

        tasks = [asyncio.create_task(work(one)) for one in ready]
        left, later = loop.left(), asyncio.get_running_loop().call_later
        alarm = None if left is None else later(left, news.put_nowait, (None, None))
        try:
            waiting = len(ready)
            while waiting:
                one, event = await news.get()
                if one is None or event is None:
                    raise loop.out_of_time()  # the alarm
                if isinstance(event, BaseException):
                    raise event
                if isinstance(event, CallFinished):
                    waiting -= 1
                    loop.settle(one.place, event.record)
                yield await self._tell(event)
        finally:
            if alarm is not None:
                alarm.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            loop.settle_unread(news)

    async def _call(self, loop: ToolLoop, one: Ready) -> CallRecord:
        if loop.is_late:
            return loop.unstarted(one)
        began = loop.clock()
        try:
            value = await one.tool.acall(one.call.values)
        except Exception as error:
            return loop.raised(one, began, error)
        return loop.returned(one, began, value)

    async def _tell(self, event: RunEvent) -> RunEvent:
        if self._on_event is not None:
            told = self._on_event(event)
            if inspect.isawaitable(told):
                await told
        return event
