"""How long a target is left out after a failure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..failure.kinds import Failure, FailureKind, Scope, Window

LONGEST_DOUBLED = 60.0
"""Seconds that no cooldown of our own judgement exceeds by doubling."""

PROBE_LEASE = 30.0


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
    if failure.guessed:
        return True
    rule = failure.kind.rule
    return rule.soft_if_stated if failure.retry_after else rule.soft


def _seconds(failure: Failure, strikes: int) -> float | None:
    rule, stated = failure.kind.rule, failure.retry_after
    if rule.cooldown is None:
        return None
    if stated:
        return stated
    if stated is not None and rule.after_zero is not None:
        return _doubling(rule.after_zero, strikes, LONGEST_DOUBLED)
    if rule.day_cooldown is not None and failure.window is Window.DAY:
        return rule.day_cooldown
    return _doubling(rule.cooldown, strikes, rule.longest) if rule.doubles else rule.cooldown


def _doubling(base: float, strikes: int, longest: float) -> float:
    return float(min(longest, base * 2 ** min(strikes, 10)))


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
