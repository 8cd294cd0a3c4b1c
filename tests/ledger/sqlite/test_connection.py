"""One file and many: threads, connections, processes that fork and processes that are killed."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from github_models_azure._core.quota.windows import Unit, Window
from github_models_azure.ledger.errors import LedgerBusyError, LedgerStoreError
from github_models_azure.ledger.sqlite import file_lock
from tests.ledger.sqlite.process_helpers import Process
from tests.ledger.store_helpers import Stores, admitted, denied

LONG = Window("m", "long", 20, Unit.REQUESTS, 1e6)
AT_ONCE = Window("m", "at once", 1, Unit.CONCURRENT, 30.0)


def test_two_connections_count_together(stores: Stores, tmp_path: Path) -> None:
    """What one has taken, the other one lacks; a permit is its own, though."""
    one, other = (stores.sqlite(tmp_path / "q") for _ in range(2))
    permit = admitted(one.reserve("m", [AT_ONCE], 1, 0.0))
    assert denied(other.reserve("m", [AT_ONCE], 1, 1.0)).until == 30.0
    other.commit(permit, None)
    denied(other.reserve("m", [AT_ONCE], 1, 1.0))
    one.commit(permit, None)
    admitted(other.reserve("m", [AT_ONCE], 1, 1.0))


def test_two_processes_admit_as_many_as_one(tmp_path: Path) -> None:
    """Of 200 tries at the same time, exactly 20 are admitted, and none twice."""
    program = """
say("ready")
input()
answers = [store.reserve("m", [LONG], 1, 1000.0) for _ in range(100)]
say(*(answer.id for answer in answers if isinstance(answer, Permit)))
"""
    processes = [Process(tmp_path / "q", program) for _ in range(2)]
    assert [process.hear() for process in processes] == ["ready", "ready"]
    for process in processes:
        process.tell()
    permits = [process.hear().split() for process in processes]
    assert [process.end() for process in processes] == [0, 0]
    assert len({*permits[0], *permits[1]}) == len(permits[0]) + len(permits[1]) == 20


def test_threads_share_a_store(stores: Stores, tmp_path: Path) -> None:
    """Exactly as many are admitted as there is room for."""
    book = stores.sqlite(tmp_path / "q", timeout=60.0)
    barrier, answers = threading.Barrier(4), []

    def ask() -> None:
        barrier.wait()
        answers.extend(book.reserve("m", [LONG], 1, 1000.0) for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(hasattr(answer, "sent_at") for answer in answers) == 20
    assert book.used(LONG, 1000.0) == 20


def test_a_killed_process_gives_its_place_back(stores: Stores, tmp_path: Path) -> None:
    """When its lease ends, by the clock of who asks; what it sent stays counted."""
    program = 'store.reserve("m", [AT_ONCE, LONG], 1, 0.0); say("taken"); input()'
    process = Process(tmp_path / "q", program)
    assert process.hear() == "taken"
    process.kill()
    book = stores.sqlite(tmp_path / "q")
    assert denied(book.reserve("m", [AT_ONCE, LONG], 1, 29.9)).until == 30.0
    admitted(book.reserve("m", [AT_ONCE, LONG], 1, 30.0))
    assert book.used(LONG, 30.0) == 2


def test_a_process_that_is_killed_while_it_writes_has_taken_nothing(
    stores: Stores, tmp_path: Path
) -> None:
    """Its locks go with it, and its half reservation."""
    program = """
from github_models_azure.ledger.sqlite.history import StoredHistory
with store._connections.writing() as writing:
    StoredHistory(writing.db, store.path, LONG).add(0.0, 1, 1)
    say("half")
    input()
"""
    process = Process(tmp_path / "q", program)
    assert process.hear() == "half"
    process.kill()
    book = stores.sqlite(tmp_path / "q")
    assert book.used(LONG, 1.0) == 0
    admitted(book.reserve("m", [LONG], 1, 1.0))


def test_no_connection_crosses_a_fork(tmp_path: Path) -> None:
    """Parent and child open the file again, and a permit stays with the parent."""
    program = """
permit = store.reserve("m", [AT_ONCE, LONG], 1, 0.0)
before = store._connections._own()
child = os.fork()
assert before.db is None
if child == 0:
    store.commit(permit, None)
    store.release(permit)
    denied = store.reserve("m", [AT_ONCE, LONG], 1, 1.0)
    own = store.reserve("m", [LONG], 1, 2.0)
    assert store._connections._own() is not before
    assert abs(int(own.id) - int(permit.id)) > 1000
    os._exit(0 if denied.until == 30.0 and store.used(LONG, 2.0) == 2 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert store.used(LONG, 3.0) == 2
store.commit(permit, None)
say(store.used(AT_ONCE, 3.0))
"""
    process = Process(tmp_path / "q", program)
    assert process.hear() == "0"
    assert process.end() == 0


def test_a_child_outlives_its_parent(stores: Stores, tmp_path: Path) -> None:
    """As a server does that puts itself into the background: what it counts is not lost."""
    program = """
store.reserve("m", [LONG], 1, 0.0)
if os.fork():
    os._exit(0)
store.reserve("m", [LONG], 1, 1.0)
say("child")
input()
store.reserve("m", [LONG], 1, 2.0)
say("counted")
"""
    process = Process(tmp_path / "q", program)
    assert process.hear() == "child"
    book = stores.sqlite(tmp_path / "q")
    admitted(book.reserve("m", [LONG], 1, 2.0))
    book.close()
    process.tell()
    assert process.hear() == "counted"
    assert process.end() == 0
    assert book.used(LONG, 3.0) == 4


def test_a_fork_while_another_thread_writes(tmp_path: Path) -> None:
    """The child does not wait for a thread that it does not have."""
    program = """
import threading
store._connections._timeout = 0.01
inside, done = threading.Event(), threading.Event()
def write():
    with store._connections.writing():
        inside.set()
        done.wait()
thread = threading.Thread(target=write)
thread.start()
inside.wait()
import warnings
warnings.simplefilter("ignore")  # that there are threads is the point
child = os.fork()
if child == 0:
    try:
        store.reserve("m", [LONG], 1, 1.0)
    except LedgerStoreError as error:  # its parent writes still
        os._exit(0 if "another process" in error.reason else 1)
    os._exit(2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
done.set()
thread.join()
store.reserve("m", [LONG], 1, 2.0)
say(store.used(LONG, 3.0))
"""
    process = Process(tmp_path / "q", program)
    assert process.hear() == "1"
    assert process.end() == 0


def test_a_lock_that_is_kept_is_an_error_and_no_hanging(stores: Stores, tmp_path: Path) -> None:
    """Nothing is taken; once it is free, all goes on."""
    book = stores.sqlite(tmp_path / "q", timeout=0.01)
    permit = admitted(book.reserve("m", [LONG, AT_ONCE], 1, 0.0))
    holder = file_lock.file_lock(tmp_path / "q-lock")
    holder.acquire(0)
    for _ in range(2):
        with pytest.raises(LedgerBusyError, match=r"another process has kept its lock.*0\.01 s"):
            book.reserve("m", [LONG], 1, 1.0)
    with pytest.raises(LedgerStoreError):
        book.commit(permit, None)
    assert book.used(LONG, 1.0) == 1  # reading waits for nobody
    holder.release()
    holder.close()
    book._connections._timeout = 60.0
    book.commit(permit, None)  # it could be given back later
    assert book.used(AT_ONCE, 1.0) == 0
    admitted(book.reserve("m", [LONG], 1, 1.0))


def test_a_thread_that_keeps_the_store_is_an_error(stores: Stores, tmp_path: Path) -> None:
    """Also within one process, nobody waits for ever."""
    book = stores.sqlite(tmp_path / "q", timeout=0.01)
    with (
        book._connections.writing(),
        pytest.raises(LedgerBusyError, match="another thread"),
    ):
        book.used(LONG, 0.0)


def test_what_is_waited_for_others_counts_as_later(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request leaves after the wait, and its stamp is that of sending."""
    book = stores.sqlite(tmp_path / "q", timeout=60.0)
    assert admitted(book.reserve("m", [LONG], 1, 5.0)).sent_at == 5.0
    holder = file_lock.file_lock(tmp_path / "q-lock")
    holder.acquire(0)
    wait = file_lock._Waiter.wait

    def wait_until_free(waiter: file_lock._Waiter, timeout: float) -> bool:
        holder.release()
        return wait(waiter, timeout)

    monkeypatch.setattr(file_lock._Waiter, "wait", wait_until_free)
    assert 5.0 < admitted(book.reserve("m", [LONG], 1, 5.0)).sent_at < 65.0
    holder.close()


def test_others_who_use_the_file_without_its_lock_are_waited_for(
    stores: Stores, tmp_path: Path
) -> None:
    """A tool that has it open for long is an error, and nothing is taken."""
    book = stores.sqlite(tmp_path / "q", timeout=0.01)
    admitted(book.reserve("m", [LONG], 1, 0.0))
    tool = sqlite3.connect(tmp_path / "q", isolation_level=None)
    tool.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerStoreError, match="locked"):
        book.reserve("m", [LONG], 1, 1.0)
    tool.execute("ROLLBACK")
    tool.close()
    assert book.used(LONG, 1.0) == 1


def test_a_file_that_was_removed_is_made_again(stores: Stores, tmp_path: Path) -> None:
    """Who has the old one open must not count apart from the others."""
    one, other = (stores.sqlite(tmp_path / "f" / "q") for _ in range(2))
    admitted(one.reserve("m", [LONG], 1, 0.0))
    for file in (tmp_path / "f").iterdir():
        file.unlink()
    (tmp_path / "f").rmdir()
    admitted(other.reserve("m", [LONG], 1, 0.0))
    admitted(one.reserve("m", [LONG], 1, 0.0))
    assert one.used(LONG, 1.0) == other.used(LONG, 1.0) == 2
