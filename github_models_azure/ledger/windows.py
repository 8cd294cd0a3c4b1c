"""Quotas counted in the memory of this process."""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from math import inf, nextafter

from .._core.quota.decide import MARGIN, Claim, decide
from .._core.quota.history import History
from .._core.quota.permits import FORGOTTEN, UNLIMITED, Denied, Permit, Place, Ticket, ahead_of
from .._core.quota.windows import Unit, Window
from .histories import LeaseHistory, PeriodHistory, RollingHistory

MOST_WINDOWS = 10_000
"""Windows that are kept; callers may invent names of models."""

_MOST_OPEN = 100_000

_History = RollingHistory | PeriodHistory | LeaseHistory


class MemoryWindows:
    """Counts requests and tokens, exactly, for the threads and tasks of one process.

    Several windows are taken together or not at all. Times are seconds since the epoch.

    :param margin: seconds by which each rolling window is taken to be longer, for the way to the
        server.
    """

    def __init__(self, *, margin: float = MARGIN) -> None:
        self._margin = margin
        self._lock = threading.Lock()
        self._histories: OrderedDict[tuple[str, str], _History] = OrderedDict()
        self._lines: dict[str, dict[str, Ticket]] = {}
        self._numbers = itertools.count(1)
        self._open: OrderedDict[str, None] = OrderedDict()

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
        """
        if not windows:
            return UNLIMITED
        amounts = tuple(window.amount(tokens) for window in windows)
        with self._lock:
            claims = [
                Claim(window, self._history(window), amount)
                for window, amount in zip(windows, amounts, strict=True)
            ]
            ticket = self._ticket(line, amounts, now, place)
            waiting = self._lines.get(line)
            ahead = ahead_of(ticket, waiting.values(), now) if waiting else ()
            verdict = decide(claims, now, ahead, margin=self._margin)
            if verdict.at > now and self._set_back(line, windows, now):
                ahead = ahead_of(ticket, self._lines.get(line, {}).values(), now)
                verdict = decide(claims, now, ahead, margin=self._margin)
            if verdict.at > now:
                if place is not None and verdict.at < inf:
                    self._keep(line, replace(ticket, due=verdict.at, asked=now), now)
                return Denied(verdict.at, verdict.window, place)
            if waiting:
                self._leave(line, ticket.id)
            permit = Permit(f"{next(self._numbers)}", now, tuple(windows), amounts, os.getpid())
            for window, amount in zip(windows, amounts, strict=True):
                history = self._history(window)
                if isinstance(history, LeaseHistory):
                    history.lease(permit.id, now + window.seconds, now)
                else:
                    history.add(now, amount)
            self._open[permit.id] = None
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return permit

    def renew(self, permit: Permit, now: float) -> None:
        """Renew the leases of a call that is still under way."""
        with self._lock:
            if permit.id not in self._open:
                return
            for window in permit.windows:
                history = self._histories.get((window.key, window.name))
                if isinstance(history, LeaseHistory):
                    history.lease(permit.id, now + window.seconds, now)

    def commit(self, permit: Permit, tokens: int | None) -> None:
        """End a request that was sent; ``tokens`` is what it really took, ``None`` if unknown.

        What it took beyond its estimate keeps the window closed until that has drained. The second
        time changes nothing.
        """
        with self._lock:
            self._settle(permit, tokens)

    def release(self, permit: Permit) -> None:
        """Give back what was taken for a request that was not sent after all."""
        with self._lock:
            self._settle(permit, 0, sent=False)

    def leave(self, place: Place) -> None:
        """Give up a place in line."""
        with self._lock:
            self._leave(place.line, place.id)

    def used(self, window: Window, now: float) -> int:
        """Return the units of a window that are taken at ``now``."""
        with self._lock:
            history = self._histories.get((window.key, window.name))
            return used_of(window, history, now) if history is not None else 0

    def reset(self) -> None:
        """Forget all that was counted, and who waits."""
        with self._lock:
            for forgotten in (self._histories, self._lines, self._open):
                forgotten.clear()

    def _history(self, window: Window) -> _History:
        key = (window.key, window.name)
        history = self._histories.get(key)
        if history is None:
            history = self._histories[key] = _new(window)
            if len(self._histories) > MOST_WINDOWS:
                self._histories.popitem(last=False)
        else:
            self._histories.move_to_end(key)
        if isinstance(history, RollingHistory):
            history.limit = window.limit  # a learned one may be lower
        return history

    def _set_back(self, line: str, windows: Sequence[Window], now: float) -> bool:
        """Return whether what was counted, or who waits, was of a clock that was set back."""
        moved = [self._history(window).set_back(window, now) for window in windows]
        tickets = self._lines.get(line, {})
        for name, ticket in tickets.items():
            tickets[name] = ticket.by_clock(now)
            moved.append(tickets[name] is not ticket)
        return any(moved)

    def _settle(self, permit: Permit, tokens: int | None, *, sent: bool = True) -> None:
        if permit.process != os.getpid() or permit.id not in self._open:
            return
        del self._open[permit.id]
        for window, amount in zip(permit.windows, permit.amounts, strict=True):
            history = self._histories.get((window.key, window.name))
            if isinstance(history, LeaseHistory):
                history.end(permit.id)
            elif history is None or (sent and window.unit is not Unit.TOKENS):
                continue
            elif not sent:
                history.change(permit.sent_at, amount, 0)
            elif tokens is not None and tokens != amount:
                history.change(permit.sent_at, amount, tokens)

    # The line of those who wait

    def _ticket(
        self, line: str, amounts: tuple[int, ...], now: float, place: Place | None
    ) -> Ticket:
        kept = self._lines.get(line, {}).get(place.id) if place is not None else None
        if kept is not None:
            return replace(kept, amounts=amounts)
        background = place is not None and place.background
        name = place.id if place is not None else ""
        return Ticket(name, next(self._numbers), amounts, now, background)

    def _keep(self, line: str, ticket: Ticket, now: float) -> None:
        tickets = self._lines.setdefault(line, {})
        for gone in [t.id for t in tickets.values() if t.due + FORGOTTEN < now]:
            del tickets[gone]
        tickets[ticket.id] = ticket

    def _leave(self, line: str, ticket: str) -> None:
        tickets = self._lines.get(line)
        if tickets is not None:
            tickets.pop(ticket, None)
            if not tickets:
                del self._lines[line]


def _new(window: Window) -> _History:
    if window.calendar is not None:
        return PeriodHistory(window.calendar)
    return LeaseHistory() if window.unit is Unit.CONCURRENT else RollingHistory(window)


def used_of(window: Window, history: History, now: float) -> int:
    """Return the units of a window that are taken at ``now``, by what its history holds."""
    if window.calendar is not None:
        return history.total(nextafter(window.calendar.bounds(now)[0], -inf))
    return history.total(now if window.unit is Unit.CONCURRENT else now - window.seconds)
