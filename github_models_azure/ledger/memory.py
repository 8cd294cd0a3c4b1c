"""A ledger in the memory of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .._core.bounded import LONGEST_NAME, Bounded
from .._core.failure.kinds import Failure
from .._core.route.cooldown import PROBE_LEASE, Cooldown, cooldown_for

if TYPE_CHECKING:
    from .._core.failure.lifecycle import Lifecycle

_MOST_ENDS = 16  # an end that moves with every answer is news no more
_NOTHING: Mapping[str, Cooldown] = {}


@runtime_checkable
class Ledger(Protocol):
    """The memory of cooldowns, and of what targets were learnt to refuse.

    Keys are opaque: an endpoint with a fingerprint of its credential, or that and a model id.
    Times are seconds since the epoch. Every method is safe to call from threads and from asyncio,
    and returns at once.
    """

    def in_force(self, keys: Iterable[str], now: float) -> Mapping[str, Cooldown]:
        """Return the cooldowns in force at ``now`` among ``keys``."""

    def admit(self, keys: Iterable[str], now: float) -> bool:
        """Ask to send to a target; the first after a soft cooldown's end goes as its probe."""

    def fail(self, key: str, failure: Failure, now: float) -> Cooldown | None:
        """Record a failure; return the cooldown that follows, if one does."""

    def succeed(self, keys: Iterable[str], now: float) -> None:
        """Record that a target answered: soft and ended cooldowns go, stated resets stay."""

    def learn(self, key: str, member: str) -> None:
        """Remember that a target refuses a member of the request body."""

    def learnt(self, key: str) -> frozenset[str]:
        """Return the members that a target was learnt to refuse."""

    def note_lifecycle(self, key: str, lifecycle: Lifecycle) -> bool:
        """Keep what an endpoint announced of its end; true where that is new."""

    def lifecycle(self, key: str) -> Lifecycle | None:
        """Return what an endpoint announced of its end."""


class MemoryLedger:
    """A ledger in memory, for one process; sync and async clients may share one.

    ``ChatCompletionsClient(ledger="memory")`` has one of its own, ``ledger=`` takes one to share.
    It keeps 2 MiB of each sort, and forgets the oldest beyond that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cooldowns: Bounded[Cooldown] = Bounded()
        self._learnt: Bounded[frozenset[str]] = Bounded()
        self._lifecycles: Bounded[tuple[Lifecycle, ...]] = Bounded()

    def in_force(self, keys: Iterable[str], now: float) -> Mapping[str, Cooldown]:
        """Return the cooldowns in force at ``now`` among ``keys``."""
        if not self._cooldowns:  # the healthy path takes no lock
            return _NOTHING
        with self._lock:
            return {
                key: cooldown
                for key in keys
                if (cooldown := self._cooldowns.get(key)) is not None and _holds(cooldown, now)
            }

    def admit(self, keys: Iterable[str], now: float) -> bool:
        """Ask to send to a target; the first after a soft cooldown's end goes as its probe."""
        if not self._cooldowns:
            return True
        with self._lock:
            ended = []
            for key in keys:
                cooldown = self._cooldowns.get(key)
                if cooldown is None:
                    continue
                if _holds(cooldown, now):
                    return False
                ended.append((key, cooldown))
            for key, cooldown in ended:
                if cooldown.soft:
                    self._cooldowns.put(key, replace(cooldown, probing_until=now + PROBE_LEASE))
            return True

    def fail(self, key: str, failure: Failure, now: float) -> Cooldown | None:
        """Record a failure; return the cooldown that follows, if one does."""
        with self._lock:
            before = self._cooldowns.get(key)
            strikes = before.strikes if before is not None else 0
            # Calls that were under way together are one failure, not one strike each.
            if before is not None and _holds(before, now) and before.kind is failure.kind:
                strikes = max(0, strikes - (before.probing_until <= now))
            cooldown = cooldown_for(failure, now=now, strikes=strikes)
            if cooldown is None:
                return None
            if before is None or _outweighs(cooldown, before, now):
                before = cooldown
                self._cooldowns.put(key, cooldown)
            return before

    def succeed(self, keys: Iterable[str], now: float) -> None:
        """Record that a target answered: soft and ended cooldowns go, stated resets stay."""
        if not self._cooldowns:
            return
        with self._lock:
            for key in keys:
                cooldown = self._cooldowns.get(key)
                # An answer to a request that left before the limit was met says nothing of it.
                if cooldown is not None and (cooldown.soft or cooldown.until <= now):
                    self._cooldowns.pop(key)

    def learn(self, key: str, member: str) -> None:
        """Remember that a target refuses a member of the request body."""
        with self._lock:
            self._learnt.put(key, (self._learnt.get(key) or frozenset()) | {member[:LONGEST_NAME]})

    def learnt(self, key: str) -> frozenset[str]:
        """Return the members that a target was learnt to refuse."""
        return self._learnt.get(key) or frozenset()

    def note_lifecycle(self, key: str, lifecycle: Lifecycle) -> bool:
        """Keep what an endpoint announced of its end; true where that is new."""
        with self._lock:
            known = self._lifecycles.pop(key) or ()
            # The last one stays the last: models of one endpoint may announce different ends.
            others = tuple(one for one in known if one != lifecycle)
            self._lifecycles.put(key, (*others, lifecycle)[-_MOST_ENDS:])
            return len(known) < _MOST_ENDS and lifecycle not in known

    def lifecycle(self, key: str) -> Lifecycle | None:
        """Return what an endpoint announced of its end."""
        known = self._lifecycles.get(key)
        return known[-1] if known else None

    def lifecycles(self) -> Mapping[str, Lifecycle]:
        """Return the last that each endpoint announced of its end.

        Keys begin with the endpoint's base URL; what follows ``#`` tells credentials apart.
        """
        with self._lock:
            return {key: known[-1] for key, known in self._lifecycles.items()}

    def reset(self) -> None:
        """Forget all cooldowns, what targets refuse, and what endpoints announced."""
        with self._lock:
            for forgotten in (self._cooldowns, self._learnt, self._lifecycles):
                forgotten.clear()

    def __repr__(self) -> str:
        return f"MemoryLedger(cooldowns={len(self._cooldowns)})"


def _holds(cooldown: Cooldown, now: float) -> bool:
    return cooldown.until > now or cooldown.probing_until > now


def _outweighs(new: Cooldown, old: Cooldown, now: float) -> bool:
    """Tell whether a new cooldown replaces the old.

    A reset that a server stated is not shortened by our own guess while it lasts.
    """
    if old.soft or not _holds(old, now):
        return True
    return not new.soft and new.until >= old.until


_PROCESS = MemoryLedger()


def process_ledger() -> MemoryLedger:
    """Return the ledger that the clients of this process share unless they are given another.

    What it keeps is under the address of an endpoint and a fingerprint of the credential, so that
    those who use different keys know nothing of each other.
    """
    return _PROCESS


def reset() -> None:
    """Make the ledger of this process forget everything, as a test wants it that begins."""
    _PROCESS.reset()


def ledger_of(value: object) -> Ledger | None:
    """Return the ledger that a name or an object stands for; ``None`` if it is neither."""
    if value == "process":
        return _PROCESS
    if value == "memory":
        return MemoryLedger()
    return value if isinstance(value, Ledger) else None
