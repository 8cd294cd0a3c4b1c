"""The catalogue's answer: checked entry by entry, then laid over the known models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.registry import CatalogError, ModelInfo, RateLimitTier
from github_models_azure.registry.catalog_entries import (
    LARGEST_CATALOG,
    check_entries,
    lay_over,
    parse_catalog,
)
from github_models_azure.registry.data import RegistryData

ENTRY: dict[str, Any] = {
    "id": "openai/gpt-9",
    "name": "OpenAI GPT-9",
    "registry": "azure-openai",
    "publisher": "OpenAI",
    "summary": "Answers\nquestions.",
    "rate_limit_tier": "high",
    "html_url": "https://github.com/marketplace/models/azure-openai/gpt-9",
    "version": "2026-01-01",
    "capabilities": ["streaming", "tool-calling"],
    "limits": {"max_input_tokens": 1000, "max_output_tokens": 100},
    "tags": ["multipurpose"],
    "supported_input_modalities": ["text", "image"],
    "supported_output_modalities": ["text"],
}
SOURCE = "seen: a catalogue"

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
rows = st.dictionaries(st.sampled_from([*ENTRY, "x"]), anything).map(lambda row: {**ENTRY, **row})


def updated(known: ModelInfo | None = None, **changes: Any) -> ModelInfo:
    row = {**ENTRY, **changes}
    data = RegistryData(models=() if known is None else (known,))
    (model,) = lay_over(data, check_entries([row]).entries, SOURCE).models
    return model


def test_a_whole_entry_becomes_a_model() -> None:
    """Every member that a model has a place for arrives there, with its source."""
    model = updated()
    assert (model.id, model.name, model.publisher) == ("openai/gpt-9", "OpenAI GPT-9", "OpenAI")
    assert (model.registry, model.version) == ("azure-openai", "2026-01-01")
    assert (model.tier, model.quota_class) == (RateLimitTier.HIGH, "high")
    assert (model.max_input_tokens, model.max_output_tokens) == (1000, 100)
    assert (model.tool_calling, model.streaming, model.reasoning) == (True, True, None)
    assert model.input_modalities == {"text", "image"}
    assert model.output_modalities == {"text"}
    assert model.tags == ("multipurpose",)
    assert model.summary == "Answers questions."
    assert model.sources["tier"] == SOURCE
    assert "reasoning" not in model.sources


@pytest.mark.parametrize("wrapped", [False, True])
def test_entries_come_bare_or_as_data(wrapped: bool) -> None:
    """Both routes of the service are understood."""
    answer = {"data": [ENTRY]} if wrapped else [ENTRY]
    assert [entry.id for entry in parse_catalog(json.dumps(answer).encode()).entries] == [
        "openai/gpt-9"
    ]


def test_what_is_known_and_not_in_the_entry_stays() -> None:
    """Nulls and absent members say nothing about a model."""
    known = ModelInfo(
        id="OpenAI/GPT-9", reasoning=True, summary="Old.", tags=("a",), rejects=frozenset({"stop"})
    )
    model = updated(known, summary=None, tags=[], capabilities=None, limits=None)
    assert (model.id, model.reasoning, model.summary, model.tags) == (
        *("OpenAI/GPT-9", True, "Old.", ("a",)),
    )
    assert model.rejects == {"stop"}
    assert model.max_input_tokens is None


def test_members_of_later_versions_are_let_through() -> None:
    """An additional member is no reason to leave a model out."""
    assert updated(something_new={"a": 1}).id == "openai/gpt-9"


def test_capabilities_that_are_missing_from_a_list_are_denied() -> None:
    """A list tells of tools and streaming either way, an empty one of nothing."""
    model = updated(capabilities=["reasoning"])
    assert (model.tool_calling, model.streaming, model.reasoning) == (False, False, True)
    model = updated(capabilities=[])
    assert (model.tool_calling, model.streaming) == (None, None)


def test_zero_output_tokens_mean_none() -> None:
    """The catalogue writes 0 for models that write no text."""
    model = updated(limits={"max_input_tokens": 8191, "max_output_tokens": 0})
    assert (model.max_input_tokens, model.max_output_tokens) == (8191, None)


@pytest.mark.parametrize(
    ("known", "tier", "quota_class"),
    [
        (ModelInfo(id="openai/gpt-9", tier=RateLimitTier.CUSTOM, quota_class="o1"), "custom", "o1"),
        (ModelInfo(id="openai/gpt-9", tier=RateLimitTier.HIGH, quota_class="high"), "custom", None),
        (ModelInfo(id="openai/gpt-9", tier=RateLimitTier.CUSTOM, quota_class="o1"), "low", "low"),
        (None, "custom", None),
        (None, "premium", "premium"),
    ],
)
def test_the_quota_class_of_custom_is_never_guessed(
    known: ModelInfo | None, tier: str, quota_class: str | None
) -> None:
    """The catalogue says custom only; which row counts is known beforehand or not at all."""
    model = updated(known, rate_limit_tier=tier)
    assert (model.tier, model.quota_class) == (tier, quota_class)


def test_new_models_come_after_the_known_ones() -> None:
    """A refreshed model keeps its place, a new one gets the last."""
    data = RegistryData(models=(ModelInfo(id="openai/gpt-9"), ModelInfo(id="a/b")))
    entries = check_entries([{**ENTRY, "id": "z/new"}, ENTRY]).entries
    assert [model.id for model in lay_over(data, entries, SOURCE).models] == [
        *("openai/gpt-9", "a/b", "z/new"),
    ]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({**ENTRY, "id": 5}, "entry 1: id = 5: input should be a valid string"),
        ({**ENTRY, "id": "bare"}, "entry 1 ('bare'): id = 'bare': should be of the form publisher"),
        ({**ENTRY, "id": "a/\x1b[31m"}, r"entry 1 ('a/\x1b[31m'): id = 'a/\x1b[31m': should be p"),
        ({**ENTRY, "name": ""}, "entry 1 ('openai/gpt-9'): name = '': should not be empty"),
        ({**ENTRY, "limits": {"max_input_tokens": "9"}}, "entry 1 ('openai/gpt-9'): limits.max_in"),
        ({"id": "a/b"}, "entry 1 ('a/b'): name is missing; entry 1 ('a/b'): publisher is missing"),
        (7, "entry 1: should be a table of fields, not 7"),
        ({**ENTRY, "id": "good/one"}, "entry 1 ('good/one'): the id appears twice"),
    ],
)
def test_a_bad_entry_is_left_out_and_told(row: object, line: str) -> None:
    """The others are kept; each bad one has a line that says what is wrong with it."""
    checked = check_entries([{**ENTRY, "id": "good/one"}, row])
    assert [entry.id for entry in checked.entries] == ["good/one"]
    (told,) = checked.skipped
    assert told.startswith(line)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON (it starts with b'')"),
        (b"<html>", "not JSON (it starts with b'<html>')"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no usable model:\nit is empty"),
        (b'{"data": []}', "no usable model"),
        (b'{"error": 1}', "should be a JSON array of models"),
        (b'"text"', "it is 'text'"),
        (b"[1, 2]", "no usable model:\nentry 0: should be a table of fields, not 1\nentry 1"),
        (b" " * (LARGEST_CATALOG + 1), "more than the 8388608 allowed"),
    ],
)
def test_an_answer_without_one_good_entry_is_an_error(content: bytes, words: str) -> None:
    """The error says what came instead."""
    with pytest.raises(CatalogError) as caught:
        parse_catalog(content)
    assert words in str(caught.value)


@given(st.lists(rows | anything, max_size=4), st.booleans())
def test_any_json_gives_entries_or_the_declared_error(answer: list[Any], wrapped: bool) -> None:
    """Whatever a server answers, nothing else is raised, and the result is usable."""
    content = json.dumps({"data": answer} if wrapped else answer).encode()
    try:
        checked = parse_catalog(content)
    except CatalogError:
        return
    assert len(checked.entries) + len(checked.skipped) == len(answer)
    assert all(line.isprintable() for line in checked.skipped)
    for model in lay_over(RegistryData(), checked.entries, SOURCE).models:
        assert repr(model).isprintable()
        assert (model.name + model.publisher).isprintable()
        model.facts()


@given(st.binary(max_size=200))
def test_any_bytes_give_entries_or_the_declared_error(content: bytes) -> None:
    """Bytes that are no catalogue end in the declared error."""
    with pytest.raises(CatalogError):
        parse_catalog(content)
