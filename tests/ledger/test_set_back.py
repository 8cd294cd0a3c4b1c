"""A clock that is set back: in every store, it closes no window for longer than its length."""

from __future__ import annotations

from datetime import timezone

from github_models_azure._core.quota.permits import Place
from github_models_azure._core.quota.windows import Calendar, Period, Unit, Window
from tests.ledger.store_helpers import Make, admitted, denied

MINUTE = Window("m", "minute", 3, Unit.REQUESTS, 60.0)
TOKENS = Window("m", "tokens", 100, Unit.TOKENS, 60.0)
AT_ONCE = Window("m", "at once", 2, Unit.CONCURRENT, 30.0)


def test_what_was_sent_in_the_future_counts_as_sent_now(exact: Make) -> None:
    """A clock that was wrong closes a window for its length, not until it is right again."""
    book = exact()
    for later in (0.0, 1.0, 2.0):
        admitted(book.reserve("m", [MINUTE], 1, 1e6 + later))
    assert denied(book.reserve("m", [MINUTE], 1, 10.0)).until == 70.0
    assert denied(book.reserve("m", [MINUTE], 1, 69.0)).until == 70.0
    for _ in range(3):
        admitted(book.reserve("m", [MINUTE], 1, 70.0))
    assert denied(book.reserve("m", [MINUTE], 1, 71.0)).until == 130.0


def test_processes_whose_clocks_differ_a_little_do_not_shorten_a_window(exact: Make) -> None:
    """One has read its clock, and waits while another one is served."""
    book = exact()
    for _ in range(3):
        admitted(book.reserve("m", [MINUTE], 1, 14.0))
    assert denied(book.reserve("m", [MINUTE], 1, 10.0)).until == 74.0


def test_what_has_to_drain_still_has_to(exact: Make) -> None:
    """A window's worth for each of its lengths, from now on."""
    book = exact()
    admitted(book.reserve("m", [TOKENS], 250, 1e6))
    assert denied(book.reserve("m", [TOKENS], 50, 10.0)).until == 130.0
    assert denied(book.reserve("m", [TOKENS], 50, 11.0)).until == 130.0
    admitted(book.reserve("m", [TOKENS], 50, 130.0))


def test_what_drains_by_a_right_clock_is_left_alone(exact: Make) -> None:
    """Its stamps are in the future, and its request is not."""
    book = exact()
    admitted(book.reserve("m", [TOKENS], 250, 10.0))
    assert denied(book.reserve("m", [TOKENS], 50, 11.0)).until == 130.0
    assert denied(book.reserve("m", [TOKENS], 50, 12.0)).until == 130.0


def test_a_lease_of_the_future_ends_after_its_length(exact: Make) -> None:
    """The call that has it is under way, or dead."""
    book = exact()
    permits = [admitted(book.reserve("m", [AT_ONCE], 1, 1e6)) for _ in range(2)]
    assert denied(book.reserve("m", [AT_ONCE], 1, 10.0)).until == 40.0
    book.commit(permits[0], None)
    admitted(book.reserve("m", [AT_ONCE], 1, 11.0))
    assert denied(book.reserve("m", [AT_ONCE], 1, 12.0)).until == 40.0


def test_a_period_of_the_future_is_taken_for_this_one(exact: Make) -> None:
    """It opens at the next midnight."""
    book = exact()
    window = Window("m", "day", 1, calendar=Calendar(Period.DAY, timezone.utc))
    admitted(book.reserve("m", [window], 1, 100 * 86_400.0))
    assert denied(book.reserve("m", [window], 1, 86_501.0)).until == 172_800.0
    admitted(book.reserve("m", [window], 1, 172_800.0))


def test_nobody_waits_for_long_for_one_who_died_in_the_future(exact: Make) -> None:
    """Its turn comes after as long as it was told."""
    book = exact()
    one = Window("m", "one", 1, Unit.REQUESTS, 10.0)
    admitted(book.reserve("m", [one], 1, 1e6))
    denied(book.reserve("m", [one], 1, 1e6, place=Place("m", "dead")))
    next_one = Place("m", "next")
    assert denied(book.reserve("m", [one], 1, 100.0, place=next_one)).until == 120.0
    assert denied(book.reserve("m", [one], 1, 110.9, place=next_one)).until == 120.9
    admitted(book.reserve("m", [one], 1, 111.1, place=next_one))
