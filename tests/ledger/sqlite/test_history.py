"""What a file holds is read as a stranger's, and what has expired is taken out of it.

Also tests ledger/sqlite/tickets.py.
"""

from __future__ import annotations

from datetime import timezone
from math import inf
from pathlib import Path

import pytest

from github_models_azure._core.quota.permits import Place
from github_models_azure._core.quota.windows import Calendar, Period, Unit, Window
from github_models_azure.ledger.errors import LedgerStoreError
from github_models_azure.ledger.sqlite import history
from github_models_azure.ledger.sqlite.history import MOST, digest_of
from github_models_azure.ledger.sqlite.store import SQLiteWindows
from tests.ledger.store_helpers import Stores, admitted, denied

ONE = Window("m", "one", 1, Unit.REQUESTS, 60.0)
TOKENS = Window("m", "tokens", 100, Unit.TOKENS, 60.0)
AT_ONCE = Window("m", "at once", 1, Unit.CONCURRENT, 30.0)
DAY = Window("m", "day", 1, calendar=Calendar(Period.DAY, timezone.utc))


@pytest.fixture
def book(stores: Stores, tmp_path: Path) -> SQLiteWindows:
    """Make an empty store."""
    return stores.sqlite(tmp_path / "q")


def spoil(book: SQLiteWindows, statement: str, *values: object) -> None:
    """Change the file as somebody else would."""
    with book._connections.writing() as writing:
        writing.db.execute(statement, values)


def rows(book: SQLiteWindows, table: str = "entries") -> int:
    with book._connections.reading() as db:
        ((number,),) = db.execute(f"SELECT COUNT(*) FROM {table}")
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize("stamp", ["soon", b"\x00", inf, "nan"])
@pytest.mark.parametrize("window", [ONE, AT_ONCE])
def test_stamps_that_are_none_are_an_error(
    book: SQLiteWindows, window: Window, stamp: object
) -> None:
    """Nothing is reserved by them."""
    admitted(book.reserve("m", [window], 1, 0.0))
    spoil(book, "UPDATE entries SET stamp = ?", stamp)
    with pytest.raises(LedgerStoreError, match="for a moment"):
        book.reserve("m", [window], 1, 1.0)
    assert rows(book) == 1


@pytest.mark.parametrize("amount", ["many", 0.5, b"1"])
def test_amounts_that_are_none_are_an_error(book: SQLiteWindows, amount: object) -> None:
    """In a sum or alone."""
    admitted(book.reserve("m", [TOKENS], 60, 0.0))
    spoil(book, "UPDATE entries SET amount = ?", amount)
    with pytest.raises(LedgerStoreError, match="for a number of units"):
        book.used(TOKENS, 1.0)
    read = history.StoredHistory
    with (
        book._connections.reading() as db,
        pytest.raises(LedgerStoreError, match="for a number of units"),
    ):
        list(read(db, book.path, TOKENS).newest_first())


def test_a_sum_beyond_all_numbers_is_an_error(book: SQLiteWindows) -> None:
    """SQLite says so itself."""
    for second in (0.0, 1.0):
        admitted(book.reserve("m", [TOKENS], 10, second))
    spoil(book, "UPDATE entries SET amount = 9223372036854775807")
    with pytest.raises(LedgerStoreError, match="overflow"):
        book.reserve("m", [TOKENS], 10, 2.0)


@pytest.mark.parametrize(
    ("window", "opens"), [(ONE, 70.0), (TOKENS, 60_075.0), (AT_ONCE, 45.0), (DAY, 86_400.0)]
)
def test_no_stamp_closes_a_window_for_long(
    book: SQLiteWindows, window: Window, opens: float
) -> None:
    """The furthest future counts as now, or as what a request could have to drain."""
    admitted(book.reserve("m", [window], 100, 0.0))
    spoil(book, "UPDATE entries SET stamp = 1e300, sent = 1e300 WHERE stamp = sent")
    spoil(book, "UPDATE entries SET stamp = 1e300 WHERE stamp <> sent")
    if window is TOKENS:
        spoil(book, "UPDATE entries SET sent = 0.0")
    assert denied(book.reserve("m", [window], 100, 10.0)).until == opens


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[("id", "a"), ("number", "one"), ("number", MOST), ("amounts", "[1, 2"), ("due", "soon")],
        *[("amounts", "[1.5]"), ("amounts", "[true]"), ("amounts", "{}"), ("due", inf)],
        *[("amounts", "[" * 100_000), ("asked", inf), ("background", "yes")],
    ],
)
def test_those_who_wait_are_read_as_strangers(
    book: SQLiteWindows, column: str, value: object
) -> None:
    """Who is none is an error, which names what was found."""
    admitted(book.reserve("m", [ONE], 1, 0.0))
    denied(book.reserve("m", [ONE], 1, 0.0, place=Place("m", "a")))
    spoil(book, f"UPDATE tickets SET {column} = ?", value)
    with pytest.raises(LedgerStoreError, match="for one who waits"):
        book.reserve("m", [ONE], 1, 1.0)


def test_no_turn_is_further_off_than_a_month(book: SQLiteWindows) -> None:
    """Nobody is waited for longer than that."""
    admitted(book.reserve("m", [ONE], 1, 0.0))
    denied(book.reserve("m", [ONE], 1, 0.0, place=Place("m", "a")))
    spoil(book, "UPDATE tickets SET due = 1e300")
    assert denied(book.reserve("m", [ONE], 1, 60.1)).window == ONE
    admitted(book.reserve("m", [ONE], 1, 33 * 86_400.0))


def test_a_large_count_stays_a_number(book: SQLiteWindows) -> None:
    """A calendar's count stops at what SQLite can add up."""
    tokens = Window("m", "day", 100, Unit.TOKENS, calendar=Calendar(Period.DAY, timezone.utc))
    permits = [admitted(book.reserve("m", [tokens], 1, 0.0)) for _ in range(2)]
    for permit in permits:
        book.commit(permit, 10**30)
    assert book.used(tokens, 1.0) == MOST


def test_what_has_expired_is_taken_out(book: SQLiteWindows) -> None:
    """Page by page, of windows that nobody asks for any more as well; what counts stays."""
    long = Window("m", "long", 10**6, Unit.REQUESTS, 1e6)
    calendar = Calendar(Period.DAY, timezone.utc)
    for number in range(400):
        windows = [
            Window(f"invented {number}", "minute", 5),
            Window(f"invented {number}", "at once", 5, Unit.CONCURRENT, 60.0),
            Window(f"invented {number}", "day", 5, calendar=calendar),
            long,
        ]
        admitted(book.reserve(f"invented {number}", windows, 1, number * 100.0))
    assert book.used(long, 40_000.0) == 400
    assert rows(book) < 400 + 400 + 200  # the long window, the days, the minutes of late
    for number in range(400):
        admitted(book.reserve("m", [long], 1, 1e5 + number))
    assert rows(book) == 800


def test_what_nobody_can_have_written_expires_at_once(book: SQLiteWindows) -> None:
    """Its moment is no number."""
    admitted(book.reserve("m", [ONE], 1, 0.0))
    spoil(book, "UPDATE entries SET expires = 'never', window = ?", digest_of("other"))
    for number in range(16):
        admitted(book.reserve("m", [ONE], 1, 100.0 * number))
    with book._connections.reading() as db:
        found = {bytes(window) for (window,) in db.execute("SELECT window FROM entries")}
    assert found == {digest_of("m", "one")}


def test_those_who_died_in_line_are_forgotten(book: SQLiteWindows) -> None:
    """Also in lines that nobody asks in any more."""
    for line in ("a", "b", "c"):
        admitted(book.reserve(line, [Window(line, "one", 1)], 1, 0.0))
        denied(book.reserve(line, [Window(line, "one", 1)], 1, 0.0, place=Place(line, "dead")))
    never = Place("never", "hopeful")
    assert denied(book.reserve("never", [Window("n", "no", 0)], 1, 0.0, place=never)).until == inf
    assert rows(book, "tickets") == 3  # who can never go does not stand in line
    for number in range(16):
        admitted(book.reserve("m", [ONE], 1, 1000.0 + 100.0 * number))
    assert rows(book, "tickets") == 0


def test_the_cost_does_not_grow_with_history(book: SQLiteWindows) -> None:
    """However much was counted, a decision looks at as many rows as fit into its window."""
    with book._connections.writing() as writing:
        key = digest_of(ONE.key, ONE.name)
        old = [(key, float(n), n, 1, float(n), 1e9) for n in range(20_000)]
        writing.db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", old)
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    with book._connections.reading() as db:
        db.set_progress_handler(step, 1)  # called for each instruction of SQLite's machine
    admitted(book.reserve("m", [ONE], 1, 1e6))
    assert 10 < steps < 500
