"""Rate-limit tiers, Copilot plans, and the quota that a plan has on a tier."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
