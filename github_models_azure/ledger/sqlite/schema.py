"""The tables of a ledger's file, and which files are ledgers.

``entries`` has a row for each request and window, and one for each window's length that a larger
request has to drain; of a calendar window, one for each period. ``stamp`` is when it was sent, or
the end of a lease. ``tickets`` has a row for each request that waits.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from ..errors import LedgerStoreError, NewerLedgerError

VERSION = 1
APPLICATION = 0x474D4C47  # "GMLG", which tells it from the files of others
MOST_PAGES = 131_072  # of 4 KiB; a full file is an error, a full disk everybody's
TABLES = (
    "CREATE TABLE entries(window BLOB NOT NULL, stamp REAL NOT NULL, id INTEGER NOT NULL,"
    " amount INTEGER NOT NULL, sent REAL NOT NULL, expires REAL NOT NULL,"
    " PRIMARY KEY(window, stamp, id)) WITHOUT ROWID",
    "CREATE TABLE tickets(line BLOB NOT NULL, id BLOB NOT NULL, number INTEGER NOT NULL,"
    " amounts TEXT NOT NULL, due REAL NOT NULL, asked REAL NOT NULL, background INTEGER NOT NULL,"
    " PRIMARY KEY(line, id)) WITHOUT ROWID",
)


def prepare(path: Path) -> None:
    """Make the folder and the file for their user only, if they are not there.

    :raises LedgerStoreError: if something else is there, or a file of another user.
    :raises OSError: if they cannot be made.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        os.makedirs(path.parent, mode=0o700, exist_ok=True)
        # Closing a file that SQLite has open would end SQLite's locks on it; this one is new.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return
    if not stat.S_ISREG(found.st_mode):
        raise LedgerStoreError(path, "it is not a regular file")
    if os.name == "nt":
        return
    if found.st_uid != os.getuid():
        raise LedgerStoreError(path, f"it belongs to another user ({found.st_uid})")
    if stat.S_IMODE(found.st_mode) & 0o077:
        os.chmod(path, 0o600)


def connect(path: Path, timeout: float) -> sqlite3.Connection:
    """Open a ledger's file, and make its tables if it is empty.

    :param timeout: seconds to wait for others who use the file without the file lock.
    :raises LedgerStoreError: if it is not a ledger, or a newer one; it is left as it is.
    :raises sqlite3.Error: if it cannot be read or written.
    """
    db = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    try:
        _open(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _open(db: sqlite3.Connection, path: Path) -> None:
    # What somebody else wrote into the schema is not run: https://sqlite.org/security.html
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        db.execute(f"PRAGMA {setting}")
    if _is_new(db, path):
        _make(db)
    ((mode,),) = db.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise LedgerStoreError(path, f"its file system cannot share it (journal mode {mode})")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA max_page_count = {MOST_PAGES}")


def _is_new(db: sqlite3.Connection, path: Path) -> bool:
    ((application,),) = db.execute("PRAGMA application_id")
    ((version,),) = db.execute("PRAGMA user_version")
    found = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master ORDER BY name")]
    if application == 0 and version == 0 and not found:
        return True
    if application != APPLICATION:
        raise LedgerStoreError(path, "it is a database of something else")
    if version > VERSION:
        raise NewerLedgerError(path, f"it has version {version}, and this package knows {VERSION}")
    if version != VERSION or tuple(found) != TABLES:
        raise LedgerStoreError(path, "its tables are not those of a ledger")
    return False


def _make(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        for table in TABLES:
            db.execute(table)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
