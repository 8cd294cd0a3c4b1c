"""What a fallback policy is set to, and what one call overrides."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf
from typing import Any, TypedDict

from .._core.failure.kinds import MOVES_ON, FailureKind
from .._core.route.plan import Rules
from .._core.route.tokens import estimate_text
from ..endpoints import Endpoint, Target, parse_target
from ..endpoints.presets import PRESETS
from ..ledger import Ledger, MemoryLedger
from ..registry import ModelRegistry, Plan, default_registry
from ._observers import Observer, Watched, everybodys_observer

_START = time.time() - time.monotonic()


def steady_time() -> float:
    """Seconds since the epoch that never jump when the machine's clock is set."""
    return _START + time.monotonic()


Fallback = str | Sequence[str | Target] | Mapping[str, Sequence[str | Target]] | None


class FallbackOptions(TypedDict, total=False):
    """The keywords of a fallback policy, for type checkers; its docstring explains them."""

    fallback_on: Iterable[FailureKind | str] | None
    fallback_max_wait: float | None
    fallback_max_attempts: int | None
    attempt_timeout: float | None
    adapt: str | None
    registry: ModelRegistry | None
    ledger: Ledger | None
    plan: Plan | str | None
    allow_retired: bool | None
    tokenizer: Callable[[str], int] | None
    observer: Observer | None
    endpoint: Endpoint | None
    endpoints: Mapping[str, Endpoint] | None
    retry_total: int | None
    retry_backoff_factor: float | None
    retry_backoff_max: float | None
    retry_backoff_min: float | None
    timeout: float | None
    clock: Callable[[], float] | None
    jitter: Callable[[float], float] | None


OPTION_NAMES = frozenset(
    {
        "fallback", "fallback_on", "fallback_max_wait", "fallback_max_attempts", "attempt_timeout",
        "adapt", "registry", "ledger", "plan", "allow_retired", "tokenizer", "observer",
    }
)  # fmt: skip
"""The keywords that a client takes at construction and per call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackSettings:
    """The settings of a fallback policy; every value is checked here, with the value named."""

    fallback: str | tuple[Target, ...] | Mapping[str, tuple[Target, ...]] | None = "tier"
    fallback_on: frozenset[FailureKind] = MOVES_ON
    fallback_max_wait: float = 60.0
    fallback_max_attempts: int = 6
    attempt_timeout: float | None = None
    adapt: str = "lenient"
    plan: Plan = Plan.FREE
    allow_retired: bool = False
    tokenizer: Callable[[str], int] = estimate_text
    registry: ModelRegistry = field(default_factory=default_registry)
    ledger: Ledger = field(default_factory=MemoryLedger)
    observer: Watched | None = field(default_factory=everybodys_observer)
    endpoint: Endpoint | None = None
    endpoints: Mapping[str, Endpoint] = field(default_factory=lambda: PRESETS)
    retry_total: int | None = None
    retry_backoff_factor: float = 0.8
    retry_backoff_max: float = 60.0
    retry_backoff_min: float = 0.0
    timeout: float | None = None
    clock: Callable[[], float] = steady_time
    jitter: Callable[[float], float] | None = None

    def with_options(self, options: dict[str, Any]) -> FallbackSettings:
        """Take this package's keywords out of a call's options and return the settings with them.

        :raises ValueError: for a value out of range; TypeError for one of a wrong type.
        """
        for name in _PASSED_ON & options.keys():
            if options[name] is not None:
                _CHECKS[name](options[name])
        given = OPTION_NAMES & options.keys()
        if not given:
            return self
        overrides = {name: options.pop(name) for name in given}
        return replace(self, **check_options(overrides, self.endpoints))

    def rules(self, options: Mapping[str, Any]) -> Rules:
        """Give the limits of one call; ``retry_total`` counts the retries of one target."""
        retries = options.get("retry_total", self.retry_total)
        return _rules(self.fallback_on, self.fallback_max_attempts, self.fallback_max_wait, retries)

    def deadline(self, options: Mapping[str, Any], now: float) -> float:
        """Give the moment at which the whole call is over."""
        timeout = options.get("timeout", self.timeout)
        return inf if timeout is None else now + float(timeout)


_rules = lru_cache(maxsize=64)(Rules)  # the same few, call after call


def check_options(
    options: Mapping[str, Any], endpoints: Mapping[str, Endpoint] = PRESETS
) -> dict[str, Any]:
    """Check the keywords of a policy and bring them into the form that the settings keep.

    ``None`` stands for the default, except for ``fallback`` where it means: no other target.
    """
    checked: dict[str, Any] = {}
    for name, value in options.items():
        if name == "fallback":
            checked[name] = _fallback(value, endpoints)
        elif value is not None:
            checked[name] = _CHECKS[name](value) if name in _CHECKS else value
    return checked


def _fallback(value: Fallback, endpoints: Mapping[str, Endpoint]) -> object:
    if value is None or value == "tier":
        return value
    if isinstance(value, Mapping):
        return {model: _targets(targets, endpoints) for model, targets in value.items()}
    return _targets(value, endpoints)


def _targets(value: Any, endpoints: Mapping[str, Endpoint]) -> tuple[Target, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(
            f"fallback is 'tier', None or a list of targets, not {value!r}. "
            "A single target goes in a list: fallback=['openai/gpt-4o-mini']."
        )
    return tuple(parse_target(target, endpoints) for target in value)


def _number(name: str, *, least: float, whole: bool = False) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            wanted = "a whole number" if whole else "a number of seconds"
            raise TypeError(f"{name} is {wanted}, not {value!r}.")
        if not value >= least:
            raise ValueError(f"{name} is at least {least:g}, not {value!r}.")
        return value

    return check


def _kinds(value: Any) -> frozenset[FailureKind]:
    if isinstance(value, str):
        raise TypeError(f"fallback_on is a set of failure kinds, not the text {value!r}.")
    try:
        return frozenset(FailureKind(kind) for kind in value) & MOVES_ON
    except (TypeError, ValueError) as error:
        names = ", ".join(sorted(kind.value for kind in MOVES_ON))
        raise ValueError(f"fallback_on={value!r}: {error}. Known kinds: {names}.") from error


def _plan(value: Any) -> Plan:
    try:
        return Plan(value)
    except ValueError as error:
        names = ", ".join(plan.value for plan in Plan)
        raise ValueError(f"plan={value!r} is not a Copilot plan; one of {names}.") from error


def _callable(value: Any) -> Callable[[str], int]:
    if not callable(value):
        raise TypeError(f"tokenizer is a function from a text to its tokens, not {value!r}.")
    counter: Callable[[str], int] = value
    return counter


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"allow_retired is True or False, not {value!r}.")
    return value


def _adapt(value: Any) -> str:
    if value not in ("lenient", "strict"):
        raise ValueError(f"adapt is 'lenient' or 'strict', not {value!r}.")
    return str(value)


def _registry(value: Any) -> ModelRegistry:
    if not isinstance(value, ModelRegistry):
        raise TypeError(f"registry is a ModelRegistry, not {value!r:.80}.")
    return value


def _ledger(value: Any) -> Ledger:
    if not isinstance(value, Ledger):
        raise TypeError(f"ledger is a MemoryLedger or the like, not {value!r:.80}.")
    return value


def _observer(value: Any) -> Watched:
    if not isinstance(value, Observer):
        raise TypeError(f"observer is an object with call_started(call), not {value!r:.80}.")
    return Watched(value)


_PASSED_ON = frozenset({"retry_total", "retry_backoff_factor", "retry_backoff_max", "timeout"})
"""The keywords of azure-core that this package reads too, per call."""

_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "fallback_on": _kinds,
    "fallback_max_wait": _number("fallback_max_wait", least=0),
    "fallback_max_attempts": _number("fallback_max_attempts", least=1, whole=True),
    "attempt_timeout": _number("attempt_timeout", least=0.001),
    "adapt": _adapt,
    "ledger": _ledger,
    "registry": _registry,
    "allow_retired": _switch,
    "tokenizer": _callable,
    "observer": _observer,
    "plan": _plan,
    "retry_total": _number("retry_total", least=0, whole=True),
    "retry_backoff_factor": _number("retry_backoff_factor", least=0),
    "retry_backoff_max": _number("retry_backoff_max", least=0),
    "retry_backoff_min": _number("retry_backoff_min", least=0),
    "timeout": _number("timeout", least=0),
}
