"""Tiers, plans and quotas as values."""

from __future__ import annotations

import pickle

import pytest

from github_models_azure.registry import Plan, Quota, RateLimitTier
from github_models_azure.registry.tiers import parse_tier


@pytest.mark.parametrize("member", [*RateLimitTier, *Plan])
def test_members_are_and_print_as_their_values(member: RateLimitTier | Plan) -> None:
    """A tier or plan in a message, a comparison or JSON is its plain word."""
    assert member == member.value
    assert f"{member}" == str(member) == member.value
    assert f"{member:>12}" == member.value.rjust(12)


@pytest.mark.parametrize("text", ["pro", "PRO", " Pro "])
def test_plans_are_read_in_any_case(text: str) -> None:
    """How a plan is capitalised does not matter."""
    assert Plan.parse(text) is Plan.PRO


def test_an_unknown_plan_is_answered_with_the_known_ones() -> None:
    """The error shows the value and what may be used."""
    with pytest.raises(ValueError, match="'premium'; use one of free, pro, business, enterprise"):
        Plan.parse("premium")


def test_tier_words_become_members_and_others_stay_words() -> None:
    """GitHub's tiers are members in any case; a user's tier keeps its name."""
    assert parse_tier("HIGH") is RateLimitTier.HIGH
    assert parse_tier("Mine") == "Mine"


def test_a_quota_of_nothing_limits_nothing_and_is_available() -> None:
    """By default no limit is known."""
    quota = Quota()
    assert quota.available
    assert quota.requests_per_minute is None
    assert pickle.loads(pickle.dumps(quota)) == quota
