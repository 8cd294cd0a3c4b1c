"""`doctor` over endpoints: which are asked, where, and what is said of their credentials.

About `cli/_checks.py`, `cli/_probe.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from github_models_azure.cli import _probe
from github_models_azure.cli._probe import Probe
from tests.cli.program import Outcome, Program
from tests.trusting import trust

pytestmark = pytest.mark.extras

MODELS = "https://r.services.ai.azure.com/models"
FOUNDRY = "https://r.services.ai.azure.com/openai/v1"
FILE = Path("github-models.toml")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The URL that each endpoint was asked at; all of them answer."""
    found: dict[str, str] = {}

    def answer(endpoint: Any, _: float) -> Probe:
        found[endpoint.name] = endpoint.base_url()
        return Probe(200)

    monkeypatch.setattr(_probe, "probe_endpoint", answer)
    return found


def by_name(outcome: Outcome) -> dict[str, Any]:
    return {one["name"]: one for one in outcome.json["endpoints"]}


def test_services_that_nobody_uses_are_not_asked(program: Program, asked: dict[str, str]) -> None:
    """With one endpoint set, one is asked; the others are named."""
    FILE.write_text('endpoint = "https://llm.example/v1"\napi_key = "k"\n')
    found = program("doctor", "--json").json
    assert asked == {"llm.example": "https://llm.example/v1"}
    assert [one["name"] for one in found["endpoints"]] == ["llm.example"]
    assert {"groq", "ollama", "vllm", "github"} <= set(found["others"])


def test_all_that_is_in_use_is_asked(
    program: Program, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default, those of the settings, of the model, of the fallback, and those with a key."""
    monkeypatch.setenv("MISTRAL_API_KEY", "secret-word")
    monkeypatch.setenv("CEREBRAS_API_KEY", " ")
    FILE.write_text(
        """
        endpoint = "https://llm.example/v1"
        model = "together/m"
        [endpoints.mine]
        url = "https://mine.example/v1"
        [endpoints.lm-studio]
        [fallback]
        "m" = ["groq/a/b", "n"]
        "*" = ["vllm/x"]
        """
    )
    outcome = program("doctor", "--json")
    used = {"llm.example", "mine", "lm-studio", "together", "groq", "vllm", "mistral"}
    assert set(asked) == set(by_name(outcome)) == used
    assert "secret-word" not in outcome.out


@pytest.mark.parametrize("fallback", ['"tier"', '"none"', '["groq/m"]'])
def test_a_fallback_of_any_form_is_read(
    program: Program, asked: dict[str, str], fallback: str
) -> None:
    """Words name no endpoint, a list may."""
    FILE.write_text(f'endpoint = "https://llm.example/v1"\nfallback = {fallback}\n')
    program("doctor")
    assert ("groq" in asked) is ("groq" in fallback)


def test_all_asks_everybody(program: Program, asked: dict[str, str]) -> None:
    """`--all` leaves nobody out, not even the retired ones."""
    from github_models_azure.endpoints.presets import PRESETS

    found = program("doctor", "--all", "--json").json
    assert set(asked) == set(PRESETS)
    assert found["others"] == []
    assert not {"github", "github-azure", "groq"} & set(found["usable"])
    assert {"ollama", "litellm"} <= set(found["usable"])


def test_an_endpoint_that_moved_is_asked_at_its_new_url(
    program: Program, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a client would; the retirement and the move are told."""
    FILE.write_text(f'[endpoints.mine]\nurl = "{MODELS}"\ncredential = {{ env = "K" }}\n')
    trust(FILE)
    monkeypatch.setenv("K", "secret-word")
    outcome = program("doctor", "--json")
    mine = by_name(outcome)["mine"]
    assert asked["mine"] == FOUNDRY
    assert (mine["url"], mine["moved_to"], mine["usable"]) == (MODELS, FOUNDRY, True)
    assert (mine["retired_on"], mine["dialect"]) == ("2026-08-26", "azure-models")
    shown = program("doctor").out
    assert f"was retired on 2026-08-26; moved to {FOUNDRY}; reachable" in shown


def test_who_insists_is_asked_at_the_old_url(
    program: Program, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `allow_retired` clients ask the retired route, and so does the doctor."""
    monkeypatch.setenv("GITHUB_MODELS_ALLOW_RETIRED", "true")
    FILE.write_text(f'[endpoints.mine]\nurl = "{MODELS}"\n')
    assert by_name(program("doctor", "--json"))["mine"]["moved_to"] is None
    assert asked["mine"] == MODELS


def test_where_credentials_come_from(
    program: Program, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of variables and entries, entra, none: never a value, nor that of a header."""
    entries = {("github-models", "mine"): "secret-word"}
    fake = SimpleNamespace(get_password=lambda service, user: entries.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "azure.identity", SimpleNamespace(__spec__=object()))
    for name in ("GROQ_API_KEY", "MINE"):
        monkeypatch.setenv(name, "secret-word")
    FILE.write_text(
        f"""
        endpoint = "https://llm.example/v1"
        api_key = "secret-word"
        fallback = ["gemini/m", "litellm/m", "ollama/m"]
        [endpoints.mistral]
        credential = {{ env = "MINE" }}
        headers = {{ X-Team = "secret-word" }}
        [endpoints.cerebras]
        credential = {{ env = "NOT_SET" }}
        [endpoints.entry]
        url = "https://entry.example/v1"
        credential = {{ keyring = "mine" }}
        [endpoints.foundry]
        url = "{FOUNDRY}"
        credential = {{ entra = true }}
        [endpoints.open]
        url = "https://open.example/v1"
        credential = {{ none = true }}
        """
    )
    trust(FILE)
    outcome = program("doctor", "--json")
    words = {name: one["credential"] for name, one in by_name(outcome).items()}
    assert words == {
        "llm.example": f"api_key in {FILE.resolve()}",
        "groq": "the environment variable GROQ_API_KEY",
        "gemini": "missing. Set GEMINI_API_KEY.",
        "ollama": "none",
        "litellm": "none (LITELLM_API_KEY is not set)",
        "mistral": "the environment variable MINE",
        "cerebras": "missing. The endpoint cerebras takes its key from the environment variable "
        "NOT_SET, which is not set.",
        "entry": "the keyring entry mine",
        "foundry": "entra",
        "open": "none",
    }
    missing = [name for name, one in by_name(outcome).items() if one["credential_missing"]]
    assert sorted(missing) == ["cerebras", "gemini"]
    assert not set(missing) & set(outcome.json["usable"])
    assert "secret-word" not in outcome.out + program("doctor").out


def test_the_key_of_a_variable_is_named(
    program: Program, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key for the default endpoint, where the environment has it."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "groq")
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "secret-word")
    groq = by_name(program("doctor", "--json"))["groq"]
    assert groq["credential"] == "the environment variable GITHUB_MODELS_API_KEY"


def test_entra_without_its_package_cannot_be_used(
    program: Program, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor says what to install."""
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    FILE.write_text(f'[endpoints.f]\nurl = "{FOUNDRY}"\ncredential = {{ entra = true }}\n')
    trust(FILE)
    found = by_name(program("doctor", "--json"))["f"]
    assert (found["credential_missing"], found["usable"]) == (True, False)
    assert 'pip install "github-models-azure[entra]"' in found["credential"]
