"""What becomes of what was counted if the clock is set back."""

from __future__ import annotations

from .history import MOST_LENGTHS
from .windows import Unit, Window

SKEW = 5.0
"""Seconds by which the moments that two processes pass in may differ; more is another clock."""


def by_clock(stamp: float, sent: float, now: float, window: Window) -> tuple[float, float]:
    """Return an entry's stamp, and when it was sent, by the clock of this moment.

    What was sent in the future was sent by a clock that has been set back since. It counts as sent
    now, so that it closes its window for no longer than the window's length, and never too briefly.

    :param stamp: what is counted: when it was sent, or later for what has to drain, or the end of a
        lease.
    """
    if sent > now + SKEW:
        stamp, sent = now + (stamp - sent), now
    return min(stamp, now + SKEW + _longest(window)), sent


def _longest(window: Window) -> float:
    """Return the seconds by which a stamp may be later than its request."""
    if window.calendar is not None or window.unit is Unit.REQUESTS:
        return 0.0
    return window.seconds * (1 if window.unit is Unit.CONCURRENT else MOST_LENGTHS)
