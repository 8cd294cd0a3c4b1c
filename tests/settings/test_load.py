"""Where settings come from, and which of them counts."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from github_models_azure.credentials.keys import MissingKey
from github_models_azure.endpoints import GITHUB
from github_models_azure.endpoints.presets import PRESETS
from github_models_azure.exceptions import ClientAuthenticationError
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings

FILE = "github-models.toml"


def write(text: str, name: str = FILE, folder: str = ".") -> Path:
    """Put a file into the working directory, which is empty at the start of a test."""
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path.resolve()


def load(**environ: str) -> Settings:
    """Load the settings with these variables, the prefix left out."""
    return load_settings({f"GITHUB_MODELS_{name}": value for name, value in environ.items()})


# Sources


def test_nothing_set_is_the_defaults() -> None:
    """Without variables and file, everything is left open; pydantic is not needed."""
    assert load() == Settings()
    assert load().endpoints is PRESETS


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a test or a tool gives another."""
    monkeypatch.setenv("GITHUB_MODELS_MODEL", "m")
    assert load_settings().model == "m"


def test_every_variable_has_its_place() -> None:
    """Each variable arrives in the type that the client's keyword takes."""
    settings = load(
        ENDPOINT="https://llm.example/v1",
        API_KEY="secret",
        MODEL="m",
        PLAN="pro",
        FALLBACK_ON="rate_limited, unavailable",
        FALLBACK_MAX_WAIT="2.5",
        FALLBACK_MAX_ATTEMPTS="3",
        ATTEMPT_TIMEOUT="9",
        ADAPT="strict",
        ALLOW_RETIRED="true",
    )
    assert settings.endpoint == "https://llm.example/v1"
    assert (settings.api_key, settings.model, settings.file) == ("secret", "m", None)
    assert settings.options == {
        "plan": "pro",
        "fallback_on": ["rate_limited", "unavailable"],
        "fallback_max_wait": 2.5,
        "fallback_max_attempts": 3,
        "attempt_timeout": 9.0,
        "adapt": "strict",
        "allow_retired": True,
    }


@pytest.mark.parametrize(
    ("value", "fallback"),
    [("tier", "tier"), ("none", None), ("a", ["a"]), ("a, b/c ,,", ["a", "b/c"])],
)
def test_fallback_in_a_variable(value: str, fallback: Any) -> None:
    """``tier``, ``none``, or targets with commas between them."""
    assert load(FALLBACK=value).options == {"fallback": fallback}


def test_tables_in_a_variable_are_json() -> None:
    """What is a table in the file is JSON in the environment."""
    settings = load(
        ENDPOINTS='{"mine": {"url": "https://llm.example/v1"}}', MODELS='{"x/y": {"tier": "low"}}'
    )
    assert settings.endpoints["mine"].url == "https://llm.example/v1"
    assert settings.overlays == {"x/y": {"tier": "low"}}


def test_the_file_says_the_same_things() -> None:
    """Options, endpoints, overlays and tiers are read from ``github-models.toml``."""
    path = write(
        """
        endpoint = "mine"
        model = "m"
        fallback_max_wait = 5
        [fallback]
        "openai/gpt-4.1" = ["mine/gpt-4.1", "ollama/llama3.2"]
        "*" = ["ollama/llama3.2"]
        [endpoints.mine]
        url = "https://llm.example/v1"
        dialect = "github"
        [endpoints.ollama]
        url = "http://localhost:11434/v1"
        credential = { none = true }
        [models."x/y"]
        tier = "own"
        [tiers.own]
        requests_per_minute = 10
        """
    )
    settings = load()
    assert (settings.endpoint, settings.model, settings.file) == ("mine", "m", path)
    assert settings.options == {
        "fallback_max_wait": 5.0,
        "fallback": {
            "openai/gpt-4.1": ["mine/gpt-4.1", "ollama/llama3.2"],
            "*": ["ollama/llama3.2"],
        },
    }
    assert settings.endpoints["mine"].dialect.name == "github"
    assert settings.endpoints["ollama"].dialect.name == "ollama"
    assert settings.endpoints["ollama"].credential is None
    assert settings.endpoints["github"] is GITHUB
    assert settings.overlays == {"x/y": {"tier": "own"}}
    assert settings.tiers == {"own": {"requests_per_minute": 10}}


@pytest.mark.parametrize("value", ['"tier"', '"none"', '["a", "b"]', '"a, b"'])
def test_fallback_in_a_file(value: str) -> None:
    """A text as in the environment, or a list."""
    write(f"fallback = {value}")
    expected: Any = {'"tier"': "tier", '"none"': None}
    assert load().options == {"fallback": expected.get(value, ["a", "b"])}


def test_a_table_of_pyproject_is_a_settings_file() -> None:
    """``[tool.github-models]`` says what ``github-models.toml`` would."""
    path = write('[project]\nname = "x"\n[tool.github-models]\nmodel = "m"\n', "pyproject.toml")
    assert (load().model, load().file) == ("m", path)


@pytest.mark.parametrize(
    "text",
    ["[project]\nname = 'x'\n", "broken [", "# about tool.github-models\n", "[tool]\nx = 1\n"],
)
def test_a_pyproject_without_the_table_says_nothing(text: str) -> None:
    """A project that has nothing to do with this package is left alone, even a broken one."""
    write(text, "pyproject.toml")
    assert load() == Settings()


@pytest.mark.parametrize(
    "text", ["tool.github-models = 3", "[tool.other]\nx = 'tool.github-models'"]
)
def test_what_is_no_table_of_pyproject_says_nothing(text: str) -> None:
    """Only a table counts."""
    write(text, "pyproject.toml")
    assert load().model is None


def test_the_own_file_goes_before_pyproject() -> None:
    """Where a folder has both, ``github-models.toml`` is read alone."""
    write('[tool.github-models]\nmodel = "project"\nplan = "pro"', "pyproject.toml")
    write('model = "own"')
    assert (load().model, load().options) == ("own", {})


def test_the_nearest_file_of_the_parents_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the working directory upwards to the root of the repository, until one is found."""
    write('model = "far"')
    write('model = "near"', folder="a")
    inner = Path("a/b/c").resolve()
    inner.mkdir(parents=True)
    Path(".git").mkdir()
    assert load_settings({}, inner).model == "near"
    monkeypatch.chdir(inner)
    assert load().model == "near"


def test_a_file_may_be_named() -> None:
    """``GITHUB_MODELS_CONFIG`` goes before what the folders hold; ``~`` is the home folder."""
    write('model = "here"')
    other = write('model = "named"', "other.toml", "elsewhere")
    assert load(CONFIG=str(other)).model == "named"
    assert load(CONFIG=str(other)).file == other


def test_a_named_file_may_be_a_pyproject(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then its table counts."""
    path = write('[tool.github-models]\nmodel = "m"', "pyproject.toml", "home")
    monkeypatch.setenv("HOME", str(path.parent))
    assert load(CONFIG="~/pyproject.toml").model == "m"


def test_the_environment_goes_before_the_file() -> None:
    """One by one: what a variable leaves open, the file says."""
    write('model = "file"\nplan = "pro"\nfallback = ["file"]')
    settings = load(MODEL="env", FALLBACK="tier")
    assert settings.model == "env"
    assert settings.options == {"plan": "pro", "fallback": "tier"}


def test_variables_of_other_purpose_are_no_settings() -> None:
    """The token and the recordings' folder are read elsewhere."""
    assert load(TOKEN="t", RECORDINGS="/r") == Settings()
    assert load_settings({"GITHUB_MODEL": "x", "github_models_model": "x"}) == Settings()


# Endpoints


def endpoint_with(credential: str, **environ: str) -> Any:
    path = write(f'[endpoints.mine]\nurl = "https://llm.example/v1"\ncredential = {credential}')
    return load_settings({"GITHUB_MODELS_CONFIG": str(path), **environ}).endpoints["mine"]


def test_a_key_may_come_from_a_variable() -> None:
    """``env`` names the variable that holds it."""
    credential = endpoint_with('{ env = "MY_KEY" }', MY_KEY="secret").credential
    assert isinstance(credential, AzureKeyCredential)
    assert credential.key == "secret"


def test_a_key_may_come_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """``keyring`` names the entry of this package's service."""
    entries = {("github-models", "mine"): "secret"}
    fake = SimpleNamespace(get_password=lambda service, user: entries.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    assert endpoint_with('{ keyring = "mine" }').credential.key == "secret"
    assert isinstance(endpoint_with('{ keyring = "other" }').credential, MissingKey)


@pytest.mark.parametrize("failing", [True, False])
def test_a_keyring_that_cannot_answer_is_a_missing_key(
    monkeypatch: pytest.MonkeyPatch, failing: bool
) -> None:
    """Neither a missing package nor a failing backend stops a program from starting."""

    def fail(*_: str) -> None:
        raise RuntimeError("no desktop")

    fake = SimpleNamespace(get_password=fail) if failing else None
    monkeypatch.setitem(sys.modules, "keyring", fake)
    credential = endpoint_with('{ keyring = "mine" }').credential
    with pytest.raises(ClientAuthenticationError, match="the keyring entry mine"):
        credential.get_token("scope")


@pytest.mark.parametrize("environ", [{}, {"MY_KEY": ""}])
def test_a_missing_key_says_so_when_it_is_used(environ: dict[str, str]) -> None:
    """Loading goes on, since the endpoint may never be asked."""
    credential = endpoint_with('{ env = "MY_KEY" }', **environ).credential
    with pytest.raises(
        ClientAuthenticationError,
        match="endpoint mine takes its key from the environment variable MY_KEY, which is not set",
    ):
        credential.get_token("scope")


def test_an_endpoint_of_github_keeps_what_is_known_of_it() -> None:
    """Under any name its dialect and its end are those of the preset."""
    write('[endpoints.mine]\nurl = "https://models.github.ai/orgs/o/inference"')
    mine = load().endpoints["mine"]
    assert (mine.name, mine.dialect.name) == ("mine", "github")
    assert (mine.retired_on, mine.successor) == (GITHUB.retired_on, GITHUB.successor)


def test_a_preset_may_be_replaced() -> None:
    """Whoever has a stand-in for GitHub Models gives it the preset's name."""
    write('[endpoints.github]\nurl = "http://localhost:8080/inference"')
    assert load().endpoints["github"].url == "http://localhost:8080/inference"
    assert load().endpoints["github"].retired_on is None
