"""For the tests of code that uses the clients: clocks by which no wait takes long.

Give one to a client: ``ChatCompletionsClient(clock=ManualClock())``.

Time and waits go by the clock: limits, cooldowns, ``timeout``, ``attempt_timeout``, and the sleep
before a target is asked again. Answers still take as long as they take: by a clock that runs a
thousand times faster, one of 50 ms counts as 50 s against the time-outs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["FastClock", "ManualClock"]

_START = 1_800_000_000.0
_PATIENCE = 30.0


class ManualClock:
    """A clock that stands still until the test moves it; a wait ends once it has moved enough.

    :param now: seconds since the epoch at which it starts.
    :keyword skip_waits: each wait moves the clock itself and is over at once, for tests that only
        want to know what happens after it.
    """

    def __init__(self, now: float = _START, *, skip_waits: bool = False) -> None:
        self._now, self._skips = now, skip_waits
        self._changed = threading.Condition()
        self._waits: list[_Wait] = []
        self._watchers: list[Callable[[], None]] = []

    def __call__(self) -> float:
        """Return the time."""
        with self._changed:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock, and end the waits that are over by then.

        :raises ValueError: for a negative number.
        """
        if not seconds >= 0:
            raise ValueError(f"A clock goes forward; it cannot be advanced by {seconds!r} s.")
        with self._changed:
            self._now += seconds
            for wait in self._waits:
                if wait.until <= self._now:
                    wait.end()
            self._changed.notify_all()

    @property
    def waits(self) -> tuple[float, ...]:
        """The waits under way, each as the seconds that are left of it, the shortest first."""
        with self._changed:
            return tuple(sorted(wait.until - self._now for wait in self._waits))

    def until_waiting(self, count: int = 1, *, timeout: float = _PATIENCE) -> None:
        """Return as soon as so many calls wait, in whatever threads they run.

        :keyword timeout: seconds in real time.
        :raises TimeoutError: if they do not.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._waits) >= count, timeout):
                found = len(self._waits)
                raise TimeoutError(f"After {timeout:g} s {found} calls wait, not {count}.")

    async def until_waiting_async(self, count: int = 1, *, timeout: float = _PATIENCE) -> None:
        """Return as soon as so many calls wait; the tasks of the event loop go on meanwhile.

        :keyword timeout: seconds in real time.
        :raises TimeoutError: if they do not.
        """
        loop, found = asyncio.get_running_loop(), asyncio.Event()

        def look() -> None:
            if len(self._waits) >= count:
                with suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(found.set)

        with self._changed:
            self._watchers.append(look)
            look()
        try:
            await asyncio.wait_for(found.wait(), timeout)
        except asyncio.TimeoutError:
            number = len(self._waits)
            raise TimeoutError(f"After {timeout:g} s {number} calls wait, not {count}.") from None
        finally:
            with self._changed:
                self._watchers.remove(look)

    def sleep(self, seconds: float) -> None:
        """Return when the clock has been advanced by so many seconds."""
        over = threading.Event()
        with self._waiting(seconds, over.set):
            over.wait()

    async def sleep_async(self, seconds: float) -> None:
        """Return when the clock has been advanced by so many seconds."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def end() -> None:
            with suppress(RuntimeError):  # the loop was closed with the wait under way
                loop.call_soon_threadsafe(over.set)

        with self._waiting(seconds, end):
            await over.wait()

    @contextmanager
    def _waiting(self, seconds: float, end: Callable[[], None]) -> Iterator[None]:
        with self._changed:
            if self._skips:
                self._now += seconds
            wait = _Wait(self._now if self._skips else self._now + seconds, end)
            if wait.until <= self._now:
                wait.end()
            self._waits.append(wait)
            self._changed.notify_all()
            for look in self._watchers:
                look()
        try:
            yield
        finally:
            with self._changed:
                self._waits.remove(wait)

    def __repr__(self) -> str:
        return f"ManualClock({self():.3f}, waits={self.waits})"


class _Wait:
    """One wait: until when, and what ends it."""

    __slots__ = ("end", "until")

    def __init__(self, until: float, end: Callable[[], None]) -> None:
        self.until, self.end = until, end


class FastClock:
    """A clock that runs faster than time does, a thousand times by default: 60 s take 60 ms.

    :param factor: how many seconds pass by it in a second.
    :raises ValueError: for a factor that is not above zero.
    """

    def __init__(self, factor: float = 1000.0) -> None:
        if not factor > 0:
            raise ValueError(f"The factor of a clock is above zero, not {factor!r}.")
        self.factor = factor
        self._start, self._since = time.time(), time.monotonic()

    def __call__(self) -> float:
        """Return the time."""
        return self._start + (time.monotonic() - self._since) * self.factor

    def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed by this clock."""
        time.sleep(seconds / self.factor)

    async def sleep_async(self, seconds: float) -> None:
        """Return when so many seconds have passed by this clock."""
        await asyncio.sleep(seconds / self.factor)  # noqa: TID251  # the wait is the clock's own

    def __repr__(self) -> str:
        return f"FastClock({self.factor:g})"
