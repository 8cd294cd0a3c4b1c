"""Test the provider in acme.toml against an emulator; `pytest test_acme.py`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_models_azure import ChatCompletionsClient, ModelRegistry, trail_of
from github_models_azure.server.emulator import Emulator
from github_models_azure.testing import ManualClock

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
MODELS = {"acme/acme-large": {"tier": "high"}, "acme/acme-small": {"tier": "low"}}


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The file as it is; the variable replaces the URL, and nothing else of the endpoint."""
    registry = ModelRegistry.bundled().with_overlay(MODELS)
    with Emulator(registry=registry, strict_api_version=True) as emulator:
        here = {"acme": {"url": emulator.openai_v1_url}}
        monkeypatch.setenv("GITHUB_MODELS_CONFIG", str(Path(__file__).with_name("acme.toml")))
        monkeypatch.setenv("GITHUB_MODELS_ENDPOINTS", json.dumps(here))
        monkeypatch.setenv("ACME_API_KEY", "any-key")
        yield emulator


def test_the_request_is_what_the_provider_takes(acme: Emulator) -> None:
    with ChatCompletionsClient() as client:
        answer = client.complete(messages=QUESTION, seed=7)
    sent = acme.journal[-1]
    assert isinstance(sent.body, dict)
    assert (sent.model, sent.query, "seed" in sent.body) == ("acme-large", "", False)
    assert sent.headers["x-acme-region"] == "eu"
    assert "authorization" in sent.credential_headers
    assert (sent.body["acme_safety"], sent.body["advanced_reasoning"]) == ("standard", True)
    assert "seed=7 dropped" in [change.change for change in trail_of(answer).adaptations]


def test_a_limit_is_answered_by_the_small_model(acme: Emulator) -> None:
    acme.fault("rate_limit", model="acme-large", seconds=60)
    with ChatCompletionsClient() as client:
        trail = trail_of(client.complete(messages=QUESTION))
    assert trail.served_by == "acme/acme-small"


def test_without_a_fallback_the_limit_is_waited_out(acme: Emulator) -> None:
    acme.fault("rate_limit", model="acme-large", seconds=50)
    clock = ManualClock(skip_waits=True)
    with ChatCompletionsClient(fallback=None, clock=clock) as client:
        trail = trail_of(client.complete(messages=QUESTION))
    assert (trail.served_by, trail.waited) == ("acme/acme-large", 50)
