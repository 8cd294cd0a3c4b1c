"""Where a target stands while one call goes on: by its facts, and by what the attempts have told.

What the attempts told is kept by target and by endpoint, so that no decision reads them again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from ..failure.kinds import MALFORMED_ANSWER, WRONG_PATH, Failure, FailureKind
from ..never import assert_never
from ..trail_events import Attempt, Skip
from .cooldown import covers_endpoint
from .needs import UNKNOWN, ModelFacts, Needs, Unmet, unmet

READY, LAST_RESORT, LATER, REFUSED = range(4)

_INCURABLE = (WRONG_PATH, MALFORMED_ANSWER)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target as the planner sees it.

    ``key`` and ``endpoint`` name it in the ledger; both carry a fingerprint of the credential.
    ``gone`` is why the target is known to be retired, ``refused`` why it may not be used for
    another reason, ``advice`` what to do about its endpoint. If the facts are not ``firm``
    (seen of the model elsewhere), what they lack orders the route and is not a refusal. Nor is
    what was ``learnt`` of the model from its own refusals, for it may have changed.
    ``retries`` is how often it may be asked again, ``None`` for as often as the rules say;
    ``own_waits`` says that its waits are not those of the call.
    """

    target: str
    key: str
    endpoint: str = ""
    facts: ModelFacts = UNKNOWN
    gone: str | None = None
    refused: str | None = None
    advice: str | None = None
    firm: bool = True
    retries: int | None = None
    own_waits: bool = False
    learnt: ModelFacts = UNKNOWN

    def lack(self, needs: Needs) -> tuple[Unmet | None, bool]:
        """Return what it lacks of the needs, if anything, and whether that is a refusal."""
        lack = unmet(needs, self.facts)
        if lack is None and self.learnt is not UNKNOWN:
            return unmet(needs, self.learnt), False
        return lack, lack is not None and lack.firm and self.firm


class Standing(NamedTuple):
    """What the planner says of one candidate: ``rank`` 0 at once, 1 last resort, 2 later, 3 no."""

    candidate: Candidate
    rank: int
    reason: str = ""
    ready_at: float = inf
    kind: FailureKind | None = None

    def as_skip(self) -> Skip:
        """Return the line of the trail that says so."""
        return Skip(self.candidate.target, self.reason, self.kind)


class Refusal(NamedTuple):
    """A failure that no wait cures: its number among the attempts, and what is said of it."""

    number: int
    reason: str


class Guess(NamedTuple):
    """A failure that may be one of the whole endpoint: its number, and what is said of it."""

    number: int
    reason: str


class Setback(NamedTuple):
    """A failure that a wait may cure: its number, when it came, and what it was."""

    number: int
    came_at: float
    failure: Failure


News = Refusal | Setback | Guess | None


class Told(NamedTuple):
    """What the attempts told of a target, or of an endpoint.

    ``tries`` counts the attempts, ``setbacks`` those of them that a wait may cure. ``refusal`` is
    the first failure that none cures, ``latest`` the last of the others. ``guess`` is what one
    target's failure makes likely; that of a second one makes it a refusal.
    """

    tries: int = 0
    setbacks: int = 0
    refusal: Refusal | None = None
    latest: Setback | None = None
    guess: Guess | None = None

    def after(self, news: News) -> Told:
        """Return it after one more attempt; ``None`` is one that did not fail."""
        tries, setbacks, refusal, latest, guess = self
        match news:
            case Setback():
                return Told(tries + 1, setbacks + 1, refusal, news, guess)
            case Guess():
                sure = None if guess is None else _first(refusal, Refusal(*guess))
                return Told(tries + 1, setbacks, sure or refusal, latest, guess or news)
            case Refusal() | None:
                return Told(tries + 1, setbacks, refusal or news, latest, guess)
            case _:
                return assert_never(news)


NOTHING = Told()
_MOST_RECENT = 32


class ToldBy(NamedTuple):
    """What was told, by key: a value, and yet cheap to make anew with each attempt.

    A few recent entries are copied every time, and the many older ones every now and then.
    """

    recent: Mapping[str, Told] = {}
    older: Mapping[str, Told] = {}

    def of(self, key: str) -> Told:
        """Return what was told of a key."""
        return self.recent.get(key) or self.older.get(key, NOTHING)

    def after(self, key: str, news: News) -> ToldBy:
        """Return it after one more attempt."""
        recent = {**self.recent, key: self.of(key).after(news)}
        if len(recent) < _MOST_RECENT:
            return ToldBy(recent, self.older)
        return ToldBy({}, {**self.older, **recent})


NOBODY = ToldBy()


class Findings(NamedTuple):
    """What the attempts of one call have told; made anew with each.

    ``too_large`` holds the limits that were met, ascending, each with the first refusal by one at
    least as high. ``backs_off`` says that a target failed in a way that a wait may cure, and
    stated none. ``doubt`` is the number of the first attempt whose refusal leaves open whether
    the request or the target is to blame; ``settled`` says that another target refused it too.
    """

    attempts: int = 0
    by_key: ToldBy = NOBODY
    by_endpoint: ToldBy = NOBODY
    too_large: tuple[tuple[int, Refusal], ...] = ()
    backs_off: bool = False
    doubt: int | None = None
    settled: bool = False

    def after(self, candidate: Candidate, attempt: Attempt) -> Findings:
        """Return the findings after one more attempt."""
        attempts, by_key, by_endpoint, too_large, backs_off, doubt, settled = self
        failure, news = attempt.failure, self._news(candidate, attempt)
        if isinstance(news, Setback):
            backs_off = backs_off or not news.failure.retry_after
        if failure is not None and failure.kind is FailureKind.TOO_LARGE:
            limit = failure.max_input_tokens or candidate.facts.input_tokens
            if isinstance(news, Refusal) and limit is not None and not self._has_met(limit):
                too_large = (*too_large, (limit, news))
        elif failure is not None and covers_endpoint(failure):
            unsure = failure.guessed and isinstance(news, Refusal)
            told = Guess(*news) if unsure and news is not None else news
            by_endpoint = by_endpoint.after(candidate.endpoint, told)
        by_key = by_key.after(candidate.key, news)
        if failure is not None and failure.kind.rule.doubtful:
            doubt, settled = (attempts, False) if doubt is None else (doubt, True)
        return Findings(attempts + 1, by_key, by_endpoint, too_large, backs_off, doubt, settled)

    def told_of(self, candidate: Candidate) -> Told:
        """Return what holds for a target: what it said itself, and what others said of it."""
        own, around = self.by_key.of(candidate.key), self.by_endpoint.of(candidate.endpoint)
        tries, setbacks, refusal, latest, guess = own
        if around is not NOTHING:
            refusal = _first(refusal, around.refusal)
            if latest is None or (around.latest and around.latest.number > latest.number):
                latest = around.latest
            guess = around.guess
        known = candidate.facts.input_tokens
        if known is not None and self._has_met(known):
            place = bisect_left(self.too_large, known, key=lambda met: met[0])
            refusal = _first(refusal, self.too_large[place][1])
        if refusal is own.refusal and latest is own.latest and guess is own.guess:
            return own
        return Told(tries, setbacks, refusal, latest, guess)

    def tries_of(self, candidate: Candidate) -> int:
        """Return how often a target was asked."""
        return self.by_key.of(candidate.key).tries

    def speaks_of_others(self, before: Findings) -> bool:
        """Return whether the last attempt told of more than its own target."""
        return self.by_endpoint is not before.by_endpoint or self.too_large is not before.too_large

    def _has_met(self, limit: int) -> bool:
        return bool(self.too_large) and self.too_large[-1][0] >= limit

    def _news(self, candidate: Candidate, attempt: Attempt) -> Refusal | Setback | None:
        failure = attempt.failure
        if failure is None:
            return None
        if failure.kind.rule.waitable and failure.code not in _INCURABLE and not failure.final:
            return Setback(self.attempts, attempt.started + attempt.seconds, failure)
        return Refusal(self.attempts, f"{candidate.target} said: {failure.message}")


def _first(one: Refusal | None, other: Refusal | None) -> Refusal | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def standing_of(
    candidate: Candidate,
    needs: Needs,
    findings: Findings,
    *,
    max_retries: int | None = None,
    wait: float = 0.0,
) -> Standing:
    """Judge a target by all but the cooldowns of this moment.

    :param max_retries: how often a target may be asked again that does not say so itself.
    :param wait: seconds before a target is asked again that did not state them.
    """
    known = candidate.gone or candidate.refused
    if known is not None:
        return Standing(candidate, REFUSED, known)
    told = findings.told_of(candidate)
    lack, firm = candidate.lack(needs)
    if lack is not None:
        # A fallback that would probably refuse hides the failure that led to it.
        late = findings.attempts > 0 and told.tries == 0
        if firm or (late and not lack.harmless):
            return Standing(candidate, REFUSED, lack.reason, kind=lack.kind)
    if told.refusal is not None:
        return Standing(candidate, REFUSED, told.refusal.reason)
    if told.latest is not None:
        most = max_retries if candidate.retries is None else candidate.retries
        if most is not None and told.setbacks > most:
            return Standing(candidate, REFUSED, "no retry is left")
        failure = told.latest.failure
        ready_at = told.latest.came_at + (failure.retry_after or wait)
        return Standing(candidate, LATER, failure.message, ready_at)
    if lack is not None:
        return Standing(candidate, LAST_RESORT, lack.reason, kind=lack.kind)
    if told.guess is not None:
        return Standing(candidate, LAST_RESORT, told.guess.reason)
    return Standing(candidate, READY)
