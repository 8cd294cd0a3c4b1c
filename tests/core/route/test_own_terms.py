"""Targets with retries and waits of their own, beside others: `_core/route/standing.py`."""

from __future__ import annotations

from github_models_azure._core.route.plan import (
    Candidate,
    GiveUp,
    GiveUpReason,
    Plan,
    Step,
    Try,
    Wait,
)
from tests.core.route.plan_helpers import NOW, A, K, failed, route, target


def seven(_: Candidate) -> float:
    return 7.0


def step_of(plan: Plan, now: float = NOW) -> Step:
    return plan.next(now=now, back_off=lambda: 3.0, own_back_off=seven)


def test_a_target_is_asked_again_as_often_as_it_says() -> None:
    """Others as often as the rules say."""
    never, twice = target("never", retries=0), target("twice", retries=2)
    plan = failed(route(never, A, twice, max_retries=1), never, K.UNAVAILABLE)
    plan = failed(failed(plan, A, K.UNAVAILABLE), twice, K.UNAVAILABLE)
    assert step_of(plan) == Wait(3.0, A)
    plan = failed(plan, A, K.UNAVAILABLE)
    assert step_of(plan) == Wait(3.0, twice)
    plan = failed(plan, twice, K.UNAVAILABLE)
    assert step_of(plan) == Wait(3.0, twice)
    plan = failed(plan, twice, K.UNAVAILABLE, at=NOW)
    assert step_of(plan) == GiveUp(GiveUpReason.ATTEMPTS)


def test_the_attempts_that_are_left_do_not_matter_to_one_that_has_none() -> None:
    """It is not asked again, although the call could."""
    never = target("never", retries=0)
    plan = failed(route(never, max_retries=5), never, K.UNAVAILABLE)
    assert step_of(plan) == GiveUp(GiveUpReason.EXHAUSTED)


def test_a_target_waits_by_its_own_back_off() -> None:
    """The one that may be asked first is waited for."""
    slow = target("slow", own_waits=True)
    plan = failed(route(slow), slow, K.UNAVAILABLE)
    assert step_of(plan) == Wait(7.0, slow)
    plan = failed(failed(route(slow, A), slow, K.UNAVAILABLE), A, K.UNAVAILABLE)
    assert step_of(plan) == Wait(3.0, A)


def test_the_servers_own_wait_goes_before_it() -> None:
    """Seconds that were stated are no guess."""
    slow = target("slow", own_waits=True)
    plan = failed(route(slow), slow, K.UNAVAILABLE, retry_after=2.0)
    assert step_of(plan) == Wait(2.0, slow)
    assert step_of(plan, NOW + 2) == Try(slow, retry=True, forced=True)
