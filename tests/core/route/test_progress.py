"""The steps of whole calls: those of the plain planner, at a cost that grows with the call.

About `_core/route/standing.py`.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.failure.kinds import MALFORMED_ANSWER, MOVES_ON, Failure, Scope
from github_models_azure._core.route.cooldown import Cooldown
from github_models_azure._core.route.needs import UNKNOWN, ModelFacts, Needs
from github_models_azure._core.route.plan import (
    Candidate,
    GiveUp,
    GiveUpReason,
    Plan,
    Rules,
    Step,
    Try,
    Wait,
)
from github_models_azure._core.trail_events import Attempt, Skip
from tests.core.route.plain_planner_helpers import plain_next
from tests.core.route.plan_helpers import NOW, K, route, target

SIZES = st.none() | st.sampled_from([1000, 8000, 16_000])
KINDS = sorted(K)
WAITS = st.sampled_from([0.0, 0.0, 0.5, 5.0, 70.0])
candidates = st.builds(
    lambda number, endpoint, **members: Candidate(
        f"t{number % 9}", f"{endpoint}|{number}", endpoint, **members
    ),
    number=st.integers(0, 30),
    endpoint=st.sampled_from("efg"),
    gone=st.sampled_from([None, None, None, None, "retired"]),
    refused=st.sampled_from([None, None, None, None, "not on this plan"]),
    firm=st.booleans(),
    retries=st.sampled_from([None, None, 0, 1, 3]),
    learnt=st.just(UNKNOWN) | st.builds(ModelFacts, output_tokens=SIZES, tools=st.booleans()),
    facts=st.builds(
        ModelFacts,
        input_tokens=SIZES,
        output_tokens=SIZES,
        tools=st.none() | st.booleans(),
        forced_choice=st.none() | st.booleans(),
    ),
)
plans = st.builds(
    Plan,
    route=st.lists(candidates, min_size=1, max_size=9, unique_by=lambda one: one.key).map(tuple),
    needs=st.builds(
        Needs,
        input_tokens=st.sampled_from([0, 4000, 9700]),
        output_tokens=SIZES,
        capabilities=st.sampled_from(
            [("chat",), ("chat", "tools"), ("chat", "tools", "forced_choice")]
        ),
    ),
    rules=st.builds(
        Rules,
        moves_on=st.just(MOVES_ON) | st.frozensets(st.sampled_from(sorted(MOVES_ON))),
        max_attempts=st.just(40),
        max_wait=st.sampled_from([0.0, 60.0, 10_000.0]),
        max_retries=st.none() | st.integers(0, 3),
    ),
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(KINDS) | st.sampled_from([K.UNAVAILABLE, K.RATE_LIMITED, K.TOO_LARGE]),
    scope=st.sampled_from(Scope),
    code=st.sampled_from([None, None, None, MALFORMED_ANSWER]),
    message=st.sampled_from(["no", "not now", ""]),
    retry_after=st.none() | WAITS,
    max_input_tokens=SIZES,
    guessed=st.booleans(),
    final=st.booleans(),
)
cooldowns = st.builds(
    Cooldown,
    until=st.sampled_from([NOW + 1, NOW + 30, NOW + 5000, inf]),
    kind=st.sampled_from([K.RATE_LIMITED, K.UNAVAILABLE]),
    soft=st.booleans(),
)


def seen(step: Step) -> tuple[Step, list[object]]:
    """A step, and what equality does not look at: who is meant, and the kinds foreseen."""
    who = None if isinstance(step, GiveUp) else id(step.candidate)
    return step, [who, *(skip.kind for skip in step.passed)]


@settings(deadline=None)
@given(plan=plans, data=st.data())
def test_the_steps_are_those_of_the_plain_planner(plan: Plan, data: st.DataObject) -> None:
    """Whatever fails, cools, recovers, waits and is repaired: same steps, same skips.

    Some attempts are recorded that no step asked for, and a plan that was left behind by others
    answers as it did.
    """
    keys = [key for one in plan.route for key in (one.key, one.endpoint)]
    now, known, asked = NOW, dict[str, Cooldown](), []
    for _ in range(data.draw(st.integers(1, 25))):
        if data.draw(st.booleans()):
            known = data.draw(st.dictionaries(st.sampled_from(keys), cooldowns, max_size=5))
        wait = data.draw(WAITS)
        world: dict[str, Any] = {"now": now, "cooldowns": known, "back_off": lambda s=wait: s}
        step = plan.next(**world)
        asked.append((plan, world, seen(step)))
        assert seen(step) == seen(plain_next(plan, **world))
        assert [plan.tries_of(one) for one in plan.route] == [
            sum(tried.key == one.key for tried, _ in plan.attempts) for one in plan.route
        ]
        if isinstance(step, Wait):
            now += data.draw(st.sampled_from([0.0, step.seconds, step.seconds + 1]))
            plan = plan.wait(step)
            continue
        stray = not isinstance(step, Try) or not data.draw(st.integers(0, 9))
        candidate = data.draw(st.sampled_from(plan.route)) if stray else step.candidate
        now += data.draw(st.sampled_from([0.0, 0.5, 10.0]))
        failure = data.draw(failures) if data.draw(st.integers(0, 9)) else None
        repair = failure is not None and failure.kind is K.WRONG_DIALECT
        attempt = Attempt(candidate.target, now, failure=failure)
        plan = plan.record(candidate, attempt, repair=repair and data.draw(st.booleans()))
    for before, world, answer in asked:
        assert seen(before.next(**world)) == answer
        assert seen(replace(before).next(**world)) == answer


A, B, C, D, E = (target(name, where) for name, where in zip("abcde", "eefgh", strict=True))
GONE = {"kind": K.MODEL_GONE, "message": "gone"}


def down(message: str, kind: K = K.UNAVAILABLE) -> dict[str, Any]:
    return {"kind": kind, "scope": Scope.ENDPOINT, "message": message}


def driven(plan: Plan, *failing: dict[str, Any]) -> Step:
    """The step after attempts that fail so, one after the other, waited for where need be."""
    for members in failing:
        step = checked(plan)
        if isinstance(step, Wait):
            plan = plan.wait(step)
            step = checked(plan)
        assert isinstance(step, Try)
        attempt = Attempt(step.candidate.target, NOW, failure=Failure(**members))
        plan = plan.record(step.candidate, attempt)
    return checked(plan)


def checked(plan: Plan) -> Step:
    step = plan.next(now=NOW, back_off=lambda: 1.0)
    assert seen(step) == seen(plain_next(plan, now=NOW, cooldowns={}, back_off=lambda: 1.0))
    return step


def test_a_met_limit_changes_why_a_target_is_skipped() -> None:
    """b's endpoint is down; then a limit is met that b has as well, and this is what counts."""
    small = target("b", "e", facts=ModelFacts(input_tokens=500))
    plan = route(A, small, C, D, E)
    assert driven(plan, down("down"), GONE) == Try(D, passed=(Skip("b", "down"),))
    too_large = {"kind": K.TOO_LARGE, "max_input_tokens": 900, "message": "too long"}
    step = driven(plan, down("down"), GONE, too_large)
    assert step == Try(E, passed=(Skip("b", "d said: too long"),))


def test_a_second_failure_of_an_endpoint_changes_why_its_targets_are_skipped() -> None:
    """a is asked again after a wait and fails in other words, which hold for b as well."""
    plan = route(A, B, C)
    assert driven(plan, down("down"), GONE) == Wait(1.0, A, (Skip("b", "down"),))
    step = driven(plan, down("down"), GONE, down("still down"))
    assert step == Wait(1.0, A, (Skip("b", "still down"),))
    step = driven(plan, down("down"), GONE, down("no key", K.AUTH))
    assert step == GiveUp(GiveUpReason.EXHAUSTED, passed=(Skip("b", "a said: no key"),))


def test_a_skipped_target_that_is_asked_after_all_is_not_skipped_any_more() -> None:
    """a may not be retried, so b is what is waited for; the trail shows its attempt."""
    plan = route(A, B, C, max_retries=0)
    assert driven(plan, down("down"), GONE) == Wait(1.0, B, (Skip("b", "down"),))
    step = driven(plan, down("down"), GONE, {"kind": K.AUTH})
    assert step == GiveUp(GiveUpReason.EXHAUSTED)


def test_a_target_that_was_passed_over_is_asked_as_soon_as_it_is_ready() -> None:
    """a is limited while b fails; then it is free again, and c's turn comes after it."""
    plan = route(A, B, C)
    known = {A.key: Cooldown(NOW + 60, K.RATE_LIMITED)}
    assert plan.next(now=NOW, cooldowns=known) == Try(
        B, passed=(Skip("a", "rate limited, returns in 1 min"),)
    )
    plan = plan.record(B, Attempt("b", NOW, failure=Failure(**GONE)))
    assert checked(plan) == Try(A)
    plan = plan.record(A, Attempt("a", NOW, failure=Failure(**GONE)))
    assert checked(plan) == Try(C)


def test_a_target_that_answered_may_be_asked_again() -> None:
    """An answer speaks against nothing; the attempt counts as one."""
    plan = route(A, B)
    assert plan.tries_of(A) == 0
    plan = plan.record(A, Attempt("a", NOW))
    assert [plan.tries_of(one) for one in (A, B)] == [1, 0]
    assert checked(plan) == Try(A, retry=True)


def test_a_target_that_is_not_on_the_route_changes_nothing_about_those_that_are() -> None:
    """Its failure speaks of no other target."""
    plan = route(A, B).record(C, Attempt("c", NOW, failure=Failure(**GONE)))
    assert checked(plan) == Try(A)


def test_the_first_limit_that_rules_a_target_out_is_named() -> None:
    """a meets 900, c meets 2000: d has 1500, so it is ruled out by c, and b, with 500, by a."""
    b, d = (
        target(name, facts=ModelFacts(input_tokens=size))
        for name, size in (("b", 500), ("d", 1500))
    )
    too_large = {"kind": K.TOO_LARGE, "message": "too long"}
    met = [{**too_large, "max_input_tokens": size} for size in (900, 2000)]
    step = driven(route(A, b, C, d, E), *met)
    assert step == Try(E, passed=(Skip("b", "a said: too long"), Skip("d", "c said: too long")))


def test_what_many_targets_told_twice_is_all_kept() -> None:
    """The second attempts count, however many there are."""
    targets = [target(f"t{one}") for one in range(75)]
    plan = route(*targets, max_attempts=200)
    for one in (*targets, *targets[:40]):
        plan = plan.record(one, Attempt(one.target, NOW))
    assert [plan.tries_of(one) for one in targets] == [2] * 40 + [1] * 35


class Counted(Candidate):
    """A target that counts how often any of them is looked at."""

    looks: ClassVar[int] = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "gone":  # what the planner asks first of a target
            Counted.looks += 1
        return super().__getattribute__(name)


def looks(
    number: int, kind: K, *, front: int = 0, gone: int = 0, wide: bool = False, repair: bool = False
) -> int:
    """How often targets are looked at while every one of a route fails, each in its turn.

    :param front: targets that another call knows to be limited, before all others.
    :param gone: how many of the targets behind are retired, one after each that is not.
    :param wide: each target has an endpoint, of which its failure speaks.
    :param repair: each is asked once more, repaired.
    """
    targets = [Counted(f"c{one}", f"c|{one}", "c") for one in range(front)]
    for one in range(number):
        endpoint = f"e{one}" if wide else "e"
        targets.append(Counted(f"t{one}", f"{endpoint}|{one}", endpoint))
        targets += [Counted(f"g{one}", f"g|{one}", "g", gone="retired")] if one < gone else []
    plan = route(*targets, max_attempts=3 * number)
    known = {one.key: Cooldown(inf, K.QUOTA_EXHAUSTED) for one in targets[:front]}
    scope, tried = Scope.ENDPOINT if wide else Scope.TARGET, 0
    Counted.looks = 0
    while isinstance(step := plan.next(now=NOW, cooldowns=known, back_off=lambda: 1.0), Try):
        tried += 1
        failure = Failure(kind, scope, message="no", max_input_tokens=1000 + tried)
        attempt = Attempt(step.candidate.target, NOW, failure=failure)
        plan = plan.record(step.candidate, attempt, repair=repair and not step.retry)
    assert tried == number * (1 + repair)
    return Counted.looks


@pytest.mark.parametrize("kind", sorted(MOVES_ON - {K.UNCLEAR}))  # which ends a call early
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"wide": True},
        {"front": 1},
        {"repair": True},
        {"gone": 1000},
        {"front": 2, "wide": True},
    ],
    ids=str,
)
def test_the_cost_of_a_call_grows_with_its_targets(kind: K, how: dict[str, Any]) -> None:
    """Twice the targets, each failing in turn, are twice the looks: no step starts from the top."""
    few, many = looks(40, kind, **how), looks(80, kind, **how)
    assert many <= 2.1 * few
    assert many <= 12 * 80


def test_a_plan_is_the_sum_of_its_attempts() -> None:
    """However it was come by: equality and what is printed know of nothing else."""
    first, second = Candidate("a", "e|a", "e"), Candidate("b", "e|b", "e")
    attempt = Attempt("a", NOW, failure=Failure(K.UNAVAILABLE, Scope.ENDPOINT, message="down"))
    plan = Plan((first, second)).record(first, attempt)
    again = Plan((first, second), attempts=((first, attempt),))
    assert plan == again
    assert repr(plan) == repr(again)
    assert plan.next(now=NOW, back_off=lambda: 2.0) == again.next(now=NOW, back_off=lambda: 2.0)
    needs = Needs(capabilities=("tools",))
    lacking = replace(second, facts=ModelFacts(tools=False))
    other = replace(plan, route=(first, lacking), needs=needs)
    assert [skip.reason for skip in other.next(now=NOW, back_off=lambda: 2.0).passed] == [
        "does not support tools"
    ]
