"""How far along its route a call has come, so that no step begins at the start again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..trail_events import Attempt, Skip
from .needs import Needs
from .standing import LATER, NOBODY, NOTHING, Candidate, Findings, Standing, standing_of


class PassedOver(NamedTuple):
    """A target that steps went past and may come back to, after the skips that stand before it."""

    skips: tuple[Skip, ...]
    standing: Standing


class Progress(NamedTuple):
    """What the attempts have told, and how far along the route they have led.

    Of the targets before ``cursor``, only those in ``open`` can be asked without a wait. All others
    are settled, whatever the cooldowns: they were asked, or are skipped for a reason that stays.
    Those skips stand with the next open target, or in ``skips`` behind the last.
    """

    route: tuple[Candidate, ...]
    needs: Needs
    max_retries: int | None
    findings: Findings
    open: tuple[PassedOver, ...] = ()
    skips: tuple[Skip, ...] = ()
    cursor: int = 0

    def judge(self, candidate: Candidate, wait: float = 0.0) -> Standing:
        """Say where a target stands, cooldowns apart.

        :param wait: seconds before a target is asked again that did not state them.
        """
        return standing_of(
            candidate, self.needs, self.findings, max_retries=self.max_retries, wait=wait
        )

    def unsettled(self) -> Iterator[tuple[tuple[Skip, ...], Standing | None]]:
        """Go along the route past all that is settled: each target after the skips before it."""
        yield from self.open
        yield self.skips, None
        for position in range(self.cursor, len(self.route)):
            yield (), self.judge(self.route[position])

    def after(self, candidate: Candidate, attempt: Attempt) -> Progress:
        """Return the progress after one more attempt, which the last step led to."""
        made = self._replace(findings=self.findings.after(candidate, attempt))
        settled = self.judge(candidate).rank >= LATER
        if self._may_differ(candidate, made.findings, settled=settled):
            return made._replace(open=(), skips=(), cursor=0)
        wide = made.findings.speaks_of_others(self.findings)
        if settled and not wide:
            return made
        cursor = self.cursor if settled else self._end_of_way_to(candidate)
        return made._led_to(cursor, candidate, wide=wide)

    def _may_differ(self, candidate: Candidate, findings: Findings, *, settled: bool) -> bool:
        """Return whether a skip that is kept may no longer hold; seldom, unless after a wait."""
        before = self.findings
        if settled and not before.tries_of(candidate):
            return True
        if findings.too_large is not before.too_large:
            return before.by_endpoint is not NOBODY
        told = before.by_endpoint.of(candidate.endpoint)
        if told is NOTHING or told.refusal is not None:
            return False
        return findings.by_endpoint is not before.by_endpoint

    def _end_of_way_to(self, candidate: Candidate) -> int:
        """Return the place behind an open target, or the cursor if it is before that."""
        if any(passed.standing.candidate is candidate for passed in self.open):
            return self.cursor
        for position in range(self.cursor, len(self.route)):
            if self.route[position] is candidate:
                return position + 1
        return self.cursor

    def _led_to(self, cursor: int, tried: Candidate, *, wide: bool) -> Progress:
        """Go on to a place on the route; judge what comes new, and what may have changed."""
        kept: list[PassedOver] = []
        skips: list[Skip] = []
        for passed in self.open:
            skips += passed.skips
            standing = passed.standing
            if wide or standing.candidate is tried:
                standing = self.judge(standing.candidate)
            self._sort(standing, kept, skips)
        skips += self.skips
        for position in range(self.cursor, cursor):
            self._sort(self.judge(self.route[position]), kept, skips)
        return self._replace(open=tuple(kept), skips=tuple(skips), cursor=cursor)

    def _sort(self, standing: Standing, kept: list[PassedOver], skips: list[Skip]) -> None:
        if standing.rank < LATER:
            kept.append(PassedOver(tuple(skips), standing))
            skips.clear()
        elif standing.reason and not self.findings.tries_of(standing.candidate):
            skips.append(standing.as_skip())
