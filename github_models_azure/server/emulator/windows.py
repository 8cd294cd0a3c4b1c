"""Rolling windows: at most so many units in any span of so many seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


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
