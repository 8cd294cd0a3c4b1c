"""Quotas in every store: never more than fits in any window, never less than there is room for.

Also tests the histories that they are counted in, in memory, ledger/histories.py. What only a file
does is tested in tests/ledger/sqlite.
"""

from __future__ import annotations

import os
from datetime import timedelta, timezone
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.quota.permits import UNLIMITED, Denied, Permit, Place
from github_models_azure._core.quota.windows import Calendar, Period, Unit, Window
from github_models_azure.ledger.contract import Windows
from github_models_azure.ledger.histories import PeriodHistory, RollingHistory
from github_models_azure.ledger.windows import MemoryWindows, used_of
from tests.ledger.store_helpers import KINDS, Make, Stores, admitted, denied, waiting

MINUTE = Window("m", "UserByModelByMinute", 3, Unit.REQUESTS, 60.0)
TOKENS = Window("m", "UserByModelByMinuteTokens", 100, Unit.TOKENS, 60.0)
AT_ONCE = Window("m", "UserConcurrentRequests", 2, Unit.CONCURRENT, 30.0)
PACIFIC = timezone(timedelta(hours=-8))
UTC_MONTH = Calendar(Period.MONTH, timezone.utc)


def test_a_full_window_opens_when_its_oldest_request_has_left(exact: Make) -> None:
    """The answer names the window, and the moment at which asking again succeeds."""
    book = exact()
    for second in (0.0, 10.0, 20.0):
        admitted(book.reserve("m", [MINUTE], 1, second))
    refusal = denied(book.reserve("m", [MINUTE], 1, 30.0))
    assert (refusal.until, refusal.window) == (60.0, MINUTE)
    denied(book.reserve("m", [MINUTE], 1, 59.999))
    admitted(book.reserve("m", [MINUTE], 1, 60.0))
    assert denied(book.reserve("m", [MINUTE], 1, 60.0)).until == 70.0


def test_the_margin_keeps_a_window_closed_for_longer(exact: Make) -> None:
    """Two requests a window apart may reach the server nearer to each other."""
    book = exact(margin=0.05)
    one = Window("m", "one", 1, Unit.REQUESTS, 2.0)
    admitted(book.reserve("m", [one], 1, 0.0))
    assert denied(book.reserve("m", [one], 1, 1.0)).until == pytest.approx(2.05)


def test_several_windows_are_taken_together_or_not_at_all(exact: Make) -> None:
    """A refusal by the second window takes nothing of the first."""
    book = exact()
    admitted(book.reserve("m", [MINUTE, TOKENS], 90, 0.0))
    refusal = denied(book.reserve("m", [MINUTE, TOKENS], 20, 1.0))
    assert refusal.window == TOKENS
    assert book.used(MINUTE, 1.0) == 1
    assert denied(book.reserve("m", [TOKENS, MINUTE], 20, 1.0)).window == TOKENS
    admitted(book.reserve("m", [MINUTE, TOKENS], 10, 1.0))


def test_an_answer_that_took_less_gives_the_rest_back(exact: Make) -> None:
    """A commit puts the real figure in; without one the estimate stays."""
    book = exact()
    permit = admitted(book.reserve("m", [TOKENS], 90, 0.0))
    book.commit(permit, 30)
    book.commit(permit, 90)  # a second time changes nothing
    assert book.used(TOKENS, 1.0) == 30
    unknown = admitted(book.reserve("m", [TOKENS], 70, 1.0))
    book.commit(unknown, None)
    assert book.used(TOKENS, 1.0) == 100


@pytest.mark.parametrize(("took", "opens"), [(150, 120.0), (250, 180.0), (100, 60.0)])
def test_what_an_answer_took_beyond_the_window_has_to_drain(
    exact: Make, took: int, opens: float
) -> None:
    """A window's worth drains in each of its lengths, before a full one fits again."""
    book = exact()
    book.commit(admitted(book.reserve("m", [TOKENS], 10, 0.0)), took)
    assert denied(book.reserve("m", [TOKENS], 100, 1.0)).until == opens


def test_a_prompt_larger_than_the_window_goes_when_it_is_empty(exact: Make) -> None:
    """It would wait for ever otherwise; the window then stays closed until it has drained."""
    book = exact()
    admitted(book.reserve("m", [TOKENS], 1, 0.0))
    assert denied(book.reserve("m", [TOKENS], 250, 1.0)).until == 60.0
    admitted(book.reserve("m", [TOKENS], 250, 60.0))
    assert denied(book.reserve("m", [TOKENS], 50, 61.0)).until == 180.0
    admitted(book.reserve("m", [TOKENS], 50, 180.0))


def test_a_figure_that_comes_late_finds_nothing_to_correct(exact: Make) -> None:
    """The entry has left the window, and was dropped."""
    book = exact()
    late = admitted(book.reserve("m", [TOKENS], 10, 0.0))
    admitted(book.reserve("m", [TOKENS], 10, 500.0))
    book.commit(late, 90)
    assert book.used(TOKENS, 500.0) == 10


def test_a_request_that_was_not_sent_gives_everything_back(exact: Make) -> None:
    """Windows and lease alike; a second time changes nothing."""
    book = exact()
    permit = admitted(book.reserve("m", [MINUTE, TOKENS, AT_ONCE], 40, 0.0))
    book.release(permit)
    book.release(permit)
    assert [book.used(window, 0.0) for window in (MINUTE, TOKENS, AT_ONCE)] == [0, 0, 0]


def test_the_place_of_a_dead_worker_returns_by_itself(exact: Make) -> None:
    """Its lease ends; what it sent stays counted, because it may have been sent."""
    book = exact()
    windows = [MINUTE, AT_ONCE]
    living, dead = (admitted(book.reserve("m", windows, 1, 0.0)) for _ in range(2))
    refusal = denied(book.reserve("m", windows, 1, 10.0))
    assert (refusal.window, refusal.until) == (AT_ONCE, 30.0)
    book.renew(living, 20.0)
    admitted(book.reserve("m", windows, 1, 30.0))
    assert denied(book.reserve("m", windows, 1, 31.0)).window == MINUTE
    book.commit(dead, None)
    book.renew(dead, 32.0)  # over
    assert book.used(AT_ONCE, 32.0) == 2


def test_a_permit_is_of_the_process_that_took_it(
    exact: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child after a fork must not give back what its parent has under way."""
    book = exact()
    permit = admitted(book.reserve("m", [AT_ONCE], 1, 0.0))
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: permit.process + 1)
        book.commit(permit, None)
        book.release(permit)
        book.renew(permit, 20.0)
    assert book.used(AT_ONCE, 1.0) == 1


def test_without_windows_nothing_is_counted(exact: Make) -> None:
    """Without known limits nothing is refused."""
    book = exact()
    assert book.reserve("m", [], 1, 0.0) is UNLIMITED
    book.commit(UNLIMITED, 5)


def test_a_limit_of_nothing_never_opens(exact: Make) -> None:
    """So do those in line behind it."""
    book, place = exact(), Place("m", "a")
    none = Window("m", "none", 0)
    assert denied(book.reserve("m", [none], 1, 0.0, place=place)).until == inf
    assert denied(book.reserve("m", [none], 1, 0.0)).until == inf


@pytest.mark.parametrize(
    ("period", "moment", "opens"),
    [
        (Period.DAY, 1_767_261_600.0, 1_767_340_800.0),  # 2026-01-01 02:00 there, 01-02 00:00
        (Period.MONTH, 1_767_261_600.0, 1_769_932_800.0),  # 2026-02-01 00:00 there
    ],
)
def test_a_calendar_window_opens_at_midnight_there(
    exact: Make, period: Period, moment: float, opens: float
) -> None:
    """Other free tiers reset at midnight Pacific, not a day after the first request."""
    book = exact()
    window = Window("m", "day", 2, calendar=Calendar(period, PACIFIC))
    permits = [admitted(book.reserve("m", [window], 1, moment)) for _ in range(2)]
    assert denied(book.reserve("m", [window], 1, moment + 60)).until == opens
    places = [Place("m", name) for name in "abc"]
    waits = [denied(book.reserve("m", [window], 1, moment, place=p)).until for p in places]
    assert waits[:2] == [opens, opens]
    assert waits[2] > opens + 86_399
    book.release(permits[0])
    assert book.used(window, moment) == 1
    admitted(book.reserve("m", [window], 1, opens + 86_500))
    book.release(permits[1])  # of a period that is over
    assert book.used(window, opens + 86_500) == 1


def test_tokens_of_a_calendar_window(exact: Make) -> None:
    """They are corrected like those of a rolling one; an oversized prompt goes first of all."""
    book = exact()
    window = Window("m", "day", 100, Unit.TOKENS, calendar=Calendar(Period.DAY, timezone.utc))
    book.commit(admitted(book.reserve("m", [window], 60, 5.0)), 90)
    assert denied(book.reserve("m", [window], 20, 6.0)).until == 86_400.0
    assert denied(book.reserve("m", [window], 500, 6.0)).until == 86_400.0
    admitted(book.reserve("m", [window], 500, 86_400.0))


def test_histories_say_what_they_hold_in_the_same_words() -> None:
    """Each can be read by the decision in every way that a history can."""
    period = PeriodHistory(Calendar(Period.DAY, timezone.utc))
    period.add(10.0, 3)
    assert list(period.newest_first()) == [(0.0, 3)]
    assert period.nth_newest(1) is None
    rolling = RollingHistory(MINUTE)
    rolling.add(5.0, 1)
    rolling.add(4.0, 1)  # another worker's clock
    assert list(rolling.newest_first()) == [(5.0, 1), (4.0, 1)]
    assert used_of(MINUTE, rolling, 64.5) == 1


# The line


def test_who_waits_is_served_in_the_order_of_asking(exact: Make) -> None:
    """A newcomer does not take the slot of those who came before."""
    book = exact()
    one = Window("m", "one", 1, Unit.REQUESTS, 10.0)
    admitted(book.reserve("m", [one], 1, 0.0))
    first, second = Place("m", "first"), Place("m", "second")
    assert denied(book.reserve("m", [one], 1, 1.0, place=first)).until == 10.0
    assert denied(book.reserve("m", [one], 1, 2.0, place=second)).until == 20.0
    assert denied(book.reserve("m", [one], 1, 10.0)).until == 30.0
    assert denied(book.reserve("m", [one], 1, 10.0, place=second)).until == 20.0
    admitted(book.reserve("m", [one], 1, 10.0, place=first))
    admitted(book.reserve("m", [one], 1, 20.0, place=second))


def test_interactive_calls_go_before_all_background_calls(exact: Make) -> None:
    """Also before those that have waited for longer."""
    book = exact()
    one = Window("m", "one", 1, Unit.REQUESTS, 10.0)
    admitted(book.reserve("m", [one], 1, 0.0))
    patient = Place("m", "patient", background=True)
    assert denied(book.reserve("m", [one], 1, 1.0, place=patient)).until == 10.0
    hasty = Place("m", "hasty")
    assert denied(book.reserve("m", [one], 1, 2.0, place=hasty)).until == 10.0
    assert denied(book.reserve("m", [one], 1, 10.0, place=patient)).until == 20.0
    admitted(book.reserve("m", [one], 1, 10.0, place=hasty))
    admitted(book.reserve("m", [one], 1, 20.0, place=patient))


def test_nobody_waits_for_one_who_has_died_or_left(exact: Make) -> None:
    """A place is held for a moment after its turn; one who leaves gives it up at once."""
    book = exact()
    one = Window("m", "one", 1, Unit.REQUESTS, 10.0)
    admitted(book.reserve("m", [one], 1, 0.0))
    dead, leaving, next_one = (Place("m", name) for name in ("dead", "leaving", "next"))
    for place in (dead, leaving):
        denied(book.reserve("m", [one], 1, 1.0, place=place))
    assert denied(book.reserve("m", [one], 1, 2.0, place=next_one)).until == 30.0
    book.leave(leaving)
    book.leave(Place("nobody", "waits here"))
    assert denied(book.reserve("m", [one], 1, 10.5, place=next_one)).until == 20.5
    admitted(book.reserve("m", [one], 1, 11.5, place=next_one))
    book.reset()
    admitted(book.reserve("m", [one], 1, 11.5))
    assert denied(book.reserve("m", [one], 1, 20.0, place=dead)).until == 21.5
    denied(book.reserve("m", [one], 1, 21.4, place=leaving))
    denied(book.reserve("m", [one], 1, 21.4, place=Place("m", "third")))
    admitted(book.reserve("m", [one], 1, 199.0))
    denied(book.reserve("m", [one], 1, 199.0, place=next_one))
    names = ["dead", "leaving", "third", "next"]
    assert waiting(book, "m", names) == ["next"]  # the others are forgotten


def test_memory_stays_bounded_whatever_names_callers_invent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The windows that were used longest ago are forgotten, and permits that nobody ends."""
    monkeypatch.setattr("github_models_azure.ledger.windows.MOST_WINDOWS", 10)
    monkeypatch.setattr("github_models_azure.ledger.windows._MOST_OPEN", 10)
    book = MemoryWindows(margin=0.0)
    permits = [
        admitted(book.reserve(f"m{n}", [Window(f"m{n}", "minute", 1)], 1, 0.0)) for n in range(50)
    ]
    assert book.used(permits[0].windows[0], 1.0) == 0
    assert book.used(permits[-1].windows[0], 1.0) == 1
    for permit in permits:
        book.release(permit)
    assert book.used(permits[-1].windows[0], 1.0) == 0


# What strangers say


def test_a_figure_without_bounds_is_counted_within_bounds(exact: Make) -> None:
    """A server may say what it likes of its usage; the window opens again in the end."""
    book = exact()
    windows = [TOKENS, Window("m", "month", 100, Unit.TOKENS, calendar=UTC_MONTH)]
    book.commit(admitted(book.reserve("m", windows, 10, 0.0)), 10**30)
    assert denied(book.reserve("m", [TOKENS], 100, 1.0)).until == 60_000.0
    assert denied(book.reserve("m", windows, 1, 60_000.0)).window == windows[1]
    book.release(admitted(book.reserve("m", [TOKENS], 10**30, 1e6)))
    assert book.used(TOKENS, 1e6) == 0


def test_names_may_be_anything(exact: Make) -> None:
    """A model's name need not even be text that can be encoded."""
    book = exact()
    odd = Window("\ud800", "'; DROP TABLE entries", 1)
    admitted(book.reserve("\udfff", [odd], 1, 0.0))
    denied(book.reserve("\udfff", [odd], 1, 0.0, place=Place("\udfff", "\udfff")))
    book.leave(Place("\udfff", "\udfff"))
    assert waiting(book, "\udfff", []) == []


def test_those_who_wait_for_other_windows_are_passed_over(exact: Make) -> None:
    """A limit was learnt after they had asked; they keep their place, and ask again."""
    book = exact()
    one = Window("m", "one", 1, Unit.REQUESTS, 10.0)
    admitted(book.reserve("m", [one], 1, 0.0))
    first, second = Place("m", "first"), Place("m", "second")
    denied(book.reserve("m", [one], 1, 1.0, place=first))
    assert denied(book.reserve("m", [one, TOKENS], 5, 2.0, place=second)).until == 10.0
    denied(book.reserve("m", [one, TOKENS], 5, 3.0, place=first))
    assert denied(book.reserve("m", [one, TOKENS], 5, 4.0, place=second)).until == 20.0


# Properties


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Window], list[tuple[float, int, int | None]]]:
    """Return windows, and asks: seconds after the last one, tokens, and what they really were."""
    lengths = st.sampled_from([1.0, 2.5, 10.0])
    windows = [
        Window("m", f"r{n}", draw(st.integers(1, 4)), Unit.REQUESTS, draw(lengths))
        for n in range(draw(st.integers(0, 2)))
    ]
    windows += [
        Window("m", f"t{n}", draw(st.integers(5, 40)), Unit.TOKENS, draw(lengths))
        for n in range(draw(st.integers(0 if windows else 1, 2)))
    ]
    gaps = st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.5, 7.0])
    tokens = st.integers(1, 30)
    asks = draw(st.lists(st.tuples(gaps, tokens, st.none() | tokens), min_size=1, max_size=40))
    return windows, asks


def fits(window: Window, counted: list[tuple[float, int]], now: float, amount: int) -> bool:
    """The rule, in plain words: what left the window does not count; oversized goes alone."""
    used = sum(units for stamp, units in counted if now < stamp + window.seconds)
    return used + amount <= window.limit or (used == 0 and amount > window.limit)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200)
@given(history=histories())
def test_no_window_admits_too_much_and_no_slot_is_lost(
    kind: str,
    reused: Stores,
    history: tuple[list[Window], list[tuple[float, int, int | None]]],
) -> None:
    """Against a plain model: what is admitted fits, and what is denied does not, until it says."""
    check_admission(reused.again(kind), *history)


def check_admission(
    book: Windows, windows: list[Window], asks: list[tuple[float, int, int | None]]
) -> None:
    now = 0.0
    sent: list[tuple[float, int]] = []
    rows: dict[str, list[tuple[float, int]]] = {window.name: [] for window in windows}
    for gap, tokens, took in asks:
        now += gap
        answer = book.reserve("m", windows, tokens, now)
        room = all(fits(w, rows[w.name], now, w.amount(tokens)) for w in windows)
        assert isinstance(answer, Permit) == room
        if isinstance(answer, Denied):
            just_before = answer.until - 1e-6
            assert not all(fits(w, rows[w.name], just_before, w.amount(tokens)) for w in windows)
            now = answer.until
            answer = book.reserve("m", windows, tokens, now)
        permit = admitted(answer)
        book.commit(permit, took)
        sent.append((now, tokens))
        for window in windows:
            amount = window.amount(tokens if took is None else took)
            stamp = now
            while amount > window.limit:
                rows[window.name].append((stamp, window.limit))
                amount, stamp = amount - window.limit, stamp + window.seconds
            rows[window.name].append((stamp, amount))
    for window in windows:
        if window.unit is Unit.REQUESTS:
            stamps = [stamp for stamp, _ in sent]
            spans = zip(stamps, stamps[window.limit :], strict=False)
            assert all(later >= earlier + window.seconds for earlier, later in spans)


@pytest.mark.parametrize("kind", KINDS)
@given(
    gaps=st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=1, max_size=30),
    limit=st.integers(1, 3),
)
def test_those_who_wait_are_told_when_they_are_served(
    kind: str, reused: Stores, gaps: list[float], limit: int
) -> None:
    """Who comes back when told is served then, in order, and none waits in vain."""
    check_line(reused.again(kind), gaps, limit)


def check_line(book: Windows, gaps: list[float], limit: int) -> None:
    window = Window("m", "w", limit, Unit.REQUESTS, 2.0)
    now, waiting, served = 0.0, [], []
    for number, gap in enumerate(gaps):
        now += gap
        for until, place in [each for each in waiting if each[0] <= now]:
            admitted(book.reserve("m", [window], 1, until, place=place))
            waiting.remove((until, place))
            served.append((until, place.id))
        place = Place("m", f"{number:02}")
        answer = book.reserve("m", [window], 1, now, place=place)
        if isinstance(answer, Denied):
            waiting.append((answer.until, place))
        else:
            served.append((now, place.id))
    for until, place in waiting:
        admitted(book.reserve("m", [window], 1, until, place=place))
        served.append((until, place.id))
    assert [name for _, name in served] == sorted(name for _, name in served)
    assert all(earlier <= later for (earlier, _), (later, _) in pairwise(served))
