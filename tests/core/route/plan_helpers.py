"""Short words for the planner's tests: targets, failures, attempts, cooldowns."""

from __future__ import annotations

from typing import Any

from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope
from github_models_azure._core.route.cooldown import Cooldown
from github_models_azure._core.route.plan import Candidate, Plan, Rules
from github_models_azure._core.trail_events import Attempt

NOW = 1_800_000_000.0
K = FailureKind


def target(name: str, endpoint: str = "e", **members: Any) -> Candidate:
    """A candidate whose target, key and name are one word."""
    return Candidate(name, f"{endpoint}|{name}", endpoint, **members)


A, B, C = target("a"), target("b"), target("c")


def route(*candidates: Candidate, **members: Any) -> Plan:
    """A plan of these targets; ``max_wait`` and the like go into its rules."""
    names = ("moves_on", "max_attempts", "max_wait", "max_retries")
    rules = Rules(**{name: members.pop(name) for name in names if name in members})
    return Plan(candidates, rules=rules, **members)


def failed(plan: Plan, candidate: Candidate, kind: FailureKind, **members: Any) -> Plan:
    """The plan after a failed attempt; ``repair`` where it can be repaired, ``at`` its start."""
    repair, at = members.pop("repair", False), members.pop("at", NOW)
    failure = Failure(kind, message=f"{candidate.target} failed", **members)
    return plan.record(candidate, Attempt(candidate.target, at, failure=failure), repair=repair)


def endpoint_failed(plan: Plan, candidate: Candidate, kind: FailureKind, **members: Any) -> Plan:
    """The plan after a failure that speaks of the whole endpoint."""
    return failed(plan, candidate, kind, scope=Scope.ENDPOINT, **members)


def cooling(
    candidate: Candidate, seconds: float, *, soft: bool = False, endpoint: bool = False
) -> dict[str, Cooldown]:
    """A cooldown in force of one target, or of its endpoint."""
    key = candidate.endpoint if endpoint else candidate.key
    kind = K.UNAVAILABLE if soft else K.RATE_LIMITED
    return {key: Cooldown(NOW + seconds, kind, "told earlier", soft)}
