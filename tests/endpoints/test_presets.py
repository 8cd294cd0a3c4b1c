"""Which endpoint a name, a URL or a path stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure import Endpoint
from github_models_azure.endpoints import (
    DEFAULT_ENDPOINT,
    GITHUB,
    GITHUB_AZURE,
    endpoint_for,
)
from github_models_azure.endpoints.presets import GITHUB_HOSTS, PRESETS

MINE = Endpoint("mine", "https://llm.example:8443/v1", "secret", dialect="github")
KNOWN = {**PRESETS, "mine": MINE}


def test_nothing_is_the_default_endpoint() -> None:
    """Code that named no endpoint goes where the SDK's samples went."""
    assert endpoint_for(None) is DEFAULT_ENDPOINT is GITHUB_AZURE


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_known_name_is_its_endpoint(name: str) -> None:
    """The presets and those of the settings."""
    assert endpoint_for(name, known=KNOWN) is KNOWN[name]


def test_an_endpoint_is_itself() -> None:
    """What is already an endpoint is taken as it is."""
    assert endpoint_for(MINE) is MINE


@pytest.mark.parametrize("value", [None, "github", MINE, "https://other.example/v1"])
def test_a_credential_given_here_is_the_one_used(value: str | Endpoint | None) -> None:
    """It takes the place of the endpoint's own, and the preset stays without."""
    assert endpoint_for(value, "given").credential == "given"
    assert GITHUB.credential is None
    assert MINE.credential == "secret"


@pytest.mark.parametrize(
    "value", ["orgs/my-org/inference", "/orgs/my-org/inference", "/orgs/my-org/inference/"]
)
def test_a_path_of_an_organisation_is_on_github(value: str) -> None:
    """It keeps GitHub's dialect and its retirement."""
    found = endpoint_for(value)
    assert found.url == "https://models.github.ai/orgs/my-org/inference"
    assert found.name == "github/orgs/my-org/inference"
    assert (found.dialect, found.retired_on) == ("github", GITHUB.retired_on)


@pytest.mark.parametrize(
    "value", ["", "gitub", "models.github.ai", "orgs/a/b/inference", "/orgs//inference", "mine"]
)
def test_other_texts_are_refused(value: str) -> None:
    """The error repeats the value and lists the names that are known."""
    with pytest.raises(ValueError, match="github, github-azure") as caught:
        endpoint_for(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name", "dialect"),
    [
        ("https://models.github.ai/inference", "github", "github"),
        ("https://models.github.ai/inference/", "github", "github"),
        ("https://MODELS.GitHub.AI/inference", "github", "github"),
        ("https://models.github.ai:443/inference", "github", "github"),
        ("https://models.github.ai/orgs/o/inference", "github", "github"),
        ("https://models.github.ai", "github", "github"),
        ("https://models.inference.ai.azure.com", "github-azure", "github-legacy"),
        ("https://models.inference.ai.azure.com/", "github-azure", "github-legacy"),
        ("https://Models.Inference.AI.Azure.com/v1", "github-azure", "github-legacy"),
        ("https://llm.example:8443/v1/", "mine", "github"),
        ("https://llm.example/v1", "llm.example", "unknown"),
        ("https://llm.example:8443/v2", "llm.example:8443", "unknown"),
        ("https://llm.example:9000/v1", "llm.example:9000", "unknown"),
        ("http://localhost:8080/inference", "localhost:8080", "github"),
        ("http://localhost:8080/orgs/o/inference/", "localhost:8080", "github"),
        ("http://localhost:8080/inference/v1", "localhost:8080", "unknown"),
        ("https://res.services.ai.azure.com/models", "res.services.ai.azure.com", "unknown"),
    ],
)
def test_a_url_is_known_by_host_port_and_path(url: str, name: str, dialect: str) -> None:
    """It stays as written; case, trailing slashes and default ports do not hide who it is."""
    found = endpoint_for(url, known=KNOWN)
    assert (found.url, found.name, found.dialect) == (url, name, dialect)


def test_a_url_of_github_is_known_to_be_retired() -> None:
    """However it is written, it is not asked after its day."""
    assert endpoint_for("https://models.github.ai:443/x").retired_on == GITHUB.retired_on
    assert endpoint_for("https://MODELS.inference.ai.azure.com/x").successor


def test_a_url_of_my_own_endpoint_has_its_credential() -> None:
    """Whoever writes the URL in place of the name means the same endpoint."""
    assert endpoint_for("https://LLM.example:8443/v1/", known=KNOWN).credential == "secret"
    assert endpoint_for("https://llm.example:8443/v2", known=KNOWN).credential is None


@given(st.text(max_size=30))
def test_any_text_is_an_endpoint_or_a_clear_error(value: str) -> None:
    """Nothing but ``ValueError`` comes of odd texts."""
    try:
        found = endpoint_for(value)
    except ValueError:
        return
    assert found.url


@given(st.text(alphabet="htps:/@[].?#%1a \n", max_size=20).map("https://".__add__))
def test_any_odd_url_is_an_endpoint_or_a_clear_error(value: str) -> None:
    """URLs as odd as they come end in an endpoint with a host or in ``ValueError``."""
    try:
        found = endpoint_for(value)
    except ValueError:
        return
    assert found.origin.partition("://")[2]


def test_the_presets_cannot_be_changed() -> None:
    """Settings add endpoints in a mapping of their own."""
    with pytest.raises(TypeError):
        PRESETS["mine"] = MINE  # type: ignore[index]


def test_a_github_token_may_go_to_every_preset() -> None:
    """The hosts for GitHub's tokens include those of the presets."""
    assert {preset.origin.partition("://")[2] for preset in PRESETS.values()} <= GITHUB_HOSTS
