"""What each model is for: one line in our words, with a source, and the tasks of `recommended`.

A failure here means that `github_models_azure/registry/catalog.json` has to be put right.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date

import pytest
from pydantic import ValidationError

from github_models_azure.registry import ModelInfo, ModelRegistry
from github_models_azure.registry.data import CATALOG_FILE
from github_models_azure.registry.schema import BundledCatalog

REGISTRY = ModelRegistry.bundled()
CONTENT = json.loads(CATALOG_FILE.read_bytes())
FOR_EUROPE = "Mistral AI"
OPEN = ("Meta", "DeepSeek", "Mistral AI", "Microsoft")

# SHA-256 of each summary that the live catalogue had, without case and punctuation.
SUMMARIES = """
    02da6efe 06dae755 072fb8c4 12822fb7 19f5bcf0 1ae70f03 1e3d4dad 1e7e8fd2 2c111c2f 349af2e7
    35f79fcd 39761f43 41ec268b 4753afec 554867b2 59bfe446 619d9e02 640271be 66550fa1 6c1b974f
    705bfb41 83d7f9de 848980c4 87467ce2 88bba851 8b400fba 92fea4cf a639e879 ac712f58 b58617f7
    b5c3726e b93c3c5c bd1092f4 c7969197 d6199323 d662b4c2 e8022350 f2d40d60 f49a9eb2 fa7c2c44
"""


def digest(text: str) -> str:
    plain = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    return hashlib.sha256(plain.encode()).hexdigest()[:8]


@pytest.mark.parametrize("model", list(REGISTRY), ids=lambda model: model.id)
def test_every_model_has_a_line_with_its_source(model: ModelInfo) -> None:
    """It is one short line, no sentence, and says where it comes from."""
    assert model.purpose
    assert model.purpose == model.purpose.strip(" .").replace("\n", " ")
    assert len(model.purpose) <= 90
    assert model.sources["purpose"].startswith(("seen: ", "reported: "))


def test_no_line_is_copied() -> None:
    """The words are ours, not those of the catalogue, and no two models share a line."""
    lines = [str(model.purpose) for model in REGISTRY]
    assert not {digest(line) for line in lines} & set(SUMMARIES.split())
    assert len(set(lines)) == len(lines)


def test_the_digests_find_a_copy() -> None:
    """The test above can fail: the shortest summary of the catalogue is recognised."""
    assert digest("State-of-the-art open-weight reasoning model.") in SUMMARIES.split()


def test_a_model_without_a_line_is_refused() -> None:
    """A row that is added later needs one as well."""
    rows = [{**row} for row in CONTENT["models"]]
    del rows[0]["purpose"]
    with pytest.raises(ValidationError, match="purpose"):
        BundledCatalog.model_validate({**CONTENT, "models": rows})


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ("best overall", "general"),
        ("Coding", "coding"),
        ("code", "coding"),
        ("reasoning", "reasoning"),
        ("cost-effective", "cheap"),
        ("cost effective", "cheap"),
        ("multimodal", "multimodal"),
        ("vision", "multimodal"),
        ("open alternative", "open-weights"),
        ("open_weights", "open-weights"),
        ("European", "european"),
        ("long context", "long-context"),
        ("retrieval", "retrieval"),
        ("RAG", "retrieval"),
    ],
)
def test_every_purpose_that_people_ask_for_is_a_task(words: str, task: str) -> None:
    """In the words of those who ask; ``auto:`` takes them too."""
    found = REGISTRY.recommended(words)
    assert [model.id for model in found] == CONTENT["recommended"][task]
    assert REGISTRY.auto_candidates(f"auto:{words}") == found
    assert all(model.purpose for model in found)


def test_the_facts_bear_the_recommendations_out() -> None:
    """What is recommended for a task is known to be able to do it."""
    assert all(model.supports("images") for model in REGISTRY.recommended("multimodal"))
    assert all(model.publisher == FOR_EUROPE for model in REGISTRY.recommended("european"))
    assert all(model.publisher in OPEN for model in REGISTRY.recommended("open-weights"))
    for model in REGISTRY.recommended("long-context"):
        assert (model.max_input_tokens or 0) >= 250_000
    assert all("rag" in model.tags for model in REGISTRY.recommended("retrieval"))
    for task in CONTENT["recommended"]:
        assert all(model.supports("chat") for model in REGISTRY.recommended(task))


def test_the_languages_of_a_model_of_two_are_named() -> None:
    """Its tag says only that there are several."""
    jais = REGISTRY.get("core42/jais-30b-chat")
    assert "Arabic and English" in str(jais.purpose)
    assert jais.sources["purpose"].startswith("reported: Microsoft Learn")


def test_a_user_gives_a_line_of_their_own() -> None:
    """An overlay describes a new model, and takes the place of a known line."""
    mine = REGISTRY.with_overlay(
        {"acme/parrot": {"purpose": "Repeats"}, "gpt-4o": {"purpose": "X"}}
    )
    assert mine.get("acme/parrot").purpose == "Repeats"
    assert mine.get("gpt-4o").purpose == "X"
    assert mine.get("gpt-4o").sources["purpose"] == "set by an overlay"


def test_what_is_served_elsewhere_was_checked() -> None:
    """Each line has a source and the day on which it was compared with it."""
    for group in CONTENT["elsewhere"]:
        assert re.search(r"\d{4}-\d{2}-\d{2}", group["source"]), group
        assert date.fromisoformat(group["checked"]) >= date(2026, 11, 28)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("claude-3-5-sonnet", "retired Claude 3.5 Sonnet on 2025-10-28"),
        ("github/Claude-3.5-Sonnet", "retired Claude 3.5 Sonnet on 2025-10-28"),
        ("anthropic/claude-3.5-sonnet-20241022", "retired Claude 3.5 Sonnet on 2025-10-28"),
        ("claude-3-5-haiku", "retired Claude 3.5 Haiku on 2026-02-19"),
        ("anthropic/claude-3.5-haiku-20241022", "retired Claude 3.5 Haiku on 2026-02-19"),
        ("claude-sonnet-5", "Messages API only"),
        ("deepseek-v2.5-1210", "until V3 came in December 2024"),
    ],
)
def test_what_became_of_a_model_elsewhere_is_said(name: str, told: str) -> None:
    """No caller is sent to a service that has lost the model or cannot be called."""
    assert told in str(REGISTRY.elsewhere(name))
