"""What a client and its policy tell each other of a call."""

from __future__ import annotations

from dataclasses import dataclass

from .._core.trail_events import Skip
from ._attempt import UNSTRUCTURED, Unstructured
from ._call import Call

CALL_OPTION = "github_models_call"
"""The one option of ours among azure-core's: the :class:`CallReport` of a call."""


@dataclass(slots=True)
class CallReport:
    """Goes down with a call; the policy leaves there what it has begun.

    ``structured`` is the wanted shape of the answer.
    """

    structured: Unstructured = UNSTRUCTURED
    call: Call | None = None


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
