"""What the tests of all stores of quotas make and ask."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from github_models_azure._core.quota.permits import Denied, Permit, Place
from github_models_azure.ledger.contract import Windows
from github_models_azure.ledger.sqlite.store import SQLiteWindows
from github_models_azure.ledger.sqlite.tickets import name_of
from github_models_azure.ledger.windows import MemoryWindows

KINDS = ["memory", "sqlite"]


class Make(Protocol):
    """Makes an empty store."""

    def __call__(self, margin: float = 0.0) -> Windows: ...


class Stores:
    """Makes stores of any kind, and closes their files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: list[SQLiteWindows] = []
        self._reused: dict[str, Windows] = {}

    def __enter__(self) -> Stores:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        for store in self._open:
            store.close()

    def make(self, kind: str, margin: float = 0.0) -> Windows:
        """Make an empty store."""
        if kind == "memory":
            return MemoryWindows(margin=margin)
        return self.sqlite(Path(tempfile.mkdtemp(dir=self._folder)) / "quotas.sqlite3", margin)

    def again(self, kind: str) -> Windows:
        """Return the one store of a kind that is used again and again, emptied."""
        if kind not in self._reused:
            self._reused[kind] = self.make(kind)
        self._reused[kind].reset()
        return self._reused[kind]

    def sqlite(self, path: Path, margin: float = 0.0, timeout: float = 5.0) -> SQLiteWindows:
        """Open a file."""
        store = SQLiteWindows(path, margin=margin, timeout=timeout)
        self._open.append(store)
        return store


def admitted(answer: Permit | Denied) -> Permit:
    assert isinstance(answer, Permit), answer
    return answer


def denied(answer: Permit | Denied) -> Denied:
    assert isinstance(answer, Denied), answer
    return answer


def waiting(store: Windows, line: str, names: Sequence[str]) -> list[str]:
    """Return which of some places, and how many others, are remembered in a line."""
    if isinstance(store, MemoryWindows):
        return list(store._lines.get(line, ()))
    assert isinstance(store, SQLiteWindows)
    with store._connections.reading() as db:
        kept = [bytes(name).hex() for (name,) in db.execute("SELECT id FROM tickets")]
    known = {name_of(Place(line, name)): name for name in names}
    return [known.get(name, "?") for name in kept]
