"""Who waits for one target, as it stands in the file, which is read as a stranger's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

from ..._core.quota.permits import FORGOTTEN, Place, Ticket
from ..errors import LedgerStoreError
from .history import MOST, digest_of

_LONGEST = 32 * 86_400.0  # no turn is further off than the month's end
_ALL = "SELECT id, number, amounts, due, asked, background FROM tickets WHERE line = ?"
_KEEP = "INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?)"


class StoredLine:
    """The line of one target.

    :raises LedgerStoreError: if the file holds what no ledger writes.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, line: str) -> None:
        self._db, self._path = db, path
        self._key = digest_of(line)
        found = db.execute(_ALL, (self._key,)).fetchall()
        self.tickets = {ticket.id: ticket for ticket in map(self._read, found)}

    def ticket(self, amounts: tuple[int, ...], now: float, place: Place | None) -> Ticket:
        """Return the ticket of a place, or a new one at the line's end."""
        name = name_of(place) if place is not None else ""
        kept = self.tickets.get(name)
        if kept is not None:
            return replace(kept, amounts=amounts)
        last = max((ticket.order for ticket in self.tickets.values()), default=0)
        background = place is not None and place.background
        return Ticket(name, last + 1, amounts, now, background)

    def keep(self, ticket: Ticket, now: float) -> None:
        """Keep a place, and forget those who have not come for long."""
        late = "DELETE FROM tickets WHERE line = ? AND due < ?"
        self._db.execute(late, (self._key, now - FORGOTTEN))
        self._put(ticket)

    def leave(self, name: str) -> None:
        """Give up a place, if it is kept."""
        if name in self.tickets:
            take = "DELETE FROM tickets WHERE line = ? AND id = ?"
            self._db.execute(take, (self._key, bytes.fromhex(name)))

    def set_back(self, now: float) -> bool:
        """Let those wait no longer than told whose clock was set back since; true if any."""
        moved = [ticket.by_clock(now) for ticket in self.tickets.values()]
        changed = [ticket for ticket in moved if ticket is not self.tickets[ticket.id]]
        for ticket in changed:
            self.tickets[ticket.id] = ticket
            self._put(ticket)
        return bool(changed)

    def _put(self, ticket: Ticket) -> None:
        amounts = json.dumps([max(-MOST, min(amount, MOST)) for amount in ticket.amounts])
        name = bytes.fromhex(ticket.id)
        times = (ticket.due, ticket.asked)
        row = (self._key, name, ticket.order, amounts, *times, int(ticket.background))
        self._db.execute(_KEEP, row)

    def _read(self, row: Sequence[object]) -> Ticket:
        match row:
            case (bytes(name), int(order), str(text), float(due), float(asked), int(background)):
                pass
            case _:
                raise LedgerStoreError(self._path, f"it holds {row!r:.200} for one who waits")
        amounts = _amounts(text)
        if amounts is None or not isfinite(due) or not isfinite(asked) or order >= MOST:
            raise LedgerStoreError(self._path, f"it holds {row!r:.200} for one who waits")
        due = min(due, asked + _LONGEST)
        return Ticket(name.hex(), order, amounts, due, bool(background), asked)


def name_of(place: Place) -> str:
    """Return the name of a place in the file."""
    return digest_of(place.id).hex()


def forget_late(db: sqlite3.Connection, now: float) -> None:
    """Forget those who have not come for long, in all lines."""
    db.execute("DELETE FROM tickets WHERE due < ?", (now - FORGOTTEN,))


def _amounts(text: str) -> tuple[int, ...] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(type(one) is int for one in found):
        return None
    return tuple(found)
