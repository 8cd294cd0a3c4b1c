"""Which files are ledgers, who may read them, and what happens to those that are none."""

from __future__ import annotations

import os
import pickle
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from github_models_azure._core.quota.windows import Unit, Window
from github_models_azure.ledger.errors import LedgerStoreError, NewerLedgerError
from github_models_azure.ledger.sqlite import connection, schema
from github_models_azure.ledger.sqlite.store import SQLiteWindows
from tests.ledger.sqlite.process_helpers import Process
from tests.ledger.store_helpers import Stores, admitted

ONE = Window("m", "one", 10, Unit.REQUESTS, 60.0)


def test_file_and_folder_are_for_their_user_only(stores: Stores, tmp_path: Path) -> None:
    """Whatever the umask; a file that was open to others is closed to them."""
    old = os.umask(0)
    try:
        book = stores.sqlite(tmp_path / "folder" / "q")
        admitted(book.reserve("m", [ONE], 1, 0.0))
    finally:
        os.umask(old)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in book.path.parent.iterdir()}
    assert {"q", "q-lock", "q-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(book.path.parent.stat().st_mode) == 0o700
    book.close()
    os.chmod(book.path, 0o644)
    assert book.used(ONE, 1.0) == 1
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


def test_it_is_in_the_users_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all that is remembered between two runs is; nothing is written before it is used."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    book = SQLiteWindows()
    assert book.path == tmp_path / "github-models-azure" / "quotas.sqlite3"
    assert repr(book) == f"SQLiteWindows('{book.path}')"
    assert not list(tmp_path.iterdir())


def test_it_is_written_as_it_should_be(stores: Stores, tmp_path: Path) -> None:
    """Readers do not wait, and a commit does not wait for the disk."""
    book = stores.sqlite(tmp_path / "q")
    with book._connections.reading() as db:
        settings = ("journal_mode", "synchronous", "user_version", "trusted_schema")
        found = [db.execute(f"PRAGMA {setting}").fetchone()[0] for setting in settings]
    assert found == ["wal", 1, 1, 0]


def newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()


def older(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 0")
    db.close()


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE entries(window)")
    db.close()


def with_a_trigger(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END")
    db.close()


def text(path: Path) -> None:
    path.write_text("no database\n" * 100, "utf-8")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (newer, "it has version 2, and this package knows 1"),
        (older, "its tables are not those of a ledger"),
        (foreign, "it is a database of something else"),
        (with_a_trigger, "its tables are not those of a ledger"),
        (text, "file is not a database"),
        (cut_short, "malformed"),
        (overwritten, "malformed"),
        (a_folder, "it is not a regular file"),
        (a_pipe, "it is not a regular file"),
    ],
)
def test_what_is_no_ledger_is_left_as_it_is(
    spoil: Callable[[Path], None], reason: str, stores: Stores, tmp_path: Path
) -> None:
    """The error names file and reason; once it is removed, all goes on."""
    path = tmp_path / "q"
    admitted(stores.sqlite(path).reserve("m", [ONE], 1, 0.0))
    stores.close()
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    book = stores.sqlite(path)
    for _ in range(2):
        with pytest.raises(LedgerStoreError) as caught:
            book.reserve("m", [ONE], 1, 0.0)
        assert caught.value.path == path
        assert reason in caught.value.reason
    assert isinstance(caught.value, NewerLedgerError) == (spoil is newer)
    if before is not None:
        assert path.read_bytes() == before
        path.unlink()
        for name in ("q-wal", "q-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        admitted(book.reserve("m", [ONE], 1, 0.0))


def test_an_error_says_what_to_do_and_can_be_pickled(tmp_path: Path) -> None:
    """A newer file asks for a newer package."""
    error = pickle.loads(pickle.dumps(NewerLedgerError(tmp_path, "it has version 2")))
    assert str(error) == (
        f"The ledger {tmp_path} cannot be used: it has version 2. "
        "Update github-models-azure, or choose another file."
    )


def test_the_file_of_another_user_is_not_used(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others count there, and what they make of our names, is not for us."""
    book = stores.sqlite(tmp_path / "q")
    book.used(ONE, 0.0)
    book.close()
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(LedgerStoreError, match="belongs to another user"):
        book.used(ONE, 0.0)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """For a user whom the system forbids it, as root is forbidden nothing."""
    program = """
import tempfile
folder = tempfile.mkdtemp()
os.chmod(folder, 0o555)
if os.getuid() == 0:
    os.setuid(65534)
store = SQLiteWindows(os.path.join(folder, "q"))
try:
    store.reserve("m", [LONG], 1, 0.0)
except LedgerStoreError as error:
    say(error.reason)
"""
    process = Process(tmp_path / "q", program)
    assert process.hear() == "Permission denied"
    assert process.end() == 0


def test_a_file_that_cannot_be_written_is_an_error(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is reserved, and what was counted can still be read."""
    book = stores.sqlite(tmp_path / "q")
    admitted(book.reserve("m", [ONE], 1, 0.0))
    book.close()
    real = connection.connect

    def connect(path: Path, timeout: float) -> sqlite3.Connection:
        db = real(path, timeout)
        db.execute("PRAGMA query_only = ON")
        return db

    monkeypatch.setattr(connection, "connect", connect)
    with pytest.raises(LedgerStoreError, match="attempt to write a readonly database"):
        book.reserve("m", [ONE], 1, 0.0)
    assert book.used(ONE, 1.0) == 1


def test_a_file_system_that_cannot_share_it_is_an_error(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite keeps its old journal there, which is not fit for many writers."""

    class Stubborn(sqlite3.Connection):
        def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
            sql = sql.replace("journal_mode = WAL", "journal_mode = DELETE")
            return super().execute(sql, *parameters)

    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: real(path, factory=Stubborn, **options)
    )
    with pytest.raises(LedgerStoreError, match="cannot share it"):
        stores.sqlite(tmp_path / "q").used(ONE, 0.0)


def test_tables_are_made_as_a_whole(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who fails half-way leaves an empty file, which the next one makes a ledger of."""
    monkeypatch.setattr(schema, "TABLES", (schema.TABLES[0], "CREATE nothing"))
    book = stores.sqlite(tmp_path / "q")
    with pytest.raises(LedgerStoreError, match="syntax error"):
        book.used(ONE, 0.0)
    monkeypatch.undo()
    assert book.used(ONE, 0.0) == 0


def test_a_full_disk_takes_nothing(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All windows have what was admitted, and none has half of what was not."""
    monkeypatch.setattr(schema, "MOST_PAGES", 4)
    book = stores.sqlite(tmp_path / "q")
    windows = [Window("m", f"w{n}", 10**6, Unit.REQUESTS, 1e6) for n in range(4)]
    number = 0
    with pytest.raises(LedgerStoreError, match="full"):  # noqa: PT012 - how many fit is SQLite's
        while number < 10_000:
            admitted(book.reserve("m", windows, 1, float(number)))
            number += 1
    assert number > 0
    assert {book.used(window, float(number)) for window in windows} == {number}
    monkeypatch.undo()
    book.close()
    admitted(book.reserve("m", windows, 1, float(number)))
