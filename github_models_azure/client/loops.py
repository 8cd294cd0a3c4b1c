"""A session of aiohttp for each event loop: one client may serve several."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs here; ``None`` if none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class SessionPerLoop:
    """Keeps the sessions of a transport, which belong to the event loop that they were made in.

    One that the caller gave serves whatever loop it is asked in, as in azure-core.
    """

    def __init__(self, **options: Any) -> None:
        self._sessions: MutableMapping[asyncio.AbstractEventLoop | None, Any] = {}
        self._given: Any = None
        super().__init__(**options)

    @property
    def session(self) -> Any:
        """The session for the loop that runs here; ``None`` before it is opened."""
        return self._given or self._sessions.get(running_loop())

    @session.setter
    def session(self, value: Any) -> None:
        if value is None:
            self._sessions.pop(running_loop(), None)
        self._given = value

    @property
    def is_open(self) -> bool:
        """Whether there is a session, for any loop."""
        return self._given is not None or bool(self._sessions)

    async def keep(self, session: Any) -> None:
        """Keep a session for the loop that runs here; let go those of loops that are over."""
        self._sessions[running_loop()] = session
        for loop in [one for one in list(self._sessions) if one is not None and one.is_closed()]:
            await _end(self._sessions.pop(loop), loop)

    async def close_others(self) -> None:
        """Close the sessions of the other loops, each in its own where that runs."""
        here = running_loop()
        for loop in [one for one in list(self._sessions) if one is not here]:
            await _end(self._sessions.pop(loop), loop)


async def _end(session: Any, loop: asyncio.AbstractEventLoop | None) -> None:
    if loop is not None and loop.is_running():
        asyncio.run_coroutine_threadsafe(session.close(), loop)
        return
    with suppress(RuntimeError):  # of a loop that is over
        await session.close()
