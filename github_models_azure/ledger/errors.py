"""What a store of quotas raises if it cannot be used."""

from __future__ import annotations

from pathlib import Path


class LedgerStoreError(Exception):
    """A ledger's file cannot be used; nothing was reserved or changed by the call.

    ``path`` is the file, ``reason`` what is wrong with it.
    """

    todo = "Mend or remove it, or choose another file."

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"The ledger {self.path} cannot be used: {self.reason}. {self.todo}"


class NewerLedgerError(LedgerStoreError):
    """A ledger's file was written by a newer version of this package; it is left as it is."""

    todo = "Update github-models-azure, or choose another file."


class LedgerBusyError(LedgerStoreError):
    """Others have kept a ledger's file for longer than the timeout."""

    todo = "Try again, and end the process that keeps it if it hangs."
