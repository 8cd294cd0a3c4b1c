"""Who may send, who waits, and who goes first among those who wait, across processes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .clock import SKEW
from .windows import Window

GRACE = 1.0
"""Seconds after its turn in which the one who waits must come, or others go first."""

FORGOTTEN = 60.0
"""Seconds after its turn in which a place in line is remembered."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one request, which it takes of each window.

    :ivar id: its name in the ledger.
    :ivar sent_at: the stamp that is counted, in seconds since the epoch.
    :ivar windows: the windows that it was counted in.
    :ivar amounts: the units that it takes of each.
    :ivar process: the process that took it; in a child it is nobody's.
    """

    id: str
    sent_at: float
    windows: tuple[Window, ...] = ()
    amounts: tuple[int, ...] = ()
    process: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A place in line, kept by asking again with it.

    :ivar line: the target that is waited for.
    :ivar id: its name in the ledger.
    """

    line: str
    id: str
    background: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """There is no room: until when (seconds since the epoch), and the window that has none.

    ``window`` is absent if others who wait go first. ``place`` is the place in line, if one was
    asked for.
    """

    until: float
    window: Window | None = None
    place: Place | None = None


UNLIMITED = Permit("", 0.0)
"""The permit of a request that is counted nowhere."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in line.

    :ivar order: ascends in the order of asking.
    :ivar amounts: what the request takes of each window.
    :ivar due: when its turn is, in seconds since the epoch, as it was told last.
    :ivar asked: when it was told so.
    :ivar background: it goes after every interactive request that was not sent yet.
    """

    id: str
    order: int
    amounts: tuple[int, ...]
    due: float
    background: bool = False
    asked: float = 0.0

    def by_clock(self, now: float) -> Ticket:
        """Return the place by a clock that may have been set back: it waits for as long as told."""
        if self.asked <= now + SKEW:
            return self
        return replace(self, due=now + (self.due - self.asked), asked=now)

    def precedes(self, other: Ticket) -> bool:
        """Return whether this one goes before the other."""
        return (self.background, self.order) < (other.background, other.order)


def ahead_of(ticket: Ticket, line: Iterable[Ticket], now: float) -> list[tuple[int, ...]]:
    """Return the amounts of those who go before a ticket, in their order.

    Who did not come when it was their turn has died or left: nobody waits for them. Who comes
    later all the same has kept the place. Who asked when other windows were known says nothing of
    these, and is passed over until it asks again.
    """
    present = (t for t in line if t.id != ticket.id and t.precedes(ticket) and now <= t.due + GRACE)
    return [
        t.amounts
        for t in sorted(present, key=lambda t: (t.background, t.order))
        if len(t.amounts) == len(ticket.amounts)
    ]
