"""Which endpoint a name, a URL or a path stands for."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure import Endpoint
from github_models_azure._core.hosts import GITHUB_HOSTS
from github_models_azure.endpoints import (
    DEFAULT_ENDPOINT,
    GITHUB,
    GITHUB_AZURE,
    PRESETS,
    Target,
    endpoint_for,
    parse_target,
)
from github_models_azure.endpoints.endpoint import is_loopback
from github_models_azure.registry import default_registry

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
    assert (found.dialect.name, found.retired_on) == ("github", GITHUB.retired_on)


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
        ("https://models.github.ai/catalog", "github", "github"),
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
        ("https://llm.example/x/openai/v1", "llm.example", "unknown"),
        ("https://llm.example/v1/chat/completions", "llm.example", "unknown"),
    ],
)
def test_a_url_is_known_by_host_port_and_path(url: str, name: str, dialect: str) -> None:
    """It stays as written; case, trailing slashes and default ports do not hide who it is."""
    found = endpoint_for(url, known=KNOWN)
    assert (found.url, found.name, found.dialect.name) == (url, name, dialect)


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


def test_a_github_token_may_go_to_githubs_presets_alone() -> None:
    """The hosts for GitHub's tokens are those of the endpoints that speak GitHub's dialects."""
    hosts = {p.origin.partition("://")[2] for p in PRESETS.values() if p.dialect.is_github}
    assert hosts <= GITHUB_HOSTS
    others = {p.origin.partition("://")[2] for p in PRESETS.values() if not p.dialect.is_github}
    assert not others & GITHUB_HOSTS


# ---- the services


SERVICES = [one for one in PRESETS.values() if one.url.startswith("https:")]
LOCAL = [one for one in PRESETS.values() if one.url.startswith("http:")]


def test_a_preset_goes_by_its_own_name() -> None:
    """The name by which it is found is the one in trails."""
    assert all(preset.name == name for name, preset in PRESETS.items())
    assert len({preset.url for preset in SERVICES}) == len(SERVICES)


def test_clear_text_is_for_this_machine() -> None:
    """Every other preset is https; those here need no key, or say where one is found."""
    assert all(is_loopback(preset.url) for preset in LOCAL)
    assert all(preset.anonymous or preset.key_variable for preset in LOCAL)
    assert not any(preset.anonymous for preset in SERVICES)


def test_every_service_has_a_variable_for_its_key() -> None:
    """GitHub's own presets take the GitHub token instead, and each key its own variable."""
    for preset in SERVICES:
        assert (preset.key_variable is None) is preset.dialect.is_github, preset.name
        assert preset.credential is None
        assert not preset.dialect.required_headers
    variables = [preset.key_variable for preset in PRESETS.values() if preset.key_variable]
    assert len(variables) == len(set(variables))
    assert all(re.fullmatch("[A-Z]+_API_KEY", variable) for variable in variables)


def test_no_preset_is_the_publisher_of_a_model() -> None:
    """``openai/gpt-4.1`` names a model, not a model on an endpoint called openai."""
    registry = default_registry()
    ids = [model.id for model in registry]
    assert len(ids) > 50
    assert not {name.partition("/")[0].lower() for name in ids} & set(PRESETS)
    for name in [*ids, "openai/gpt-4.1", "mistral-ai/mistral-small-2503"]:
        assert parse_target(name) == Target(name)
    assert parse_target("openai-api/gpt-4.1") == Target("gpt-4.1", PRESETS["openai-api"])
    slashed = parse_target("openrouter/openai/gpt-4.1")
    assert slashed == Target("openai/gpt-4.1", PRESETS["openrouter"])


@pytest.mark.parametrize("preset", SERVICES, ids=lambda one: one.name)
@pytest.mark.parametrize("path", ["", "/", "/v99", "/some/where/"])
def test_a_service_is_known_by_its_host(preset: Endpoint, path: str) -> None:
    """Whatever the path: the URL stays as written, key and dialect are the service's.

    GitHub Models' bare host is its ``/inference``, for a page of OpenHands' names it so.
    """
    url = f"https://{preset.origin.partition('://')[2].upper()}{path}"
    bare = preset is GITHUB and not path.strip("/")
    assert endpoint_for(url) == (preset if bare else replace(preset, url=url))


def test_the_query_of_the_bare_host_stays() -> None:
    """It is said of the service, whichever path is meant."""
    found = endpoint_for("https://models.github.ai/?api-version=1")
    assert found == replace(GITHUB, url=f"{GITHUB.url}?api-version=1")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com:8443/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com.evil.example/v1",
        "https://evil.example/api.openai.com/v1",
        "https://api.openai.com@evil.example/v1",
        "https://sub.api.openai.com/v1",
    ],
)
def test_another_host_or_port_is_another_service(url: str) -> None:
    """What only looks like a service gets neither its dialect nor its key."""
    with suppress(ValueError):  # a user name in it is refused altogether
        found = endpoint_for(url)
        assert (found.dialect.name, found.key_variable) == ("unknown", None)


@pytest.mark.parametrize("preset", LOCAL, ids=lambda one: one.name)
def test_a_local_server_is_known_by_its_port_and_path(preset: Endpoint) -> None:
    """But where two share a port, who answers is not known."""
    shared = [one.name for one in LOCAL if one.url == preset.url]
    found = endpoint_for(preset.url + "/")
    assert found.dialect.name == (preset.dialect.name if shared == [preset.name] else "unknown")
    other = endpoint_for(preset.url.replace("/v1", "/v2"))
    assert (other.dialect.name, other.key_variable) == ("unknown", None)


def test_two_of_mine_at_one_address_are_told_apart_by_name_only() -> None:
    """With one dialect the first is taken, with two neither."""
    first = Endpoint("first", "https://llm.example/v1", dialect="mistral")
    second = replace(first, name="second")
    known = {"first": first, "second": second}
    assert endpoint_for(first.url, known=known).name == "first"
    known["second"] = replace(second, dialect="groq")
    assert endpoint_for(first.url, known=known).dialect.name == "unknown"


def test_copilot_wants_a_header_that_only_the_user_can_give() -> None:
    """A bare URL is refused with the name of the header."""
    with pytest.raises(ValueError, match="needs the header Copilot-Integration-Id"):
        endpoint_for("https://api.githubcopilot.com")
    headers = {"copilot-integration-id": "mine"}
    mine = Endpoint("c", "https://api.githubcopilot.com", dialect="copilot", headers=headers)
    assert endpoint_for("https://api.githubcopilot.com/", known={"c": mine}).headers == headers
