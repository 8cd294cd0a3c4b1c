"""A clock that can be advanced by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable


class AdjustableClock:
    """Seconds since the epoch, as ``base`` tells them, plus whatever was advanced.

    :param base: a callable like ``time.time``.
    """

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self._offset = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the present moment."""
        with self._lock:
            return self._base() + self._offset

    @property
    def offset(self) -> float:
        """How many seconds the clock was advanced."""
        return self._offset

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the present moment.

        :raises ValueError: for a negative number: the service's windows never run backwards.
        """
        if not seconds >= 0:
            raise ValueError(f"The clock cannot be advanced by {seconds!r}: give seconds >= 0.")
        with self._lock:
            self._offset += seconds
        return self()

    def rewind(self) -> None:
        """Undo every advance."""
        with self._lock:
            self._offset = 0.0
