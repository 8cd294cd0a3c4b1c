"""The lock on a file, on both sorts of systems."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from github_models_azure.ledger.sqlite import file_lock
from github_models_azure.ledger.sqlite.file_lock import PollingLock, WaitingLock


def test_only_one_has_it(tmp_path: Path) -> None:
    """Who comes second waits until the timeout; whoever had it first gives it to him then."""
    first, second = WaitingLock(tmp_path / "l"), WaitingLock(tmp_path / "l")
    assert not first.acquire(0)
    for _ in range(2):
        with pytest.raises(TimeoutError, match=r"more than 0\.01 s"):
            second.acquire(0.01)
    first.release()
    second.acquire(60.0)
    with pytest.raises(TimeoutError):
        first.acquire(0.01)
    second.release()
    first.acquire(60.0)
    first.release()
    first.release()  # without a lock, nothing happens
    for lock in (first, second, second):
        lock.close()
    assert os.stat(tmp_path / "l").st_mode & 0o777 == 0o600


def test_one_who_gave_up_hands_it_back(tmp_path: Path) -> None:
    """The thread that waited for him is served in the end, and nobody wants it then."""
    first, second, third = (WaitingLock(tmp_path / "l") for _ in range(3))
    first.acquire(0)
    with pytest.raises(TimeoutError):
        second.acquire(0.01)
    first.release()
    third.acquire(60.0)
    third.release()
    second.acquire(60.0)
    second.release()
    for lock in (first, second, third):
        lock.close()


def test_a_file_system_without_locks_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told to who asks, from the thread that waits too."""
    lock, holder = WaitingLock(tmp_path / "l"), WaitingLock(tmp_path / "l")
    holder.acquire(0)
    real = fcntl.flock

    def refuse(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            raise OSError(37, "No locks available")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", refuse)
    for _ in range(2):
        with pytest.raises(OSError, match="No locks available"):
            lock.acquire(60.0)
    holder.release()
    for each in (lock, holder):
        each.close()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Somebody else's file is neither made nor locked."""
    (tmp_path / "l").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        WaitingLock(tmp_path / "l").acquire(0)
    assert not (tmp_path / "elsewhere").exists()


def test_windows_is_asked_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It locks a byte of the file, and its own waiting knows no timeout but ten seconds."""
    calls, busy = [], [True, True, False, True]

    def locking(descriptor: int, mode: str, length: int) -> None:
        calls.append((mode, length, os.lseek(descriptor, 0, os.SEEK_CUR)))
        if mode == "try" and busy.pop(0):
            raise PermissionError(13, "Permission denied")

    fake = SimpleNamespace(locking=locking, LK_NBLCK="try", LK_UNLCK="give back")
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(sys, "platform", "win32")
    lock = file_lock.file_lock(tmp_path / "l")
    assert isinstance(lock, PollingLock)
    lock.release()
    assert lock.acquire(60.0)
    lock.release()
    assert calls == [("try", 1, 0)] * 3 + [("give back", 1, 0)]
    with pytest.raises(TimeoutError):
        lock.acquire(0)
    lock.close()
    lock.close()
