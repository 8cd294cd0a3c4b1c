"""How far along its route a call has come, so that no step begins at its start again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..trail_events import Attempt, Skip
from .needs import Needs
from .standing import LATER, Candidate, Findings, Standing, standing_of


class PassedOver(NamedTuple):
    """A target that a step went past, and the skips that stand before it on the route."""

    skips: tuple[Skip, ...]
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Progress:
    """What the attempts have told, and how far along the route the steps have come.

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

    def after(self, candidate: Candidate, attempt: Attempt) -> Progress:
        """Return the progress after one more attempt, which followed from the last step."""
        settled = self.judge(candidate).rank >= LATER
        made = replace(self, findings=self.findings.after(candidate, attempt))
        if self._may_change_skips(candidate, made.findings, settled=settled):
            return replace(made, open=(), skips=(), cursor=0)
        if settled:
            return made
        # The step looked at every target before this one, so they may be looked at once more.
        for number, passed in enumerate(self.open, 1):
            if passed.candidate is candidate:
                return made._sort_open(number)
        for position in range(self.cursor, len(self.route)):
            if self.route[position] is candidate:
                return made._advance(position + 1)
        return made

    def judge(self, candidate: Candidate, wait: float = 0.0) -> Standing:
        """Say where a target stands, cooldowns apart.

        :param wait: seconds before a target is asked again that did not state them.
        """
        return standing_of(
            candidate, self.needs, self.findings, max_retries=self.max_retries, wait=wait
        )

    def unsettled(self) -> Iterator[tuple[Sequence[Skip], Candidate | None]]:
        """Go along the route past those that are settled: each target after the skips before it."""
        yield from self.open
        yield self.skips, None
        for position in range(self.cursor, len(self.route)):
            yield (), self.route[position]

    def _may_change_skips(self, candidate: Candidate, findings: Findings, *, settled: bool) -> bool:
        """Return whether a skip that is kept may be out of date; so it is at most after a wait."""
        before = self.findings
        if settled and not before.tries_of(candidate):
            return True
        if findings.too_large is not before.too_large:
            return bool(before.by_endpoint)
        told = before.by_endpoint.get(candidate.endpoint)
        if told is None or told.refusal is not None:
            return False
        return findings.by_endpoint is not before.by_endpoint

    def _sort_open(self, number: int) -> Progress:
        """Look once more at the first few of the open targets."""
        kept, skips = self._sort(self.open[:number])
        rest = self.open[number:]
        if not rest:
            return replace(self, open=kept, skips=(*skips, *self.skips))
        first = PassedOver((*skips, *rest[0].skips), rest[0].candidate)
        return replace(self, open=(*kept, first, *rest[1:]))

    def _advance(self, cursor: int) -> Progress:
        """Look at the targets up to a place on the route, and once more at those that are open."""
        first, *others = self.route[self.cursor : cursor]
        new = (PassedOver(self.skips, first), *(PassedOver((), other) for other in others))
        kept, skips = self._sort((*self.open, *new))
        return replace(self, open=kept, skips=skips, cursor=cursor)

    def _sort(
        self, passed: Sequence[PassedOver]
    ) -> tuple[tuple[PassedOver, ...], tuple[Skip, ...]]:
        """Return the targets that are still open, and the skips behind the last of them."""
        kept: list[PassedOver] = []
        skips: list[Skip] = []
        for before, candidate in passed:
            skips += before
            standing = self.judge(candidate)
            if standing.rank < LATER:
                kept.append(PassedOver(tuple(skips), candidate))
                skips = []
            elif standing.reason and not self.findings.tries_of(candidate):
                skips.append(standing.as_skip())
        return tuple(kept), tuple(skips)
