"""How a client learns what its policy did with a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._core.trail_events import Skip

if TYPE_CHECKING:
    from ._run import Run

REPORT_OPTION = "github_models_report"
"""The option under which a client hands its report to the policy."""


@dataclass(slots=True)
class CallReport:
    """Filled in by the policy; ``plan_only`` asks for the route in place of a call."""

    plan_only: bool = False
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """Who would be asked for a request, in order, and who would not, with reasons.

    ``targets`` could be asked at once, ``later`` only after a wait or as a last resort, ``skipped``
    not at all. ``input_tokens`` is the estimate that was used.
    """

    requested: str
    targets: tuple[str, ...]
    later: tuple[Skip, ...]
    skipped: tuple[Skip, ...]
    input_tokens: int

    def __str__(self) -> str:
        lines = [f"requested {self.requested}, about {self.input_tokens:,} input tokens"]
        lines += [f"{number}. {target}" for number, target in enumerate(self.targets, 1)]
        lines += [f"later: {skip.target}: {skip.reason}" for skip in self.later]
        lines += [str(skip) for skip in self.skipped]
        return "\n".join(lines)


class RoutePlanned(Exception):
    """Carries the route out of the pipeline of a dry run; nothing was sent."""

    def __init__(self, route: RoutePlan) -> None:
        super().__init__(str(route))
        self.route = route
