"""What one model says of itself."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.route.needs import UNKNOWN
from github_models_azure.registry import ModelInfo, Plan, Quota, RateLimitTier
from github_models_azure.registry.model_info import CAPABILITIES, parse_tier

CHAT = ModelInfo(
    id="openai/gpt-4o",
    name="GPT-4o",
    tier=RateLimitTier.HIGH,
    max_input_tokens=128_000,
    max_output_tokens=16_384,
    input_modalities=frozenset({"text", "image"}),
    output_modalities=frozenset({"text"}),
    tool_calling=True,
    streaming=False,
    rejects=frozenset({"stop"}),
    deprecated_on=date(2025, 5, 8),
    retired_on=date(2025, 6, 30),
    sources={"tier": "seen: docs"},
)
limits = st.none() | st.integers(0, 10**7)


def test_a_model_of_which_nothing_is_known_has_no_facts() -> None:
    """Unknown stays unknown on the way to the planner."""
    assert ModelInfo(id="a/b").facts() == UNKNOWN
    assert ModelInfo(id="a/b").facts(Quota()) == UNKNOWN


def test_facts_carry_limits_capabilities_and_what_is_rejected() -> None:
    """The planner sees each fact under its own name."""
    facts = CHAT.facts()
    assert (facts.input_tokens, facts.output_tokens) == (128_000, 16_384)
    assert (facts.tools, facts.streaming, facts.json_schema) == (True, False, None)
    assert (facts.images, facts.audio, facts.chat, facts.embeddings) == (True, False, True, False)
    assert facts.rejects == {"stop"}


@given(limits, limits, limits, limits)
def test_a_quota_only_ever_narrows(
    own_in: int | None, own_out: int | None, quota_in: int | None, quota_out: int | None
) -> None:
    """The smaller of both limits counts; a limit that is unknown leaves the other."""
    model = ModelInfo(id="a/b", max_input_tokens=own_in, max_output_tokens=own_out)
    quota = Quota(input_tokens_per_request=quota_in, output_tokens_per_request=quota_out)
    facts = model.facts(quota)
    pairs = ((own_in, quota_in, facts.input_tokens), (own_out, quota_out, facts.output_tokens))
    for own, other, known in pairs:
        assert known == min((n for n in (own, other) if n is not None), default=None)


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        *(("tool_calling", True), ("Tool-Calling", True), ("tools", True)),
        *(("function_calling", True), ("streaming", False), ("json_schema", None)),
        *(("vision", True), ("images", True), ("audio", False), ("chat", True)),
        ("embeddings", False),
    ],
)
def test_capabilities_have_the_names_people_use(word: str, answer: bool | None) -> None:
    """Hyphens, case and common synonyms are understood; unknown is not no."""
    assert CHAT.supports(word) is answer


@pytest.mark.parametrize("word", CAPABILITIES)
def test_nothing_is_known_of_an_undescribed_model(word: str) -> None:
    """Every capability of a bare model is unknown."""
    assert ModelInfo(id="a/b").supports(word) is None


def test_a_word_that_is_no_capability_is_refused() -> None:
    """A typing error does not pass for a model without the capability."""
    with pytest.raises(ValueError, match=r"'telepathy'; use one of tool_calling, "):
        CHAT.supports("telepathy")


@pytest.mark.parametrize(
    ("now", "deprecated", "retired"),
    [
        (date(2025, 5, 7), False, False),
        (date(2025, 5, 8), True, False),
        (date(2025, 6, 29), True, False),
        (date(2025, 6, 30), True, True),
        (datetime(2025, 6, 30, 0, 1, tzinfo=timezone.utc), True, True),
    ],
)
def test_life_ends_on_the_day_it_says(now: date, deprecated: bool, retired: bool) -> None:
    """The day of the announcement and the first day without the model count themselves."""
    assert CHAT.is_deprecated(now) is deprecated
    assert CHAT.is_retired(now) is retired


def test_a_retired_model_is_deprecated_even_without_an_announcement() -> None:
    """What is gone was given up, whether or not the day of the announcement is known."""
    model = ModelInfo(id="a/b", retired_on=date(2025, 10, 31))
    assert model.is_deprecated(date(2025, 11, 1))
    assert not ModelInfo(id="a/b").is_deprecated(date(2099, 1, 1))


def test_the_repr_is_short() -> None:
    """A model in a log or a support ticket is one short line."""
    assert repr(CHAT) == "<ModelInfo 'openai/gpt-4o' tier='high'>"
    assert repr(ModelInfo(id="a/b")) == "<ModelInfo 'a/b' tier=None>"


def test_models_can_be_hashed_copied_and_pickled() -> None:
    """A model is a plain value; where its facts come from does not make it another."""
    assert len({CHAT, copy.deepcopy(CHAT)}) == 1
    assert pickle.loads(pickle.dumps(CHAT)).sources == CHAT.sources


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
