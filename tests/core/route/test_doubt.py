"""Refusals that may be anybody's fault, and failures that are only likely of an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure._core.failure.kinds import (
    MALFORMED_ANSWER,
    MOVES_ON,
    WRONG_PATH,
    Failure,
    FailureKind,
    Scope,
    deciding,
)
from github_models_azure._core.route.plan import GiveUp, GiveUpReason, Plan, Try, Wait
from tests.core.route.plan_helpers import NOW, A, B, C, cooling, failed, route, target

K = FailureKind
D = target("d")
NO_WORD = [K.RATE_LIMITED, K.UNAVAILABLE, K.BAD_STREAM, K.QUOTA_EXHAUSTED, K.MODEL_GONE, K.AUTH,
           K.TOO_LARGE, K.WRONG_DIALECT]  # fmt: skip


def first_refusal(step: object, attempt: int = 0) -> bool:
    return isinstance(step, GiveUp) and (step.reason, step.attempt) == (
        GiveUpReason.CALLER_ERROR,
        attempt,
    )


def test_one_other_target_is_asked_for_a_second_word() -> None:
    """If it refuses too, the third is not asked, and the first refusal is what the caller gets."""
    plan = failed(route(A, B, C), A, K.UNCLEAR)
    assert plan.next(now=NOW) == Try(B)
    assert first_refusal(failed(plan, B, K.UNCLEAR).next(now=NOW))


@pytest.mark.parametrize("kind", [K.REJECTED, K.CONTENT_FILTERED])
def test_a_clear_refusal_settles_the_doubt(kind: K) -> None:
    """Then it is the request, and the first refusal was right."""
    plan = failed(failed(route(A, B, C), A, K.UNCLEAR), B, kind)
    assert first_refusal(plan.next(now=NOW))


@pytest.mark.parametrize("kind", NO_WORD)
def test_who_gives_no_word_on_the_request_does_not_count(kind: K) -> None:
    """A limit, an outage or a lack of its own: the next is asked; then nobody is waited for."""
    plan = failed(failed(route(A, B, C), A, K.UNCLEAR), B, kind)
    assert plan.next(now=NOW, back_off=lambda: 1.0) == Try(C)
    plan = failed(plan, C, kind)
    assert first_refusal(plan.next(now=NOW, back_off=lambda: 1.0))


def test_the_first_in_doubt_is_not_the_first_that_failed() -> None:
    """a is limited, b and c refuse: b's refusal is the caller's."""
    plan = failed(route(A, B, C, D), A, K.RATE_LIMITED, retry_after=1.0)
    plan = failed(plan, B, K.UNCLEAR)
    assert plan.next(now=NOW) == Try(C)
    assert first_refusal(failed(plan, C, K.UNCLEAR).next(now=NOW), 1)


@pytest.mark.parametrize("moves_on", [frozenset(), MOVES_ON - {K.UNCLEAR}])
def test_without_it_in_fallback_on_it_is_the_callers_at_once(moves_on: frozenset[K]) -> None:
    """Nobody else is asked, as for any other error of the caller's."""
    plan = failed(route(A, B, moves_on=moves_on), A, K.UNCLEAR)
    assert first_refusal(plan.next(now=NOW))


def test_a_doubt_ends_with_the_attempts_and_with_the_time() -> None:
    """The refusal says more than that nothing more could be asked."""
    plan = failed(route(A, B, max_attempts=1), A, K.UNCLEAR)
    assert first_refusal(plan.next(now=NOW))
    assert first_refusal(failed(route(A, B), A, K.UNCLEAR).next(now=NOW, deadline=NOW))


def test_a_target_that_is_known_to_be_limited_is_not_waited_for() -> None:
    """One of a soft cooldown is asked, for it may be back."""
    plan = failed(route(A, B), A, K.UNCLEAR)
    assert first_refusal(plan.next(now=NOW, cooldowns=cooling(B, 5)))
    assert plan.next(now=NOW, cooldowns=cooling(B, 5, soft=True)) == Try(B, forced=True)


def test_a_second_word_may_be_mended() -> None:
    """The other target refuses a member, and is asked again without it."""
    plan = failed(failed(route(A, B, C), A, K.UNCLEAR), B, K.WRONG_DIALECT, repair=True)
    assert plan.next(now=NOW) == Try(B, retry=True, forced=True)
    assert first_refusal(failed(plan, B, K.UNCLEAR).next(now=NOW))


def test_a_doubt_is_a_sum_of_attempts() -> None:
    """Whichever way a plan came by them."""
    assert route(A).doubt is None
    plan = failed(failed(route(A, B, C), A, K.AUTH), B, K.UNCLEAR)
    assert plan.doubt == 1
    assert Plan(plan.route, attempts=plan.attempts).doubt == 1


def guess(plan: Plan, candidate: Any, kind: K = K.QUOTA_EXHAUSTED, **members: Any) -> Plan:
    return failed(plan, candidate, kind, scope=Scope.ENDPOINT, guessed=True, **members)


OTHER = target("other", "f")
GUESSES = [
    {"kind": K.QUOTA_EXHAUSTED},
    {"kind": K.UNAVAILABLE, "code": WRONG_PATH},
    {"kind": K.UNAVAILABLE, "code": MALFORMED_ANSWER},
]


@pytest.mark.parametrize("members", GUESSES)
def test_a_guess_about_an_endpoint_puts_its_siblings_last(members: dict[str, Any]) -> None:
    """Another endpoint goes before them; one is asked before the call fails, and one only."""
    plan = guess(route(A, B, C, OTHER), A, **members)
    step = plan.next(now=NOW)
    assert isinstance(step, Try)
    assert step.candidate is OTHER
    assert [skip.reason for skip in step.passed] == ["a said: a failed"] * 2
    plan = failed(plan, OTHER, K.MODEL_GONE)
    step = plan.next(now=NOW)
    assert isinstance(step, Try)
    assert step.candidate is B
    plan = guess(plan, B, **members)
    assert isinstance(plan.next(now=NOW), GiveUp)


def test_a_sibling_that_fails_by_itself_leaves_the_next_one_in_question() -> None:
    """Nobody said the same of the endpoint."""
    plan = failed(guess(route(A, B, C), A), B, K.MODEL_GONE)
    step = plan.next(now=NOW)
    assert isinstance(step, Try)
    assert step.candidate is C


def test_what_is_sure_of_an_endpoint_refuses_its_siblings() -> None:
    """As before, also after a guess."""
    plan = failed(guess(route(A, B, C), A), B, K.AUTH, scope=Scope.ENDPOINT)
    assert isinstance(plan.next(now=NOW), GiveUp)


def test_an_outage_beside_a_guess_is_waited_for() -> None:
    """The endpoint is down, and one target of it has no money: the other is asked again."""
    plan = guess(route(A, B), A)
    plan = failed(plan, B, K.UNAVAILABLE, scope=Scope.ENDPOINT)
    step = plan.next(now=NOW, back_off=lambda: 2.0)
    assert isinstance(step, Wait)
    assert step.candidate is B


@pytest.mark.parametrize("kind", [K.RATE_LIMITED, K.UNAVAILABLE, K.BAD_STREAM])
def test_a_final_failure_is_not_waited_for(kind: K) -> None:
    """The server said that the same request is refused again; others are asked."""
    plan = failed(route(A, B), A, kind, final=True, retry_after=1.0)
    assert plan.next(now=NOW) == Try(B)
    plan = failed(plan, B, kind, final=True)
    assert isinstance(plan.next(now=NOW, back_off=lambda: 1.0), GiveUp)


def test_the_failure_that_a_call_ended_in() -> None:
    """The first in doubt if it ended in a refusal, else the last; none of no failures."""
    limited, first, second = Failure(K.RATE_LIMITED), Failure(K.UNCLEAR), Failure(K.UNCLEAR)
    assert deciding([], refused=True) is None
    assert deciding([limited, first, second, limited], refused=True) is first
    assert deciding([limited, first, limited], refused=False) is limited
    assert deciding([first, limited], refused=False) is limited
