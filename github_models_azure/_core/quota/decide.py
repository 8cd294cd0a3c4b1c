"""Whether a request may be sent now, or when: the one decision that every store shares.

Exact by what was counted: never more than the limit in any span of the window's length, whatever
its offset. No bucket and no weighted counter, which admit up to twice as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nextafter
from typing import NamedTuple

from .history import Ahead, Entry, History
from .windows import Calendar, Unit, Window

MARGIN = 0.05
"""Seconds by which two requests may draw nearer to each other on their way to a server."""

_MOST_PERIODS = 32  # none but a wrong clock has counted in a later one


class Claim(NamedTuple):
    """Units that a request takes of one window."""

    window: Window
    history: History
    amount: int


class Verdict(NamedTuple):
    """When a request may be sent (seconds since the epoch), and the window that it waits for."""

    at: float
    window: Window | None = None


def decide(
    claims: Sequence[Claim],
    now: float,
    ahead: Sequence[Sequence[int]] = (),
    *,
    margin: float = MARGIN,
) -> Verdict:
    """Return when a request may be sent: at ``now``, or later and for which window.

    :param ahead: the amounts of those who go first, in their order, one for each claim.
    :param margin: seconds by which each rolling window is taken to be longer.
    """
    if not ahead:
        return _earliest(claims, now, margin)
    lines = [Ahead(claim.history) for claim in claims]
    claims = [Claim(c.window, line, c.amount) for c, line in zip(claims, lines, strict=True)]
    first = now
    for amounts in ahead:
        theirs = [Claim(c.window, c.history, n) for c, n in zip(claims, amounts, strict=True)]
        verdict = _earliest(theirs, first, margin)
        first = verdict.at
        if first == inf:  # nobody gets through, those behind neither
            return verdict
        for line, claim in zip(lines, theirs, strict=True):
            window = claim.window
            lease = window.seconds if window.unit is Unit.CONCURRENT else 0.0
            line.add(Entry(first + lease, claim.amount))
    return _earliest(claims, first, margin)


def _earliest(claims: Sequence[Claim], now: float, margin: float) -> Verdict:
    """Return when all windows have room; what was counted only leaves them, so that is the last."""
    at, closed = now, None
    for claim in claims:
        opens = _opens(claim, now, margin)
        if opens > at:
            at, closed = opens, claim.window
    return Verdict(at, closed)


def _opens(claim: Claim, now: float, margin: float) -> float:
    window, history, amount = claim
    if window.limit <= 0:
        return inf
    # A request larger than its whole window goes when the window is empty.
    room = max(0, window.limit - amount)
    if window.calendar is not None:
        return _next_period(window.calendar, history, room, now)
    if window.unit is Unit.CONCURRENT:  # its stamps are the ends of leases
        leaves = history.nth_newest(room + 1)
        return now if leaves is None else max(now, leaves)
    length = window.seconds + margin
    if window.unit is Unit.REQUESTS:
        leaves = history.nth_newest(room + 1)
        return now if leaves is None else max(now, leaves + length)
    if history.total(now - length) <= room:
        return now
    used = 0
    for stamp, size in history.newest_first():
        used += size
        if used > room:
            return max(now, stamp + length)
    return now  # pragma: no cover - the total says otherwise


def _next_period(calendar: Calendar, history: History, room: int, now: float) -> float:
    for _ in range(_MOST_PERIODS):
        start, end = calendar.bounds(now)
        used = history.total(nextafter(start, -inf))
        if used <= room:
            break
        now = end
    return now


def forecast(
    claims: Sequence[Claim],
    now: float,
    requests: int,
    *,
    seconds_each: float = 0.0,
    margin: float = MARGIN,
) -> float:
    """Return when the last of ``requests`` would be answered, in seconds since the epoch.

    Each takes what its claims say. ``inf`` means never: a limit is 0.

    :param seconds_each: how long an answer takes, which counts where few may be under way at once.
    """
    lines = [Ahead(claim.history) for claim in claims]
    claims = [Claim(c.window, line, c.amount) for c, line in zip(claims, lines, strict=True)]
    at = now
    for _ in range(requests):
        at = decide(claims, at, margin=margin).at
        if at == inf:
            return inf
        for line, claim in zip(lines, claims, strict=True):
            lasts = seconds_each if claim.window.unit is Unit.CONCURRENT else 0.0
            line.add(Entry(at + lasts, claim.amount))
    return at + seconds_each if requests > 0 else now
