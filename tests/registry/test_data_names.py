"""Which model a name means."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.registry import Alias, ModelInfo, UnknownModelError, default_registry
from github_models_azure.registry.data import NameIndex

GPT = ModelInfo(
    id="openai/gpt-4o", registry="azure-openai", legacy_name="gpt-4o", version="2024-11-20"
)
PHI = ModelInfo(id="microsoft/phi-4", registry="azureml", legacy_name="Phi-4", version="3")
MINE = ModelInfo(id="mine/gpt-4o")
ONLY = ModelInfo(id="mine/only")
BEST = ModelInfo(id="best/model-4", name="Best Model 4+ (24.11)")
INDEX = NameIndex(
    [GPT, PHI, MINE, ONLY, BEST],
    [
        Alias("gpt-4", "openai/gpt-4o", "a reason"),
        Alias("Phi-4", "openai/gpt-4o", "hidden by a legacy name"),
        Alias("nowhere", "openai/none", "points at nothing"),
    ],
)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o", GPT),
        (" OpenAI/GPT-4o ", GPT),
        ("gpt-4o", GPT),
        ("mine/gpt-4o", MINE),
        ("GPT-4", GPT),
        ("phi-4", PHI),
        ("azure-openai/gpt-4o", GPT),
        ("gpt-4o-2024-11-20", GPT),
        ("azureml://registries/azure-openai/models/gpt-4o/versions/2", GPT),
        ("azureml://registries/azureml/models/Phi-4/labels/latest", PHI),
        ("azureml://registries/azureml/models/Phi-4", PHI),
        ("only", ONLY),
        ("github/openai/gpt-4o", GPT),
        ("GitHub/Phi-4", PHI),
        ("azure_ai/gpt-4o", GPT),
        ("github/gpt-4", GPT),
        ("openai/gpt-4", GPT),
        ("mine/gpt-4", None),
        ("Best Model 4+ (24.11)", BEST),
        ("best-model-4-plus-(24.11)", BEST),
        ("github/", None),
        ("github/github/gpt-4o", None),
        ("phi-4-3", None),
        ("azureml://registries/azureml-meta/models/Phi-4/versions/1", None),
        ("nowhere", None),
        ("", None),
        ("/", None),
    ],
)
def test_each_spelling_means_its_model(name: str, model: ModelInfo | None) -> None:
    """Ids, legacy names, aliases, marketplace paths and azureml ids are found in any case."""
    assert INDEX.find(name) is model


def test_the_last_part_of_an_id_must_be_unique() -> None:
    """Where two models end alike, only a name that belongs to one of them counts."""
    index = NameIndex([MINE, ModelInfo(id="yours/gpt-4o")], ())
    assert index.find("gpt-4o") is None


def test_only_an_alias_has_a_reason() -> None:
    """A model's own names are no aliases, nor is an alias that a model's name hides."""
    assert INDEX.alias("GPT-4") == Alias("gpt-4", "openai/gpt-4o", "a reason")
    assert INDEX.alias("gpt-4o") is None
    assert INDEX.alias("phi-4") is None


@pytest.mark.parametrize("name", ["github/gpt-4", "openai/gpt-4", "github/openai/gpt-4"])
def test_a_loose_spelling_of_an_alias_is_the_alias(name: str) -> None:
    """So that its reason is told."""
    assert INDEX.alias(name) == Alias("gpt-4", "openai/gpt-4o", "a reason")


@pytest.mark.parametrize(
    "name", ["github/gpt-4o", "azure_ai/gpt-4o", "openai/gpt-4", "Best Model 4+ (24.11)"]
)
def test_strict_leaves_out_loose_spellings(name: str) -> None:
    """They are another server's model, or nobody's."""
    assert INDEX.find(name) is not None
    assert INDEX.find(name, strict=True) is None
    assert INDEX.find("gpt-4", strict=True) is GPT


def test_the_nearest_names_come_as_ids_without_doubles() -> None:
    """A typing error is answered with ids, each once."""
    assert INDEX.nearest("gpt-4oo") == ("openai/gpt-4o", "mine/gpt-4o")
    assert INDEX.nearest("quite another thing") == ()


def test_a_very_long_name_is_not_compared() -> None:
    """Comparing takes quadratic time, so a megabyte is not taken for a typing error."""
    assert INDEX.nearest("gpt-4o" * 200_000) == ()


def test_the_error_is_a_sentence_with_the_nearest_names() -> None:
    """An unknown model is told in words, not as the repr of a key."""
    with pytest.raises(UnknownModelError) as caught:
        default_registry().get("gpt-4.1-minni")
    assert str(caught.value).startswith(
        "Unknown model 'gpt-4.1-minni'. Did you mean openai/gpt-4.1-mini"
    )
    assert caught.value.suggestions[0] == "openai/gpt-4.1-mini"


@pytest.mark.parametrize("base", [KeyError, ValueError])
def test_the_error_is_caught_as_key_error_and_as_value_error(base: type[Exception]) -> None:
    """Code that expects either of the usual classes works."""
    with pytest.raises(base):
        default_registry().get("no/such-model-anywhere")


def test_the_error_keeps_its_parts_through_pickle() -> None:
    """Worker processes can hand it on."""
    error = pickle.loads(pickle.dumps(UnknownModelError("x", ["a/b"])))
    assert (error.name, error.suggestions) == ("x", ("a/b",))
    assert "a/b" in str(error)
    error = pickle.loads(pickle.dumps(UnknownModelError("x", elsewhere="X serves it")))
    assert str(error) == "X serves it."


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("claude-3-5-sonnet", "Anthropic"),
        ("claude-3-5-haiku", "Anthropic"),
        ("github/Claude-3.5-Sonnet", "Anthropic"),
        ("anthropic/claude-sonnet-4", "Anthropic"),
        ("deepseek-v2.5", "weights are public"),
        ("deepseek/deepseek-v2.5", "weights are public"),
    ],
)
def test_a_model_that_github_never_had_is_told_with_who_serves_it(name: str, who: str) -> None:
    """Nothing is suggested in its place."""
    registry = default_registry()
    said = str(registry.elsewhere(name))
    assert said.startswith(f"GitHub Models never had {name}: ")
    assert who in said
    with pytest.raises(UnknownModelError, match="GitHub Models never had") as caught:
        registry.get(name)
    assert caught.value.suggestions == ()


def test_a_known_name_is_not_served_elsewhere_only() -> None:
    """Nor one that nothing is known of, nor a model that the user describes."""
    registry = default_registry()
    described = registry.with_overlay({"anthropic/claude-mine": {}})
    assert registry.elsewhere("gpt-4o") is None
    assert registry.elsewhere("no/such-model") is None
    assert described.elsewhere("anthropic/claude-mine") is None
    assert described.elsewhere("claude-other") is not None


def test_a_long_unknown_name_is_cut_in_the_message() -> None:
    """The message stays readable whatever was asked for."""
    assert len(str(UnknownModelError("x" * 10_000))) < 400


@given(st.text())
def test_any_text_may_be_asked_for(name: str) -> None:
    """Finding never fails; getting fails with the declared error only."""
    registry = default_registry()
    found = registry.find(name)
    if found is not None:
        assert registry.get(name) is found
    else:
        with pytest.raises(UnknownModelError, match="Unknown model"):
            registry.get(name)
