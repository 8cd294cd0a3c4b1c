"""Asking the registry."""

from __future__ import annotations

import threading
from datetime import date, datetime, timezone

import pytest

from github_models_azure.registry import (
    ModelInfo,
    ModelRegistry,
    Plan,
    Quota,
    RateLimitTier,
    UnknownModelError,
    default_registry,
)

CHAT = frozenset({"text"})
VECTORS = frozenset({"embeddings"})
BEST = ModelInfo(id="a/best", tier=RateLimitTier.HIGH, quota_class="high", output_modalities=CHAT)
GOOD = ModelInfo(id="a/good", tier=RateLimitTier.HIGH, quota_class="high", output_modalities=CHAT)
MIXED = ModelInfo(
    id="a/mixed", tier=RateLimitTier.HIGH, quota_class="high", output_modalities=VECTORS
)
SLOW = ModelInfo(id="a/slow", tier=RateLimitTier.CUSTOM, quota_class="o1", tool_calling=True)
SLOWER = ModelInfo(id="a/slower", tier=RateLimitTier.CUSTOM, quota_class="o1", tool_calling=False)
OTHER = ModelInfo(id="a/other", tier=RateLimitTier.CUSTOM, quota_class="grok-3")
VAGUE = ModelInfo(id="a/vague", tier=RateLimitTier.CUSTOM)
NOVEL = ModelInfo(id="a/novel", retired_on=date(2025, 6, 30))
REGISTRY = ModelRegistry(
    [BEST, GOOD, MIXED, SLOW, SLOWER, OTHER, VAGUE, NOVEL],
    quotas={"o1": {Plan.FREE: Quota(available=False), Plan.PRO: Quota(requests_per_minute=1)}},
    recommended={"general": ("a/slow", "a/good", "a/gone"), "cheap": ("a/novel",)},
)


def test_get_and_find_agree() -> None:
    """Both find a model by its names; only one complains."""
    assert REGISTRY.get("A/BEST") is REGISTRY.find("best") is BEST
    assert REGISTRY.find("a/none") is None
    with pytest.raises(UnknownModelError):
        REGISTRY.get("a/none")


def test_a_registry_is_a_collection_in_order() -> None:
    """It has a length, an order, and knows what it contains."""
    assert [*REGISTRY] == [*REGISTRY.models()]
    assert len(REGISTRY) == 8
    assert "best" in REGISTRY
    assert "a/none" not in REGISTRY
    assert 7 not in REGISTRY
    assert repr(REGISTRY) == "<ModelRegistry of 8 models>"


@pytest.mark.parametrize("tier", [RateLimitTier.CUSTOM, "custom", "CUSTOM"])
def test_models_of_a_tier_come_in_order(tier: str) -> None:
    """A tier is named by its member or its word."""
    assert REGISTRY.models(tier=tier) == (SLOW, SLOWER, OTHER, VAGUE)


def test_models_are_chosen_by_what_they_are_known_to_do() -> None:
    """Unknown is not enough to be listed."""
    assert REGISTRY.models(capability="tools") == (SLOW,)
    assert REGISTRY.models(tier="high", capability="chat") == (BEST, GOOD)
    assert REGISTRY.models(tier="low") == ()


def test_an_unknown_tier_is_refused_with_the_known_ones() -> None:
    """A typing error does not pass for an empty tier."""
    with pytest.raises(ValueError, match="'hihg'; use one of custom, embeddings, high, low"):
        REGISTRY.models(tier="hihg")


def test_the_tier_of_an_unknown_model_is_unknown() -> None:
    """Nothing is claimed of models that nobody described."""
    assert REGISTRY.tier_of("best") is RateLimitTier.HIGH
    assert REGISTRY.tier_of("a/novel") is None
    assert REGISTRY.tier_of("a/none") is None


@pytest.mark.parametrize("model", ["a/slow", SLOW])
def test_quotas_depend_on_class_and_plan(model: str | ModelInfo) -> None:
    """A model may be given by name or as itself, a plan in any case."""
    assert REGISTRY.quota(model, "Pro") == Quota(requests_per_minute=1)
    assert REGISTRY.quota(model) == Quota(available=False)
    assert REGISTRY.quota(model, Plan.BUSINESS) is None


@pytest.mark.parametrize("name", ["a/best", "a/vague", "a/novel", "a/none"])
def test_a_quota_may_be_unknown(name: str) -> None:
    """A class without figures, no class, no tier and no model all mean unknown."""
    assert REGISTRY.quota(name) is None


def test_a_quota_for_an_unknown_plan_is_an_error() -> None:
    """The plan is the caller's own, so a wrong one is not merely unknown."""
    with pytest.raises(ValueError, match="Unknown plan 'gold'"):
        REGISTRY.quota("a/none", "gold")


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("best", (BEST, GOOD)),
        ("GOOD", (GOOD, BEST)),
        ("mixed", (MIXED,)),
        ("slower", (SLOWER, SLOW)),
        ("other", (OTHER,)),
        ("vague", (VAGUE,)),
        ("novel", (NOVEL,)),
        ("none", ()),
    ],
)
def test_the_same_tier_starts_with_the_model_itself(
    name: str, models: tuple[ModelInfo, ...]
) -> None:
    """Then its equals in order: by class within custom, never across chat and embeddings."""
    assert REGISTRY.same_tier(name) == models


def test_recommended_models_come_best_first() -> None:
    """The list of the task decides, not the registry's order; absent ones are left out."""
    assert REGISTRY.recommended() == REGISTRY.recommended("GENERAL") == (SLOW, GOOD)
    assert REGISTRY.recommended("cost-effective") == REGISTRY.recommended("cheap") == (NOVEL,)


def test_an_unknown_task_is_refused_with_the_known_ones() -> None:
    """The error shows the value and what may be used."""
    with pytest.raises(ValueError, match="'poetry'; use one of general, cheap, cost-effective"):
        REGISTRY.recommended("poetry")


@pytest.mark.parametrize("name", ["auto", "AUTO", "auto:general", " auto:General "])
def test_auto_means_the_recommended_models(name: str) -> None:
    """Without a task the choice is for general use."""
    assert ModelRegistry.is_auto(name)
    assert REGISTRY.auto_candidates(name) == (SLOW, GOOD)


@pytest.mark.parametrize("task", ["general", "coding", "reasoning", "cheap", "cost-effective"])
def test_the_bundled_data_has_candidates_for_each_task(task: str) -> None:
    """Every documented task has a choice, on the free plan too."""
    registry = default_registry()
    assert len(registry.auto_candidates(f"auto:{task}", plan="free")) >= 3


def test_auto_leaves_out_what_the_plan_cannot_use() -> None:
    """A model without access is no candidate; one of unknown quota is."""
    assert REGISTRY.auto_candidates("auto", plan="free") == (GOOD,)
    assert REGISTRY.auto_candidates("auto", plan="pro") == (SLOW, GOOD)


@pytest.mark.parametrize("name", ["automatic", "gpt-4o", "", "a/auto"])
def test_other_names_are_not_auto(name: str) -> None:
    """A model's name is never taken for the wish to have one chosen."""
    assert not ModelRegistry.is_auto(name)
    with pytest.raises(ValueError, match="is not auto"):
        REGISTRY.auto_candidates(name)


def test_retired_models_are_those_of_the_day() -> None:
    """The day may be given as a date or a datetime."""
    assert REGISTRY.retired(date(2025, 6, 29)) == ()
    assert REGISTRY.retired(datetime(2025, 7, 1, tzinfo=timezone.utc)) == (NOVEL,)


def test_lists_for_frameworks_hold_ids() -> None:
    """What frameworks keep by hand can be read off the registry."""
    registry = default_registry()
    assert "openai/gpt-4o" in registry.function_calling_models()
    assert "openai/o1-mini" not in registry.function_calling_models()
    assert "openai/gpt-4.1" in registry.prompt_cache_models()
    assert {"openai/o3", "openai/gpt-5"} <= set(registry.reasoning_effort_models())
    assert "openai/o3" in registry.no_stop_words_models()
    assert "openai/gpt-4o" not in registry.no_stop_words_models()


def test_the_bundled_fallbacks_of_gpt_4o_start_with_the_strongest() -> None:
    """Catalogue order puts the best general models of a tier first."""
    ids = [model.id for model in default_registry().same_tier("gpt-4o")]
    assert ids[:3] == ["openai/gpt-4o", "openai/gpt-4.1", "deepseek/deepseek-v3-0324"]


def test_the_default_registry_is_one_object() -> None:
    """However many threads ask first, they get the same registry."""
    found: list[ModelRegistry] = []
    threads = [threading.Thread(target=lambda: found.append(default_registry())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(registry) for registry in found}) == 1


def test_an_empty_registry_knows_nothing_and_fails_at_nothing() -> None:
    """Without data every question has the answer unknown."""
    empty = ModelRegistry()
    assert empty.models() == empty.same_tier("gpt-4o") == ()
    assert empty.quota("gpt-4o") is None
