"""A model's name leads to the endpoint and the name there that its writer meant; both twins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.endpoints import GITHUB
from github_models_azure.exceptions import EndpointRetiredError
from github_models_azure.registry import default_registry
from tests.harness import FIRST, URL, Service, Twin, chat, error, limited

LEGACY = "https://models.inference.ai.azure.com"
PROXY = "https://proxy.example/v1"


def asked(
    twin: Twin, model: str | None, endpoint: Any = URL, **options: Any
) -> list[tuple[str, str | None]]:
    """Return the URLs and models that one call asks; all but the last answer are limits."""
    service = Service(lambda sent: limited() if sent.model == FIRST else chat(sent.model))
    client = twin.client(service, endpoint, **{"fallback": None, **options})
    twin.complete(client, model=model)
    return [(sent.url.partition("/chat/")[0], sent.model) for sent in service.sent]


@pytest.mark.parametrize(
    "name", ["github/openai/gpt-4o", "GitHub/gpt-4o", "azure_ai/gpt-4o", "azure_ai/openai/gpt-4o"]
)
@pytest.mark.parametrize(
    ("endpoint", "sent"),
    [
        (URL, (URL, "openai/gpt-4o")),
        (GITHUB.url, (GITHUB.url, "openai/gpt-4o")),
        ("https://models.github.ai", (GITHUB.url, "openai/gpt-4o")),
        (LEGACY, (LEGACY, "gpt-4o")),
    ],
    ids=["stand-in", "github", "bare host", "legacy"],
)
def test_a_provider_in_front_is_left_out_where_github_models_is_meant(
    twin: Twin, endpoint: str, sent: tuple[str, str], name: str
) -> None:
    """On every endpoint of GitHub's shape, whichever of LiteLLM's names stands there."""
    if endpoint == LEGACY and name.startswith("github/"):
        sent = (GITHUB.url, "openai/gpt-4o")  # the endpoint of that name
    assert asked(twin, name, endpoint, allow_retired=True) == [sent]


def test_a_name_that_nobody_knows_loses_the_provider_too(twin: Twin) -> None:
    """A proxy of GitHub's shape may serve more models than GitHub did."""
    assert asked(twin, "github/new/model") == [(URL, "new/model")]


def test_the_service_as_a_fallback_is_what_stands_in_its_place(twin: Twin) -> None:
    """With either of its names, and with a provider in front of a model of the own endpoint."""
    for name in ("github/openai/o3", "github-azure/o3", "github/github/o3", "azure_ai/o3"):
        assert asked(twin, FIRST, fallback=[name])[1:] == [(URL, "openai/o3")]
    elsewhere = Endpoint("mine", "https://mine.example/inference", dialect="github")
    target = Target("github/o3", elsewhere)
    assert asked(twin, FIRST, fallback=[target])[1:] == [(elsewhere.url, "openai/o3")]


def test_a_mapping_may_be_keyed_by_the_name_as_it_is_written(twin: Twin) -> None:
    """Or by the id that it stands for."""
    for key in ("github/gpt-4.1", "gpt-4.1", FIRST):
        fallback = {key: ["openai/o3"]}
        assert asked(twin, "github/gpt-4.1", fallback=fallback)[1:] == [(URL, "openai/o3")]


@pytest.mark.parametrize("dialect", ["unknown", "openai-compatible", "litellm"])
def test_a_server_that_names_freely_gets_the_name_as_written(twin: Twin, dialect: str) -> None:
    """A LiteLLM proxy lists its models as provider/model."""
    own = Endpoint("proxy", PROXY, dialect=dialect)
    for name in ("github/gpt-4o", "azure_ai/gpt-4o", "deepseek/deepseek-chat"):
        assert asked(twin, name, own, fallback="tier") == [(PROXY, name)]


def test_a_fallback_on_a_litellm_proxy_is_its_own(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of other servers the fallback names the retired endpoint, as any other endpoint."""
    monkeypatch.setenv("GITHUB_TOKEN", "token")
    own = Endpoint("proxy", PROXY, dialect="litellm")
    sent = asked(twin, FIRST, own, fallback=["github/gpt-4o"])
    assert sent[1:] == [(PROXY, "github/gpt-4o")]
    other = asked(twin, FIRST, PROXY, fallback=["github/gpt-4o"], allow_retired=True)
    assert other[1:] == [(GITHUB.url, "openai/gpt-4o")]


def test_an_endpoint_of_a_publishers_name_goes_before_a_loose_spelling(twin: Twin) -> None:
    """``deepseek/deepseek-chat`` is DeepSeek's own if an endpoint is called deepseek."""
    Path("github-models.toml").write_text(f'[endpoints.deepseek]\nurl = "{PROXY}"', "utf-8")
    assert asked(twin, "deepseek/deepseek-chat") == [(PROXY, "deepseek-chat")]


def test_a_declared_endpoint_called_github_stays_itself(twin: Twin) -> None:
    """It is not GitHub's own host that is named."""
    Path("github-models.toml").write_text(f'[endpoints.github]\nurl = "{PROXY}"', "utf-8")
    assert asked(twin, "github/gpt-4o") == [(PROXY, "openai/gpt-4o")]


def notes(twin: Twin, model: str, **options: Any) -> tuple[str, list[str]]:
    """Return the model that answered, and what the trail says before that."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, **{"fallback": None, **options})
    trail = trail_of(twin.complete(client, model=model))
    return str(service.models[-1]), [str(line) for line in trail.events[:-1]]


@pytest.mark.parametrize(
    ("name", "answers", "said"),
    [
        ("mistral-large-2407", "mistral-ai/mistral-medium-2505", "mistral-large-2407"),
        ("github/gpt-4", "openai/gpt-4o", "gpt-4"),
        ("openai/gpt-3.5-turbo", "openai/gpt-4o-mini", "openai/gpt-3.5-turbo"),
    ],
)
def test_another_model_than_the_name_meant_is_in_the_trail(
    twin: Twin, name: str, answers: str, said: str
) -> None:
    """The caller asked for a model that is no more."""
    model, lines = notes(twin, name)
    assert model == answers
    assert [line.partition(": ")[2] for line in lines] == [
        f"{said} is answered as {answers}, its successor"
    ]


@pytest.mark.parametrize("name", ["llama-3.3-70b", "Llama 3.3 70B", "phi4", "gpt-4o", "GPT-4.1"])
def test_another_spelling_of_the_same_model_is_not_told(twin: Twin, name: str) -> None:
    """Nothing was substituted."""
    assert notes(twin, name)[1] == []


def test_a_retired_model_is_answered_by_its_successor(twin: Twin) -> None:
    """Without a fallback, as one, and in both forms of its name."""
    heir = "mistral-ai/mistral-medium-2505"
    for name in ("mistral-ai/mistral-large-2411", "Mistral-Large-2411"):
        model, (skipped, adapted) = notes(twin, name)
        assert model == heir
        assert "was retired on 2025-10-31; its successor is" in skipped
        assert adapted.endswith(f": {name} is answered as {heir}, its successor")
    assert asked(twin, FIRST, fallback=["mistral-ai/mistral-large-2411"])[1:] == [(URL, heir)]


def test_a_retired_model_is_asked_itself_if_that_is_insisted_on(twin: Twin) -> None:
    """``allow_retired`` of the client."""
    name = "mistral-ai/mistral-large-2411"
    assert notes(twin, name, allow_retired=True) == (name, [])


def test_a_server_of_githubs_shape_is_asked_for_what_github_never_had(twin: Twin) -> None:
    """It may have the model; if not, the error says who has. Elsewhere that says nothing."""
    assert asked(twin, "claude-3-5-sonnet") == [(URL, "claude-3-5-sonnet")]
    refusal = error(404, "unknown_model", "Unknown model: /claude-3-5-sonnet")
    for endpoint, told in ((URL, True), (PROXY, False)):
        service = Service(lambda sent: refusal)
        client = twin.client(service, endpoint, fallback=None)
        with pytest.raises(ResourceNotFoundError, match="Unknown model") as caught:
            twin.complete(client, model="claude-3-5-sonnet")
        assert ("GitHub Models never had claude-3-5-sonnet: Anthropic" in str(caught.value)) is told


def test_no_model_answers_for_one_without_a_living_successor(twin: Twin) -> None:
    """It is an error then, and nothing is sent; not even if the successors go round in a circle."""
    circle = default_registry().with_overlay(
        {
            "a/one": {"retired_on": "2020-01-01", "successor": "openai/o1"},
            "openai/o1": {"retired_on": "2020-01-01", "successor": "openai/o1-preview"},
            "openai/o1-preview": {"retired_on": "2020-01-01", "successor": "openai/o1"},
        }
    )
    for name in ("core42/jais-30b-chat", "a/one"):
        service = Service(lambda sent: chat(sent.model))
        client = twin.client(service, fallback=None, registry=circle)
        with pytest.raises(EndpointRetiredError, match="was retired on"):
            twin.complete(client, model=name)
        assert service.sent == []


@pytest.mark.parametrize(("name", "told"), [("gpt-4o", False), ("gpt-4p", True)])
@pytest.mark.parametrize("front", ["", "github/", "mine/", "mine/github/"])
def test_names_that_come_near_are_told_of_unknown_ones_only(
    twin: Twin, front: str, name: str, told: bool
) -> None:
    """Also if an endpoint's name stands in front, as settings write it."""
    mine = Endpoint("mine", URL, "key", GITHUB.dialect)
    refusal = error(404, "unknown_model", "Unknown model")
    service = Service(lambda sent: refusal)
    client = twin.client(service, mine, credential=None, fallback=None)
    with pytest.raises(ResourceNotFoundError, match="Unknown model") as caught:
        twin.complete(client, model=f"{front}openai/{name}")
    assert ("Nearest known models: openai/gpt-4" in str(caught.value)) is told
