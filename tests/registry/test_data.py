"""The bundled data: complete and consistent with itself.

A failure here means that `github_models_azure/registry/catalog.json` has to be put right.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from datetime import date

import pytest

from github_models_azure.registry import ModelInfo, ModelRegistry, Plan, Quota, RateLimitTier
from github_models_azure.registry.data import CATALOG_FILE, load_bundled
from github_models_azure.registry.schema import BundledCatalog, ModelRow

REGISTRY = ModelRegistry.bundled()
CONTENT = json.loads(CATALOG_FILE.read_bytes())
FIELDS = {field.name for field in fields(ModelInfo)} - {"id", "sources"}

SERVED = """
    ai21-labs/ai21-jamba-1.5-large ai21-labs/ai21-jamba-1.5-mini cohere/cohere-command-a
    cohere/cohere-command-r cohere/cohere-command-r-08-2024 cohere/cohere-command-r-plus
    cohere/cohere-command-r-plus-08-2024 cohere/cohere-embed-v3-english
    cohere/cohere-embed-v3-multilingual core42/jais-30b-chat deepseek/deepseek-r1
    deepseek/deepseek-r1-0528 deepseek/deepseek-v3-0324 meta/llama-3.2-11b-vision-instruct
    meta/llama-3.2-90b-vision-instruct meta/llama-3.3-70b-instruct
    meta/llama-4-maverick-17b-128e-instruct-fp8 meta/llama-4-scout-17b-16e-instruct
    meta/meta-llama-3-70b-instruct meta/meta-llama-3-8b-instruct meta/meta-llama-3.1-405b-instruct
    meta/meta-llama-3.1-70b-instruct meta/meta-llama-3.1-8b-instruct microsoft/mai-ds-r1
    microsoft/phi-3-medium-128k-instruct microsoft/phi-3-medium-4k-instruct
    microsoft/phi-3-mini-128k-instruct microsoft/phi-3-mini-4k-instruct
    microsoft/phi-3-small-128k-instruct microsoft/phi-3-small-8k-instruct
    microsoft/phi-3.5-mini-instruct microsoft/phi-3.5-moe-instruct microsoft/phi-3.5-vision-instruct
    microsoft/phi-4 microsoft/phi-4-mini-instruct microsoft/phi-4-mini-reasoning
    microsoft/phi-4-multimodal-instruct microsoft/phi-4-reasoning mistral-ai/codestral-2501
    mistral-ai/ministral-3b mistral-ai/mistral-large-2411 mistral-ai/mistral-medium-2505
    mistral-ai/mistral-nemo mistral-ai/mistral-small-2503 openai/gpt-4.1 openai/gpt-4.1-mini
    openai/gpt-4.1-nano openai/gpt-4o openai/gpt-4o-mini openai/gpt-5 openai/gpt-5-chat
    openai/gpt-5-mini openai/gpt-5-nano openai/o1 openai/o1-mini openai/o1-preview openai/o3
    openai/o3-mini openai/o4-mini openai/text-embedding-3-large openai/text-embedding-3-small
    xai/grok-3 xai/grok-3-mini
"""
IDS = SERVED.split()

# GitHub's documentation, row by row: free/pro/business/enterprise, a dash for no access.
TABLE = """
    low         15/15/15/20 150/150/300/450 8000/8000/8000/8000     4000/4000/4000/8000     5/5/5/8
    high        10/10/10/15 50/50/100/150   8000/8000/8000/16000    4000/4000/4000/8000     2/2/2/4
    embeddings  15/15/15/20 150/150/300/450 64000/64000/64000/64000 ?/?/?/?                 5/5/5/8
    o1-preview  -/1/2/2     -/8/10/12       -/4000/4000/4000        -/4000/4000/8000        -/1/1/1
    o1          -/1/2/2     -/8/10/12       -/4000/4000/4000        -/4000/4000/8000        -/1/1/1
    o1-mini     -/2/3/3     -/12/15/20      -/4000/4000/4000        -/4000/4000/4000        -/1/1/1
    deepseek-r1 1/1/2/2     8/8/10/12       4000/4000/4000/4000     4000/4000/4000/4000     1/1/1/1
    grok-3      1/1/2/2     15/15/20/30     4000/4000/4000/4000     4000/4000/8000/16000    1/1/1/1
    grok-3-mini 2/2/3/3     30/30/40/50     4000/4000/4000/4000     8000/8000/12000/12000   1/1/1/1
"""
CLASSES = {
    "o1-preview": "openai/o1-preview",
    "o1": "openai/gpt-5 openai/o3 openai/o1",
    "o1-mini": "openai/gpt-5-mini openai/o4-mini openai/o3-mini openai/gpt-5-chat openai/gpt-5-nano"
    " openai/o1-mini",
    "deepseek-r1": "deepseek/deepseek-r1-0528 deepseek/deepseek-r1 microsoft/mai-ds-r1",
    "grok-3": "xai/grok-3",
    "grok-3-mini": "xai/grok-3-mini",
}


def test_the_file_fits_its_schema() -> None:
    """Every value of the file has the type and form that the loader relies on."""
    BundledCatalog.model_validate(CONTENT)


def test_the_schema_knows_every_field_of_a_model() -> None:
    """A field added to `ModelInfo` can be given in the file and in an overlay."""
    assert set(ModelRow.model_fields) == FIELDS


def test_every_model_of_the_service_is_there_once() -> None:
    """The ids are those of the service, no more and no less."""
    assert sorted(model.id for model in REGISTRY) == sorted(IDS)


def test_every_fact_has_a_graded_source() -> None:
    """Nothing is claimed without saying from where and how sure it is."""
    for model, row in zip(REGISTRY, CONTENT["models"], strict=True):
        for name in row.keys() - {"sources"}:
            source = model.sources[name]
            assert source.startswith(("seen: ", "reported: ", "unconfirmed: ")), (model, name)


def test_sources_name_fields_and_refused_members_only() -> None:
    """A source that belongs to nothing is a typing error."""
    for model in REGISTRY:
        for name in model.sources:
            field, _, member = name.partition(".")
            assert field in FIELDS | {"id"}, (model, name)
            assert not member or (field == "rejects" and member in model.rejects), (model, name)


def test_the_table_of_sources_holds_none_without_use() -> None:
    """A source that no model names was left behind."""
    used = {key for row in CONTENT["models"] for key in row["sources"]}
    assert used | {CONTENT["default_source"]} == set(CONTENT["sources"])


def test_successors_exist_and_outlive_what_they_replace() -> None:
    """A suggested replacement is a known model that was not retired before."""
    for model in REGISTRY:
        if model.successor is not None:
            successor = REGISTRY.get(model.successor)
            assert successor.id == model.successor != model.id
            assert (successor.retired_on or date.max) > (model.retired_on or date.min)


def test_aliases_lead_to_ids_and_hide_no_model() -> None:
    """Each alias resolves to its target, has a reason, and is no model's own name."""
    own = {name.lower() for model in REGISTRY for name in (model.id, model.legacy_name) if name}
    names = [alias.name for alias in REGISTRY.aliases]
    assert len(names) == len(set(names))
    for alias in REGISTRY.aliases:
        assert alias.target in IDS
        assert alias.name.lower() not in own
        assert alias.reason
        assert REGISTRY.get(alias.name).id == alias.target
        assert REGISTRY.alias_of(alias.name) == alias


def test_no_alias_swaps_one_embedding_model_for_another() -> None:
    """Vectors of two models do not mix, so no name of an absent one may stand for another."""
    assert not [
        alias.name
        for alias in REGISTRY.aliases
        if REGISTRY.get(alias.target).supports("embeddings")
    ]


def test_recommended_models_exist_and_live() -> None:
    """Nothing is recommended that is unknown or was retired before its service."""
    for task, ids in CONTENT["recommended"].items():
        assert [model.id for model in REGISTRY.recommended(task)] == ids
        assert not [model for model in REGISTRY.recommended(task) if model.retired_on]


def test_legacy_names_are_unique() -> None:
    """A name of the first endpoint means one model."""
    names = [model.legacy_name.lower() for model in REGISTRY if model.legacy_name]
    assert len(names) == len(set(names)) == len(IDS)


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row.split()[0])
def test_quotas_are_those_of_the_documentation(row: str) -> None:
    """Each number of GitHub's table is in the data, and a dash means no access."""
    name, *columns = row.split()
    quotas = load_bundled().quotas[name]
    for place, plan in enumerate(Plan):
        cells = [column.split("/")[place] for column in columns]
        if "-" in cells:
            assert quotas[plan] == Quota(available=False)
        else:
            assert quotas[plan] == Quota(*(None if cell == "?" else int(cell) for cell in cells))


def test_the_table_above_is_complete() -> None:
    """There is no quota class that the documentation does not have."""
    assert list(REGISTRY.quota_classes) == [row.split()[0] for row in TABLE.strip().splitlines()]


@pytest.mark.parametrize("quota_class", CLASSES)
def test_custom_models_are_split_as_in_the_documentation(quota_class: str) -> None:
    """The rows of the rate-limit table decide which custom models share a quota class."""
    members = [model.id for model in REGISTRY if model.quota_class == quota_class]
    assert sorted(members) == sorted(CLASSES[quota_class].split())


def test_each_tier_has_its_quota_class() -> None:
    """Outside custom the class is the tier; within it a class of its own; unknown has neither."""
    custom = set(CLASSES)
    for model in REGISTRY:
        if model.tier is RateLimitTier.CUSTOM:
            assert model.quota_class in custom
        else:
            assert model.quota_class == (None if model.tier is None else str(model.tier))


def test_seven_tiers_are_unknown() -> None:
    """Where no source gives a tier none is made up."""
    assert [model.id for model in REGISTRY if model.tier is None] == [
        "mistral-ai/mistral-medium-2505",
        "cohere/cohere-command-a",
        "meta/llama-4-maverick-17b-128e-instruct-fp8",
        "microsoft/phi-4-multimodal-instruct",
        "microsoft/phi-4-mini-instruct",
        "microsoft/phi-4-reasoning",
        "microsoft/phi-4-mini-reasoning",
    ]


def test_embedding_models_come_last_and_make_nothing_else() -> None:
    """A chat model never has an embedding model before it."""
    kinds = [model.supports("embeddings") for model in REGISTRY]
    assert kinds == sorted(kinds, key=bool)
    assert sum(map(bool, kinds)) == 4
    assert all(model.supports("chat") is not model.supports("embeddings") for model in REGISTRY)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("cohere/cohere-command-r", date(2025, 6, 30)),
        ("cohere/cohere-command-r-plus", date(2025, 6, 30)),
        ("meta/meta-llama-3-8b-instruct", date(2025, 6, 30)),
        ("mistral-ai/mistral-nemo", date(2025, 10, 31)),
        ("mistral-ai/mistral-large-2411", date(2025, 10, 31)),
        ("core42/jais-30b-chat", date(2025, 10, 31)),
    ],
)
def test_models_retired_before_the_service_have_their_day(name: str, day: date) -> None:
    """GitHub's changelog dates the end of these models."""
    assert REGISTRY.get(name).retired_on == day


def test_the_end_of_the_service_is_no_fact_of_a_model() -> None:
    """No row repeats the day on which the endpoints ended."""
    assert not [model for model in REGISTRY if model.retired_on == date(2026, 7, 30)]


@pytest.mark.parametrize(
    ("name", "tools", "streams"),
    [
        ("gpt-4o", True, True),
        ("gpt-4.1-nano", True, True),
        ("gpt-5", True, True),
        ("o1", True, False),
        ("o3", True, None),
        ("o1-mini", False, False),
        ("o1-preview", False, False),
        ("gpt-5-chat", False, None),
        ("Llama-4-Scout-17B-16E-Instruct", False, True),
        ("Llama-3.3-70B-Instruct", False, True),
        ("mistral-medium-2505", None, True),
        ("mistral-small-2503", True, True),
        ("DeepSeek-R1", False, True),
        ("text-embedding-3-small", None, None),
    ],
)
def test_tools_and_streaming_are_as_reported(
    name: str, tools: bool | None, streams: bool | None
) -> None:
    """What decides most routes is pinned here, unknowns included."""
    model = REGISTRY.get(name)
    assert (model.tool_calling, model.streaming) == (tools, streams)


@pytest.mark.parametrize("name", ["o1", "o1-mini", "o1-preview", "o3", "o3-mini", "o4-mini"])
def test_the_o_series_refuses_sampling_parameters(name: str) -> None:
    """They want max_completion_tokens, and take no sampling parameters."""
    refused = {"max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty"}
    assert refused <= REGISTRY.get(name).rejects
    assert "max_completion_tokens" not in REGISTRY.get(name).rejects


def test_no_model_refuses_both_names_of_the_output_limit() -> None:
    """One of max_tokens and max_completion_tokens can always be sent."""
    both = {"max_tokens", "max_completion_tokens"}
    assert not [model for model in REGISTRY if both <= model.rejects]


def test_newer_o_models_name_the_api_version_that_they_need() -> None:
    """An older api-version makes these three fail."""
    needing = {model.id: model.min_api_version for model in REGISTRY if model.min_api_version}
    assert needing == dict.fromkeys(
        ["openai/o3", "openai/o4-mini", "openai/o3-mini"], "2024-12-01-preview"
    )


def test_importing_the_registry_loads_no_pydantic() -> None:
    """Neither importing nor looking up a model needs the schema."""
    code = (
        "import sys; from github_models_azure.registry import default_registry; "
        "default_registry().get('gpt-4o'); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    root = CATALOG_FILE.parents[2]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    assert "github_models_azure.registry" in loaded.split()
    assert not [name for name in loaded.split() if name.partition(".")[0] == "pydantic"]
