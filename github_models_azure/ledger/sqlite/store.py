"""Quotas counted in one file, for all processes of a user on this machine."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

from ..._core.quota.decide import MARGIN, Claim, Verdict, decide
from ..._core.quota.permits import UNLIMITED, Denied, Permit, Place, Ticket, ahead_of
from ..._core.quota.windows import Unit, Window
from ..state_folder import user_state_dir
from ..windows import used_of
from .connection import Connections, Writing
from .history import StoredHistory, Sweep
from .tickets import StoredLine, forget_late, name_of

FILE = "quotas.sqlite3"
TIMEOUT = 5.0

_MOST_OPEN = 100_000
_SWEEP_EVERY = 16  # reservations


class SQLiteWindows:
    """Counts requests and tokens, exactly, for all processes that use one file.

    Several windows are taken together or not at all. Times are seconds since the epoch. What is
    waited for others is added to ``now``, for the request leaves after it. A permit belongs to the
    process that took it; an ended process gives back its leases when they end.

    Methods block while other processes write, mostly for less than a millisecond: in asyncio, use
    ``AsyncWindows(store)``. They raise :class:`LedgerStoreError` if the file cannot be used, and
    then nothing was changed; a permit can be given back once it can be.

    :param path: the file, made for its user only if absent; left out, ``quotas.sqlite3`` in the
        user's state folder. A network file system does not do.
    :param margin: seconds by which each rolling window is taken to be longer, for the way to the
        server.
    :param timeout: seconds to wait for others at most.
    :raises RuntimeError: if no path is given, and the user has no home folder.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        margin: float = MARGIN,
        timeout: float = TIMEOUT,
    ) -> None:
        chosen = user_state_dir() / FILE if path is None else path
        self.path = Path(os.path.abspath(chosen))
        self._margin = margin
        self._connections = Connections(self.path, timeout)
        self._open: OrderedDict[str, None] = OrderedDict()
        self._sweep, self._reserved = Sweep(), 0

    def reserve(
        self,
        line: str,
        windows: Sequence[Window],
        tokens: int,
        now: float,
        *,
        place: Place | None = None,
    ) -> Permit | Denied:
        """Take what a request needs of all windows, or say until when it cannot be had.

        :param line: the target, for which requests wait in line.
        :param tokens: the estimate for the request: prompt and, if given, ``max_tokens``.
        :param place: the place in line, of an earlier refusal or a new one, to be served in order.
        :raises LedgerStoreError: if the file cannot be used.
        """
        if not windows:
            return UNLIMITED
        amounts = tuple(window.amount(tokens) for window in windows)
        with self._connections.writing() as writing:
            now += writing.waited
            histories = [StoredHistory(writing.db, self.path, window) for window in windows]
            claims = list(map(Claim, windows, histories, amounts))
            waiting = StoredLine(writing.db, self.path, line)
            ticket = waiting.ticket(amounts, now, place)
            verdict = self._decide(claims, waiting, ticket, now)
            if verdict.at > now and _set_back(histories, waiting, now):
                verdict = self._decide(claims, waiting, ticket, now)
            if verdict.at > now:
                if place is not None and verdict.at < inf:
                    waiting.keep(replace(ticket, due=verdict.at, asked=now), now)
                return Denied(verdict.at, verdict.window, place)
            waiting.leave(ticket.id)
            number = next(writing.numbers)
            for history, amount in zip(histories, amounts, strict=True):
                history.add(now, amount, number)
            self._tidy(writing, now)
        permit = Permit(f"{number}", now, tuple(windows), amounts, os.getpid())
        self._open[permit.id] = None
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        return permit

    def renew(self, permit: Permit, now: float) -> None:
        """Renew the leases of a call that is still under way.

        :raises LedgerStoreError: if the file cannot be used.
        """
        leases = [window for window in permit.windows if _is_leased(window)]
        if not leases or permit.process != os.getpid() or permit.id not in self._open:
            return
        with self._connections.writing() as writing:
            for window in leases:
                history = StoredHistory(writing.db, self.path, window)
                history.end(int(permit.id))
                history.add(now + writing.waited, 1, int(permit.id))

    def commit(self, permit: Permit, tokens: int | None) -> None:
        """End a request that was sent; ``tokens`` is what it really took, ``None`` if unknown.

        What it took beyond its estimate keeps the window closed until that has drained. The second
        time changes nothing.

        :raises LedgerStoreError: if the file cannot be used; the permit then stays open.
        """
        self._settle(permit, tokens)

    def release(self, permit: Permit) -> None:
        """Give back what was taken for a request that was not sent after all.

        :raises LedgerStoreError: if the file cannot be used; the permit then stays open.
        """
        self._settle(permit, 0, sent=False)

    def leave(self, place: Place) -> None:
        """Give up a place in line.

        :raises LedgerStoreError: if the file cannot be used.
        """
        with self._connections.writing() as writing:
            StoredLine(writing.db, self.path, place.line).leave(name_of(place))

    def used(self, window: Window, now: float) -> int:
        """Return the units of a window that are taken at ``now``.

        :raises LedgerStoreError: if the file cannot be used.
        """
        with self._connections.reading() as db:
            return used_of(window, StoredHistory(db, self.path, window), now)

    def reset(self) -> None:
        """Forget all that was counted, and who waits, for all processes.

        :raises LedgerStoreError: if the file cannot be used.
        """
        with self._connections.writing() as writing:
            for table in ("entries", "tickets"):
                writing.db.execute(f"DELETE FROM {table}")  # noqa: S608 - of the two names above
        self._open.clear()

    def close(self) -> None:
        """Close the file for this process; the next use opens it again."""
        self._connections.close()

    def __repr__(self) -> str:
        return f"SQLiteWindows({str(self.path)!r})"

    def _decide(
        self, claims: Sequence[Claim], waiting: StoredLine, ticket: Ticket, now: float
    ) -> Verdict:
        ahead = ahead_of(ticket, waiting.tickets.values(), now)
        return decide(claims, now, ahead, margin=self._margin)

    def _settle(self, permit: Permit, tokens: int | None, *, sent: bool = True) -> None:
        if permit.process != os.getpid() or self._open.pop(permit.id, self) is self:
            return
        changes = []
        for window, amount in zip(permit.windows, permit.amounts, strict=True):
            after = 0 if _is_leased(window) or not sent else amount
            if window.unit is Unit.TOKENS and tokens is not None:
                after = tokens
            if after != amount:
                changes.append((window, amount, after))
        try:
            if changes:
                self._write(permit, changes)
        except BaseException:
            self._open[permit.id] = None
            raise

    def _write(self, permit: Permit, changes: Sequence[tuple[Window, int, int]]) -> None:
        with self._connections.writing() as writing:
            for window, before, after in changes:
                history = StoredHistory(writing.db, self.path, window)
                if _is_leased(window):
                    history.end(int(permit.id))
                else:
                    history.change(permit.sent_at, before, after, int(permit.id))

    def _tidy(self, writing: Writing, now: float) -> None:
        self._reserved += 1
        if self._reserved % _SWEEP_EVERY == 0:
            self._sweep.sweep(writing.db, now)
            forget_late(writing.db, now)


def _is_leased(window: Window) -> bool:
    return window.unit is Unit.CONCURRENT and window.calendar is None


def _set_back(histories: Sequence[StoredHistory], waiting: StoredLine, now: float) -> bool:
    """Return whether what was counted, or who waits, was of a clock that was set back."""
    moved = [history.set_back(now) for history in histories]
    return any([*moved, waiting.set_back(now)])
