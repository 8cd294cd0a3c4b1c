"""Where a target stands while one call goes on: by its facts, and by what the attempts have told.

What the attempts told is kept by target and by endpoint, so that no decision reads them again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from ..failure.kinds import MALFORMED_ANSWER, WRONG_PATH, Failure, FailureKind
from ..trail_events import Attempt, Skip
from .cooldown import covers_endpoint
from .facts import UNKNOWN, ModelFacts
from .needs import Needs, unmet

READY, LAST_RESORT, LATER, REFUSED = range(4)

_INCURABLE = (WRONG_PATH, MALFORMED_ANSWER)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target as the planner sees it.

    ``key`` and ``endpoint`` name it in the ledger; both carry a fingerprint of the credential.
    ``gone`` is why the target is known to be retired, ``refused`` why it may not be used for
    another reason, ``advice`` what to do about its endpoint. If the facts are not ``firm``
    (seen of the model elsewhere), what they lack orders the route and is not a refusal.
    """

    target: str
    key: str
    endpoint: str = ""
    facts: ModelFacts = UNKNOWN
    gone: str | None = None
    refused: str | None = None
    advice: str | None = None
    firm: bool = True


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


class _Refusal(NamedTuple):
    """A failure that no wait cures: its number among the attempts, and what is said of it."""

    number: int
    reason: str


class _Setback(NamedTuple):
    """A failure that a wait may cure: its number, when it came, and what it was."""

    number: int
    came_at: float
    failure: Failure


class _Told(NamedTuple):
    """What the attempts told of one key: the first refusal, the last setback, and how many."""

    tries: int = 0
    setbacks: int = 0
    refusal: _Refusal | None = None
    latest: _Setback | None = None

    def and_of(self, news: _Refusal | _Setback) -> _Told:
        if isinstance(news, _Setback):
            return self._replace(setbacks=self.setbacks + 1, latest=news)
        return self if self.refusal is not None else self._replace(refusal=news)


_NOTHING = _Told()


@dataclass(frozen=True, slots=True)
class Findings:
    """What the attempts of one call have told; a value, made anew with each attempt.

    ``too_large`` holds the limits that were met, ascending, each with the first refusal by one as
    high. ``backs_off`` says that a target failed which a wait of our own choice may cure.
    """

    count: int = 0
    by_key: Mapping[str, _Told] = field(default_factory=dict)
    by_endpoint: Mapping[str, _Told] = field(default_factory=dict)
    too_large: tuple[tuple[int, _Refusal], ...] = ()
    backs_off: bool = False

    def after(self, candidate: Candidate, attempt: Attempt) -> Findings:
        """Return the findings after one more attempt."""
        failure, told = attempt.failure, self.by_key.get(candidate.key, _NOTHING)
        told = told._replace(tries=told.tries + 1)
        if failure is None:
            return replace(self, count=self.count + 1, by_key={**self.by_key, candidate.key: told})
        news = self._news(candidate, attempt, failure)
        by_endpoint, too_large, backs_off = self.by_endpoint, self.too_large, self.backs_off
        if isinstance(news, _Setback):
            backs_off = backs_off or not (failure.retry_after or told.refusal)
        if failure.kind is FailureKind.TOO_LARGE:
            limit = failure.max_input_tokens or candidate.facts.input_tokens
            if isinstance(news, _Refusal) and limit is not None and not self._has_met(limit):
                too_large = (*too_large, (limit, news))
        elif covers_endpoint(failure):
            before = by_endpoint.get(candidate.endpoint, _NOTHING)
            by_endpoint = {**by_endpoint, candidate.endpoint: before.and_of(news)}
        by_key = {**self.by_key, candidate.key: told.and_of(news)}
        return Findings(self.count + 1, by_key, by_endpoint, too_large, backs_off)

    def tries_of(self, candidate: Candidate) -> int:
        """Return how often a target was asked."""
        told = self.by_key.get(candidate.key)
        return 0 if told is None else told.tries

    def setbacks_of(self, candidate: Candidate) -> int:
        """Return how often a target itself failed in a way that a wait may cure."""
        return self.by_key.get(candidate.key, _NOTHING).setbacks

    def refusal_of(self, candidate: Candidate) -> str | None:
        """Return the first failure by which a target is out for good; ``None`` if none is."""
        found = [told.refusal for told in self._told_of(candidate) if told.refusal is not None]
        known = candidate.facts.input_tokens
        if known is not None and self._has_met(known):
            first = bisect_left(self.too_large, known, key=lambda met: met[0])
            found.append(self.too_large[first][1])
        return min(found).reason if found else None

    def latest_of(self, candidate: Candidate) -> _Setback | None:
        """Return the last failure that speaks of a target and that a wait may cure."""
        found = [told.latest for told in self._told_of(candidate) if told.latest is not None]
        return max(found, key=lambda setback: setback.number, default=None)

    def _told_of(self, candidate: Candidate) -> Iterator[_Told]:
        if (told := self.by_key.get(candidate.key)) is not None:
            yield told
        if (told := self.by_endpoint.get(candidate.endpoint)) is not None:
            yield told

    def _has_met(self, limit: int) -> bool:
        return bool(self.too_large) and self.too_large[-1][0] >= limit

    def _news(
        self, candidate: Candidate, attempt: Attempt, failure: Failure
    ) -> _Refusal | _Setback:
        if failure.kind.rule.waitable and failure.code not in _INCURABLE:
            return _Setback(self.count, attempt.started + attempt.seconds, failure)
        return _Refusal(self.count, f"{candidate.target} said: {failure.message}")


def standing_of(
    candidate: Candidate,
    needs: Needs,
    findings: Findings,
    *,
    max_retries: int | None = None,
    wait: float = 0.0,
) -> Standing:
    """Judge a target by all but the cooldowns of this moment.

    :param max_retries: how often one target may be asked again.
    :param wait: seconds before a target is asked again that did not state them.
    """
    known = candidate.gone or candidate.refused
    if known is not None:
        return Standing(candidate, REFUSED, known)
    lack = unmet(needs, candidate.facts)
    if lack is not None:
        firm = lack.firm and candidate.firm
        # A fallback that would probably refuse hides the failure that led to it.
        late = findings.count > 0 and not findings.tries_of(candidate)
        if firm or (late and not lack.harmless):
            return Standing(candidate, REFUSED, lack.reason, kind=lack.kind)
    refusal = findings.refusal_of(candidate)
    if refusal is not None:
        return Standing(candidate, REFUSED, refusal)
    latest = findings.latest_of(candidate)
    if latest is not None:
        if max_retries is not None and findings.setbacks_of(candidate) > max_retries:
            return Standing(candidate, REFUSED, "no retry is left")
        failure = latest.failure
        ready_at = latest.came_at + (failure.retry_after or wait)
        return Standing(candidate, LATER, failure.message, ready_at)
    if lack is not None:
        return Standing(candidate, LAST_RESORT, lack.reason, kind=lack.kind)
    return Standing(candidate, READY)
