"""Waits: how long one is before an unavailable target is asked again, and by whose clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from azure.core.pipeline import PipelineContext


class Clock(Protocol):
    """Tells the time, in seconds since the epoch: any function without arguments.

    A clock that can wait, as :class:`SleepingClock` says, carries out the waits as well; for any
    other the transport sleeps.
    """

    def __call__(self) -> float:
        """Return the time."""


class SleepingClock(Clock, Protocol):
    """A clock that waits by itself: one that a test moves by hand, or that runs fast."""

    def sleep(self, seconds: float, /) -> None:
        """Return when so many seconds have passed by this clock."""

    async def sleep_async(self, seconds: float, /) -> None:
        """Return when so many seconds have passed by this clock, without blocking the loop."""


def wait(seconds: float, clock: Clock, context: PipelineContext) -> None:
    """Wait by a clock that can, else as azure-core does, by the transport."""
    transport: Any = context.transport
    sleep = getattr(clock, "sleep", None) or transport.sleep
    sleep(seconds)


async def wait_async(seconds: float, clock: Clock, context: PipelineContext) -> None:
    """Wait by a clock that can, else as azure-core does, by the transport."""
    transport: Any = context.transport
    sleep = getattr(clock, "sleep_async", None) or transport.sleep
    await sleep(seconds)


class BackOff:
    """Exponential waits with full jitter, one for each attempt that failed.

    :param factor: seconds of the first wait, doubled with each; ``most`` caps them.
    :param jitter: makes a wait of the longest one allowed; full jitter by default.
    :param least: seconds that no wait is shorter than, whatever the others come to.
    """

    __slots__ = ("_attempt", "_factor", "_jitter", "_least", "_most", "_seconds", "_waits")

    def __init__(
        self,
        factor: float,
        most: float,
        jitter: Callable[[float], float] | None,
        least: float = 0.0,
    ) -> None:
        self._factor, self._most, self._jitter = factor, most, jitter
        self._least = least
        self._attempt, self._seconds = -1, 0.0
        self._waits: Iterator[float] | None = None

    def after(self, attempt: int) -> float:
        """Return the seconds to wait after an attempt, the same however often it is asked."""
        if self._attempt != attempt:
            self._attempt, self._seconds = attempt, self._next()
        return self._seconds

    def _next(self) -> float:
        import backoff  # only a call that has to wait pays for the import

        if self._waits is None:
            self._waits = backoff.expo(factor=self._factor, max_value=self._most)
            next(self._waits)  # the generator's first value is a start signal, not a wait
        jitter = self._jitter or backoff.full_jitter
        return max(self._least, float(jitter(next(self._waits))))
