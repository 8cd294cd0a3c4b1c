"""The one loop of retry and fallback, as a value that says what to do next.

A shell asks :meth:`Plan.next`, does what the step says, records the outcome in a new plan and asks
again. Nothing here sends, sleeps or reads a clock.

A target that was asked, or that is out for good, is not looked at again unless nothing is left but
to wait: all steps of a call together cost what its targets and attempts number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from ..failure.kinds import MOVES_ON, Failure, FailureKind
from ..trail_events import Attempt, Skip
from .cooldown import Cooldown
from .needs import Needs
from .progress import Progress
from .standing import LAST_RESORT, LATER, READY, REFUSED, Candidate, Findings, Standing

__all__ = [
    "LAST_RESORT", "LATER", "READY", "REFUSED", "Candidate", "GiveUp", "GiveUpReason", "Plan",
    "Rules", "Standing", "Step", "Try", "Wait",
]  # fmt: skip


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
    DEADLINE = "the timeout of the call has run out"
    WAIT = "the next target returns later than fallback_max_wait or the timeout allow"
    RETIRED = "every target is retired"


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop: raise, or hand back the last response.

    ``retry_at`` is when the first target returns, ``kind`` why it is left out until then.
    ``attempt`` is the number of the one whose answer is handed back; ``None`` is the last.
    """

    reason: GiveUpReason
    retry_at: float | None = None
    kind: FailureKind | None = None
    passed: tuple[Skip, ...] = ()
    attempt: int | None = None


Step = Try | Wait | GiveUp


@dataclass(frozen=True, slots=True)
class Plan:
    """The state of one call: its route, what was tried, and how long it waited.

    ``_progress`` sums the attempts up; it follows from the other fields.
    """

    route: tuple[Candidate, ...]
    needs: Needs = field(default_factory=Needs)
    rules: Rules = field(default_factory=Rules)
    attempts: tuple[tuple[Candidate, Attempt], ...] = ()
    waited: float = 0.0
    resume: Candidate | None = None
    repair: Candidate | None = None
    _progress: Progress | None = field(
        default_factory=lambda: None, init=False, repr=False, compare=False
    )

    def record(self, candidate: Candidate, attempt: Attempt, *, repair: bool = False) -> Plan:
        """Return the plan after an attempt; ``repair`` asks the same target once more, adapted."""
        attempts = self.attempts + ((candidate, attempt),)  # noqa: RUF005 - twice as fast
        again = candidate if repair else None
        made = Plan(self.route, self.needs, self.rules, attempts, self.waited, None, again)
        object.__setattr__(made, "_progress", self._so_far().after(candidate, attempt))
        return made

    def wait(self, step: Wait) -> Plan:
        """Return the plan after a wait that was carried out."""
        made = replace(self, waited=self.waited + step.seconds, resume=step.candidate)
        object.__setattr__(made, "_progress", self._progress)
        return made

    def next(
        self,
        *,
        now: float,
        deadline: float = inf,
        cooldowns: Mapping[str, Cooldown] | None = None,
        back_off: Callable[[], float] = lambda: 0.0,
        own_back_off: Callable[[Candidate], float] = lambda _: 0.0,
    ) -> Step:
        """Decide the next step.

        :param now: seconds since the epoch.
        :param deadline: the moment after which nothing is started.
        :param cooldowns: by candidate key and by endpoint, those in force. It is asked only for
            targets that could be next.
        :param back_off: gives the seconds to wait before asking an unavailable target again. It is
            called once in each step after a target has failed without stating them.
        :param own_back_off: the same for a target that has waits of its own.
        """
        stop = self._stop(now, deadline)
        if stop is not None:
            return self._given_up(GiveUp(stop))
        if self.repair is not None:
            return Try(self.repair, retry=True, forced=True)
        if not (self.attempts or cooldowns) and self.route and self._suits(self.route[0]):
            return Try(self.route[0])  # the healthy path, without a choice
        choice = _Choice(self, self._so_far(), now, deadline, cooldowns or {}, own_back_off)
        step = choice.step(back_off)
        return step if isinstance(step, Try) else self._given_up(step)

    def tries_of(self, candidate: Candidate) -> int:
        """Return how often a target was asked."""
        return self._so_far().findings.tries_of(candidate)

    @property
    def doubt(self) -> int | None:
        """The number of the first attempt whose refusal may be the caller's or its target's.

        Its answer is what the caller gets unless another target serves the request.
        """
        return self._so_far().findings.doubt if self.attempts else None

    @property
    def last_failure(self) -> Failure | None:
        """How the last attempt failed; ``None`` before the first."""
        return self.attempts[-1][1].failure if self.attempts else None

    def survey(self, *, now: float, cooldowns: Mapping[str, Cooldown]) -> tuple[Standing, ...]:
        """Judge the whole route as a first attempt would: in the order of asking, then refused."""
        choice = _Choice(self, self._so_far(), now, inf, cooldowns, lambda _: 0.0)
        standings = [choice.judge(candidate) for candidate in self.route]
        return tuple(sorted(standings, key=lambda standing: standing.rank))

    def _suits(self, candidate: Candidate) -> bool:
        known = candidate.gone or candidate.refused
        return known is None and candidate.lack(self.needs)[0] is None

    def _given_up(self, step: Wait | GiveUp) -> Step:
        """Hand back the refusal that is in doubt: nobody waits for a second word on it."""
        doubt = self.doubt
        if doubt is None:
            return step
        return GiveUp(GiveUpReason.CALLER_ERROR, passed=step.passed, attempt=doubt)

    def _stop(self, now: float, deadline: float) -> GiveUpReason | None:
        failure = self.last_failure
        if failure is not None and not failure.kind.rule.moves_on:
            return GiveUpReason.CALLER_ERROR
        settled = bool(self.attempts) and self._so_far().findings.settled
        if settled or (failure is not None and self._keeps(failure)):
            return GiveUpReason.CALLER_ERROR
        if len(self.attempts) >= self.rules.max_attempts:
            return GiveUpReason.ATTEMPTS
        return GiveUpReason.DEADLINE if now >= deadline else None

    def _keeps(self, failure: Failure) -> bool:
        """Return whether no second word is asked for: what is in doubt is the caller's at once."""
        return failure.kind.rule.doubtful and failure.kind not in self.rules.moves_on

    def _so_far(self) -> Progress:
        made = self._progress
        if made is None:  # this plan was made of its fields, not by another
            findings = Findings()
            for candidate, attempt in self.attempts:
                findings = findings.after(candidate, attempt)
            made = Progress(self.route, self.needs, self.rules.max_retries, findings)
            object.__setattr__(self, "_progress", made)
        return made


@dataclass(slots=True)
class _Choice:
    """One decision: the plan, and the world as it is at this moment."""

    plan: Plan
    progress: Progress
    now: float
    deadline: float
    cooldowns: Mapping[str, Cooldown]
    own_back_off: Callable[[Candidate], float]
    wait: float = 0.0

    def step(self, back_off: Callable[[], float]) -> Step:
        resume = self.plan.resume
        if resume is not None:
            cooling = self._in_force(resume)
            if cooling is None or cooling.soft:
                return Try(resume, self._was_tried(resume), forced=True)
        if self.progress.findings.backs_off:
            self.wait = back_off()
        if self._stays():
            return self._wait_or_give_up([self.plan.attempts[-1][0]], ())
        return self._ask_in_turn()

    def _stays(self) -> bool:
        failure = self.plan.last_failure
        return failure is not None and failure.kind not in self.plan.rules.moves_on

    def _ask_in_turn(self) -> Step:
        resort: Candidate | None = None
        passed: list[Skip] = []
        for skips, standing in self.progress.unsettled():
            passed += skips
            if standing is None:
                continue
            standing, candidate = self._cooled(standing), standing.candidate
            if standing.rank == READY:
                return Try(candidate, self._was_tried(candidate), passed=tuple(passed))
            if standing.rank == LAST_RESORT:
                resort = resort or candidate
            if standing.reason and not self._was_tried(candidate):
                passed.append(standing.as_skip())
        if resort is not None:
            kept = tuple(skip for skip in passed if skip.target != resort.target)
            return Try(resort, forced=True, passed=kept)
        return self._wait_or_give_up(self.plan.route, tuple(passed))

    def _wait_or_give_up(self, among: Sequence[Candidate], passed: tuple[Skip, ...]) -> Step:
        later = [one for one in map(self.judge, among) if one.rank == LATER]
        if not later:
            return GiveUp(self._why_nothing(), passed=passed)
        first = min(later, key=lambda standing: standing.ready_at)
        seconds = first.ready_at - self.now
        if seconds <= 0:  # its wait went by while others were asked
            return Try(first.candidate, self._was_tried(first.candidate), True, passed)
        too_long = self.plan.waited + seconds > self.plan.rules.max_wait
        if too_long or self.now + seconds >= self.deadline:
            return GiveUp(GiveUpReason.WAIT, first.ready_at, first.kind, passed)
        return Wait(seconds, first.candidate, passed)

    def _why_nothing(self) -> GiveUpReason:
        if self._stays():
            return GiveUpReason.NOT_ALLOWED
        if not self.plan.attempts and all(candidate.gone for candidate in self.plan.route):
            return GiveUpReason.RETIRED
        return GiveUpReason.EXHAUSTED

    def judge(self, candidate: Candidate) -> Standing:
        own = candidate.own_waits and self.progress.findings.backs_off
        wait = self.own_back_off(candidate) if own else self.wait
        return self._cooled(self.progress.judge(candidate, wait))

    def _cooled(self, standing: Standing) -> Standing:
        cooling = None if standing.rank == REFUSED else self._in_force(standing.candidate)
        if cooling is None:
            return standing
        if standing.rank == LATER:
            until = standing.ready_at if cooling.soft else cooling.until
            return standing._replace(ready_at=max(standing.ready_at, until))
        rank, reason = LAST_RESORT if cooling.soft else LATER, cooling.reason(self.now)
        return Standing(standing.candidate, rank, reason, cooling.until, cooling.kind)

    def _in_force(self, candidate: Candidate) -> Cooldown | None:
        own, around = self.cooldowns.get(candidate.key), self.cooldowns.get(candidate.endpoint)
        if own is None or around is None:
            return own or around
        # A server's own reset outweighs our judgement, the later one the earlier.
        return max(own, around, key=lambda cooldown: (not cooldown.soft, cooldown.until))

    def _was_tried(self, candidate: Candidate) -> bool:
        return self.progress.findings.tries_of(candidate) > 0
