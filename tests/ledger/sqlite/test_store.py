"""A store in a file answers as one in memory does, whatever is asked in whatever order."""

from __future__ import annotations

import tempfile
from datetime import timedelta, timezone
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, rule

from github_models_azure._core.quota.permits import Denied, Permit, Place
from github_models_azure._core.quota.windows import Calendar, Period, Unit, Window
from github_models_azure.ledger.contract import Windows
from github_models_azure.ledger.errors import LedgerStoreError
from github_models_azure.ledger.sqlite import store
from github_models_azure.ledger.sqlite.store import SQLiteWindows
from github_models_azure.ledger.windows import MemoryWindows
from tests.ledger.store_helpers import Stores, admitted

ZONE = timezone(timedelta(hours=-8))
WINDOWS = [
    Window("m", "three", 3, Unit.REQUESTS, 10.0),
    Window("m", "one", 1, Unit.REQUESTS, 2.5),
    Window("m", "tokens", 40, Unit.TOKENS, 10.0),
    Window("all", "more tokens", 100, Unit.TOKENS, 60.0),
    Window("m", "at once", 2, Unit.CONCURRENT, 7.0),
    Window("m", "day", 6, calendar=Calendar(Period.DAY, ZONE)),
    Window("all", "tokens a month", 300, Unit.TOKENS, calendar=Calendar(Period.MONTH, ZONE)),
]
PLACES = [Place("m", name, name == "c") for name in "abc"]
GAPS = st.sampled_from([0.0, 0.1, 1.0, 2.5, 7.0, 30.0, 86_400.0])


class SameAnswers(RuleBasedStateMachine):
    """Two stores that are asked the same, as time goes on."""

    permits: Bundle[tuple[Permit, Permit]] = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.plain: Windows = MemoryWindows(margin=0.05)
        path = Path(self.folder.name) / "q"
        # Two that share a file; each ends what it began.
        self.files = [SQLiteWindows(path, margin=0.05) for _ in range(2)]
        self.now = 1e6
        self.taken: dict[str, int] = {}

    def teardown(self) -> None:
        for file in self.files:
            file.close()
        self.folder.cleanup()

    @rule(
        target=permits,
        gap=GAPS,
        windows=st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=4, unique=True),
        tokens=st.integers(0, 130),
        place=st.none() | st.sampled_from(PLACES),
        which=st.integers(0, 1),
    )
    def reserve(
        self, gap: float, windows: list[Window], tokens: int, place: Place | None, which: int
    ) -> Any:
        self.now += gap
        expected = self.plain.reserve("m", windows, tokens, self.now, place=place)
        answer = self.files[which].reserve("m", windows, tokens, self.now, place=place)
        if isinstance(expected, Denied):
            assert answer == expected
            return multiple()
        assert isinstance(answer, Permit)
        assert (answer.sent_at, answer.amounts) == (expected.sent_at, expected.amounts)
        self.taken[answer.id] = which
        return expected, answer

    @rule(pair=permits, tokens=st.none() | st.integers(0, 500))
    def commit(self, pair: tuple[Permit, Permit], tokens: int | None) -> None:
        self.plain.commit(pair[0], tokens)
        self.files[self.taken[pair[1].id]].commit(pair[1], tokens)

    @rule(pair=permits)
    def release(self, pair: tuple[Permit, Permit]) -> None:
        self.plain.release(pair[0])
        self.files[self.taken[pair[1].id]].release(pair[1])

    @rule(pair=permits)
    def renew(self, pair: tuple[Permit, Permit]) -> None:
        self.plain.renew(pair[0], self.now)
        self.files[self.taken[pair[1].id]].renew(pair[1], self.now)

    @rule(place=st.sampled_from(PLACES))
    def leave(self, place: Place) -> None:
        self.plain.leave(place)
        self.files[0].leave(place)

    @rule(window=st.sampled_from(WINDOWS), which=st.integers(0, 1))
    def used(self, window: Window, which: int) -> None:
        assert self.files[which].used(window, self.now) == self.plain.used(window, self.now)


TestSameAnswers = SameAnswers.TestCase
TestSameAnswers.settings = settings(max_examples=200, stateful_step_count=20)


def test_a_permit_stays_open_if_it_could_not_be_given_back(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the file can be used again, it can."""
    book = stores.sqlite(tmp_path / "q")
    permit = admitted(book.reserve("m", [WINDOWS[0]], 1, 0.0))
    with monkeypatch.context() as broken:
        broken.setattr(store.StoredHistory, "change", None)
        with pytest.raises(TypeError):
            book.release(permit)
    assert book.used(WINDOWS[0], 0.0) == 1
    book.release(permit)
    assert book.used(WINDOWS[0], 0.0) == 0


def test_a_permit_that_nobody_ends_is_forgotten(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it took stays counted; its lease ends by itself."""
    monkeypatch.setattr(store, "_MOST_OPEN", 2)
    book = stores.sqlite(tmp_path / "q")
    permits = [admitted(book.reserve("m", [WINDOWS[0]], 1, 0.0)) for _ in range(3)]
    for permit in permits:
        book.release(permit)
    assert book.used(WINDOWS[0], 0.0) == 1


def test_of_two_threads_that_end_a_call_one_does(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one finds it done."""
    book = stores.sqlite(tmp_path / "q")
    permit = admitted(book.reserve("m", [WINDOWS[6]], 10, 0.0))
    write = book._write

    def meanwhile(*arguments: Any) -> None:
        book.release(permit)
        write(*arguments)

    monkeypatch.setattr(book, "_write", meanwhile)
    book.commit(permit, 20)
    assert book.used(WINDOWS[6], 0.0) == 20


def test_what_has_no_file_yet_is_made_on_use(stores: Stores, tmp_path: Path) -> None:
    """Reading makes it as well; a folder that cannot be made is an error."""
    (tmp_path / "f").write_text("", "utf-8")
    book = stores.sqlite(tmp_path / "f" / "q")
    with pytest.raises(LedgerStoreError):
        book.used(WINDOWS[0], inf)
    (tmp_path / "f").unlink()
    assert book.used(WINDOWS[0], 0.0) == 0
