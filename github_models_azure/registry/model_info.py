"""What is known of one model: its tier and quotas, its limits, and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from .._core.route.needs import ModelFacts


class _Word(str, Enum):
    """An enum whose members are, print and format as their values."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, format_spec: str) -> str:
        return format(str(self.value), format_spec)


class RateLimitTier(_Word):
    """GitHub's ``rate_limit_tier`` of a model.

    ``CUSTOM`` has no limits of its own: the model's ``quota_class`` names the row that counts.
    """

    LOW = "low"
    HIGH = "high"
    EMBEDDINGS = "embeddings"
    CUSTOM = "custom"


class Plan(_Word):
    """The user's Copilot plan, on which the quotas of GitHub Models depended."""

    FREE = "free"
    PRO = "pro"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"

    @classmethod
    def parse(cls, plan: str) -> Plan:
        """Return the plan of a name in any case; ``ValueError`` names the known ones."""
        try:
            return cls(plan.strip().lower())
        except ValueError:
            known = ", ".join(member.value for member in cls)
            raise ValueError(f"Unknown plan {plan!r:.80}; use one of {known}.") from None


@dataclass(frozen=True, slots=True)
class Quota:
    """What one plan may ask of one model; ``None`` means no limit is known.

    Tokens count one request, except ``tokens_per_minute``. Where ``available`` is false the plan
    has no access to the model at all, and the numbers say nothing. The figures of the bundled
    tiers are those of GitHub's documentation; ``tokens_per_minute`` is not in it (limits of 40000
    and 60000 were reported in error messages only).
    """

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    input_tokens_per_request: int | None = None
    output_tokens_per_request: int | None = None
    concurrent_requests: int | None = None
    tokens_per_minute: int | None = None
    available: bool = True


NOT_AVAILABLE = Quota(available=False)
"""The quota of a plan that cannot use a model."""


def parse_tier(tier: str) -> RateLimitTier | str:
    """Return GitHub's tier of that name in any case, or the name itself for a user-made tier."""
    try:
        return RateLimitTier(tier.strip().lower())
    except ValueError:
        return tier


FLAGS = (
    "tool_calling",
    "parallel_tool_calls",
    "streaming",
    "json_schema",
    "reasoning",
    "prompt_cache",
    "reasoning_effort",
)
"""The capabilities that are fields of their own."""

_OTHER_NAMES = {
    "tools": "tool_calling",
    "function_calling": "tool_calling",
    "image": "images",
    "vision": "images",
}
_MODALITIES = {
    "images": ("input_modalities", "image"),
    "audio": ("input_modalities", "audio"),
    "chat": ("output_modalities", "text"),
    "embeddings": ("output_modalities", "embeddings"),
}
CAPABILITIES = (*FLAGS, *_MODALITIES)
"""The names that :meth:`ModelInfo.supports` understands."""


@dataclass(frozen=True, slots=True, repr=False)
class ModelInfo:
    """One model: names, limits, capabilities, life; ``None`` means unknown.

    ``max_input_tokens`` and ``max_output_tokens`` are the model's own, far above what a plan lets
    through (for embeddings the input counts one text): ask :meth:`facts` with a quota. ``rejects``
    names members of a request body that the model refuses, and the message roles ``system`` and
    ``developer`` where it refuses those. ``deprecated_on`` is the day on which the model's end
    was announced, ``retired_on`` the first day without it; the end of a service belongs to its
    endpoint and is not repeated here. ``successor`` is the id of the suggested replacement.
    ``summary`` is what a live catalogue says of the model, ``purpose`` one line of what it is for.
    ``extra_body`` are members of every body that is sent for it, which a user's settings may give.

    ``sources`` says for each fact how well it is known (``seen``, ``reported``, ``unconfirmed``)
    and from where; on an unknown fact it may say why. Its key for one refused member is
    ``rejects.NAME``, where that differs from ``rejects``.
    """

    id: str
    name: str = ""
    publisher: str = ""
    registry: str | None = None
    legacy_name: str | None = None
    version: str | None = None
    summary: str | None = None
    purpose: str | None = None
    tier: RateLimitTier | str | None = None
    quota_class: str | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    input_modalities: frozenset[str] | None = None
    output_modalities: frozenset[str] | None = None
    tool_calling: bool | None = None
    parallel_tool_calls: bool | None = None
    streaming: bool | None = None
    json_schema: bool | None = None
    reasoning: bool | None = None
    prompt_cache: bool | None = None
    reasoning_effort: bool | None = None
    rejects: frozenset[str] = frozenset()
    min_api_version: str | None = None
    tags: tuple[str, ...] = ()
    deprecated_on: date | None = None
    retired_on: date | None = None
    successor: str | None = None
    extra_body: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        tier = None if self.tier is None else str(self.tier)
        return f"<ModelInfo {self.id!r} tier={tier!r}>"

    def supports(self, capability: str) -> bool | None:
        """Tell whether the model has a capability; ``None`` where nobody knows.

        :param capability: one of ``CAPABILITIES``; hyphens are as good as underscores, and
            ``tools``, ``function_calling`` and ``vision`` are understood.
        :raises ValueError: for a word that names no capability.
        """
        word = capability.strip().lower().replace("-", "_")
        word = _OTHER_NAMES.get(word, word)
        if word in FLAGS:
            known: bool | None = getattr(self, word)
            return known
        if word not in _MODALITIES:
            raise ValueError(
                f"Unknown capability {capability!r:.80}; use one of {', '.join(CAPABILITIES)}."
            )
        member, modality = _MODALITIES[word]
        modalities: frozenset[str] | None = getattr(self, member)
        return None if modalities is None else modality in modalities

    def facts(self, quota: Quota | None = None) -> ModelFacts:
        """Return what route planning needs to know of the model.

        :param quota: its token limits for one request narrow those of the model.
        """
        return ModelFacts(
            input_tokens=_narrower(
                self.max_input_tokens, quota.input_tokens_per_request if quota else None
            ),
            output_tokens=_narrower(
                self.max_output_tokens, quota.output_tokens_per_request if quota else None
            ),
            tools=self.tool_calling,
            parallel_tool_calls=self.parallel_tool_calls,
            streaming=self.streaming,
            json_schema=self.json_schema,
            images=self.supports("images"),
            audio=self.supports("audio"),
            embeddings=self.supports("embeddings"),
            chat=self.supports("chat"),
            reasoning_effort=self.reasoning_effort,
            rejects=self.rejects,
        )

    def is_retired(self, now: date) -> bool:
        """Tell whether the model is known to be gone at ``now``, a date or a datetime."""
        return self.retired_on is not None and self.retired_on <= _day(now)

    def is_deprecated(self, now: date) -> bool:
        """Tell whether the model's end is known to be announced at ``now``, or is past."""
        announced = self.deprecated_on is not None and self.deprecated_on <= _day(now)
        return announced or self.is_retired(now)


def _narrower(first: int | None, second: int | None) -> int | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
