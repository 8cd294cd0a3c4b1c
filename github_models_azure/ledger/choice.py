"""Which ledger a client has: that of the process, one of its own, or the one it is given."""

from __future__ import annotations

from .memory import Ledger, MemoryLedger

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
