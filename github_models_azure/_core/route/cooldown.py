"""How long a target is left out after a failure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..failure.kinds import Failure, FailureKind, Scope

UNKNOWN_RESET = 60.0  # a rate limit that states no reset: the longest of the minute windows
QUOTA_RESET = 3600.0  # an exhausted quota that states no reset
SOFT_BASE, SOFT_MAX = 5.0, 60.0
ZERO_BASE = 1.0  # "Retry-After: 0" beside a real limit must not become a hot loop
PROBE_LEASE = 30.0

_SOFT = frozenset(
    {FailureKind.UNAVAILABLE, FailureKind.BAD_STREAM, FailureKind.AUTH, FailureKind.MODEL_GONE}
)


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Until when (seconds since the epoch) something is left out, and why.

    ``soft`` cooldowns are this package's own judgement rather than a reset that a server stated:
    where no other target is left, the target may be asked all the same. ``strikes`` counts the
    failures in a row, ``probing_until`` is the end of a probe's lease.
    """

    until: float
    kind: FailureKind
    message: str = ""
    soft: bool = False
    strikes: int = 1
    probing_until: float = 0.0

    def reason(self, now: float) -> str:
        """Say why the target is left out, in a form fit for a trail."""
        what = self.kind.value.replace("_", " ")
        if self.until == inf:
            return f"{what}: {self.message}" if self.message else what
        if self.until <= now:
            return f"{what}; being probed by another call"
        return f"{what}, returns in {format_seconds(self.until - now)}"


def cooldown_for(failure: Failure, *, now: float, strikes: int) -> Cooldown | None:
    """Decide the cooldown that follows a failure; ``None`` where none does.

    :param strikes: failures in a row of the same target before this one.
    """
    seconds = _seconds(failure, strikes)
    if seconds is None:
        return None
    return Cooldown(now + seconds, failure.kind, failure.message, _is_soft(failure), strikes + 1)


def _is_soft(failure: Failure) -> bool:
    if failure.kind is FailureKind.ENDPOINT_GONE:  # a name that did not resolve may come back
        return failure.retry_after is not None
    stated_wait = failure.kind is FailureKind.UNAVAILABLE and bool(failure.retry_after)
    return failure.kind in _SOFT and not stated_wait


def _seconds(failure: Failure, strikes: int) -> float | None:
    stated = failure.retry_after
    match failure.kind:
        case FailureKind.RATE_LIMITED:
            if stated is None:
                return UNKNOWN_RESET
            return stated if stated > 0 else _doubling(ZERO_BASE, strikes)
        case FailureKind.UNAVAILABLE | FailureKind.BAD_STREAM:
            return stated or _doubling(SOFT_BASE, strikes)
        case FailureKind.QUOTA_EXHAUSTED:
            return stated or QUOTA_RESET
        case FailureKind.ENDPOINT_GONE:
            return stated or inf
        case FailureKind.AUTH:
            return stated or inf
        case FailureKind.MODEL_GONE:
            return inf
        case _:
            return None


def _doubling(base: float, strikes: int) -> float:
    return float(min(SOFT_MAX, base * 2 ** min(strikes, 10)))


def covers_endpoint(failure: Failure) -> bool:
    """Tell whether the failure speaks of the whole endpoint rather than of one target."""
    return failure.scope is Scope.ENDPOINT


def format_seconds(seconds: float) -> str:
    """Write a length of time the way people read it: ``46 s``, ``2 min 30 s``, ``23 h 59 min``."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} days"
