"""A keyring that is kept in memory: a real backend of the `keyring` package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
import keyring.errors
from keyring.backend import KeyringBackend


class MemoryKeyring(KeyringBackend):
    """Keeps entries by service and user, and fails when it is told to."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self._fail()
        self.asked.append(username)
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._fail()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._fail()
        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")

    def _fail(self) -> None:
        if self.broken is not None:
            raise self.broken


@contextmanager
def memory_keyring() -> Iterator[MemoryKeyring]:
    """Have `keyring` use one for as long as a ``with`` block lasts."""
    before, backend = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.set_keyring(before)
