"""The memory of cooldowns that the clients of a process share."""

from .memory import Ledger, MemoryLedger

__all__ = ["Ledger", "MemoryLedger"]
