"""What a ledger answers to who wants to send: a permit, or until when there is none."""

from __future__ import annotations

from dataclasses import dataclass

from .windows import Window


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
