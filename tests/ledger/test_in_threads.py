"""Quotas for asyncio: the loop does not wait, and who is cancelled takes nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from github_models_azure._core.quota.permits import Denied, Permit, Place
from github_models_azure._core.quota.windows import Unit, Window
from github_models_azure.ledger.contract import Windows
from github_models_azure.ledger.errors import LedgerStoreError
from github_models_azure.ledger.in_threads import AsyncWindows, _Asked
from github_models_azure.ledger.windows import MemoryWindows
from tests.ledger.store_helpers import Make, Stores, admitted, denied

ONE = Window("m", "one", 1, Unit.REQUESTS, 60.0)
AT_ONCE = Window("m", "at once", 2, Unit.CONCURRENT, 30.0)


async def test_it_does_what_the_store_does(exact: Make) -> None:
    """Method by method."""
    store = exact()
    book = AsyncWindows(store)
    assert isinstance(store, Windows)
    permit = admitted(await book.reserve("m", [ONE, AT_ONCE], 1, 0.0))
    place = Place("m", "a")
    assert denied(await book.reserve("m", [ONE], 1, 1.0, place=place)).until == 60.0
    await book.leave(place)
    await book.renew(permit, 10.0)
    assert await book.used(AT_ONCE, 35.0) == 1
    await book.commit(permit, None)
    assert await book.used(AT_ONCE, 35.0) == 0
    admitted(await book.reserve("m", [ONE], 1, 60.0))
    await book.reset()
    permit = admitted(await book.reserve("m", [ONE], 1, 61.0))
    await book.release(permit)
    assert await book.used(ONE, 61.0) == 0


async def test_the_loop_runs_while_a_lock_is_waited_for(stores: Stores, tmp_path: Path) -> None:
    """Another thread has the file; the loop is free to wait for something else."""
    store = stores.sqlite(tmp_path / "q", timeout=60.0)
    with store._connections.writing():
        asking = asyncio.create_task(AsyncWindows(store).reserve("m", [ONE], 1, 0.0))
        await asyncio.wait([asking], timeout=0)
        assert not asking.done()
    admitted(await asking)


class Slow(MemoryWindows):
    """A store whose answers wait for the test."""

    def __init__(self) -> None:
        super().__init__(margin=0.0)
        self.asked, self.go, self.released = (threading.Event() for _ in range(3))
        self.fails = False

    def reserve(self, *arguments: object, **options: object) -> Permit | Denied:
        self.asked.set()
        self.go.wait()
        return super().reserve(*arguments, **options)  # type: ignore[arg-type]

    def release(self, permit: Permit) -> None:
        super().release(permit)
        self.released.set()
        if self.fails:
            raise LedgerStoreError(Path("q"), "it is gone")


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_while_it_asks_takes_nothing(fails: bool) -> None:
    """The answer comes when nobody wants it, and is given back."""
    store = Slow()
    store.fails = fails
    asking = asyncio.create_task(AsyncWindows(store).reserve("m", [ONE], 1, 0.0))
    await asyncio.to_thread(store.asked.wait)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    store.go.set()
    await asyncio.to_thread(store.released.wait)
    assert store.used(ONE, 0.0) == 0


async def test_who_is_cancelled_when_the_answer_is_there_takes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is on its way from the thread to the task."""
    store = Slow()
    store.go.set()

    async def cancelled(function: Callable[..., object], *arguments: object) -> None:
        function(*arguments)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "to_thread", cancelled)
        with pytest.raises(asyncio.CancelledError):
            await AsyncWindows(store).reserve("m", [ONE], 1, 0.0)
    await asyncio.to_thread(store.released.wait)
    assert store.used(ONE, 0.0) == 0


async def test_who_is_cancelled_before_a_thread_is_free_does_not_ask() -> None:
    """All threads are busy; when one is free, nobody wants to know."""
    store = Slow()
    asking = AsyncWindows(store)
    asked = _Asked(store)
    assert asked.give_up() is None
    assert asked.reserve("m", [ONE], 1, 5.0, None) == Denied(5.0)
    assert not store.asked.is_set()
    store.go.set()
    admitted(await asking.reserve("m", [ONE], 1, 5.0))
