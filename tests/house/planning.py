"""What the planner costs when every target of a long route fails."""

from __future__ import annotations

import math
import time
from itertools import count
from typing import Any

from tests.core.route.plan_helpers import NOW, K, cooling, failed, route, target

SIZES = (50, 100, 200, 400)
JUDGED = 200
BUDGET = 1.0  # seconds of CPU that the rounds of one size may take
ROUNDS = 9
KINDS = (K.RATE_LIMITED, K.UNAVAILABLE)
MODELS_OF_AN_ENDPOINT = 10


def drive(size: int, *, remembered: bool) -> float:
    """Return the CPU seconds of a call that asks ``size`` targets, each of which fails once.

    :param remembered: whether the planner is told of the cooldowns, as it is by a ledger.
    """
    targets = [target(f"m{i}", endpoint=f"e{i // MODELS_OF_AN_ENDPOINT}") for i in range(size)]
    cooldowns: dict[str, Any] = {}
    began = time.process_time()
    plan = route(*targets, max_attempts=size + 1)
    for number, expected in zip(count(), targets):
        step: Any = plan.next(now=NOW + number, cooldowns=cooldowns)
        if step.candidate is not expected:
            raise RuntimeError(f"Attempt {number} of {size} should ask {expected}: {step}")
        kind, wait = KINDS[number % len(KINDS)], 3600.0 + number
        plan = failed(plan, expected, kind, at=NOW + number, retry_after=wait)
        if remembered:
            cooldowns.update(cooling(expected, wait + number))
    step = plan.next(now=NOW + size, cooldowns=cooldowns)
    if getattr(step, "candidate", None) is not None:
        raise RuntimeError(f"Nothing is left to ask, and all waits are too long: {step}")
    return time.process_time() - began


def best(size: int, *, remembered: bool) -> float:
    """Return the milliseconds of the best of several rounds."""
    rounds = [drive(size, remembered=remembered)]
    while len(rounds) < ROUNDS and sum(rounds) < BUDGET:
        rounds.append(drive(size, remembered=remembered))
    return 1000 * min(rounds)


def exponent(costs: dict[int, float]) -> float:
    """Return the power of the size with which the cost grows: a line through the logarithms."""
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items()]
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return slope / sum((x - middle_x) ** 2 for x, _ in points)


def measure() -> dict[str, dict[str, float]]:
    """Return the milliseconds of whole calls by their size, and how they grow."""
    table = {}
    for name, remembered in {"with cooldowns": True, "without": False}.items():
        costs = {size: best(size, remembered=remembered) for size in SIZES}
        columns = {f"{size} targets, ms": cost for size, cost in costs.items()}
        table[name] = {**columns, "exponent": exponent(costs)}
    return table
