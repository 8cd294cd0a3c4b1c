"""The clients behind the provider: one for each endpoint and credential, and in each event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

KEPT = 64
"""Clients that stay open though nobody uses them: keys may differ from call to call."""


@dataclass(slots=True, eq=False)
class Lent:
    """A client, and how many calls use it now."""

    client: Any
    users: int = 0


class Shelf:
    """Clients that are made once and lent; safe for threads.

    Past ``kept`` of them, those that nobody uses leave, the longest unused first.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept, self._lent = kept, dict[Hashable, Lent]()
        self._lock = threading.Lock()

    def take(self, key: Hashable, make: Callable[[], Any]) -> Lent:
        """Lend the client of ``key``, to be given back."""
        with self._lock:  # it covers the making too, so that each client is made once
            lent = self._lent.pop(key, None) or Lent(make())
            self._lent[key] = lent
            lent.users += 1
            return lent

    def give_back(self, lent: Lent) -> list[Any]:
        """Return the clients that have to be closed now."""
        with self._lock:
            lent.users -= 1
            surplus = max(0, len(self._lent) - self._kept)
            idle = [key for key, one in self._lent.items() if not one.users][:surplus]
            return [self._lent.pop(key).client for key in idle]

    def clear(self) -> list[Any]:
        """Return all clients, to be closed."""
        with self._lock:
            clients = [lent.client for lent in self._lent.values()]
            self._lent.clear()
            return clients


class Loops:
    """A shelf of async clients for each event loop, emptied before its loop is closed."""

    def __init__(self) -> None:
        self._keepers: dict[asyncio.AbstractEventLoop, tuple[Shelf, AsyncGenerator[None]]] = {}
        self._lock = threading.Lock()

    async def shelf(self) -> Shelf:
        """Return the shelf of the running loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            found = self._keepers.get(loop)
        if found is not None:
            return found[0]
        shelf = Shelf()
        keeper = self._keep(loop, shelf)
        await anext(keeper)  # suspends nowhere, so nobody else in this loop comes between
        with self._lock:
            ended = [other for other in self._keepers if other.is_closed()]
            for other in ended:
                del self._keepers[other]
            self._keepers[loop] = (shelf, keeper)
        return shelf

    async def close(self) -> None:
        """Close the clients of the running loop."""
        with self._lock:
            found = self._keepers.get(asyncio.get_running_loop())
        if found is not None:
            await found[1].aclose()

    async def _keep(self, loop: asyncio.AbstractEventLoop, shelf: Shelf) -> AsyncGenerator[None]:
        # asyncio.run and its like finish the async generators of their loop before they close it.
        try:
            yield
        finally:
            with self._lock:
                self._keepers.pop(loop, None)
            async with AsyncExitStack() as stack:  # one that fails to close keeps no other open
                for client in shelf.clear():
                    stack.push_async_callback(client.close)
