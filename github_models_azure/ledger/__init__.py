"""The memory of cooldowns that the clients of a process share."""

from .._core.failure.lifecycle import Lifecycle
from .memory import Ledger, MemoryLedger

__all__ = ["Ledger", "Lifecycle", "MemoryLedger"]
