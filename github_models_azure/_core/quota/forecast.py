"""When a number of requests would be done under the quotas and the use of this moment."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from .decide import MARGIN, Claim, decide
from .history import Ahead, Entry
from .windows import Unit


def forecast(
    claims: Sequence[Claim],
    now: float,
    requests: int,
    *,
    seconds_each: float = 0.0,
    margin: float = MARGIN,
) -> float:
    """Return when the last of ``requests`` would be answered, in seconds since the epoch.

    Each takes what its claims say. ``inf`` means never: a limit is 0.

    :param seconds_each: how long an answer takes, which counts where few may be under way at once.
    """
    lines = [Ahead(claim.history) for claim in claims]
    claims = [Claim(c.window, line, c.amount) for c, line in zip(claims, lines, strict=True)]
    at = now
    for _ in range(requests):
        at = decide(claims, at, margin=margin).at
        if at == inf:
            return inf
        for line, claim in zip(lines, claims, strict=True):
            lasts = seconds_each if claim.window.unit is Unit.CONCURRENT else 0.0
            line.add(Entry(at + lasts, claim.amount))
    return at + seconds_each if requests > 0 else now
