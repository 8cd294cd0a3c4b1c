"""What was counted in one window, as it stands in the file, which is read as a stranger's."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from math import inf, isfinite
from pathlib import Path

from ..._core.quota.clock import SKEW, by_clock
from ..._core.quota.history import Entry, rows_of
from ..._core.quota.windows import Unit, Window
from ..errors import LedgerStoreError

MOST = 2**53
"""Units that one entry has at most, so that the sum of all stays a whole number of SQLite's."""

_SWEPT = 256  # rows that are looked at in one go
_FIRST = (b"", -inf, 0)

_NTH = "SELECT stamp FROM entries WHERE window = ? ORDER BY stamp DESC LIMIT 1 OFFSET ?"
_TOTAL = "SELECT SUM(amount) FROM entries WHERE window = ? AND stamp > ?"
_NEWEST = "SELECT stamp, amount FROM entries WHERE window = ? ORDER BY stamp DESC"
_ADD = (
    "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT(window, stamp, id)"
    " DO UPDATE SET amount = MIN(amount + excluded.amount, 9007199254740992)"
)
_TAKE = "DELETE FROM entries WHERE window = ? AND stamp = ? AND id = ?"
_END = "DELETE FROM entries WHERE window = ? AND id = ?"
_PRUNE = "DELETE FROM entries WHERE window = ? AND stamp <= ?"
_CHANGE = (
    "UPDATE entries SET amount = MIN(MAX(0, amount + ?), 9007199254740992)"
    " WHERE window = ? AND stamp = ? AND id = 0"
)
_LATER = "SELECT stamp, id, amount, sent FROM entries WHERE window = ? AND stamp > ?"
_PAGE = (
    "SELECT window, stamp, id, expires FROM entries WHERE (window, stamp, id) > (?, ?, ?)"
    " ORDER BY window, stamp, id LIMIT ?"
)


def digest_of(*words: str) -> bytes:
    """Return what words are kept under: of one length, whatever callers invent."""
    text = "\0".join(words).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()


class StoredHistory:
    """The entries of one window, as the decision reads them.

    :raises LedgerStoreError: from every method, if the file holds what no ledger writes.
    """

    __slots__ = ("_db", "_path", "_window", "key")

    def __init__(self, db: sqlite3.Connection, path: Path, window: Window) -> None:
        self._db, self._path, self._window = db, path, window
        self.key = digest_of(window.key, window.name)

    def newest_first(self) -> Iterator[Entry]:
        """Yield the entries from the newest on."""
        for stamp, amount in self._db.execute(_NEWEST, (self.key,)):
            yield Entry(self._moment(stamp), self._units(amount))

    def nth_newest(self, number: int) -> float | None:
        """Return the stamp of the entry of that number, the newest being 1."""
        found = self._db.execute(_NTH, (self.key, min(number - 1, MOST))).fetchone()
        return None if found is None else self._moment(found[0])

    def total(self, since: float) -> int:
        """Return the units of the entries after ``since``."""
        ((units,),) = self._db.execute(_TOTAL, (self.key, since))
        return 0 if units is None else self._units(units)

    def add(self, stamp: float, amount: int, number: int) -> None:
        """Count a request that is sent at ``stamp``, or begin its lease."""
        window = self._window
        if window.calendar is not None:
            start, end = window.calendar.bounds(stamp)
            self._put(Entry(start, amount), 0, start, end)
        elif window.unit is Unit.CONCURRENT:
            end = stamp + window.seconds
            self._put(Entry(end, 1), number, stamp, end)
        elif window.unit is Unit.REQUESTS:
            self._put_rolling(Entry(stamp, amount), number, stamp)
        else:
            # What a late answer corrects is kept for two windows, as it is in memory.
            self._db.execute(_PRUNE, (self.key, stamp - 2 * window.seconds))
            for row in rows_of(Entry(stamp, amount), window.limit, window.seconds):
                self._put_rolling(row, number, stamp)

    def change(self, stamp: float, before: int, after: int, number: int) -> None:
        """Put another amount on what was counted at ``stamp``; 0 takes it away."""
        window = self._window
        if window.calendar is not None:
            start = window.calendar.bounds(stamp)[0]
            difference = max(-MOST, min(after - before, MOST))
            self._db.execute(_CHANGE, (difference, self.key, start))
            return
        rows = rows_of(Entry(stamp, before), window.limit, window.seconds)
        keys = [(self.key, row.stamp, number) for row in rows]
        if self._db.executemany(_TAKE, keys).rowcount > 0 and after > 0:
            for row in rows_of(Entry(stamp, after), window.limit, window.seconds):
                self._put_rolling(row, number, stamp)

    def end(self, number: int) -> None:
        """End a lease."""
        self._db.execute(_END, (self.key, number))

    def set_back(self, now: float) -> bool:
        """Count as sent now what a clock that was set back since has stamped; true if any."""
        changed = False
        for stamp, number, amount, sent in self._db.execute(
            _LATER, (self.key, now + SKEW)
        ).fetchall():
            moved, at = by_clock(self._moment(stamp), self._moment(sent), now, self._window)
            if (moved, at) == (stamp, sent):
                continue
            self._db.execute(_TAKE, (self.key, stamp, number))
            end = self._window.calendar.bounds(now)[1] if self._window.calendar else None
            entry = Entry(moved, self._units(amount))
            if end is None:
                self._put_rolling(entry, number, at)
            else:
                self._put(entry, number, at, end)
            changed = True
        return changed

    def _put_rolling(self, row: Entry, number: int, sent: float) -> None:
        self._put(row, number, sent, row.stamp + 2 * self._window.seconds + SKEW)

    def _put(self, row: Entry, number: int, sent: float, expires: float) -> None:
        amount = max(-MOST, min(row.amount, MOST))
        self._db.execute(_ADD, (self.key, row.stamp, number, amount, sent, expires))

    def _moment(self, value: object) -> float:
        if isinstance(value, float) and isfinite(value):
            return value
        raise LedgerStoreError(self._path, f"it holds {value!r:.50} for a moment")

    def _units(self, value: object) -> int:
        if isinstance(value, int):
            return value
        raise LedgerStoreError(self._path, f"it holds {value!r:.50} for a number of units")


class Sweep:
    """Takes out what has expired, page by page: of windows that nobody asks for, too."""

    def __init__(self) -> None:
        self._after: tuple[object, object, object] = _FIRST

    def sweep(self, db: sqlite3.Connection, now: float) -> None:
        """Look at the next page."""
        rows = db.execute(_PAGE, (*self._after, _SWEPT)).fetchall()
        self._after = rows[-1][:3] if len(rows) == _SWEPT else _FIRST
        gone = [row[:3] for row in rows if not isinstance(row[3], float) or row[3] <= now]
        if gone:
            db.executemany(_TAKE, gone)
