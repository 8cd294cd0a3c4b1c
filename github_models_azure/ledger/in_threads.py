"""A store of quotas for asyncio: the event loop never waits for the locks of a file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

from .._core.quota.permits import Denied, Permit, Place
from .._core.quota.windows import Window
from .contract import Windows
from .errors import LedgerStoreError


class AsyncWindows:
    """The methods of a store, each in a thread of the event loop's own executor.

    A task that is cancelled while it reserves takes nothing.

    :param store: what counts; several of these may share one.
    """

    def __init__(self, store: Windows) -> None:
        self._store = store

    async def reserve(
        self,
        line: str,
        windows: Sequence[Window],
        tokens: int,
        now: float,
        *,
        place: Place | None = None,
    ) -> Permit | Denied:
        """Take what a request needs of all windows, or say until when it cannot be had."""
        asked = _Asked(self._store)
        try:
            return await asyncio.to_thread(asked.reserve, line, windows, tokens, now, place)
        except asyncio.CancelledError:
            if (permit := asked.give_up()) is not None:
                asyncio.get_running_loop().run_in_executor(None, asked.release, permit)
            raise

    async def renew(self, permit: Permit, now: float) -> None:
        """Renew the leases of a call that is still under way."""
        await asyncio.to_thread(self._store.renew, permit, now)

    async def commit(self, permit: Permit, tokens: int | None) -> None:
        """End a request that was sent; ``tokens`` is what it really took, ``None`` if unknown."""
        await asyncio.to_thread(self._store.commit, permit, tokens)

    async def release(self, permit: Permit) -> None:
        """Give back what was taken for a request that was not sent after all."""
        await asyncio.to_thread(self._store.release, permit)

    async def leave(self, place: Place) -> None:
        """Give up a place in line."""
        await asyncio.to_thread(self._store.leave, place)

    async def used(self, window: Window, now: float) -> int:
        """Return the units of a window that are taken at ``now``."""
        return await asyncio.to_thread(self._store.used, window, now)

    async def reset(self) -> None:
        """Forget all that was counted, and who waits."""
        await asyncio.to_thread(self._store.reset)


class _Asked:
    """A reservation in another thread, whose task may be cancelled meanwhile."""

    def __init__(self, store: Windows) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._permit: Permit | None = None
        self._given_up = False

    def reserve(
        self, line: str, windows: Sequence[Window], tokens: int, now: float, place: Place | None
    ) -> Permit | Denied:
        """Reserve, and give it back at once if nobody wants it any more."""
        with self._lock:
            if self._given_up:  # it was cancelled before a thread was free
                return Denied(now)
        answer = self._store.reserve(line, windows, tokens, now, place=place)
        if isinstance(answer, Permit):
            with self._lock:
                self._permit = answer
                unwanted = self._given_up
            if unwanted:
                self.release(answer)
        return answer

    def give_up(self) -> Permit | None:
        """Want it no longer; return the permit if it is there already."""
        with self._lock:
            self._given_up = True
            return self._permit

    def release(self, permit: Permit) -> None:
        """Give a permit back; what cannot be is counted until it has left its windows."""
        with suppress(LedgerStoreError):
            self._store.release(permit)
