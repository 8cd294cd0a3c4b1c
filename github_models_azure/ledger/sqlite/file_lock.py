"""A lock on a file, for which processes are served in order.

SQLite's own waiting sleeps for up to 100 ms between two tries, and who sleeps is passed by.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

if sys.platform != "win32":
    import fcntl

_POLL = 0.001


class Lock(Protocol):
    """A lock that one holder has at a time; not to be shared by threads."""

    def acquire(self, timeout: float) -> bool:
        """Take the lock; return whether somebody else had it.

        :param timeout: seconds to wait for it at most.
        :raises OSError: if it cannot be had: ``TimeoutError`` if others keep it.
        """

    def release(self) -> None:
        """Give the lock back."""

    def close(self) -> None:
        """Let go of the file."""


def file_lock(path: Path) -> Lock:
    """Return a lock on a file that exists for it only."""
    return PollingLock(path) if sys.platform == "win32" else WaitingLock(path)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _late(timeout: float) -> TimeoutError:
    return TimeoutError(f"another process has kept its lock for more than {timeout:g} s")


class WaitingLock:
    """A lock by ``flock``, which the kernel grants in the order of asking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._waiter: _Waiter | None = None

    def acquire(self, timeout: float) -> bool:
        """Take the lock; return whether somebody else had it."""
        if self._waiter is None or not self._waiter.revive():
            self._waiter = None
            if self._descriptor is None:
                self._descriptor = _opened(self._path)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._waiter = _Waiter(self._path)
            else:
                return False
        if not self._waiter.wait(timeout):  # it keeps waiting for who asks next
            raise _late(timeout)
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._waiter is not None:
            self._waiter.close()
            self._waiter = None
        elif self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; a process that forks must not leave it to the child."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _Waiter:
    """A thread that waits for a lock, because the kernel's waiting knows no timeout.

    One whose caller has given up hands the lock to the next, or back.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = _opened(path)
        self._changed = threading.Condition()
        self._wanted, self._has, self._over = True, False, False
        self._error: OSError | None = None
        threading.Thread(target=self._run, name="ledger-lock", daemon=True).start()

    def _run(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            self._error = error
        with self._changed:
            self._has = True
            if self._wanted:
                self._changed.notify()
            else:
                self.close()

    def revive(self) -> bool:
        """Wait again for a caller; false if the lock was handed back meanwhile."""
        with self._changed:
            self._wanted = not self._over
            return self._wanted

    def wait(self, timeout: float) -> bool:
        """Return whether the lock came in time."""
        with self._changed:
            self._wanted = self._changed.wait_for(lambda: self._has, timeout)
            if self._error is not None:
                self.close()
                raise self._error
            return self._wanted

    def close(self) -> None:
        """Give the lock back."""
        self._over = True
        with suppress(OSError):  # closing does not do where a child has inherited the file
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)


class PollingLock:
    """A lock by ``msvcrt.locking``, on Windows: it is tried again and again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._msvcrt = importlib.import_module("msvcrt")

    def acquire(self, timeout: float) -> bool:
        """Take the lock; return whether somebody else had it."""
        if self._descriptor is None:
            self._descriptor = _opened(self._path)
        end, waited = time.monotonic() + timeout, False
        while not self._taken(self._descriptor):
            waited = True
            if time.monotonic() >= end:
                raise _late(timeout)
            time.sleep(_POLL)
        return waited

    def _taken(self, descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)  # it locks from where the file stands
        try:
            self._msvcrt.locking(descriptor, self._msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._msvcrt.locking(self._descriptor, self._msvcrt.LK_UNLCK, 1)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
