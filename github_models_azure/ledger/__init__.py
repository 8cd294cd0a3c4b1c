"""The memory of cooldowns and quotas that clients share."""

from .._core.failure.lifecycle import Lifecycle
from .memory import Ledger, MemoryLedger, process_ledger, reset

__all__ = ["Ledger", "Lifecycle", "MemoryLedger", "process_ledger", "reset"]
