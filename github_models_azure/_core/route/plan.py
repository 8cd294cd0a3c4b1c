"""The one loop of retry and fallback, as a value that says what to do next.

A shell asks :meth:`Plan.next`, does what the step says, records the outcome in a new plan and asks
again. Nothing here sends, sleeps or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from ..failure.kinds import MALFORMED_ANSWER, MOVES_ON, WRONG_PATH, Failure, FailureKind
from ..trail_events import Attempt, Skip
from .cooldown import Cooldown, covers_endpoint
from .facts import UNKNOWN, ModelFacts
from .needs import Needs, unmet

_INCURABLE = (WRONG_PATH, MALFORMED_ANSWER)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target as the planner sees it.

    ``key`` and ``endpoint`` name it in the ledger; both carry a fingerprint of the credential.
    ``gone`` is why the target is known to be retired, ``refused`` why it may not be used for
    another reason, ``advice`` what to do about its endpoint. Where the facts are not ``firm``
    (seen of the model elsewhere), what they lack orders the route and is no refusal.
    """

    target: str
    key: str
    endpoint: str = ""
    facts: ModelFacts = UNKNOWN
    gone: str | None = None
    refused: str | None = None
    advice: str | None = None
    firm: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """How far one call may go: attempts in all, seconds of waiting in all, kinds that move on."""

    moves_on: frozenset[FailureKind] = MOVES_ON
    max_attempts: int = 6
    max_wait: float = 60.0
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """Send the request to this target; ``forced`` where its soft cooldown is knowingly ignored."""

    candidate: Candidate
    retry: bool = False
    forced: bool = False
    passed: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Sleep, then ask again."""

    seconds: float
    candidate: Candidate
    passed: tuple[Skip, ...] = ()


class GiveUpReason(str, Enum):
    """Why no further attempt is made."""

    CALLER_ERROR = "the request itself was refused"
    NOT_ALLOWED = "this kind of failure is not in fallback_on"
    EXHAUSTED = "no target is left"
    ATTEMPTS = "fallback_max_attempts is reached"
    DEADLINE = "the timeout of the call is over"
    WAIT = "the next target returns later than fallback_max_wait or the timeout allow"
    RETIRED = "every target is retired"


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop: raise, or hand back the last response.

    ``retry_at`` is when the first target returns, ``kind`` why it is left out until then.
    """

    reason: GiveUpReason
    retry_at: float | None = None
    kind: FailureKind | None = None
    passed: tuple[Skip, ...] = ()


Step = Try | Wait | GiveUp


@dataclass(frozen=True, slots=True)
class Plan:
    """The state of one call: its route, what was tried, and how long it waited."""

    route: tuple[Candidate, ...]
    needs: Needs = field(default_factory=Needs)
    rules: Rules = field(default_factory=Rules)
    attempts: tuple[tuple[Candidate, Attempt], ...] = ()
    waited: float = 0.0
    resume: Candidate | None = None
    repair: Candidate | None = None

    def record(self, candidate: Candidate, attempt: Attempt, *, repair: bool = False) -> Plan:
        """Return the plan after an attempt; ``repair`` asks the same target once more, adapted."""
        attempts = (*self.attempts, (candidate, attempt))
        again = candidate if repair else None
        return replace(self, attempts=attempts, resume=None, repair=again)

    def wait(self, step: Wait) -> Plan:
        """Return the plan after a wait that was carried out."""
        return replace(self, waited=self.waited + step.seconds, resume=step.candidate)

    def next(
        self,
        *,
        now: float,
        deadline: float = inf,
        cooldowns: Mapping[str, Cooldown] | None = None,
        back_off: Callable[[], float] = lambda: 0.0,
    ) -> Step:
        """Decide the next step.

        :param now: seconds since the epoch.
        :param deadline: the moment after which nothing is started.
        :param cooldowns: by candidate key and by endpoint, those in force.
        :param back_off: gives the seconds to wait before asking an unavailable target again.
        """
        stop = self._stop(now, deadline)
        if stop is not None:
            return GiveUp(stop)
        if self.repair is not None:
            return Try(self.repair, retry=True, forced=True)
        if not (self.attempts or cooldowns) and self.route and self._suits(self.route[0]):
            return Try(self.route[0])  # the healthy path, without a choice
        return _Choice(self, now, deadline, cooldowns or {}, back_off).step()

    def _suits(self, candidate: Candidate) -> bool:
        known = candidate.gone or candidate.refused
        return known is None and unmet(self.needs, candidate.facts) is None

    def _stop(self, now: float, deadline: float) -> GiveUpReason | None:
        failure = self.last_failure
        if failure is not None and not failure.kind.rule.moves_on:
            return GiveUpReason.CALLER_ERROR
        if len(self.attempts) >= self.rules.max_attempts:
            return GiveUpReason.ATTEMPTS
        return GiveUpReason.DEADLINE if now >= deadline else None

    @property
    def last_failure(self) -> Failure | None:
        """How the last attempt failed; ``None`` before the first."""
        return self.attempts[-1][1].failure if self.attempts else None

    def survey(self, *, now: float, cooldowns: Mapping[str, Cooldown]) -> tuple[Standing, ...]:
        """Judge the whole route as a first attempt would: in the order of asking, then refused."""
        choice = _Choice(self, now, inf, cooldowns, lambda: 0.0)
        standings = [choice.judge(candidate) for candidate in self.route]
        return tuple(sorted(standings, key=lambda standing: standing.rank))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the planner says of one candidate: ``rank`` 0 at once, 1 last resort, 2 later, 3 no."""

    candidate: Candidate
    rank: int
    reason: str = ""
    ready_at: float = inf
    kind: FailureKind | None = None


READY, LAST_RESORT, LATER, REFUSED = range(4)


@dataclass(frozen=True, slots=True)
class _Choice:
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
        lack = unmet(self.plan.needs, candidate.facts)
        firm = lack is not None and lack.firm and candidate.firm
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
        return Standing(candidate, READY)

    def _spent(self, candidate: Candidate) -> Standing | None:
        """Judge by what this call has already seen; ``None`` where nothing speaks against it."""
        standing: Standing | None = None
        tries = 0
        for tried, attempt in self.plan.attempts:
            failure = attempt.failure
            if failure is None or not _speaks_of(failure, tried, candidate):
                continue
            if not failure.kind.rule.waitable or failure.code in _INCURABLE:
                return Standing(candidate, REFUSED, f"{tried.target} said: {failure.message}")
            tries += tried.key == candidate.key
            ready_at = self._ready_at(candidate, attempt, failure)
            standing = Standing(candidate, LATER, failure.message, ready_at)
        most = self.plan.rules.max_retries
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


def _speaks_of(failure: Failure, tried: Candidate, other: Candidate) -> bool:
    """Tell whether what one target answered holds for another."""
    if tried.key == other.key:
        return True
    if failure.kind is FailureKind.TOO_LARGE:
        limit, known = failure.max_input_tokens or tried.facts.input_tokens, other.facts
        return limit is not None and known.input_tokens is not None and known.input_tokens <= limit
    return covers_endpoint(failure) and tried.endpoint == other.endpoint
