"""Admit or refuse requests by a user's quotas: concurrency, minute, day and tokens per minute."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .windows import RollingWindow, whole_seconds

if TYPE_CHECKING:
    from github_models_azure.registry import Quota

MINUTE = 60
DAY = 86400


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
