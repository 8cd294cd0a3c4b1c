"""One connection for each process, used by one thread at a time, under a file lock to write."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import LedgerBusyError, LedgerStoreError
from .file_lock import file_lock
from .schema import connect, prepare


class Writing(NamedTuple):
    """A transaction that is under way.

    :ivar waited: seconds that passed until others had finished.
    :ivar number: yields numbers that no other process has.
    """

    db: sqlite3.Connection
    waited: float
    numbers: Iterator[int]


class _Own:
    """What one process has of a file: no connection crosses a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mutex = threading.Lock()
        self.lock = file_lock(path.with_name(f"{path.name}-lock"))
        self.db: sqlite3.Connection | None = None
        self.file: tuple[int, int] | None = None
        self.numbers = itertools.count(int.from_bytes(os.urandom(8), "big") >> 2)

    def close(self) -> None:
        """Close the connection and the lock's file."""
        if self.db is not None:
            with suppress(sqlite3.Error):
                self.db.close()
            self.db = None
        self.lock.close()


class Connections:
    """The connections of the processes that share this object, each its own.

    :param timeout: seconds to wait for others at most.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout
        self._of_process: dict[int, _Own] = {}
        _ALL.add(self)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Yield a transaction, which is carried out as a whole or not at all.

        :raises LedgerStoreError: if it cannot be.
        """
        with self._mine() as (own, waited):
            begun = time.monotonic()
            if own.lock.acquire(self._timeout):
                waited += time.monotonic() - begun
            try:
                db = self._connection(own)
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield Writing(db, waited, own.numbers)
                    db.execute("COMMIT")
                except BaseException:
                    if db.in_transaction:
                        with suppress(sqlite3.Error):  # closing the connection does it, too
                            db.execute("ROLLBACK")
                    raise
            finally:
                own.lock.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read from, which waits for nobody once it is open.

        :raises LedgerStoreError: if the file cannot be read.
        """
        with self._mine() as (own, _):
            if own.db is None:
                own.lock.acquire(self._timeout)
                try:
                    db = self._connection(own)
                finally:
                    own.lock.release()
            else:
                db = own.db
            yield db

    def close(self) -> None:
        """Close the connection of this process; the next use opens it again."""
        own = self._own()
        with own.mutex:
            own.close()

    def _own(self) -> _Own:
        process = os.getpid()
        # Of several threads that come first, one has its way; the others' are never opened.
        own = self._of_process.get(process)
        return own or self._of_process.setdefault(process, _Own(self.path))

    @contextmanager
    def _mine(self) -> Iterator[tuple[_Own, float]]:
        own, waited = self._own(), 0.0
        if not own.mutex.acquire(blocking=False):
            begun = time.monotonic()
            if not own.mutex.acquire(timeout=self._timeout):
                reason = f"another thread has kept it for more than {self._timeout:g} s"
                raise LedgerBusyError(self.path, reason)
            waited = time.monotonic() - begun
        try:
            self._look(own)
            yield own, waited
        except TimeoutError as error:
            raise LedgerBusyError(self.path, str(error)) from error
        except (sqlite3.Error, OSError) as error:
            own.close()  # the next call looks at the file afresh
            known = error.strerror if isinstance(error, OSError) else None
            raise LedgerStoreError(self.path, known or str(error)) from error
        finally:
            own.mutex.release()

    def _look(self, own: _Own) -> None:
        """Let go of a file that was removed or replaced: others count in the new one."""
        if own.db is None:
            os.makedirs(self.path.parent, mode=0o700, exist_ok=True)
        elif own.file != _identity(self.path):
            own.close()
            os.makedirs(self.path.parent, mode=0o700, exist_ok=True)

    def _connection(self, own: _Own) -> sqlite3.Connection:
        if own.db is None:
            prepare(self.path)
            own.db = connect(self.path, self._timeout)
            own.file = _identity(self.path)
        return own.db

    def before_fork(self) -> threading.Lock | None:
        """Close the connection, and keep other threads from opening it until the fork is done.

        Return the lock that keeps them; ``None`` if another thread does not give it up.

        A child that has inherited an open one keeps no lock of its own on the file, so that its
        parent may take away what it is writing to: https://sqlite.org/howtocorrupt.html
        """
        own = self._own()
        if not own.mutex.acquire(timeout=self._timeout):
            return None
        own.close()
        return own.mutex


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


_ALL: weakref.WeakSet[Connections] = weakref.WeakSet()
_kept: list[threading.Lock] = []


def _before_fork() -> None:
    mutexes = (connections.before_fork() for connections in list(_ALL))
    _kept.extend(mutex for mutex in mutexes if mutex is not None)


def _after_fork() -> None:
    while _kept:
        _kept.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
