"""Admit or refuse requests by a user's quotas: concurrency, minute, day and tokens per minute.

Their windows roll: at most so many units in any span of so many seconds.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from github_models_azure.registry import Quota


MINUTE = 60
DAY = 86400


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """What was admitted during the last ``span`` seconds, and how much may be.

    The window rolls: a unit admitted at ``t`` counts until just before ``t + span``. GitHub Models
    counted its day that way, not from midnight.
    """

    limit: int
    span: float
    events: tuple[tuple[float, int], ...] = ()

    def used(self, now: float) -> int:
        """Return how many units count at ``now``."""
        return sum(cost for moment, cost in self.events if moment + self.span > now)

    def wait(self, now: float, cost: int = 1) -> float:
        """Return the seconds until ``cost`` units fit: 0 when they fit now, never more than a span.

        A cost above the limit itself never fits; the wait is then until the window is empty.
        """
        excess = self.used(now) + cost - self.limit
        if excess <= 0:
            return 0.0
        ends = 0.0
        for moment, units in sorted(self.events):
            if moment + self.span <= now:
                continue
            ends = moment + self.span
            excess -= units
            if excess <= 0:
                break
        if not ends:
            return self.span
        wait = max(ends - now, 0.0)
        while now + wait < ends:  # the difference was rounded down
            wait = math.nextafter(wait, math.inf)
        return wait

    def fits(self, now: float, cost: int = 1) -> bool:
        """Tell whether ``cost`` more units are within the limit at ``now``."""
        return self.used(now) + cost <= self.limit

    def add(self, now: float, cost: int = 1) -> RollingWindow:
        """Return the window with ``cost`` units admitted at ``now`` and expired ones forgotten."""
        kept = tuple(event for event in self.events if event[0] + self.span > now)
        return replace(self, events=(*kept, (now, cost)))


def whole_seconds(wait: float) -> int:
    """Round a wait up to the whole seconds that the service announces."""
    return math.ceil(wait)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit refused a request: its name on the wire, its number, its span and the wait."""

    type: str
    limit: int
    span: int
    wait: int


@dataclass(frozen=True, slots=True)
class WindowUse:
    """How much of one window is used: a row of the emulator's state."""

    user: str
    model: str
    type: str
    used: int
    limit: int
    span: int


@dataclass(frozen=True, slots=True)
class _Bucket:
    user: str
    model: str
    type: str


class Limiter:
    """The quota memory of the emulated service, safe for threads.

    Windows are kept for each (user, model); ``user`` is a fingerprint, never a token. A refused
    request does not count against any window: nothing public says that it did.

    :param user_requests_per_minute: the undocumented limit over all models (24 was seen), off
        when ``None``.
    """

    def __init__(self, user_requests_per_minute: int | None = None) -> None:
        self._user_requests_per_minute = user_requests_per_minute
        self._windows: dict[_Bucket, RollingWindow] = {}
        self._running: dict[tuple[str, str], int] = {}
        self._latest = 0.0
        self._lock = threading.Condition()

    def admit(
        self, user: str, model: str, quota: Quota | None, *, tokens: int, now: float
    ) -> Refusal | None:
        """Count a request and return ``None``, or return the limit that refuses it.

        An admitted request runs until :meth:`release`.
        """
        with self._lock:
            self._latest = now = max(now, self._latest)
            refusal = self._concurrency(user, model, quota)
            if refusal is not None:
                return refusal
            due = self._due(user, model, quota, tokens)
            for bucket, limit, span, cost in due:
                window = self._window(bucket, limit, span)
                # One request larger than a whole minute of tokens would wait for ever: let it
                # through on an empty window; the limit per request is the one that judges size.
                if not window.fits(now, min(cost, limit)):
                    wait = whole_seconds(window.wait(now, min(cost, limit)))
                    return Refusal(bucket.type, limit, span, wait)
            for bucket, limit, span, cost in due:
                self._windows[bucket] = self._window(bucket, limit, span).add(now, cost)
            self._running[user, model] = self._running.get((user, model), 0) + 1
            return None

    def release(self, user: str, model: str) -> None:
        """Say that an admitted request has ended."""
        with self._lock:
            left = self._running.get((user, model), 0) - 1
            if left > 0:
                self._running[user, model] = left
            else:
                self._running.pop((user, model), None)
            self._lock.notify_all()

    def running(self) -> int:
        """Return how many admitted requests have not ended."""
        with self._lock:
            return sum(self._running.values())

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing runs, at most ``timeout`` seconds of real time; tell whether it is."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._running, timeout)

    def usage(self, now: float) -> tuple[WindowUse, ...]:
        """Return every window with its use at ``now``."""
        with self._lock:
            return tuple(
                WindowUse(b.user, b.model, b.type, w.used(now), w.limit, int(w.span))
                for b, w in self._windows.items()
            )

    def reset(self) -> None:
        """Forget every window; requests that are still running stay counted."""
        with self._lock:
            self._windows.clear()
            self._latest = 0.0

    def _concurrency(self, user: str, model: str, quota: Quota | None) -> Refusal | None:
        limit = quota.concurrent_requests if quota is not None else None
        if limit is None or self._running.get((user, model), 0) < limit:
            return None
        return Refusal("UserConcurrentRequests", limit, 0, 0)

    def _due(
        self, user: str, model: str, quota: Quota | None, tokens: int
    ) -> list[tuple[_Bucket, int, int, int]]:
        """List what one request adds to which window: (bucket, limit, span, cost)."""
        day = quota.requests_per_day if quota is not None else None
        minute = quota.requests_per_minute if quota is not None else None
        minute_tokens = quota.tokens_per_minute if quota is not None else None
        rows = (
            (_Bucket(user, model, "UserByModelByDay"), day, DAY, 1),
            (_Bucket(user, model, "UserByModelByMinute"), minute, MINUTE, 1),
            (_Bucket(user, "", "UserByMinute"), self._user_requests_per_minute, MINUTE, 1),
            (_Bucket(user, model, "UserByModelByMinuteTokens"), minute_tokens, MINUTE, tokens),
        )
        return [(bucket, limit, span, cost) for bucket, limit, span, cost in rows if limit]

    def _window(self, bucket: _Bucket, limit: int, span: int) -> RollingWindow:
        known = self._windows.get(bucket)
        if known is None or known.limit != limit:
            return RollingWindow(limit, span, known.events if known else ())
        return known
