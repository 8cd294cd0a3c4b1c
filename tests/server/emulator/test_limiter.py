"""Rolling windows and the limiter that is made of them."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from github_models_azure.registry import Quota
from github_models_azure.server.emulator.limiter import Limiter, RollingWindow, whole_seconds

GAPS = st.lists(st.floats(0, 40, allow_nan=False), max_size=60)


def test_a_window_admits_up_to_its_limit() -> None:
    """The tenth of ten fits and the eleventh does not."""
    window = RollingWindow(10, 60)
    for _ in range(10):
        assert window.fits(0.0)
        window = window.add(0.0)
    assert not window.fits(59.9)


def test_a_window_rolls_rather_than_starts_anew() -> None:
    """Only what is a whole span old is forgotten, one request at a time."""
    window = RollingWindow(2, 60).add(0.0).add(50.0)
    assert window.wait(55.0) == 5.0
    assert window.fits(60.0)
    assert not window.add(60.0).fits(100.0)


def test_the_wait_is_until_enough_has_expired() -> None:
    """A dear request waits for several older ones to go."""
    window = RollingWindow(10, 60).add(0.0, 4).add(10.0, 4)
    assert window.wait(20.0, 2) == 0.0
    assert window.wait(20.0, 5) == 40.0
    assert window.wait(20.0, 9) == 50.0


def test_a_cost_above_the_limit_waits_for_an_empty_window() -> None:
    """The wait stays finite where nothing would ever fit."""
    assert RollingWindow(10, 60).wait(0.0, 11) == 60
    assert RollingWindow(10, 60).add(0.0).wait(5.0, 11) == 55


@pytest.mark.parametrize(("wait", "told"), [(0.0, 0), (0.2, 1), (46.0, 46), (46.01, 47)])
def test_waits_are_told_in_whole_seconds(wait: float, told: int) -> None:
    """A wait is rounded up, so that who obeys it is admitted."""
    assert whole_seconds(wait) == told


@given(gaps=GAPS, limit=st.integers(1, 7), span=st.integers(1, 90))
def test_no_span_ever_holds_more_than_the_limit(gaps: list[float], limit: int, span: int) -> None:
    """Whatever arrives when, any span of the window's length holds at most its limit."""
    window, admitted = RollingWindow(limit, span), []
    for now in accumulate(gaps):
        if window.fits(now):
            window = window.add(now)
            admitted.append(now)
    for start in admitted:
        assert sum(start <= moment < start + span for moment in admitted) <= limit


@example(gaps=[0.0, 1.999999999999993], limit=1, span=2)
@given(gaps=GAPS, limit=st.integers(1, 7), span=st.integers(1, 90))
def test_after_the_wait_the_request_fits(gaps: list[float], limit: int, span: int) -> None:
    """Whoever waits as told, rounded up, is admitted."""
    window = RollingWindow(limit, span)
    for now in accumulate(gaps):
        later = now + whole_seconds(window.wait(now))
        assert window.fits(later)
        if window.fits(now):
            window = window.add(now)


@given(gaps=GAPS, costs=st.lists(st.integers(1, 50), min_size=60, max_size=60))
def test_costs_count_like_requests(gaps: list[float], costs: list[int]) -> None:
    """A window of tokens never holds more tokens than its limit."""
    window, admitted = RollingWindow(100, 60), []
    for now, cost in zip(accumulate(gaps), costs, strict=False):
        if window.fits(now, cost):
            window = window.add(now, cost)
            admitted.append((now, cost))
    for start, _ in admitted:
        assert sum(cost for moment, cost in admitted if start <= moment < start + 60) <= 100


QUOTA = Quota(requests_per_minute=2, requests_per_day=5, concurrent_requests=1)


def admit(limiter: Limiter, now: float, *, user: str = "u", model: str = "m") -> str | None:
    """Admit and end one request; return the limit that refused it."""
    refusal = limiter.admit(user, model, QUOTA, tokens=10, now=now)
    if refusal is None:
        limiter.release(user, model)
    return refusal.type if refusal is not None else None


def test_the_minute_refuses_before_the_day_is_used_up() -> None:
    """Each window refuses under its own name."""
    limiter = Limiter()
    seen = [admit(limiter, 61.0 * n) for n in range(6)]
    assert seen == [None] * 5 + ["UserByModelByDay"]
    assert [admit(limiter, 86401.0 + n) for n in range(2)] == [None, "UserByModelByDay"]


def test_users_and_models_have_windows_of_their_own() -> None:
    """One user's minute does not touch another user or another model."""
    limiter = Limiter()
    assert [admit(limiter, 0.0) for _ in range(3)][-1] == "UserByModelByMinute"
    assert admit(limiter, 0.0, user="other") is None
    assert admit(limiter, 0.0, model="other") is None


def test_a_refused_request_does_not_count() -> None:
    """Knocking on a closed door keeps it closed no longer."""
    limiter = Limiter()
    for now in (0.0, 0.0, 10.0, 20.0, 59.0):
        admit(limiter, now)
    assert admit(limiter, 60.0) is None


def test_concurrency_is_the_number_running_at_once() -> None:
    """A second request is refused while the first runs, with a span and a wait of 0."""
    limiter = Limiter()
    assert limiter.admit("u", "m", QUOTA, tokens=1, now=0.0) is None
    refusal = limiter.admit("u", "m", QUOTA, tokens=1, now=0.0)
    assert refusal is not None
    assert (refusal.type, refusal.span, refusal.wait) == ("UserConcurrentRequests", 0, 0)
    limiter.release("u", "m")
    assert admit(limiter, 0.0) is None
    assert limiter.running() == 0


def test_tokens_per_minute_refuse_under_their_own_name() -> None:
    """The tokens of a minute are a window like the others."""
    quota = Quota(tokens_per_minute=100)
    limiter = Limiter()
    assert limiter.admit("u", "m", quota, tokens=80, now=0.0) is None
    refusal = limiter.admit("u", "m", quota, tokens=30, now=15.0)
    assert refusal is not None
    assert (refusal.type, refusal.limit, refusal.wait) == ("UserByModelByMinuteTokens", 100, 45)


def test_the_limit_over_all_models_counts_every_model() -> None:
    """The undocumented limit per user adds up what its models were asked."""
    limiter = Limiter(user_requests_per_minute=3)
    assert [admit(limiter, 0.0, model=str(n)) for n in range(4)] == [None] * 3 + ["UserByMinute"]


def test_a_clock_that_steps_back_frees_nothing() -> None:
    """Time that runs backwards is taken as standing still."""
    limiter = Limiter()
    for _ in range(2):
        admit(limiter, 100.0)
    assert admit(limiter, 0.0) == "UserByModelByMinute"
    assert admit(limiter, 160.0) is None
