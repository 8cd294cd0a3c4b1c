"""The planner as plain as can be: it reads all attempts again for every target of every step.

What the package's planner decides without that is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from github_models_azure._core.failure.kinds import (
    MALFORMED_ANSWER,
    MOVES_ON,
    WAITABLE,
    WRONG_PATH,
    Failure,
    FailureKind,
)
from github_models_azure._core.route.cooldown import Cooldown, covers_endpoint
from github_models_azure._core.route.needs import Unmet, unmet
from github_models_azure._core.route.plan import (
    LAST_RESORT,
    LATER,
    READY,
    REFUSED,
    Candidate,
    GiveUp,
    GiveUpReason,
    Plan,
    Standing,
    Step,
    Try,
    Wait,
)
from github_models_azure._core.trail_events import Attempt, Skip


def plain_next(
    plan: Plan,
    *,
    now: float,
    deadline: float = inf,
    cooldowns: Mapping[str, Cooldown],
    back_off: Callable[[], float] = lambda: 0.0,
) -> Step:
    """Decide the next step of a plan by nothing but its public fields."""
    doubted = [
        number
        for number, (_, attempt) in enumerate(plan.attempts)
        if attempt.failure is not None and attempt.failure.kind is FailureKind.UNCLEAR
    ]
    kept = FailureKind.UNCLEAR not in plan.rules.moves_on
    if len(doubted) > 1 or (kept and doubted and doubted[-1] == len(plan.attempts) - 1):
        return GiveUp(GiveUpReason.CALLER_ERROR, attempt=doubted[0])
    step = _plain_step(plan, now, deadline, cooldowns, back_off)
    if doubted and not isinstance(step, Try):
        return GiveUp(GiveUpReason.CALLER_ERROR, passed=step.passed, attempt=doubted[0])
    return step


def _plain_step(
    plan: Plan,
    now: float,
    deadline: float,
    cooldowns: Mapping[str, Cooldown],
    back_off: Callable[[], float],
) -> Step:
    failure = plan.attempts[-1][1].failure if plan.attempts else None
    if failure is not None and failure.kind not in MOVES_ON:
        return GiveUp(GiveUpReason.CALLER_ERROR)
    if len(plan.attempts) >= plan.rules.max_attempts:
        return GiveUp(GiveUpReason.ATTEMPTS)
    if now >= deadline:
        return GiveUp(GiveUpReason.DEADLINE)
    if plan.repair is not None:
        return Try(plan.repair, retry=True, forced=True)
    if not (plan.attempts or cooldowns) and plan.route and _suits(plan, plan.route[0]):
        return Try(plan.route[0])
    return PlainChoice(plan, now, deadline, cooldowns, back_off).step()


def _suits(plan: Plan, candidate: Candidate) -> bool:
    known = candidate.gone or candidate.refused
    return known is None and _lack(plan, candidate) is None


def _lack(plan: Plan, candidate: Candidate) -> Unmet | None:
    return unmet(plan.needs, candidate.facts) or unmet(plan.needs, candidate.learnt)


@dataclass(frozen=True, slots=True)
class PlainChoice:
    """One decision: the plan, and the world as it is at this moment."""

    plan: Plan
    now: float
    deadline: float
    cooldowns: Mapping[str, Cooldown]
    back_off: Callable[[], float]

    def step(self) -> Step:
        resort: Candidate | None = None
        later: list[Standing] = []
        passed: list[Skip] = []
        for standing in self._standings():
            candidate = standing.candidate
            if standing.rank == READY:
                forced = candidate is self.plan.resume
                return Try(candidate, self._tries(candidate) > 0, forced, tuple(passed))
            if standing.rank == LAST_RESORT:
                resort = resort or candidate
            elif standing.rank == LATER:
                later.append(standing)
            if standing.reason and not self._tries(candidate):
                passed.append(Skip(candidate.target, standing.reason, standing.kind))
        if resort is not None:
            kept = tuple(skip for skip in passed if skip.target != resort.target)
            return Try(resort, forced=True, passed=kept)
        return self._wait_or_give_up(later, tuple(passed))

    def _standings(self) -> Iterator[Standing]:
        resume = self.plan.resume
        if resume is not None and self._cooling(resume) is None:
            yield Standing(resume, READY)
        failure = self.plan.last_failure
        stay = failure is not None and failure.kind not in self.plan.rules.moves_on
        here = self.plan.attempts[-1][0] if self.plan.attempts else None
        for candidate in self.plan.route:
            if not stay or candidate is here:
                yield self.judge(candidate)

    def _wait_or_give_up(self, later: list[Standing], passed: tuple[Skip, ...]) -> Step:
        if not later:
            return GiveUp(self._why_nothing(), passed=passed)
        first = min(later, key=lambda standing: standing.ready_at)
        seconds = first.ready_at - self.now
        if seconds <= 0:  # its wait went by while others were asked
            return Try(first.candidate, self._tries(first.candidate) > 0, True, passed)
        too_long = self.plan.waited + seconds > self.plan.rules.max_wait
        if too_long or self.now + seconds >= self.deadline:
            return GiveUp(GiveUpReason.WAIT, first.ready_at, first.kind, passed)
        return Wait(seconds, first.candidate, passed)

    def _why_nothing(self) -> GiveUpReason:
        failure = self.plan.last_failure
        if failure is not None and failure.kind not in self.plan.rules.moves_on:
            return GiveUpReason.NOT_ALLOWED
        if not self.plan.attempts and all(candidate.gone for candidate in self.plan.route):
            return GiveUpReason.RETIRED
        return GiveUpReason.EXHAUSTED

    def judge(self, candidate: Candidate) -> Standing:
        known = candidate.gone or candidate.refused
        if known is not None:
            return Standing(candidate, REFUSED, known)
        lack = _lack(self.plan, candidate)
        own = unmet(self.plan.needs, candidate.facts) is not None
        firm = lack is not None and lack.firm and candidate.firm and own
        # A fallback that would probably refuse hides the failure that led to it.
        late = bool(self.plan.attempts) and not self._tries(candidate)
        if lack is not None and (firm or (late and not lack.harmless)):
            return Standing(candidate, REFUSED, lack.reason, kind=lack.kind)
        spent = self._spent(candidate)
        if spent is not None:
            return spent
        cooling = self._cooling(candidate)
        if cooling is not None:
            rank = LAST_RESORT if cooling.soft else LATER
            reason = cooling.reason(self.now)
            return Standing(candidate, rank, reason, cooling.until, cooling.kind)
        if lack is not None:
            return Standing(candidate, LAST_RESORT, lack.reason, kind=lack.kind)
        if guesses := self._guesses(candidate):
            return Standing(candidate, LAST_RESORT, guesses[0])
        return Standing(candidate, READY)

    def _guesses(self, candidate: Candidate) -> list[str]:
        """What others on the same endpoint said that may hold for all of it."""
        return [
            f"{tried.target} said: {attempt.failure.message}"
            for tried, attempt in self.plan.attempts
            if attempt.failure is not None
            and _is_guess(attempt.failure)
            and tried.endpoint == candidate.endpoint
        ]

    def _spent(self, candidate: Candidate) -> Standing | None:
        """Judge by what this call has already seen; ``None`` where nothing speaks against it."""
        standing: Standing | None = None
        tries = 0
        for tried, attempt in self.plan.attempts:
            failure = attempt.failure
            if failure is None or not _speaks_of(failure, tried, candidate):
                continue
            other = tried.key != candidate.key
            if other and _is_guess(failure) and len(self._guesses(candidate)) < 2:
                continue
            if _is_lasting(failure):
                return Standing(candidate, REFUSED, f"{tried.target} said: {failure.message}")
            tries += tried.key == candidate.key
            ready_at = self._ready_at(candidate, attempt, failure)
            standing = Standing(candidate, LATER, failure.message, ready_at)
        own = candidate.retries
        most = self.plan.rules.max_retries if own is None else own
        if standing is not None and most is not None and tries > most:
            return Standing(candidate, REFUSED, "no retry is left")
        return standing

    def _ready_at(self, candidate: Candidate, attempt: Attempt, failure: Failure) -> float:
        wait = failure.retry_after or self.back_off()
        ready_at = attempt.started + attempt.seconds + wait
        cooling = self._in_force(candidate)
        if cooling is not None and not cooling.soft:
            return max(ready_at, cooling.until)
        return ready_at

    def _in_force(self, candidate: Candidate) -> Cooldown | None:
        found = self.cooldowns.get(candidate.key), self.cooldowns.get(candidate.endpoint)
        both = [cooldown for cooldown in found if cooldown is not None]
        # A server's own reset outweighs our judgement, the later one the earlier.
        return max(both, key=lambda cooldown: (not cooldown.soft, cooldown.until), default=None)

    def _cooling(self, candidate: Candidate) -> Cooldown | None:
        cooling = self._in_force(candidate)
        if cooling is not None and candidate is self.plan.resume and cooling.soft:
            return None
        return cooling

    def _tries(self, candidate: Candidate) -> int:
        return sum(tried.key == candidate.key for tried, _ in self.plan.attempts)


def _is_lasting(failure: Failure) -> bool:
    incurable = failure.code in (WRONG_PATH, MALFORMED_ANSWER)
    return failure.kind not in WAITABLE or incurable or failure.final


def _is_guess(failure: Failure) -> bool:
    if failure.kind is FailureKind.TOO_LARGE:  # it goes by limits
        return False
    return failure.guessed and covers_endpoint(failure) and _is_lasting(failure)


def _speaks_of(failure: Failure, tried: Candidate, other: Candidate) -> bool:
    """Tell whether what one target answered holds for another."""
    if tried.key == other.key:
        return True
    if failure.kind is FailureKind.TOO_LARGE:
        limit, known = failure.max_input_tokens or tried.facts.input_tokens, other.facts
        return limit is not None and known.input_tokens is not None and known.input_tokens <= limit
    return covers_endpoint(failure) and tried.endpoint == other.endpoint
