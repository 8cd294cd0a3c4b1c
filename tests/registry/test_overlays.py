"""A user's settings over the registry: what they change, and how mistakes are told."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.registry import (
    Alias,
    ModelInfo,
    ModelRegistry,
    OverlayError,
    Plan,
    Quota,
    RateLimitTier,
)
from github_models_azure.registry.schema import OverlayRow, TierRow

OLD = ModelInfo(
    id="openai/old",
    tier=RateLimitTier.HIGH,
    quota_class="high",
    max_input_tokens=100,
    rejects=frozenset({"stop"}),
    sources={"tier": "seen: docs", "rejects": "seen: docs", "rejects.stop": "reported: x"},
)
SLOW = ModelInfo(id="openai/slow", tier=RateLimitTier.CUSTOM, quota_class="o1", legacy_name="Slow")
BASE = ModelRegistry(
    [OLD, SLOW],
    quotas={
        "high": {plan: Quota(requests_per_minute=10, requests_per_day=50) for plan in Plan},
        "o1": {Plan.FREE: Quota(available=False), Plan.PRO: Quota(requests_per_day=8)},
    },
    aliases=[Alias("ancient", "openai/old", "its successor")],
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
fields = st.sampled_from([*OverlayRow.model_fields, *TierRow.model_fields]) | st.text(max_size=5)
names = st.sampled_from(["openai/old", "slow", "ancient", "my/new", "high", "custom"]) | st.text(
    max_size=8
)
settings = st.dictionaries(names, st.dictionaries(fields, json_values, max_size=4), max_size=3)


def problems(models: Any = None, tiers: Any = None) -> list[str]:
    with pytest.raises(OverlayError) as caught:
        BASE.with_overlay(models, tiers=tiers)
    return list(caught.value.problems)


def test_given_fields_replace_what_was_known() -> None:
    """The rest of the model, its place and the first registry stay as they were."""
    changed = BASE.with_overlay({"openai/old": {"max_input_tokens": 8000}})
    assert changed.get("openai/old").max_input_tokens == 8000
    assert changed.get("openai/old").tier is RateLimitTier.HIGH
    assert [model.id for model in changed] == ["openai/old", "openai/slow"]
    assert BASE.get("openai/old").max_input_tokens == 100


def test_overlays_say_so_in_the_sources() -> None:
    """A fact that the user gave no longer names its first source."""
    sources = BASE.with_overlay({"old": {"rejects": ["user"]}}).get("old").sources
    assert sources == {"tier": "seen: docs", "rejects": "set by an overlay"}


def test_none_makes_a_fact_unknown() -> None:
    """A wrong fact can be taken back without putting another in its place."""
    assert (
        BASE.with_overlay({"old": {"max_input_tokens": None}}).get("old").facts()
        == ModelInfo(id="x", rejects=frozenset({"stop"})).facts()
    )


@pytest.mark.parametrize("name", ["OPENAI/SLOW", "slow", "Slow"])
def test_a_known_model_may_be_named_in_any_of_its_ways(name: str) -> None:
    """An id in any case, a legacy name or the last part of an id mean the known model."""
    assert BASE.with_overlay({name: {"streaming": False}}).get("openai/slow").streaming is False


def test_another_name_is_a_new_model_placed_last() -> None:
    """Publisher and name follow from the id where they are not given."""
    registry = BASE.with_overlay({"my/model": {"max_input_tokens": 4096, "tags": ["local"]}})
    model = registry.models()[-1]
    assert (model.id, model.publisher, model.name) == ("my/model", "my", "model")
    assert (model.max_input_tokens, model.tags, model.tier) == (4096, ("local",), None)


def test_an_alias_is_not_the_model_that_it_stands_for() -> None:
    """A deployment called like an alias becomes a model of its own and hides the alias."""
    registry = BASE.with_overlay({"ancient": {"streaming": True}})
    assert registry.get("ancient").id == "ancient"
    assert registry.alias_of("ancient") is None
    assert registry.get("openai/old").streaming is None


def test_aliases_given_lead_to_the_model() -> None:
    """They come before the bundled ones and carry their origin."""
    registry = BASE.with_overlay({"my/model": {"aliases": ["fast", "ancient"]}})
    assert registry.get("FAST").id == registry.get("ancient").id == "my/model"
    assert registry.alias_of("fast") == Alias("fast", "my/model", "set by an overlay")


def test_dates_are_read_as_dates_or_iso_text() -> None:
    """TOML gives dates, JSON and the environment give text."""
    registry = BASE.with_overlay(
        {"old": {"retired_on": "2026-01-31", "deprecated_on": date(2025, 1, 1)}}
    )
    assert registry.get("old").retired_on == date(2026, 1, 31)
    assert registry.get("old").deprecated_on == date(2025, 1, 1)


def test_a_successor_is_kept_by_its_id() -> None:
    """Any name of a known model will do, a new one's too."""
    registry = BASE.with_overlay({"old": {"successor": "Slow"}, "my/model": {"successor": "OLD"}})
    assert registry.get("old").successor == "openai/slow"
    assert registry.get("my/model").successor == "openai/old"


@pytest.mark.parametrize(
    ("row", "tier", "quota_class"),
    [
        ({"tier": "low"}, "low", "low"),
        ({"tier": "HIGH"}, "high", "high"),
        ({"tier": "custom"}, "custom", "o1"),
        ({"tier": None}, None, None),
        ({"tier": "mine"}, "mine", "mine"),
        ({"quota_class": "mine"}, "custom", "mine"),
        ({"tier": "custom", "quota_class": None}, "custom", None),
    ],
)
def test_the_quota_class_follows_the_tier(
    row: dict[str, object], tier: str | None, quota_class: str | None
) -> None:
    """Where only one of the two is given the other is what it implies."""
    registry = BASE.with_overlay({"slow": row}, tiers={"mine": {}})
    assert (registry.get("slow").tier, registry.get("slow").quota_class) == (tier, quota_class)


def test_a_model_moved_to_custom_has_no_class_unless_given() -> None:
    """Which custom quota counts cannot be guessed."""
    model = BASE.with_overlay({"old": {"tier": "custom"}}).get("old")
    assert (model.tier, model.quota_class) == (RateLimitTier.CUSTOM, None)


def test_a_user_made_tier_has_its_quota_on_every_plan() -> None:
    """A tier of one's own groups models and limits them."""
    registry = BASE.with_overlay(
        {"my/a": {"tier": "mine"}, "my/b": {"tier": "mine"}},
        tiers={"mine": {"requests_per_minute": 3, "concurrent_requests": 1}},
    )
    assert {registry.quota("my/a", plan) for plan in Plan} == {
        Quota(requests_per_minute=3, concurrent_requests=1)
    }
    assert [model.id for model in registry.same_tier("my/b")] == ["my/b", "my/a"]
    assert [model.id for model in registry.models(tier="mine")] == ["my/a", "my/b"]


def test_a_known_quota_class_can_be_changed() -> None:
    """What is not given stays; a plan that had no access gets it."""
    registry = BASE.with_overlay(tiers={"High": {"requests_per_minute": 99}, "o1": {}})
    assert registry.quota("old") == Quota(requests_per_minute=99, requests_per_day=50)
    assert registry.quota("slow", "free") == Quota()
    assert registry.quota("slow", "pro") == Quota(requests_per_day=8)


def test_an_empty_overlay_changes_nothing() -> None:
    """No settings, no difference."""
    assert BASE.with_overlay().models() == BASE.models()
    assert BASE.with_overlay({"old": {}}).models() == BASE.models()


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"max_input_tokens": "many"}, "max_input_tokens = 'many': input should be a valid int"),
        ({"max_input_tokens": True}, "max_input_tokens = True: input should be a valid integer"),
        ({"max_output_tokens": -1}, "max_output_tokens = -1: input should be greater than or"),
        ({"tool_calling": "yes"}, "tool_calling = 'yes': input should be a valid boolean"),
        ({"retired_on": "soon"}, "retired_on = 'soon': should be a date like 2026-07-30"),
        ({"retired_on": 1}, "retired_on = 1: should be a date like 2026-07-30"),
        ({"rejects": "stop"}, "rejects = 'stop': input should be a valid list"),
        ({"tags": [1]}, "tags.0 = 1: input should be a valid string"),
        ({"tier": "a b"}, "tier = 'a b': should be printable, without white space"),
        ({"tier": "x"}, "tier = 'x': should be one of custom, embeddings, high, low or a tier"),
        ({"quota_class": "x"}, "quota_class = 'x': should be one of high, o1"),
        ({"successor": "x"}, "successor = 'x': should be another model that is known"),
        ({"successor": "old"}, "successor = 'old': should be another model that is known"),
        ({"legacy_name": "slow"}, "legacy_name = 'slow': already names openai/slow"),
        ({"aliases": ["slow"]}, "aliases = 'slow': already names openai/slow"),
        ({"name": None}, "name = None: input should be a valid string"),
    ],
)
def test_a_wrong_field_is_told_in_one_line(row: dict[str, object], line: str) -> None:
    """The line names the model and the field, and shows the value."""
    (problem,) = problems({"openai/old": row})
    assert problem.startswith(f"model 'openai/old': {line}")


def test_an_unknown_field_is_named_without_its_value() -> None:
    """A key that strayed into the model's table does not end up in a log."""
    (problem,) = problems({"old": {"max_input_token": "hunter2"}})
    assert problem == "model 'old': unknown field 'max_input_token'; did you mean max_input_tokens?"
    (problem,) = problems({"old": {"zzz": "hunter2"}})
    assert problem.startswith("model 'old': unknown field 'zzz'; use name, publisher, ")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("tiers", "line"),
    [
        ({"mine": {"requests_per_minute": 0}}, "tier 'mine': requests_per_minute = 0: input sho"),
        ({"mine": {"request_per_day": 1}}, "tier 'mine': unknown field 'request_per_day'; did"),
        ({"custom": {}}, "tier 'custom': has no quota of its own; use a quota class such as o1"),
        ({"mine": 3}, "tier 'mine' = 3: should be a table of fields"),
        ({"": {}}, "tier '': a name should be a string"),
        ("mine", "tiers = 'mine': should be a table of tiers by name"),
    ],
)
def test_a_wrong_tier_is_told_in_one_line(tiers: object, line: str) -> None:
    """Mistakes in tiers are told like those in models."""
    (problem,) = problems(tiers=tiers)
    assert problem.startswith(line)


@pytest.mark.parametrize(
    ("models", "line"),
    [
        ([1], "models = [1]: should be a table of models by name"),
        ({1: {}}, "model 1: a name should be a string"),
        ({"old": None}, "model 'old' = None: should be a table of fields"),
        ({"old": {1: 2}}, "model 'old' = {1: 2}: should be a table of fields"),
        ({"a b": {}}, "model 'a b': a name is printable, without white space, and has at most 200"),
        ({"\u202e": {}}, r"model '\u202e': a name is printable"),
        ({"x" * 201: {}}, "model 'xxxx"),
        ({"old": {}, "openai/old": {}}, "model 'openai/old': openai/old is described twice"),
    ],
)
def test_tables_of_the_wrong_form_are_told_in_one_line(models: object, line: str) -> None:
    """What is not a table of tables by name is refused as such."""
    (problem,) = problems(models)
    assert problem.startswith(line)


def test_all_mistakes_are_told_at_once() -> None:
    """One look at the message is enough to put the settings right."""
    with pytest.raises(OverlayError) as caught:
        BASE.with_overlay(
            {"old": {"max_input_tokens": "x", "tags": 1}, "my/model": {"tier": "nowhere"}},
            tiers={"mine": {"requests_per_day": -1}},
        )
    assert len(caught.value.problems) == 4
    assert str(caught.value).count("\n") == 4


def test_two_models_cannot_share_a_new_alias() -> None:
    """An alias leads to one model."""
    (problem,) = problems({"my/a": {"aliases": ["x"]}, "my/b": {"aliases": ["X"]}})
    assert problem == "model 'my/a': aliases = 'x': already names my/b"


def test_long_values_are_cut_in_the_message() -> None:
    """A line stays a line whatever was given."""
    (problem,) = problems({"old": {"tier": "x" * 100_000}})
    assert len(problem) < 250


@given(settings, settings)
def test_any_settings_give_a_registry_or_the_declared_error(
    models: dict[str, Any], tiers: dict[str, Any]
) -> None:
    """Whatever a file holds, the answer is a registry or a list of lines."""
    try:
        registry = BASE.with_overlay(models, tiers=tiers)
    except OverlayError as error:
        lines = error.problems
        assert all(line and line.isprintable() for line in lines)
    else:
        assert len(registry) >= len(BASE)
        for model in registry:
            assert registry.same_tier(model.id)[0] is model
            registry.quota(model)
            model.facts()


@given(json_values, json_values)
def test_any_value_at_all_gives_a_registry_or_the_declared_error(models: Any, tiers: Any) -> None:
    """Not even a table is needed to fail cleanly."""
    with contextlib.suppress(OverlayError):
        assert len(BASE.with_overlay(models, tiers=tiers)) >= len(BASE)
