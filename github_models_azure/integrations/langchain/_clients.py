"""The clients behind a model: made on first use, one for threads and one for each event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any


class Clients:
    """Keeps the clients that a model made.

    A client is made anew where the options changed since. An async client lives as long as its
    event loop, which closes it at its end, or as long as the model, whichever ends first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sync: tuple[dict[str, Any], Any] | None = None
        self._async: dict[asyncio.AbstractEventLoop, tuple[dict[str, Any], Any, Any]] = {}

    def get(self, make: Callable[..., Any], options: dict[str, Any]) -> Any:
        """Return the sync client."""
        kept = self._sync
        if kept is not None and kept[0] == options:
            return kept[1]
        made = make(**options)
        with self._lock:
            kept = self._sync
            if kept is not None and kept[0] == options:
                return kept[1]  # another thread was faster; what was made here has opened nothing
            self._sync = (options, made)
        return made

    async def aget(self, make: Callable[..., Any], options: dict[str, Any]) -> Any:
        """Return the async client of the running event loop."""
        loop = asyncio.get_running_loop()
        kept = self._async.get(loop)
        if kept is not None and kept[0] == options:
            return kept[1]
        made = make(**options)
        keeper = _keep(made)
        await anext(keeper)
        with self._lock:
            for other in [one for one in self._async if one.is_closed()]:
                del self._async[other]
            self._async[loop] = (options, made, keeper)
        return made

    def close(self) -> None:
        """Close the sync client; the next call makes another."""
        with self._lock:
            kept, self._sync = self._sync, None
        if kept is not None:
            kept[1].close()

    async def aclose(self) -> None:
        """Close the sync client and the async one of the running event loop."""
        self.close()
        with self._lock:
            kept = self._async.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept[2].aclose()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clients)  # connections are no part of what a model is

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[Clients], tuple[()]]:
        return Clients, ()  # copies and pickles of a model open connections of their own

    def __repr__(self) -> str:
        return "<Clients>"


async def _keep(client: Any) -> AsyncGenerator[None, None]:
    """Close a client when its event loop shuts down, or when nobody keeps this any longer.

    Event loops finish the generators that were left half-way: ``loop.shutdown_asyncgens``.
    """
    try:
        yield
    finally:
        await client.close()
