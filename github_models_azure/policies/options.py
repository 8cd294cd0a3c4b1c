"""The options of the fallback, in one table: name, type, default, check and meaning of each.

Each field of :class:`FallbackSettings` is one. The keywords of clients and calls and the settings
of the environment and the file follow from it. What has to be written out elsewhere, for type
checkers and readers, is compared with it by ``tests/policies/test_options.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from math import inf
from typing import Any, Literal, TypedDict

from .._core.answer.bounds import ANSWER_BYTES, ERROR_BYTES, EVENT_BYTES, VECTORS_BYTES, Bounds
from .._core.failure.kinds import MOVES_ON, FailureKind
from .._core.request.defaults import NO_DEFAULTS, Defaults, Waits
from .._core.route.needs import Operation
from .._core.route.plan import Rules
from .._core.route.tokens import TokenCounter, Tokenizer, estimate_text
from ..endpoints import Endpoint, Target, parse_target
from ..endpoints.presets import PRESETS
from ..ledger import Ledger, MemoryLedger, process_ledger
from ..registry import ModelRegistry, Plan, default_registry
from .observers import Observer, Watched, everybodys_observer
from .option_checks import (
    Check,
    Function,
    Instance,
    MemberOf,
    Number,
    OneOf,
    Switch,
    counting,
    failure_kinds,
    observed,
    remembering,
)
from .waits import Clock

Fallback = str | Sequence[str | Target] | Mapping[str, Sequence[str | Target]] | None

_LEAST_ATTEMPTS = 6
_START = time.time() - time.monotonic()
_WAITS = frozenset({"retry_backoff_factor", "retry_backoff_max", "retry_backoff_min"})


def steady_time() -> float:
    """Seconds since the epoch that never jump when the machine's clock is set."""
    return _START + time.monotonic()


def _itself(endpoint: Endpoint) -> Endpoint:
    return endpoint


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of one option beside its type and its default.

    :param doc: what it means, as the docstrings of clients and policies say it.
    :param scope: who takes it. ``call``: clients, policies, and each call; ``core``: azure-core
        takes it too, so that it is read and passed on; ``client``: clients and policies only;
        ``policy``: policies only, undocumented.
    :param in_settings: whether the environment and the settings file have it.
    """

    check: Check | None
    doc: str = ""
    scope: Literal["call", "client", "core", "policy"] = "call"
    in_settings: bool = False


def _setting(check: Check | None, doc: str) -> dict[str, Option]:
    """Describe an option that the settings have too."""
    return {"option": Option(check, doc, in_settings=True)}


def _keyword(check: Check | None, doc: str) -> dict[str, Option]:
    """Describe an option that can only be given in code."""
    return {"option": Option(check, doc)}


def _seam(check: Check, doc: str) -> dict[str, Option]:
    """Describe an option that tests give when they make a client."""
    return {"option": Option(check, doc, "client")}


def _inner(
    check: Check | None = None, scope: Literal["core", "policy"] = "policy"
) -> dict[str, Option]:
    """Describe an option that is azure-core's, or that only policies take."""
    return {"option": Option(check, scope=scope)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackSettings:
    """The settings of a fallback policy; every value was checked."""

    fallback: str | tuple[Target, ...] | Mapping[str, tuple[Target, ...]] | None = field(
        default="tier",
        metadata=_setting(
            None,  # it is checked against the endpoints that it names
            '``"tier"`` for the models of the same tier, a list of targets '
            '(``"openai/gpt-4o-mini"``, ``"github/meta/llama-3.3-70b-instruct"``), a mapping of '
            'model to such lists (``"*"`` for all others), or ``None`` for no other target.',
        ),
    )
    fallback_on: frozenset[FailureKind] = field(
        default=MOVES_ON,
        metadata=_setting(
            failure_kinds,
            "the failure kinds that may move on to the next target; by default all that are not "
            "the caller's error. After ``unclear`` one other target is asked.",
        ),
    )
    fallback_max_wait: float = field(
        default=60.0,
        metadata=_setting(Number(least=0), "seconds that one call may wait in all, 60 by default."),
    )
    fallback_max_attempts: int | None = field(
        default=None,
        metadata=_setting(
            Number(least=1, whole=True),
            "requests that one call may send in all; by default 6, or the number of targets that "
            "were listed if that is more.",
        ),
    )
    attempt_timeout: float | None = field(
        default=None,
        metadata=_setting(
            Number(least=0.001),
            "seconds until an answer, or a stream's first content, must have come, and from one "
            "content of a stream to the next; ``None`` leaves both to the SDK's "
            "``read_timeout`` (300).",
        ),
    )
    max_answer_bytes: int | None = field(
        default=None,
        metadata=_setting(
            Number(least=1, whole=True),
            "bytes of a whole answer, after decompression; by default 64 MiB for a completion and "
            "256 MiB for embeddings. A target that sends more counts as unavailable.",
        ),
    )
    max_event_bytes: int = field(
        default=EVENT_BYTES,
        metadata=_setting(
            Number(least=1, whole=True),
            "bytes of one event of a stream, 16 MiB by default; a stream's sum has no limit.",
        ),
    )
    max_error_bytes: int = field(
        default=ERROR_BYTES,
        metadata=_setting(
            Number(least=1, whole=True),
            "bytes of an error that are read and judged, 1 MiB by default.",
        ),
    )
    plan: Plan = field(
        default=Plan.FREE,
        metadata=_setting(
            MemberOf(Plan, "a Copilot plan"),
            "the Copilot plan whose quotas hold: free (default), pro, business or enterprise.",
        ),
    )
    adapt: str = field(
        default="lenient",
        metadata=_setting(
            OneOf(("lenient", "strict")),
            '``"lenient"`` (default) fits the request to what a target refuses and declares it in '
            'the trail; ``"strict"`` passes over targets for which something would be lost.',
        ),
    )
    allow_retired: bool = field(
        default=False,
        metadata=_setting(
            Switch(), "try endpoints and models even if they are known to be retired."
        ),
    )
    registry: ModelRegistry = field(
        default_factory=default_registry,
        metadata=_keyword(
            Instance(ModelRegistry, "a ModelRegistry"),
            "the models that are known; the bundled ones by default.",
        ),
    )
    ledger: Ledger = field(
        default_factory=process_ledger,
        metadata=_keyword(
            remembering,
            'the memory of cooldowns: ``"process"`` (default) for that of this process, in which '
            'each endpoint and credential has its own; ``"memory"`` for a new one; or a ledger to '
            "share. A client with a clock of its own has a new one by default.",
        ),
    )
    tokenizer: TokenCounter = field(
        default=estimate_text,
        metadata=_keyword(
            counting,
            "counts the tokens of a text; without one they are estimated from its characters.",
        ),
    )
    observer: Watched | None = field(
        default_factory=everybodys_observer,
        metadata=_keyword(
            observed, "watches what every call does, for telemetry: an :class:`.Observer`."
        ),
    )
    clock: Clock = field(
        default=steady_time,
        metadata=_seam(
            Function("a function that tells the seconds since the epoch"),
            "tells the time that limits, cooldowns and waits go by, in seconds since the epoch; "
            "for tests, see :mod:`github_models_azure.testing`.",
        ),
    )
    jitter: Callable[[float], float] | None = field(
        default=None,
        metadata=_seam(
            Function("a function from the longest wait to the one that is made"),
            "makes a wait for an unavailable target from the longest one allowed; by default a "
            "random part of it.",
        ),
    )
    endpoint: Endpoint | None = field(default=None, metadata=_inner())
    endpoints: Mapping[str, Endpoint] = field(default_factory=lambda: PRESETS, metadata=_inner())
    retry_total: int | None = field(
        default=None, metadata=_inner(Number(least=0, whole=True), "core")
    )
    retry_backoff_factor: float = field(default=0.8, metadata=_inner(Number(least=0), "core"))
    retry_backoff_max: float = field(default=60.0, metadata=_inner(Number(least=0), "core"))
    retry_backoff_min: float = field(default=0.0, metadata=_inner(Number(least=0)))
    timeout: float | None = field(default=None, metadata=_inner(Number(least=0), "core"))
    stand_in: Callable[[Endpoint], Endpoint] = field(
        default=_itself, metadata=_inner(Function("a function from an endpoint to the one asked"))
    )

    @property
    def usual(self) -> Defaults:
        """What the settings say of the client's own endpoint."""
        return self.endpoint.defaults if self.endpoint is not None else NO_DEFAULTS

    def own_terms(self, said: frozenset[str]) -> tuple[bool, bool]:
        """Return whether targets may have retries of their own, and waits of their own.

        :param said: the keywords of the call; what it or the client says holds for all targets.
        """
        usual = self.usual
        retries = "retry_total" not in said and self.retry_total in (None, usual.retries)
        waits = Waits(self.retry_backoff_factor, self.retry_backoff_min, self.retry_backoff_max)
        return retries, not said & _WAITS and waits == (usual.waits or Waits())

    def with_options(self, options: dict[str, Any]) -> FallbackSettings:
        """Take this package's keywords out of a call's options and return the settings with them.

        :raises ValueError: for a value out of range; TypeError for one of a wrong type.
        """
        for name in CORE_NAMES & options.keys():
            _checked(name, options[name])
        given = OPTION_NAMES & options.keys()
        if not given:
            return self
        overrides = {name: options.pop(name) for name in given}
        return replace(self, **check_options(overrides, self.endpoints))

    def rules(self, options: Mapping[str, Any], listed: int = 0) -> Rules:
        """Give the limits of one call; ``retry_total`` counts the retries of one target.

        :param listed: how many targets the caller and the settings named.
        """
        retries, attempts = options.get("retry_total", self.retry_total), self.fallback_max_attempts
        if attempts is None:
            attempts = max(_LEAST_ATTEMPTS, listed)
        return _rules(self.fallback_on, attempts, self.fallback_max_wait, retries)

    def bounds(self, operation: Operation) -> Bounds:
        """Give the most bytes that the answer to one call may have."""
        usual = ANSWER_BYTES if operation is Operation.CHAT else VECTORS_BYTES
        return Bounds(self.max_answer_bytes or usual, self.max_event_bytes, self.max_error_bytes)

    def deadline(self, options: Mapping[str, Any], now: float) -> float:
        """Give the moment at which the whole call is over."""
        timeout = options.get("timeout", self.timeout)
        return inf if timeout is None else now + float(timeout)


_rules = lru_cache(maxsize=64)(Rules)  # the same few, call after call

OPTIONS: Mapping[str, Option] = {
    one.name: one.metadata["option"] for one in fields(FallbackSettings)
}
"""The options by name, in the order in which they are documented."""

OPTION_NAMES = frozenset(name for name, option in OPTIONS.items() if option.scope == "call")
"""The keywords that a client takes at construction and per call."""

CLIENT_NAMES = OPTION_NAMES | {name for name, one in OPTIONS.items() if one.scope == "client"}
"""The keywords that a client takes at construction."""

CORE_NAMES = frozenset(name for name, option in OPTIONS.items() if option.scope == "core")
"""The keywords of azure-core that this package reads too, at construction and per call."""


class FallbackOptions(TypedDict, total=False):
    """The keywords of a fallback policy, for type checkers; its docstring explains them."""

    fallback_on: Iterable[FailureKind | str] | None
    fallback_max_wait: float | None
    fallback_max_attempts: int | None
    attempt_timeout: float | None
    max_answer_bytes: int | None
    max_event_bytes: int | None
    max_error_bytes: int | None
    adapt: str | None
    registry: ModelRegistry | None
    ledger: Ledger | str | None
    plan: Plan | str | None
    allow_retired: bool | None
    tokenizer: Tokenizer | None
    observer: Observer | None
    clock: Clock | None
    jitter: Callable[[float], float] | None
    endpoint: Endpoint | None
    endpoints: Mapping[str, Endpoint] | None
    retry_total: int | None
    retry_backoff_factor: float | None
    retry_backoff_max: float | None
    retry_backoff_min: float | None
    timeout: float | None
    stand_in: Callable[[Endpoint], Endpoint] | None


def configure(fallback: Fallback, options: Mapping[str, Any]) -> FallbackSettings:
    """Check the keywords of a policy and return its settings.

    :raises TypeError: for an unknown keyword or a value of a wrong type; ValueError for one out of
        range.
    """
    unknown = sorted(options.keys() - OPTIONS.keys())
    if unknown:
        known = ", ".join(sorted(CLIENT_NAMES))
        raise TypeError(f"FallbackPolicy takes no keyword {unknown[0]!r}. Known: {known}.")
    endpoints = options.get("endpoints") or PRESETS
    if options.get("clock") is not None and options.get("ledger") is None:
        options = {**options, "ledger": MemoryLedger()}  # times of two clocks do not compare
    return FallbackSettings(**check_options({"fallback": fallback, **options}, endpoints))


def check_options(
    options: Mapping[str, Any], endpoints: Mapping[str, Endpoint] = PRESETS
) -> dict[str, Any]:
    """Check the keywords of a policy and bring them into the form that the settings keep.

    ``None`` stands for the default, except for ``fallback``, for which it means: no other target.
    """
    return {
        name: _fallback(value, endpoints) if name == "fallback" else _checked(name, value)
        for name, value in options.items()
        if value is not None or name == "fallback"
    }


def _checked(name: str, value: object) -> object:
    check = OPTIONS[name].check
    return value if check is None or value is None else check(name, value)


def _fallback(value: Fallback, endpoints: Mapping[str, Endpoint]) -> object:
    if value is None or value == "tier":
        return value
    if isinstance(value, Mapping):
        return {model: _targets(targets, endpoints) for model, targets in value.items()}
    return _targets(value, endpoints)


def _targets(value: object, endpoints: Mapping[str, Endpoint]) -> tuple[Target, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(
            f"fallback is 'tier', None or a list of targets, not {value!r}. "
            "A single target goes in a list: fallback=['openai/gpt-4o-mini']."
        )
    return tuple(parse_target(target, endpoints) for target in value)
