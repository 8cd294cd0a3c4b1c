"""What every store of quotas offers, wherever it keeps what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from .._core.quota.permits import Denied, Permit, Place
from .._core.quota.windows import Window


@runtime_checkable
class Windows(Protocol):
    """Counts requests and tokens exactly; several windows are taken together or not at all.

    Times are seconds since the epoch. Every method is safe to call from threads. One that waits for
    other processes says so, and has a twin for asyncio, ``ledger.in_threads``.
    """

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

    def renew(self, permit: Permit, now: float) -> None:
        """Renew the leases of a call that is still under way."""

    def commit(self, permit: Permit, tokens: int | None) -> None:
        """End a request that was sent; ``tokens`` is what it really took, ``None`` if unknown."""

    def release(self, permit: Permit) -> None:
        """Give back what was taken for a request that was not sent after all."""

    def leave(self, place: Place) -> None:
        """Give up a place in line."""

    def used(self, window: Window, now: float) -> int:
        """Return the units of a window that are taken at ``now``."""

    def reset(self) -> None:
        """Forget all that was counted, and who waits."""
