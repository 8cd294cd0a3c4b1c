"""What was counted in windows, in the memory of this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from .._core.quota.clock import SKEW, by_clock
from .._core.quota.history import Entry, rows_of
from .._core.quota.windows import Calendar, Unit, Window


class _Row(NamedTuple):
    """An entry, and when its request was sent: what has to drain is counted later."""

    stamp: float
    amount: int
    sent: float


class RollingHistory:
    """The entries of a rolling window, oldest first, and their sum.

    Entries are dropped when others are added, so that it holds at most as many as its limit, and
    for tokens as the requests of two windows.
    """

    __slots__ = ("_entries", "_keep", "_sum", "_unit", "limit")

    def __init__(self, window: Window) -> None:
        self._entries: deque[_Row] = deque()
        self._sum, self._unit = 0, window.unit
        self.limit, self._keep = window.limit, window.seconds

    def newest_first(self) -> Iterator[Entry]:
        """Yield the entries from the newest on."""
        return (Entry(row.stamp, row.amount) for row in reversed(self._entries))

    def nth_newest(self, number: int) -> float | None:
        """Return the stamp of the entry of that number, the newest being 1."""
        entries = self._entries
        return entries[-number].stamp if number <= len(entries) else None

    def total(self, since: float) -> int:
        """Return the units of the entries after ``since``."""
        left = 0
        for entry in self._entries:
            if entry.stamp > since:
                break
            left += entry.amount
        return self._sum - left

    def forget(self, until: float) -> None:
        """Drop the entries up to a moment, which is past for good."""
        entries = self._entries
        while entries and entries[0].stamp <= until:
            self._sum -= entries.popleft().amount

    def add(self, stamp: float, amount: int) -> None:
        """Count a request that is sent at ``stamp``."""
        entries = self._entries
        if self._unit is not Unit.TOKENS:  # only the newest of them are ever looked at
            if len(entries) >= self.limit:
                self._sum -= entries.popleft().amount
            self._put(_Row(stamp, amount, stamp))
            return
        self.forget(stamp - 2 * self._keep)
        for row in rows_of(Entry(stamp, amount), self.limit, self._keep):
            self._put(_Row(*row, stamp))

    def change(self, stamp: float, before: int, after: int) -> None:
        """Put another amount on what was counted at ``stamp``; 0 takes it away."""
        found = [self._take(row) for row in rows_of(Entry(stamp, before), self.limit, self._keep)]
        if any(found) and after > 0:
            for row in rows_of(Entry(stamp, after), self.limit, self._keep):
                self._put(_Row(*row, stamp))

    def set_back(self, window: Window, now: float) -> bool:
        """Count as sent now what a clock that was set back since has stamped; true if any."""
        if not self._entries or self._entries[-1].stamp <= now + SKEW:
            return False
        rows = [
            _Row(stamp, row.amount, sent)
            for row in self._entries
            for stamp, sent in [by_clock(row.stamp, row.sent, now, window)]
        ]
        if rows == list(self._entries):
            return False
        self._entries = deque(sorted(rows))
        return True

    def _take(self, row: Entry) -> bool:
        entries = self._entries
        for place in range(len(entries) - 1, -1, -1):
            if entries[place][:2] == row:
                del entries[place]
                self._sum -= row.amount
                return True
        return False

    def _put(self, entry: _Row) -> None:
        entries = self._entries
        self._sum += entry.amount
        if not entries or entries[-1].stamp <= entry.stamp:
            entries.append(entry)
            return
        place = len(entries)
        while place and entries[place - 1].stamp > entry.stamp:
            place -= 1
        entries.insert(place, entry)


class PeriodHistory:
    """The units of the current period of a calendar window; an earlier one is forgotten."""

    __slots__ = ("_calendar", "_end", "_start", "_used")

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._start, self._end, self._used = -inf, -inf, 0

    def newest_first(self) -> Iterator[Entry]:
        """Yield the period as one entry."""
        yield Entry(self._start, self._used)

    def nth_newest(self, number: int) -> float | None:
        """Return nothing: single requests are not kept."""
        return None

    def total(self, since: float) -> int:
        """Return the units counted, if the period began after ``since``."""
        return self._used if self._start > since else 0

    def add(self, stamp: float, amount: int) -> None:
        """Count a request that is sent at ``stamp``."""
        if stamp >= self._end:
            self._start, self._end = self._calendar.bounds(stamp)
            self._used = 0
        self._used += amount

    def change(self, stamp: float, before: int, after: int) -> None:
        """Put another amount on what was counted at ``stamp``; 0 takes it away."""
        if stamp >= self._start:
            self._used = max(0, self._used + after - before)

    def set_back(self, window: Window, now: float) -> bool:
        """Take a period that has not begun, by a clock that was set back, for this one."""
        if self._start <= now + SKEW:
            return False
        self._start, self._end = self._calendar.bounds(now)
        return True


class LeaseHistory:
    """The leases of requests under way: each ends by itself unless it is renewed."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def newest_first(self) -> Iterator[Entry]:
        """Yield the leases from the one that ends last."""
        return (Entry(end, 1) for end in sorted(self._ends.values(), reverse=True))

    def nth_newest(self, number: int) -> float | None:
        """Return when the lease of that number ends, counted from the one that ends last."""
        if number > len(self._ends):
            return None
        return sorted(self._ends.values())[-number]

    def total(self, since: float) -> int:
        """Return how many leases end after ``since``."""
        return sum(end > since for end in self._ends.values())

    def lease(self, permit: str, until: float, now: float) -> None:
        """Begin or renew a lease."""
        ended = [one for one, end in self._ends.items() if end <= now]
        for one in ended:
            del self._ends[one]
        self._ends[permit] = until

    def set_back(self, window: Window, now: float) -> bool:
        """End leases in time that began by a clock that was set back since; true if any."""
        ends = {
            permit: by_clock(end, end - window.seconds, now, window)[0]
            for permit, end in self._ends.items()
        }
        changed = ends != self._ends
        self._ends = ends
        return changed

    def end(self, permit: str) -> bool:
        """End a lease; return whether it was there."""
        return self._ends.pop(permit, None) is not None

    def holds(self, permit: str) -> bool:
        """Return whether a permit has a lease here."""
        return permit in self._ends
