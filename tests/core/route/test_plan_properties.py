"""What holds of every call, whatever the targets answer: found by trying hard to break it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.failure.kinds import (
    MALFORMED_ANSWER,
    MOVES_ON,
    WAITABLE,
    Failure,
    FailureKind,
    Scope,
)
from github_models_azure._core.route.cooldown import Cooldown, covers_endpoint
from github_models_azure._core.route.needs import ModelFacts, Needs
from github_models_azure._core.route.plan import (
    Candidate,
    GiveUp,
    Plan,
    Rules,
    Step,
    Try,
    Wait,
)
from github_models_azure._core.trail_events import Attempt
from github_models_azure.ledger import MemoryLedger
from tests.core.route.plan_helpers import NOW

LIMITS = st.none() | st.sampled_from([1000, 8000, 16_000])
SECONDS = st.none() | st.sampled_from([0.0, 0.5, 5.0, 20.0, 59.0, 61.0, 86_400.0])
LASTING = {FailureKind.AUTH, FailureKind.ENDPOINT_GONE, FailureKind.QUOTA_EXHAUSTED}
WAITS = st.sampled_from([0.0, 0.1, 1.0, 7.0, 100.0])

candidates = st.builds(
    lambda number, endpoint, **members: Candidate(
        f"t{number}", f"{endpoint}|{number}", endpoint, **members
    ),
    number=st.integers(0, 20),
    endpoint=st.sampled_from("ef"),
    gone=st.none() | st.none() | st.just("retired"),
    refused=st.none() | st.none() | st.just("not on this plan"),
    firm=st.booleans(),
    facts=st.builds(
        ModelFacts, input_tokens=LIMITS, output_tokens=LIMITS, tools=st.none() | st.booleans()
    ),
)
routes = st.lists(candidates, min_size=1, max_size=5, unique_by=lambda made: made.key).map(tuple)
rules = st.builds(
    Rules,
    moves_on=st.just(MOVES_ON) | st.frozensets(st.sampled_from(sorted(MOVES_ON))),
    max_attempts=st.integers(1, 6),
    max_wait=st.sampled_from([0.0, 5.0, 60.0]),
    max_retries=st.none() | st.integers(0, 3),
)
needs = st.builds(
    Needs,
    input_tokens=st.sampled_from([0, 4000, 9700]),
    output_tokens=LIMITS,
    capabilities=st.sampled_from([("chat",), ("chat", "tools")]),
)
plans = st.builds(Plan, route=routes, needs=needs, rules=rules)
failures = st.builds(
    Failure,
    kind=st.sampled_from(sorted(FailureKind)) | st.sampled_from(sorted(WAITABLE)),
    scope=st.sampled_from(Scope),
    code=st.sampled_from([None, None, None, MALFORMED_ANSWER]),
    message=st.just("no"),
    retry_after=SECONDS,
    max_input_tokens=LIMITS,
    guessed=st.booleans(),
    final=st.booleans(),
)
cooldowns = st.builds(
    Cooldown,
    until=st.sampled_from([NOW + 1, NOW + 30, NOW + 5000, inf]),
    kind=st.sampled_from([FailureKind.RATE_LIMITED, FailureKind.UNAVAILABLE]),
    soft=st.booleans(),
)


@dataclass
class Call:
    """One call driven to its end: what the shells do, with a clock and failures at will."""

    plan: Plan
    timeout: float
    data: st.DataObject
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    now: float = NOW
    steps: list[Step] = field(default_factory=list)

    def run(self) -> None:
        """Ask for steps until one gives up; every attempt fails."""
        keys = [key for made in self.plan.route for key in (made.key, made.endpoint)]
        while not self.steps or not isinstance(self.steps[-1], GiveUp):
            known = self.ledger.in_force(keys, self.now)
            back_off = self.data.draw(WAITS)
            step = self.plan.next(
                now=self.now,
                deadline=NOW + self.timeout,
                cooldowns=known,
                back_off=lambda seconds=back_off: seconds,
            )
            self.check(step, known)
            self.steps.append(step)
            if isinstance(step, Wait):
                self.now += step.seconds
                self.plan = self.plan.wait(step)
            elif isinstance(step, Try):
                self.attempt(step.candidate)
            assert len(self.steps) < 100, "the call does not come to an end"

    def attempt(self, candidate: Candidate) -> None:
        """Let the target fail, and tell the ledger and the plan of it as a run does."""
        self.now += self.data.draw(st.sampled_from([0.0, 0.5, 10.0]))
        failure = self.data.draw(failures)
        repair = failure.kind is FailureKind.WRONG_DIALECT and self.data.draw(st.booleans())
        if not repair:
            key = candidate.endpoint if covers_endpoint(failure) else candidate.key
            self.ledger.fail(key, failure, self.now)
        attempt = Attempt(candidate.target, self.now, failure=failure)
        self.plan = self.plan.record(candidate, attempt, repair=repair)

    def check(self, step: Step, known: Mapping[str, Cooldown]) -> None:
        """Look at a step; a test says here what may never be."""


def cooled(data: st.DataObject, plan: Plan) -> dict[str, Cooldown]:
    keys = [key for made in plan.route for key in (made.key, made.endpoint)]
    return data.draw(st.dictionaries(st.sampled_from(keys), cooldowns, max_size=4))


calls = {"plan": plans, "timeout": st.sampled_from([1.0, 30.0, inf]), "data": st.data()}


@given(**calls)
def test_every_call_comes_to_an_end_within_its_bounds(
    plan: Plan, timeout: float, data: st.DataObject
) -> None:
    """At most ``max_attempts`` requests and ``max_wait`` seconds, nothing past the deadline."""
    call = Call(plan, timeout, data)
    call.run()
    assert sum(isinstance(step, Try) for step in call.steps) <= plan.rules.max_attempts
    waited = sum(step.seconds for step in call.steps if isinstance(step, Wait))
    assert waited <= plan.rules.max_wait
    assert waited < timeout
    assert call.plan.waited == waited


@given(**calls)
def test_a_callers_error_is_the_last_attempt(
    plan: Plan, timeout: float, data: st.DataObject
) -> None:
    """After a kind that is the caller's, the next step gives up."""
    call = Call(plan, timeout, data)
    call.run()
    kinds = [attempt.failure.kind for _, attempt in call.plan.attempts if attempt.failure]
    assert all(kind in MOVES_ON for kind in kinds[:-1])
    assert kinds.count(FailureKind.UNCLEAR) <= 2
    if kinds.count(FailureKind.UNCLEAR) == 2:
        assert kinds[-1] is FailureKind.UNCLEAR


@given(**calls)
def test_what_is_too_large_goes_to_no_smaller_target(
    plan: Plan, timeout: float, data: st.DataObject
) -> None:
    """After a limit was met, no target known to have no larger one is asked."""
    call = Call(plan, timeout, data)
    call.run()
    met = 0
    for candidate, attempt in call.plan.attempts:
        known = candidate.facts.input_tokens
        assert known is None or known > met
        failure = attempt.failure
        if failure is not None and failure.kind is FailureKind.TOO_LARGE:
            met = max(met, failure.max_input_tokens or known or 0)


@given(**calls)
def test_an_endpoint_that_refuses_is_left_for_good(
    plan: Plan, timeout: float, data: st.DataObject
) -> None:
    """What no wait can cure and speaks of an endpoint ends its part in the call."""
    call = Call(plan, timeout, data)
    call.run()
    left: set[str] = set()
    for candidate, attempt in call.plan.attempts:
        assert candidate.endpoint not in left
        failure = attempt.failure
        assert failure is not None
        if failure.kind in LASTING and covers_endpoint(failure):
            left.add(candidate.endpoint)


@given(plan=plans, data=st.data())
def test_a_first_step_never_asks_what_may_not_be_asked(plan: Plan, data: st.DataObject) -> None:
    """Neither the gone nor the refused nor the limited are asked, nor those that firmly lack."""
    known = cooled(data, plan)
    step = plan.next(now=NOW, cooldowns=known)
    if not isinstance(step, Try):
        return
    asked = step.candidate
    assert asked.gone is None
    assert asked.refused is None
    holding = [known[key] for key in (asked.key, asked.endpoint) if key in known]
    assert all(cooldown.soft for cooldown in holding)
    assert step.forced or not holding
    limit = asked.facts.input_tokens
    assert not asked.firm or limit is None or plan.needs.input_tokens <= limit


@given(plan=plans, timeout=st.sampled_from([1.0, 30.0, inf]), data=st.data())
def test_no_step_asks_what_may_not_be_asked(
    plan: Plan, timeout: float, data: st.DataObject
) -> None:
    """Later steps keep to it as well; only a repaired request returns to its target."""

    class Watched(Call):
        def check(self, step: Step, known: Mapping[str, Cooldown]) -> None:
            if not isinstance(step, Try) or step.candidate is self.plan.repair:
                return
            assert step.candidate.gone is None
            assert step.candidate.refused is None
            for key in (step.candidate.key, step.candidate.endpoint):
                cooldown = known.get(key)
                assert cooldown is None or cooldown.soft

    call = Watched(plan, timeout, data)
    for key, cooldown in cooled(data, plan).items():
        call.ledger._cooldowns.put(key, cooldown)
    call.run()


@given(plan=plans, data=st.data())
def test_the_same_world_gives_the_same_step(plan: Plan, data: st.DataObject) -> None:
    """A decision depends on nothing but its arguments, and changes none of them."""
    known = cooled(data, plan)
    before = dict(known)
    twice = [
        plan.next(now=NOW, deadline=NOW + 50, cooldowns=known, back_off=lambda: 2.0)
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert known == before


@given(plan=plans, data=st.data())
def test_the_survey_says_who_is_asked_first(plan: Plan, data: st.DataObject) -> None:
    """The dry run and the first step agree, and every target is judged once."""
    known = cooled(data, plan)
    verdicts = plan.survey(now=NOW, cooldowns=known)
    assert sorted(v.candidate.key for v in verdicts) == sorted(c.key for c in plan.route)
    assert [v.rank for v in verdicts] == sorted(v.rank for v in verdicts)
    step = plan.next(now=NOW, cooldowns=known)
    if isinstance(step, Try):
        assert step.candidate is verdicts[0].candidate


@settings(max_examples=600)
@given(plan=plans, timeout=st.sampled_from([1.0, 30.0, inf]), data=st.data())
def test_every_wait_ends_in_an_attempt(plan: Plan, timeout: float, data: st.DataObject) -> None:
    """Nobody waits for a target that is not asked afterwards."""
    call = Call(plan, timeout, data)
    for key, cooldown in cooled(data, plan).items():
        call.ledger._cooldowns.put(key, cooldown)
    call.run()
    for before, after in zip(call.steps, call.steps[1:], strict=False):
        assert not isinstance(before, Wait) or isinstance(after, Try)
