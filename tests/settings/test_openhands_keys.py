"""The keys of an application's settings: each stays with the origin of its source. And LogAI's."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure.credentials.keys import MissingKey
from github_models_azure.endpoints import endpoint_for
from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings
from tests.settings.test_openhands import OTHER, OWN, WRITTEN, key_at, write


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"LLM_API_KEY": "env", "LLM_BASE_URL": OWN}, "env"),
        ({"LLM_API_KEY": "env", "LLM_BASE_URL": OTHER}, "env"),
        ({"LLM_API_KEY": "env"}, "key-of-llm"),
        ({"LLM_BASE_URL": OWN + "/deeper"}, "key-of-llm"),
        ({"LLM_BASE_URL": OTHER}, None),
        ({"LLM_MODEL": "openai/x", "LLM_API_KEY": "env"}, "key-of-llm"),
    ],
)
def test_a_key_stays_with_the_origin_of_its_source(environ: dict[str, str], key: Any) -> None:
    """The environment's with what the environment names, the file's with what the file names."""
    write(WRITTEN)
    assert key_at(load_settings(environ)) == key


@pytest.mark.parametrize(
    ("text", "environ", "says"),
    [
        (f'model = "openai/x"\nbase_url = "{OWN}"', {"LLM_API_KEY": "secret"}, "LLM_API_KEY"),
        (
            f'model = "openai/x"\nbase_url = "{OWN}"\napi_key = "secret"',
            {"LLM_BASE_URL": OTHER},
            "The api_key of [llm]",
        ),
        ('model = "groq/x"', {"LLM_API_KEY": "secret"}, "LLM_API_KEY is not sent to"),
    ],
)
def test_a_key_that_is_withheld_says_so(text: str, environ: dict[str, str], says: str) -> None:
    """When the endpoint is used, in place of a request without a key."""
    write("[llm]\n" + text)
    credential = load_settings(environ).endpoints["llm"].credential
    assert isinstance(credential, MissingKey)
    assert says in credential.message
    assert "secret" not in credential.message


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ('model = "openai/x"\nbase_url = "http://127.0.0.1:9/v1"', {}),
        ('model = "ollama/x"', {}),
        ('model = "groq/x"', {"GROQ_API_KEY": "vendor's"}),
        ('model = "github/gpt-4o"', {}),
    ],
)
def test_servers_that_do_without_the_key_are_asked_without(
    text: str, environ: dict[str, str]
) -> None:
    """One's own machine, and endpoints with a key from elsewhere."""
    write("[llm]\n" + text)
    assert load_settings({"LLM_API_KEY": "k", **environ}).endpoints["llm"].credential is None


def test_a_fallback_elsewhere_does_not_get_the_first_ones_key() -> None:
    """OpenHands would hand it over."""
    write(WRITTEN.replace('api_key = "key-of-fallback2"', ""))
    credential = load_settings({}).endpoints["llm.fallback2"].credential
    assert isinstance(credential, MissingKey)
    assert "belongs to another server than https://other.example" in credential.message


# LogAI


def test_logai_has_three_variables() -> None:
    """Its GitHub Models provider: the endpoint is GitHub's old one, the key its token."""
    environ = {
        "LOGAI_LLM_PROVIDER": "github",
        "LOGAI_GITHUB_TOKEN": "token",
        "LOGAI_GITHUB_MODEL": "gpt-4o-mini",
    }
    settings = load_settings(environ)
    assert (settings.endpoint, settings.model) == ("logai", "gpt-4o-mini")
    assert settings.endpoints["logai"].origin == "https://models.inference.ai.azure.com"
    assert key_at(settings, "logai") == "token"
    assert settings.retries == {}
    assert settings.origins == {"endpoint": "LOGAI_LLM_PROVIDER", "model": "LOGAI_GITHUB_MODEL"}


def test_logai_has_a_model_of_its_own() -> None:
    """``gpt-4o``, where none is named; the token is then looked up as always."""
    settings = load_settings({"LOGAI_LLM_PROVIDER": "GitHub", "GITHUB_TOKEN": "t"})
    assert settings.model == "gpt-4o"
    assert settings.endpoints["logai"].credential is None


def test_logai_without_a_token_says_where_one_is_made() -> None:
    """Before anything else is said; a client with an endpoint of its own does not need one."""
    with pytest.raises(SettingsError) as caught:
        load_settings({"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": " "})
    text = str(caught.value)
    assert text.startswith("GitHub Models requires LOGAI_GITHUB_TOKEN")
    assert "https://github.com/settings/personal-access-tokens/new" in text
    assert "models:read" in text
    assert load_settings({"LOGAI_LLM_PROVIDER": "github"}, decided=True).endpoint is None


@pytest.mark.parametrize(
    ("environ", "note"),
    [
        ({"LOGAI_GITHUB_TOKEN": "t"}, "Set and not used: LOGAI_GITHUB_TOKEN."),
        ({"LOGAI_GITHUB_MODEL": "gpt-4o"}, "Set and not used: LOGAI_GITHUB_MODEL."),
        ({"LOGAI_LLM_PROVIDER": "githup"}, "LOGAI_LLM_PROVIDER is not used: the only"),
        (
            {"LOGAI_LLM_PROVIDER": "openai", "LOGAI_GITHUB_TOKN": "t"},
            "LOGAI_GITHUB_TOKN is not used: the known ones are LOGAI_GITHUB_MODEL and",
        ),
        (
            {"LOGAI_LLM_PROVIDER": "github", "LLM_MODEL": "groq/x", "LLM_API_KEY": "k"},
            "LOGAI_LLM_PROVIDER is not used: the LLM_* variables go before it.",
        ),
    ],
)
def test_a_variable_of_logai_that_does_not_count_is_noted(
    environ: dict[str, str], note: str
) -> None:
    """By its name, and without its value."""
    (said,) = load_settings(environ).notes
    assert said.startswith(note)


LOGAI = {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": "t", "LOGAI_GITHUB_MODEL": "m"}
STAND_IN = "http://127.0.0.1:9/inference"


@pytest.mark.parametrize(
    ("endpoint", "taken"),
    [
        (STAND_IN, True),
        ("http://localhost:9/inference", True),
        ("http://127.0.0.1:9/v1", False),
        ("https://models.example/inference", False),
        ("ollama", False),
        ("http://[", False),
    ],
)
def test_logai_goes_with_what_stands_in_the_services_place(endpoint: str, taken: bool) -> None:
    """It has no variable for an address; model and token go to this machine only."""
    settings = load_settings({**LOGAI, "GITHUB_MODELS_ENDPOINT": endpoint})
    assert (settings.endpoint, settings.model) == (endpoint, "m" if taken else None)
    assert settings.origins == ({"model": "LOGAI_GITHUB_MODEL"} if taken else {})
    note = "LOGAI_LLM_PROVIDER is not used: GITHUB_MODELS_ENDPOINT goes before it."
    assert settings.notes == (() if taken else (note,))
    if endpoint != "http://[":
        lent = settings.key_for(endpoint_for(endpoint), stand_in=True)
        assert (lent and lent[1].name) == ("LOGAI_GITHUB_TOKEN" if taken else None)


def test_our_own_model_goes_before_logais() -> None:
    """As every setting of ours does."""
    ours = {"GITHUB_MODELS_ENDPOINT": STAND_IN, "GITHUB_MODELS_MODEL": "ours"}
    settings = load_settings({**LOGAI, **ours})
    assert (settings.model, settings.origins) == ("ours", {})


@pytest.mark.parametrize(
    ("ours", "first"),
    [
        ({"GITHUB_MODELS_ENDPOINT": "groq"}, "GITHUB_MODELS_ENDPOINT"),
        ({"GITHUB_MODELS_API_KEY": "k"}, "GITHUB_MODELS_API_KEY"),
        ({}, "github-models.toml"),
    ],
)
def test_a_file_of_openhands_that_ours_go_before_is_noted(ours: dict[str, str], first: str) -> None:
    """By what says where it goes; an argument of one client is no reason for a note."""
    theirs = write(WRITTEN)
    own = write('plan = "pro"' if ours else 'endpoint = "groq"', "github-models.toml")
    (note,) = load_settings(ours).notes
    where = f"llm.base_url in {theirs}"
    assert note == f"{where} is not used: {first if ours else own} goes before it."
    write('plan = "pro"', "github-models.toml")
    assert load_settings({}, decided=True).notes == ()


@pytest.mark.parametrize("provider", ["anthropic", "openai", "github-copilot", "ollama"])
def test_other_providers_of_logai_are_none_of_ours(provider: str) -> None:
    """Only GitHub Models is."""
    assert load_settings({"LOGAI_LLM_PROVIDER": provider, "LOGAI_GITHUB_TOKEN": "t"}) == Settings()


def test_openhands_goes_before_logai_and_logai_before_files() -> None:
    """Variables before files, and the more telling ones first."""
    write(WRITTEN)
    logai = {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": "t"}
    assert load_settings(logai).endpoint == "logai"
    both = {**logai, "LLM_MODEL": "groq/x", "LLM_API_KEY": "k"}
    assert load_settings(both).endpoint == "llm"
