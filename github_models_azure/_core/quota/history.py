"""What was counted in a window, as a decision reads it, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

MOST_LENGTHS = 1000
"""Lengths of a window for which one request can close it, whatever amount a server says it took."""


class Entry(NamedTuple):
    """Units that one request took, and when, in seconds since the epoch.

    For requests at once, the stamp is the end of the lease.
    """

    stamp: float
    amount: int


class History(Protocol):
    """The entries of one window that may still count; each store has its own."""

    def newest_first(self) -> Iterator[Entry]:
        """Yield the entries from the newest on; older ones than the window need not end it."""

    def nth_newest(self, number: int) -> float | None:
        """Return the stamp of the entry of that number, the newest being 1; ``None`` if absent."""

    def total(self, since: float) -> int:
        """Return the units of the entries after ``since``."""


class Ahead:
    """A history with the entries of those who go first, which are not sent yet.

    Their stamps are later than all that was counted, and ascend.
    """

    def __init__(self, behind: History) -> None:
        self._behind = behind
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Add an entry after all others."""
        self._entries.append(entry)

    def newest_first(self) -> Iterator[Entry]:
        """Yield the entries from the newest on."""
        yield from reversed(self._entries)
        yield from self._behind.newest_first()

    def nth_newest(self, number: int) -> float | None:
        """Return the stamp of the entry of that number, the newest being 1."""
        if number <= len(self._entries):
            return self._entries[-number].stamp
        return self._behind.nth_newest(number - len(self._entries))

    def total(self, since: float) -> int:
        """Return the units of the entries after ``since``."""
        own = sum(entry.amount for entry in self._entries if entry.stamp > since)
        return own + self._behind.total(since)


def rows_of(entry: Entry, limit: int, seconds: float) -> Iterator[Entry]:
    """Yield the entries that one larger than its whole window is counted as.

    The window stays closed until the excess has drained: a window's worth for each of its lengths,
    of which there are at most ``MOST_LENGTHS``.
    """
    stamp = entry.stamp
    left = min(entry.amount, limit * MOST_LENGTHS) if limit > 0 else entry.amount
    while left > limit > 0:
        yield Entry(stamp, limit)
        left, stamp = left - limit, stamp + seconds
    yield Entry(stamp, left)
