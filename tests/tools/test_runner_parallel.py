"""Calls of one answer run side by side; interrupts and cancellation end them all."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from contextlib import aclosing
from typing import Any

import pytest

from github_models_azure.exceptions import ToolCallError
from github_models_azure.tools import (
    AsyncToolRunner,
    CallFinished,
    CallStarted,
    RunEvent,
    RunLimits,
    Tool,
    ToolRunner,
    run_of,
)
from tests.harness import Twin
from tests.tools.runner_helpers import ASKED, Driver, call, calls, script, told

PATIENCE = 30  # seconds until a thread counts as stuck; no test waits for them
who = contextvars.ContextVar("who", default="nobody")


def many(number: int) -> dict[str, Any]:
    """An answer with so many calls of `work`."""
    return calls(*(call("work", f"c{place}", place=place) for place in range(number)))


def test_a_slow_call_does_not_block_the_others(driver: Driver) -> None:
    """The first ends only after the second has; results keep the order of the calls."""
    second_is_done = threading.Event()

    def work(place: int) -> str:
        """Work."""
        if place == 0:
            assert second_is_done.wait(PATIENCE)
        else:
            second_is_done.set()
        return f"done {place}"

    service = script(many(2), "Done.")
    driver.run(service, [work])
    assert told(service.sent[1]) == [("c0", "done 0"), ("c1", "done 1")]


def test_async_calls_run_side_by_side() -> None:
    """Tasks wait for each other."""
    second_is_done = asyncio.Event()

    async def work(place: int) -> int:
        """Work."""
        if place == 0:
            await second_is_done.wait()
        second_is_done.set()
        return place

    run = Driver(Twin("aio")).run(script(many(2), "Done."), [work])
    assert [record.result for record in run.calls] == ["0", "1"]


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_as_many_as_allowed_run_at_once(driver: Driver, parallel: int) -> None:
    """They wait for each other at a barrier."""
    barrier = threading.Barrier(parallel, timeout=PATIENCE)

    def work(place: int) -> int:
        """Work."""
        barrier.wait()
        return place

    run = driver.run(script(many(6), "Done."), [work], limits=RunLimits(parallel=parallel))
    assert [record.result for record in run.calls] == list("012345")


def test_no_more_threads_than_allowed_are_made() -> None:
    """The first wait until all calls have been handed out, so none of them is free for the next."""
    names, handed_out = set[str](), threading.Event()

    def work(place: int) -> None:
        """Work."""
        assert handed_out.wait(PATIENCE)
        names.add(threading.current_thread().name)

    def hear(_: RunEvent) -> None:
        handed_out.set()

    service, limits = script(many(12), "Done."), RunLimits(parallel=2)
    Driver(Twin("sync")).run(service, [work], limits=limits, on_event=hear)
    assert 1 <= len(names) <= 2


def test_no_more_tasks_than_allowed_run_at_once() -> None:
    """Each gives way to all others before it ends."""
    running, most = 0, 0

    async def work(place: int) -> None:
        """Work."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        waited = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(waited.set_result, None)
        await waited
        running -= 1

    Driver(Twin("aio")).run(script(many(6), "Done."), [work], limits=RunLimits(parallel=2))
    assert most == 2


def test_hooks_run_where_the_caller_is(driver: Driver) -> None:
    """They need no lock of their own; functions see the caller's context."""
    seen: list[int] = []
    names: list[str] = []

    def note(_: object) -> bool:
        seen.append(threading.get_ident())
        return True

    def work(place: int) -> None:
        """Work."""
        names.append(who.get())

    token = who.set("somebody")
    try:
        driver.run(script(many(2), "Done."), [work], on_event=note, approve=note)
    finally:
        who.reset(token)
    assert set(seen) == {threading.get_ident()}
    assert names == ["somebody", "somebody"]


def test_one_call_runs_in_the_callers_thread() -> None:
    """What belongs to a thread, as a database connection may, can be used."""
    places: list[int] = []

    def work(place: int) -> None:
        """Work."""
        places.append(threading.get_ident())

    driver = Driver(Twin("sync"))
    driver.run(script(many(1), "Done."), [work])
    driver.run(script(many(3), "Done."), [work], limits=RunLimits(parallel=1))
    assert places == [threading.get_ident()] * 4


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_interrupts_pass_through(
    driver: Driver, interrupt: type[BaseException], number: int
) -> None:
    """They are no errors for the model to hear of, and no thread is left."""
    before = threading.active_count()

    def work(place: int) -> None:
        """Work."""
        raise interrupt

    service = script(many(number), "Done.")
    with pytest.raises(interrupt) as caught:
        driver.run(service, [work])
    run = run_of(caught.value)
    assert run is not None
    assert run.rounds == 1
    assert len(service.sent) == 1
    if not driver.twin.is_async:
        assert threading.active_count() == before


def test_calls_behind_an_interrupt_are_not_run() -> None:
    """What waited for its turn stays undone."""
    run: list[int] = []
    limits, two = RunLimits(parallel=2), threading.Barrier(2, timeout=PATIENCE)

    def work(place: int) -> None:
        """Work."""
        run.append(place)
        two.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Driver(Twin("sync")).run(script(many(20)), [work], limits=limits)
    assert 2 <= len(run) < 20


async def test_cancelling_a_run_cancels_its_calls() -> None:
    """The tasks of tools end with it, and the model is asked nothing more."""
    service, started = script(many(2), "Done."), asyncio.Event()
    cancelled: list[int] = []

    async def work(place: int) -> None:
        """Work."""
        if place == 1:
            started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(place)
            raise

    async with Twin("aio").client(service, model="m", fallback=None) as client:
        task = asyncio.create_task(AsyncToolRunner(client, [work]).run(ASKED))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert sorted(cancelled) == [0, 1]
    assert len(service.sent) == 1


async def test_the_time_of_a_run_ends_its_calls() -> None:
    """A task that would never end is cancelled when the time is over."""
    ended: list[bool] = []

    async def work(place: int) -> None:
        """Work."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    service = script(many(1))
    async with Twin("aio").client(service, model="m", fallback=None) as client:
        runner = AsyncToolRunner(client, [work], limits=RunLimits(seconds=0.5))
        with pytest.raises(ToolCallError, match=r"seconds=0\.5") as caught:
            await runner.run(ASKED)
    assert ended == [True]
    run = run_of(caught.value)
    assert run is not None
    assert run.messages == ASKED


async def test_leaving_a_stream_early_ends_its_calls() -> None:
    """Closing the iterator cancels what runs."""
    ended: list[bool] = []

    async def work(place: int) -> None:
        """Work."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    service = script(many(1))
    async with Twin("aio").client(service, model="m", fallback=None) as client:
        events = AsyncToolRunner(client, [work]).stream(ASKED)
        async with aclosing(events):
            async for event in events:
                assert isinstance(event, CallStarted)
                break
    assert ended == [True]
    assert len(service.sent) == 1


def test_leaving_a_stream_early_runs_nothing_more() -> None:
    """The connection is closed, and the rest of the calls stays undone."""
    run: list[int] = []

    def work(place: int) -> None:
        """Work."""
        run.append(place)

    service = script(many(3))
    with Twin("sync").client(service, model="m", fallback=None) as client:
        events = ToolRunner(client, [work], limits=RunLimits(parallel=1)).stream(ASKED)
        seen: list[RunEvent] = []
        for event in events:
            seen.append(event)
            if isinstance(event, CallFinished):
                break
        events.close()
    assert run == [0]
    assert all(response.closed for response in service.responses)


def test_what_was_run_is_on_record_when_a_hook_raises(twin: Twin) -> None:
    """A call that came to its end while the hook raised has done its work all the same."""
    both = threading.Barrier(2)

    def in_thread(place: int) -> int:
        """Work."""
        both.wait(PATIENCE)
        return place

    async def in_task(place: int) -> int:
        """Work."""
        return place

    def hook(event: RunEvent) -> None:
        if isinstance(event, CallFinished):
            raise ZeroDivisionError

    tool = Tool.of(in_task if twin.is_async else in_thread, name="work")
    with pytest.raises(ZeroDivisionError) as caught:
        Driver(twin).run(script(many(2)), [tool], on_event=hook)
    run = run_of(caught.value)
    assert run is not None
    assert run.messages == ASKED
    assert [one.result for one in run.calls] == ["0", "1"]
