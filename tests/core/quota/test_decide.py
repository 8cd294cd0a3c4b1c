"""When a request may be sent, and when many would be done; what stores hold is tested beside them.

Also tests _core/quota/windows.py, history.py, clock.py and permits.py.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from math import inf
from zoneinfo import ZoneInfo

import pytest

from github_models_azure._core.quota.clock import by_clock
from github_models_azure._core.quota.decide import Claim, decide, forecast
from github_models_azure._core.quota.history import MOST_LENGTHS, Ahead, Entry, rows_of
from github_models_azure._core.quota.permits import Ticket, ahead_of
from github_models_azure._core.quota.windows import Calendar, Period, Unit, Window
from github_models_azure.ledger.histories import LeaseHistory, PeriodHistory, RollingHistory

MINUTE = Window("m", "minute", 2, Unit.REQUESTS, 60.0)
DAY = Window("m", "day", 5, Unit.REQUESTS, 86_400.0)
TOKENS = Window("m", "tokens", 100, Unit.TOKENS, 60.0)


def claim(window: Window, *stamps: float, amount: int = 1) -> Claim:
    history = RollingHistory(window)
    for stamp in stamps:
        history.add(stamp, amount)
    return Claim(window, history, amount)


def test_the_window_that_opens_last_is_the_one_waited_for() -> None:
    """A request needs room in all of them."""
    claims = [claim(MINUTE, 0.0, 1.0), claim(DAY, 0.0, 1.0)]
    assert decide(claims, 2.0, margin=0.0) == (60.0, MINUTE)
    claims = [claim(MINUTE, 0.0, 1.0), claim(DAY, 0.0, 0.0, 0.0, 0.0, 1.0)]
    assert decide(claims, 2.0, margin=0.0) == (86_400.0, DAY)


def test_those_ahead_are_counted_as_if_they_had_been_sent() -> None:
    """Each at the moment when it could go, in their order."""
    claims = [claim(MINUTE, 0.0), claim(TOKENS, 0.0, amount=10)]
    assert decide(claims, 1.0, [(1, 10)], margin=0.0) == (60.0, MINUTE)
    assert decide(claims, 1.0, [(1, 90)], margin=0.0) == (60.0, MINUTE)
    assert decide(claims[1:], 1.0, [(80,)], margin=0.0) == (1.0, None)
    assert decide(claims[1:], 1.0, [(95,)], margin=0.0) == (120.0, TOKENS)
    assert decide(claims[1:], 1.0, [(95,), (5,), (10,)], margin=0.0) == (120.0, None)


def test_a_look_ahead_forgets_nothing() -> None:
    """What has left the window by then still counts now."""
    claims = [claim(TOKENS, 0.0, amount=60)]
    assert decide(claims, 1.0, [(60,), (60,)], margin=0.0) == (180.0, TOKENS)
    assert decide(claims, 1.0, margin=0.0) == (60.0, TOKENS)


def test_leases_of_those_ahead_last_as_long_as_a_lease() -> None:
    """How long an answer takes is not known beforehand."""
    window = Window("m", "at once", 1, Unit.CONCURRENT, 30.0)
    leases = LeaseHistory()
    leases.lease("a", 20.0, 0.0)
    assert list(leases.newest_first()) == [(20.0, 1)]
    assert decide([Claim(window, leases, 1)], 0.0) == (20.0, window)
    assert decide([Claim(window, leases, 1)], 0.0, [(1,)]) == (50.0, window)


def test_what_is_ahead_reads_like_any_history() -> None:
    """The newest first, and those behind it after them."""
    history = RollingHistory(TOKENS)
    history.add(1.0, 5)
    line = Ahead(history)
    line.add(Entry(2.0, 7))
    assert list(line.newest_first()) == [(2.0, 7), (1.0, 5)]
    assert [line.nth_newest(number) for number in (1, 2, 3)] == [2.0, 1.0, None]
    assert (line.total(0.0), line.total(1.0), line.total(2.0)) == (12, 7, 0)


def test_a_large_entry_is_counted_over_as_many_windows_as_it_takes() -> None:
    """A window's worth each; what fits is one entry."""
    assert list(rows_of(Entry(5.0, 250), 100, 60.0)) == [(5.0, 100), (65.0, 100), (125.0, 50)]
    assert list(rows_of(Entry(5.0, 100), 100, 60.0)) == [(5.0, 100)]


@pytest.mark.parametrize(
    ("period", "zone", "now", "start", "end"),
    [
        (Period.DAY, timezone.utc, 86_400.0, 86_400.0, 172_800.0),
        (Period.DAY, timezone(timedelta(hours=2)), 0.0, -7_200.0, 79_200.0),
        (Period.MONTH, timezone.utc, 0.0, 0.0, 31 * 86_400.0),
        # 23 hours: clocks go forward in Berlin on 2026-03-29
        (Period.DAY, ZoneInfo("Europe/Berlin"), 1_774_756_800.0, 1_774_738_800.0, 1_774_821_600.0),
    ],
)
def test_a_period_begins_and_ends_at_midnight_of_its_zone(
    period: Period, zone: timezone, now: float, start: float, end: float
) -> None:
    """Days may have 23 hours, and months are of different lengths."""
    assert Calendar(period, zone).bounds(now) == (start, end)


@pytest.mark.parametrize(
    ("requests", "done"), [(0, 7.0), (1, 7.0), (2, 7.0), (3, 67.0), (5, 127.0), (6, 86_407.0)]
)
def test_a_forecast_says_when_the_last_of_many_is_done(requests: int, done: float) -> None:
    """Under two a minute and five a day."""
    assert forecast([claim(MINUTE), claim(DAY)], 7.0, requests, margin=0.0) == done


def test_a_forecast_counts_what_was_used_and_how_long_answers_take() -> None:
    """One at once, three seconds each, after what is under way."""
    window = Window("m", "at once", 1, Unit.CONCURRENT, 30.0)
    leases = LeaseHistory()
    leases.lease("a", 2.0, 0.0)
    claims = [Claim(window, leases, 1), claim(MINUTE)]
    assert forecast(claims, 0.0, 2, seconds_each=3.0, margin=0.0) == 8.0
    assert forecast([claim(TOKENS, 0.0, amount=50)], 1.0, 3, margin=0.0) == 61.0
    assert forecast([claim(Window("m", "none", 0))], 1.0, 3) == inf


def test_no_amount_closes_a_window_for_ever() -> None:
    """A server may say that a request took anything; it is counted over a thousand lengths."""
    assert len(list(rows_of(Entry(5.0, 10**30), 10, 60.0))) == MOST_LENGTHS
    assert list(rows_of(Entry(5.0, 10**30), 0, 60.0)) == [(5.0, 10**30)]


CALENDAR = Window("m", "day", 5, calendar=Calendar(Period.DAY, timezone.utc))
LEASE = Window("m", "at once", 5, Unit.CONCURRENT, 30.0)


@pytest.mark.parametrize(
    ("window", "stamp", "sent", "expected"),
    [
        (MINUTE, 90.0, 90.0, (90.0, 90.0)),
        (MINUTE, 105.0, 105.0, (105.0, 105.0)),  # within what clocks differ by
        (MINUTE, 106.0, 106.0, (100.0, 100.0)),
        (MINUTE, 1e300, 90.0, (105.0, 90.0)),
        (TOKENS, 220.0, 90.0, (220.0, 90.0)),  # has to drain
        (TOKENS, 1e6 + 120.0, 1e6, (220.0, 100.0)),
        (TOKENS, 1e300, 90.0, (60_105.0, 90.0)),
        (LEASE, 130.0, 100.0, (130.0, 100.0)),
        (LEASE, 1030.0, 1000.0, (130.0, 100.0)),
        (LEASE, 1e300, 90.0, (135.0, 90.0)),
        (CALENDAR, 86_400.0, 86_400.0, (100.0, 100.0)),
    ],
)
def test_stamps_of_a_clock_that_was_set_back(
    window: Window, stamp: float, sent: float, expected: tuple[float, float]
) -> None:
    """What was sent in the future counts as sent now (100 s); no stamp is later than it can be."""
    assert by_clock(stamp, sent, 100.0, window) == expected


def test_a_place_in_line_of_a_clock_that_was_set_back() -> None:
    """Its turn comes after as long as it was told."""
    ticket = Ticket("a", 1, (1,), due=1060.0, asked=1000.0)
    assert ticket.by_clock(995.0) is ticket
    moved = ticket.by_clock(100.0)
    assert (moved.due, moved.asked, moved.order) == (160.0, 100.0, 1)


def test_those_ahead_whose_windows_are_others_are_passed_over() -> None:
    """Their amounts say nothing of these windows."""
    line = [Ticket("a", 1, (1,), due=50.0), Ticket("b", 2, (1, 7), due=50.0)]
    assert ahead_of(Ticket("c", 3, (1, 5), due=50.0), line, 10.0) == [(1, 7)]


def test_a_period_of_the_far_future_is_not_searched_for() -> None:
    """What a wrong clock has counted there is dealt with by its store, once it is refused."""
    history = PeriodHistory(Calendar(Period.DAY, timezone.utc))
    history.add(1e9, 5)
    day = Window("m", "day", 5, calendar=Calendar(Period.DAY, timezone.utc))
    assert decide([Claim(day, history, 1)], 0.0).at == 32 * 86_400.0


def test_nobody_gets_through_behind_one_who_never_does() -> None:
    """A limit is 0, and those in line behind are told so at once."""
    none = Window("m", "none", 0)
    assert decide([claim(none)], 1.0, [(1,)], margin=0.0) == (inf, none)
