"""The planner as tables: what it says next in each situation."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from github_models_azure._core.failure.kinds import (
    MALFORMED_ANSWER,
    MOVES_ON,
    WAITABLE,
    WRONG_PATH,
    FailureKind,
)
from github_models_azure._core.route.cooldown import Cooldown
from github_models_azure._core.route.needs import ModelFacts, Needs
from github_models_azure._core.route.plan import (
    LAST_RESORT,
    LATER,
    READY,
    REFUSED,
    GiveUp,
    GiveUpReason,
    Plan,
    Try,
    Wait,
)
from github_models_azure._core.trail_events import Skip
from tests.core.route.plan_helpers import (
    NOW,
    A,
    B,
    C,
    K,
    cooling,
    endpoint_failed,
    failed,
    route,
    target,
)

CALLERS = sorted(set(FailureKind) - MOVES_ON)
LACKING = ModelFacts(tools=False)
TOOLS = Needs(capabilities=("chat", "tools"))


def test_the_first_target_is_tried_first() -> None:
    """With nothing known against it, the requested target is asked."""
    assert route(A, B).next(now=NOW) == Try(A)


@pytest.mark.parametrize("kind", sorted(MOVES_ON))
def test_a_failure_that_moves_on_leads_to_the_next_target(kind: FailureKind) -> None:
    """The next target is asked at once, without a wait."""
    assert failed(route(A, B), A, kind).next(now=NOW) == Try(B)


@pytest.mark.parametrize("kind", CALLERS)
def test_the_callers_error_ends_the_call(kind: FailureKind) -> None:
    """A request that is refused for what it is goes nowhere else, whoever is ready."""
    step = failed(route(A, B, C), A, kind).next(now=NOW)
    assert step == GiveUp(GiveUpReason.CALLER_ERROR)


@pytest.mark.parametrize("kind", sorted(MOVES_ON))
def test_a_kind_that_may_not_move_on_stays_where_it_is(kind: FailureKind) -> None:
    """The same target is waited for where that can help; no other is asked."""
    plan = failed(route(A, B, moves_on=frozenset()), A, kind)
    step = plan.next(now=NOW, back_off=lambda: 2.0)
    if kind in WAITABLE:
        assert step == Wait(2.0, A)
    elif kind is K.UNCLEAR:
        assert step == GiveUp(GiveUpReason.CALLER_ERROR, attempt=0)
    else:
        assert step == GiveUp(GiveUpReason.NOT_ALLOWED)


@pytest.mark.parametrize("kind", sorted(MOVES_ON - WAITABLE))
def test_what_a_wait_cannot_cure_is_not_asked_again(kind: FailureKind) -> None:
    """An only target that is gone, too small or closed to the key ends the call."""
    step = failed(route(A), A, kind).next(now=NOW)
    if kind is K.UNCLEAR:
        assert step == GiveUp(GiveUpReason.CALLER_ERROR, attempt=0)
    else:
        assert step == GiveUp(GiveUpReason.EXHAUSTED)


@pytest.mark.parametrize("code", [WRONG_PATH, MALFORMED_ANSWER])
def test_a_wrong_url_is_not_asked_again(code: str) -> None:
    """A path that the server does not know, or an answer without sense, is no matter of time."""
    plan = failed(route(A), A, K.UNAVAILABLE, code=code)
    assert plan.next(now=NOW) == GiveUp(GiveUpReason.EXHAUSTED)


@pytest.mark.parametrize("kind", sorted(WAITABLE))
def test_an_only_target_is_waited_for(kind: FailureKind) -> None:
    """With nobody else left, the back-off decides when it is asked again."""
    plan = failed(route(A), A, kind)
    assert plan.next(now=NOW, back_off=lambda: 3.0) == Wait(3.0, A)


def test_the_servers_own_wait_comes_before_the_back_off() -> None:
    """Where the server stated seconds, they are waited, not ours."""
    plan = failed(route(A), A, K.UNAVAILABLE, retry_after=7.0)
    assert plan.next(now=NOW, back_off=lambda: 3.0) == Wait(7.0, A)


def test_the_target_that_returns_first_is_waited_for() -> None:
    """Among several that are limited, the earliest reset decides."""
    plan = failed(route(A, B), A, K.RATE_LIMITED, retry_after=30.0)
    plan = failed(plan, B, K.RATE_LIMITED, retry_after=20.0)
    assert plan.next(now=NOW) == Wait(20.0, B)


def test_a_reset_in_the_ledger_outlasts_the_last_answer() -> None:
    """What an earlier call learnt of the target is not forgotten for a shorter figure."""
    plan = failed(route(A), A, K.RATE_LIMITED, retry_after=5.0)
    assert plan.next(now=NOW, cooldowns=cooling(A, 40)) == Wait(40.0, A)


def test_after_a_wait_the_same_target_is_resumed() -> None:
    """The target that was waited for is asked, although it stands behind others."""
    plan = failed(failed(route(A, B), A, K.RATE_LIMITED, retry_after=30.0), B, K.UNAVAILABLE)
    wait = plan.next(now=NOW, back_off=lambda: 2.0)
    assert wait == Wait(2.0, B)
    resumed = plan.wait(wait)
    assert resumed.waited == 2.0
    assert resumed.next(now=NOW + 2) == Try(B, retry=True, forced=True)


def test_a_soft_cooldown_does_not_stop_a_resume() -> None:
    """Our own judgement of the target that was waited for is not waited out a second time."""
    plan = failed(route(A), A, K.UNAVAILABLE)
    resumed = plan.wait(Wait(1.0, A))
    step = resumed.next(now=NOW + 1, cooldowns=cooling(A, 5, soft=True))
    assert step == Try(A, retry=True, forced=True)


def test_a_reset_stated_meanwhile_stops_a_resume() -> None:
    """Another call was told of a limit during the wait: it is waited for as well."""
    plan = failed(route(A), A, K.UNAVAILABLE).wait(Wait(1.0, A))
    assert plan.next(now=NOW + 1, cooldowns=cooling(A, 21)) == Wait(20.0, A)


def test_a_target_that_became_ready_is_asked_before_a_second_wait() -> None:
    """When the resumed target is limited again, a free one goes first."""
    plan = route(A, B).wait(Wait(1.0, A))
    assert plan.next(now=NOW, cooldowns=cooling(A, 20)) == Try(
        B, passed=(Skip("a", "rate limited, returns in 20 s"),)
    )


@pytest.mark.parametrize("endpoint", [False, True])
def test_a_hard_cooldown_is_passed_over_with_its_reason(endpoint: bool) -> None:
    """A limited target, or one on a limited endpoint, is left out until its reset."""
    other = target("other", "f")
    step = route(A, other).next(now=NOW, cooldowns=cooling(A, 90, endpoint=endpoint))
    assert step == Try(other, passed=(Skip("a", "rate limited, returns in 1 min 30 s"),))


def test_a_soft_cooldown_is_a_last_resort() -> None:
    """A target that was down goes behind every other, and before giving up."""
    cooldowns = cooling(A, 5, soft=True)
    assert route(A, B).next(now=NOW, cooldowns=cooldowns) == Try(
        B, passed=(Skip("a", "unavailable, returns in 5 s"),)
    )
    assert route(A).next(now=NOW, cooldowns=cooldowns) == Try(A, forced=True)


def test_a_last_resort_comes_before_a_wait() -> None:
    """Rather than wait for a reset, the target that was down is asked."""
    cooldowns = {**cooling(A, 20), **cooling(B, 5, soft=True)}
    step = route(A, B).next(now=NOW, cooldowns=cooldowns)
    assert step == Try(B, forced=True, passed=(Skip("a", "rate limited, returns in 20 s"),))


def test_of_several_last_resorts_the_first_is_asked() -> None:
    """The order of the route holds among them, and the others are noted."""
    cooldowns = {**cooling(A, 5, soft=True), **cooling(B, 4, soft=True)}
    step = route(A, B).next(now=NOW, cooldowns=cooldowns)
    assert step == Try(A, forced=True, passed=(Skip("b", "unavailable, returns in 4 s"),))


def test_the_harder_of_two_cooldowns_counts() -> None:
    """A reset the server stated outweighs our own judgement, the later one the earlier."""
    soft_target = cooling(A, 500, soft=True)
    hard_endpoint = cooling(A, 20, endpoint=True)
    assert route(A).next(now=NOW, cooldowns={**soft_target, **hard_endpoint}) == Wait(
        20.0, A, (Skip("a", "rate limited, returns in 20 s"),)
    )
    both = {A.key: Cooldown(NOW + 10, K.RATE_LIMITED), "e": Cooldown(NOW + 30, K.RATE_LIMITED)}
    step = route(A).next(now=NOW, cooldowns=both)
    assert isinstance(step, Wait)
    assert step.seconds == 30.0


@pytest.mark.parametrize(
    ("rules", "deadline"),
    [({"max_wait": 19.9}, inf), ({}, NOW + 19), ({}, NOW + 20)],
)
def test_a_wait_that_does_not_fit_is_refused_at_once(
    rules: dict[str, Any], deadline: float
) -> None:
    """Neither ``max_wait`` nor the deadline is slept past; the step says when to come back."""
    plan = failed(route(A, **rules), A, K.RATE_LIMITED, retry_after=20.0)
    step = plan.next(now=NOW, deadline=deadline)
    assert isinstance(step, GiveUp)
    assert (step.reason, step.retry_at) == (GiveUpReason.WAIT, NOW + 20)


def test_waits_add_up() -> None:
    """What was waited before counts towards ``max_wait``."""
    plan = failed(route(A, max_wait=30), A, K.RATE_LIMITED, retry_after=20.0)
    plan = failed(plan.wait(Wait(20.0, A)), A, K.RATE_LIMITED, retry_after=20.0, at=NOW + 20)
    step = plan.next(now=NOW + 20)
    assert isinstance(step, GiveUp)
    assert (step.reason, step.retry_at) == (GiveUpReason.WAIT, NOW + 40)


@pytest.mark.parametrize("kind", [K.RATE_LIMITED, K.QUOTA_EXHAUSTED, K.UNAVAILABLE])
def test_giving_up_tells_what_is_waited_for(kind: FailureKind) -> None:
    """A reset known from an earlier call is named by its kind and its time."""
    known = {A.key: Cooldown(NOW + 600, kind)}
    step = route(A).next(now=NOW, cooldowns=known)
    assert isinstance(step, GiveUp)
    assert (step.reason, step.retry_at, step.kind) == (GiveUpReason.WAIT, NOW + 600, kind)


def test_the_attempts_are_counted_in_all() -> None:
    """After ``max_attempts`` requests nothing more is sent, whoever is ready."""
    plan = failed(route(A, B, C, max_attempts=2), A, K.UNAVAILABLE)
    assert isinstance(plan.next(now=NOW), Try)
    assert failed(plan, B, K.UNAVAILABLE).next(now=NOW) == GiveUp(GiveUpReason.ATTEMPTS)


@pytest.mark.parametrize("now", [NOW, NOW + 1])
def test_nothing_is_started_after_the_deadline(now: float) -> None:
    """When the time is over, not even the first target is asked."""
    assert route(A).next(now=now, deadline=NOW) == GiveUp(GiveUpReason.DEADLINE)


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (2, 3)])
def test_retries_of_one_target_are_counted(retries: int, tries: int) -> None:
    """``max_retries`` is how often one target is asked again."""
    plan = route(A, max_retries=retries)
    for _ in range(tries):
        assert isinstance(plan.next(now=NOW), Try | Wait)
        plan = failed(plan, A, K.UNAVAILABLE)
    assert plan.next(now=NOW) == GiveUp(GiveUpReason.EXHAUSTED)


def test_a_neighbours_failure_is_no_retry_of_mine() -> None:
    """A target that was never asked is waited for even where nothing may be retried."""
    plan = endpoint_failed(route(A, B, max_retries=0), A, K.UNAVAILABLE)
    assert plan.next(now=NOW, back_off=lambda: 1.0) == Wait(1.0, B, (Skip("b", "a failed"),))


@pytest.mark.parametrize("kind", [K.AUTH, K.ENDPOINT_GONE, K.QUOTA_EXHAUSTED])
def test_what_holds_for_an_endpoint_leaves_all_of_it(kind: FailureKind) -> None:
    """Other targets of the endpoint are passed over for the same reason; others are asked."""
    other = target("other", "f")
    step = endpoint_failed(route(A, B, other), A, kind).next(now=NOW)
    assert step == Try(other, passed=(Skip("b", "a said: a failed"),))


def test_an_endpoint_that_is_down_is_waited_for_as_a_whole() -> None:
    """Its other targets are not asked in the meantime."""
    plan = endpoint_failed(route(A, B), A, K.UNAVAILABLE, retry_after=4.0)
    step = plan.next(now=NOW)
    assert isinstance(step, Wait)
    assert (step.seconds, step.candidate) == (4.0, A)


def test_a_failure_of_one_target_says_nothing_of_its_neighbour() -> None:
    """Without endpoint scope, only the target itself is left out."""
    assert failed(route(A, B), A, K.AUTH).next(now=NOW) == Try(B)


@pytest.mark.parametrize(
    ("stated", "own", "other", "asked"),
    [
        (8000, None, 8000, False),
        (8000, None, 7999, False),
        (8000, None, 8001, True),
        (8000, None, None, True),
        (None, 8000, 8000, False),
        (None, 8000, 9000, True),
        (None, None, 10, True),
        (9000, 8000, 8500, False),
    ],
)
def test_too_large_leads_to_larger_targets_only(
    stated: int | None, own: int | None, other: int | None, asked: bool
) -> None:
    """What was too much for a limit is not sent to a target known to have no larger one."""
    first = target("first", facts=ModelFacts(input_tokens=own))
    second = target("second", "f", facts=ModelFacts(input_tokens=other))
    plan = failed(route(first, second), first, K.TOO_LARGE, max_input_tokens=stated)
    step = plan.next(now=NOW)
    assert step == (
        Try(second)
        if asked
        else GiveUp(GiveUpReason.EXHAUSTED, passed=(Skip("second", "first said: first failed"),))
    )


def test_a_repair_asks_the_same_target_at_once() -> None:
    """A request that can be repaired goes to the same target before any other."""
    plan = failed(route(A, B), A, K.WRONG_DIALECT, repair=True)
    assert plan.next(now=NOW) == Try(A, retry=True, forced=True)
    again = failed(plan, A, K.WRONG_DIALECT)
    assert again.next(now=NOW) == Try(B)


def test_a_repair_is_an_attempt_like_any_other() -> None:
    """It needs room in ``max_attempts`` and time before the deadline."""
    plan = failed(route(A, max_attempts=1), A, K.WRONG_DIALECT, repair=True)
    assert plan.next(now=NOW) == GiveUp(GiveUpReason.ATTEMPTS)
    plan = failed(route(A), A, K.WRONG_DIALECT, repair=True)
    assert plan.next(now=NOW, deadline=NOW) == GiveUp(GiveUpReason.DEADLINE)


def test_a_retired_route_is_never_asked() -> None:
    """With every target gone the reason is retirement; one that was asked makes it exhaustion."""
    gone = target("gone", gone="e was retired")
    skip = Skip("gone", "e was retired")
    assert route(gone).next(now=NOW) == GiveUp(GiveUpReason.RETIRED, passed=(skip,))
    assert route(gone, A).next(now=NOW) == Try(A, passed=(skip,))
    plan = failed(route(gone, A), A, K.MODEL_GONE)
    assert plan.next(now=NOW) == GiveUp(GiveUpReason.EXHAUSTED, passed=(skip,))


def test_a_refused_target_is_never_asked() -> None:
    """What may not be used is no last resort either."""
    refused = target("refused", refused="not available on the plan free")
    assert route(refused).next(now=NOW) == GiveUp(
        GiveUpReason.EXHAUSTED, passed=(Skip("refused", "not available on the plan free"),)
    )


@pytest.mark.parametrize("firm", [True, False])
def test_a_target_that_lacks_something(firm: bool) -> None:
    """Firm facts refuse; facts seen elsewhere put the target last, and out after a failure."""
    lacking = target("lacking", facts=LACKING, firm=firm)
    plan = route(lacking, B, needs=TOOLS)
    assert plan.next(now=NOW) == Try(B, passed=(Skip("lacking", "does not support tools"),))
    alone = route(lacking, needs=TOOLS).next(now=NOW)
    if firm:
        assert isinstance(alone, GiveUp)
    else:
        assert alone == Try(lacking, forced=True)
    assert isinstance(failed(plan, B, K.MODEL_GONE).next(now=NOW), GiveUp)


def test_limits_that_may_be_stale_only_order_the_first_attempt() -> None:
    """An output limit from a catalogue puts a target last, and refuses nothing alone."""
    small = target("small", facts=ModelFacts(output_tokens=10))
    needs = Needs(output_tokens=11)
    reason = "11 output tokens are over its limit of 10"
    assert route(small, B, needs=needs).next(now=NOW) == Try(B, passed=(Skip("small", reason),))
    assert route(small, needs=needs).next(now=NOW) == Try(small, forced=True)


def test_a_skip_names_the_failure_foreseen() -> None:
    """Callers can tell a full context window and a known limit apart without reading words."""
    small = target("small", facts=ModelFacts(input_tokens=10))
    plan = route(small, A, B, needs=Needs(input_tokens=9_999))
    step = plan.next(now=NOW, cooldowns=cooling(A, 9))
    assert isinstance(step, Try)
    assert [skip.kind for skip in step.passed] == [K.TOO_LARGE, K.RATE_LIMITED]
    lacking = route(target("lacking", facts=LACKING), B, needs=TOOLS).next(now=NOW)
    assert isinstance(lacking, Try)
    assert [skip.kind for skip in lacking.passed] == [K.REJECTED]


def test_a_target_that_was_tried_is_not_also_skipped() -> None:
    """The trail shows its attempt, so no skip is reported for it."""
    plan = failed(route(A, B), A, K.RATE_LIMITED, retry_after=9.0)
    assert plan.next(now=NOW, cooldowns=cooling(A, 9)) == Try(B)


def test_an_empty_route_is_given_up_at_once() -> None:
    """Nothing to ask is an answer too."""
    assert isinstance(Plan(()).next(now=NOW), GiveUp)


def test_the_survey_orders_the_route_as_it_would_be_asked() -> None:
    """Ready first, then last resorts, then those that return later, then the refused."""
    gone, soft, hard = target("gone", gone="retired"), target("soft"), target("hard")
    plan = route(gone, hard, soft, A, B)
    cooldowns = {**cooling(soft, 5, soft=True), **cooling(hard, 60)}
    verdicts = plan.survey(now=NOW, cooldowns=cooldowns)
    assert [(v.candidate.target, v.rank) for v in verdicts] == [
        ("a", READY),
        ("b", READY),
        ("soft", LAST_RESORT),
        ("hard", LATER),
        ("gone", REFUSED),
    ]
    assert [v.reason for v in verdicts[2:]] == [
        "unavailable, returns in 5 s",
        "rate limited, returns in 1 min",
        "retired",
    ]


def test_the_last_failure_is_that_of_the_last_attempt() -> None:
    """Nothing before the first attempt, then the latest."""
    assert route(A).last_failure is None
    plan = failed(failed(route(A, B), A, K.AUTH), B, K.MODEL_GONE)
    assert plan.last_failure is not None
    assert plan.last_failure.kind is K.MODEL_GONE


def test_a_target_with_a_reset_of_its_own_is_not_waited_for_in_place_of_another() -> None:
    """b is limited for long, a's endpoint is down for a moment: a is waited for, then asked."""
    known = cooling(B, 5000)
    plan = endpoint_failed(route(B, A), A, K.UNAVAILABLE)
    step = plan.next(now=NOW, cooldowns=known, back_off=lambda: 2.0)
    assert isinstance(step, Wait)
    assert (step.seconds, step.candidate) == (2.0, A)
    step = plan.wait(step).next(now=NOW + 2, cooldowns=known)
    assert step == Try(A, retry=True, forced=True)
