"""The memory of cooldowns and quotas that clients share."""

from .._core.failure.lifecycle import Lifecycle
from .choice import process_ledger, reset
from .memory import Ledger, MemoryLedger

__all__ = ["Ledger", "Lifecycle", "MemoryLedger", "process_ledger", "reset"]
