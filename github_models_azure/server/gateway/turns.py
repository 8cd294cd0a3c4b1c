"""Turns on the event loop: what streams without end, and is never read, holds up nobody else."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Lets one piece of one stream be worked on in each round of the event loop.

    A stream whose data are there already would else go on without a break, and many such streams
    would each take their time before anything else happens. A stream that waits for its data, as
    most do, waits for nothing here.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def next(self) -> None:
        """Return when it is the caller's turn: at once if nobody else has had this round's."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._pass_on, loop)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _pass_on(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # cancelled, where its caller has left
                turn.set_result(None)
                loop.call_soon(self._pass_on, loop)
                return
        self._is_taken = False
