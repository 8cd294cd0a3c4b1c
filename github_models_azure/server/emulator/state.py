"""Everything one emulator remembers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .faults import FaultQueue
from .journal import Journal, fingerprint
from .json_value import Json
from .limiter import Limiter
from .settings import DEFAULT_SETTINGS, RETIRED_MODES, AdjustableClock, EmulatorSettings, Retired

if TYPE_CHECKING:
    from github_models_azure.registry import ModelInfo, ModelRegistry, Plan, Quota


class EmulatorState:
    """The memory of one emulator, shared by its requests and whoever steers it.

    :param plan: the Copilot plan of every token: free, pro, business or enterprise.
    :param token_plans: other plans, by token; kept as fingerprints.
    :param strict_api_version: whether ``/openai/v1`` is served.
    :raises ValueError: for a plan, a retirement or a deployed model that does not exist.
    """

    def __init__(
        self,
        *,
        plan: str,
        retired: str | None,
        clock: Callable[[], float],
        registry: ModelRegistry | None = None,
        token_plans: Mapping[str, str] | None = None,
        settings: EmulatorSettings | None = None,
        strict_api_version: bool = False,
    ) -> None:
        from github_models_azure.registry import default_registry

        self.settings = settings or DEFAULT_SETTINGS
        self.registry = registry if registry is not None else default_registry()
        _check_deployments(self.settings, self.registry)
        self.plan = _plan(plan)
        self._token_plans = {
            fingerprint(token): _plan(name) for token, name in (token_plans or {}).items()
        }
        self.clock = AdjustableClock(clock)
        self.journal = Journal(self.settings.journal_size)
        self.faults = FaultQueue()
        self.limiter = Limiter(self.settings.user_requests_per_minute)
        self.stopping = threading.Event()
        self._first_retired = self.retired = _retired(retired)
        self._first_strict = self.strict_api_version = strict_api_version
        self._requests = 0
        self._upstream: dict[str, tuple[int, int, int]] = {}
        self._lock = threading.Lock()

    def retire(self, mode: str | None) -> None:
        """Change what the service answers after its end; ``None`` brings it back.

        :raises ValueError: for a mode that does not exist.
        """
        self.retired = _retired(mode)

    def quota(self, user: str, model: ModelInfo) -> Quota | None:
        """Return the quota of a user, given by fingerprint, for a model."""
        quota = self.registry.quota(model, self._token_plans.get(user, self.plan))
        if quota is None or self.settings.tokens_per_minute is None:
            return quota
        return replace(quota, tokens_per_minute=self.settings.tokens_per_minute)

    def known_as(self, name: str) -> str:
        """Return what is the same for all names of a model: its id, else the name itself."""
        info = self.registry.find(name)
        return (name if info is None else info.id).lower()

    def next_request_id(self) -> str:
        """Return an id for one more answer."""
        with self._lock:
            self._requests += 1
            return f"00000000-0000-4000-8000-{self._requests:012x}"

    def upstream_use(self, model: str, tokens: int, now: float) -> tuple[int, int]:
        """Count one request of the deployment's present minute; return (requests, tokens) so far.

        These are the numbers of the whole deployment, which the user's quota knows nothing of.
        """
        minute = int(now // 60)
        with self._lock:
            seen, requests, spent = self._upstream.get(model, (minute, 0, 0))
            if seen != minute:
                requests = spent = 0
            self._upstream[model] = (minute, requests + 1, spent + tokens)
            return requests + 1, spent + tokens

    def reset(self) -> None:
        """Forget requests, windows and faults; undo every advance and change of what is served."""
        self.journal.clear()
        self.faults.clear()
        self.limiter.reset()
        self.clock.rewind()
        self.retired = self._first_retired
        self.strict_api_version = self._first_strict
        with self._lock:
            self._upstream.clear()
            self._requests = 0

    def as_json(self) -> dict[str, Json]:
        """Return the state for the control API."""
        now = self.clock()
        return {
            "plan": self.plan.value,
            "token_plans": {user: plan.value for user, plan in self._token_plans.items()},
            "retired": self.retired,
            "strict_api_version": self.strict_api_version,
            "now": now,
            "advanced": self.clock.offset,
            "running": self.limiter.running(),
            "requests": len(self.journal.entries()),
            "faults": [fault.as_json() for fault in self.faults.pending()],
            "windows": [
                {
                    "user": use.user,
                    "model": use.model,
                    "type": use.type,
                    "used": use.used,
                    "limit": use.limit,
                    "span": use.span,
                }
                for use in self.limiter.usage(now)
            ],
        }


def _check_deployments(settings: EmulatorSettings, registry: ModelRegistry) -> None:
    for name, model in settings.deployments.items():
        if registry.find(model) is None:
            raise ValueError(
                f"deployments[{name!r}] is {model!r}, which is not a known model. Name one such as "
                "openai/gpt-5-mini, or give a registry that has it."
            )


def _plan(name: str) -> Plan:
    from github_models_azure.registry import Plan

    return Plan.parse(name)


def _retired(mode: str | None) -> Retired | None:
    for known in RETIRED_MODES:
        if mode == known:
            return known
    if mode is None:
        return None
    raise ValueError(f"retired={mode!r} does not exist; choose from {', '.join(RETIRED_MODES)}.")
