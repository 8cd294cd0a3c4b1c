"""The windows of a quota: at most so many requests or tokens in any span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import Enum


class Unit(str, Enum):
    """What a window counts: requests and tokens that were sent, or requests under way at once."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    CONCURRENT = "concurrent"


class Period(str, Enum):
    """A span of the calendar after which a count begins again."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days or months of a time zone, as the quotas that "reset at midnight Pacific" count them.

    The time zone is passed in, because reading one is no decision.
    """

    period: Period
    zone: tzinfo

    def bounds(self, now: float) -> tuple[float, float]:
        """Return start and end of the period that ``now`` is in, as seconds since the epoch."""
        today = datetime.fromtimestamp(now, self.zone).date()
        if self.period is Period.DAY:
            first, after = today, today + timedelta(days=1)
        else:
            first = today.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
        midnights = (
            datetime(day.year, day.month, day.day, tzinfo=self.zone) for day in (first, after)
        )
        start, end = (moment.timestamp() for moment in midnights)
        return start, end


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of a quota, and what it is counted under.

    :ivar key: what is counted together; the same in every process, and without a secret. Windows
        of one model, of a pool of models and of a whole account differ in it.
    :ivar name: what the limit is called, as in ``UserByModelByMinute``.
    :ivar limit: how many units fit.
    :ivar seconds: the length of a rolling window; for requests at once, that of a lease.
    :ivar calendar: the periods of a window that does not roll.
    """

    key: str
    name: str
    limit: int
    unit: Unit = Unit.REQUESTS
    seconds: float = 60.0
    calendar: Calendar | None = None

    def amount(self, tokens: int) -> int:
        """Return how many units one request of so many tokens takes."""
        return tokens if self.unit is Unit.TOKENS else 1
