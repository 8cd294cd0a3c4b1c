"""Endpoints and dialects as the settings declare them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from github_models_azure.credentials.entra import Entra
from github_models_azure.credentials.keys import KeySource, MissingKey
from github_models_azure.endpoints import DIALECTS, Endpoint
from github_models_azure.endpoints.presets import PRESETS
from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings

FILE = "github-models.toml"
FOUNDRY = "https://r.services.ai.azure.com/openai/v1"


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def load(text: str, **environ: str) -> Settings:
    """Load the settings with this file, which is named, and these variables."""
    path = Path(FILE).resolve()
    path.write_text(text, "utf-8")
    return load_settings({"GITHUB_MODELS_CONFIG": str(path), **environ})


def mine(text: str, name: str = "mine", **environ: str) -> Endpoint:
    """The endpoint that a table declares."""
    return load(f"[endpoints.{name}]\n{text}", **environ).endpoints[name]


def refused(text: str, **environ: str) -> list[str]:
    """The lines of the error, the file's name left out."""
    with pytest.raises(SettingsError) as caught:
        load(text, **environ)
    return str(caught.value).replace(f" in {Path(FILE).resolve()}", "").splitlines()


# Known names


def test_a_known_name_needs_no_url() -> None:
    """What the entry leaves open is as for the preset; the key is the entry's."""
    groq = mine('credential = { env = "MY_KEY" }', "groq", MY_KEY="secret")
    known = PRESETS["groq"]
    assert (groq.url, groq.dialect, groq.origin) == (known.url, known.dialect, known.origin)
    assert groq.credential.key == "secret"


def test_a_known_name_keeps_the_variable_of_its_key() -> None:
    """An entry that says nothing of a credential leaves the vendor's variable in place."""
    assert mine("headers = { X-Title = 'mine' }", "openrouter").key_variable == "OPENROUTER_API_KEY"


def test_a_retired_preset_stays_retired() -> None:
    """Its end and its advice are the preset's, unless the entry gives another URL."""
    github = mine('credential = { env = "K" }', "github")
    assert (github.retired_on, github.successor) == (
        PRESETS["github"].retired_on,
        PRESETS["github"].successor,
    )


@pytest.mark.parametrize(
    ("name", "url", "dialect"),
    [
        ("vllm", "https://gpu.example/v1", "vllm"),
        ("vllm", "http://localhost:8080/v1", "vllm"),  # where llama.cpp would listen
        ("groq", "https://proxy.example/openai/v1", "groq"),
        ("github", "http://localhost:8080/inference", "github"),
        ("github", FOUNDRY, "openai-v1"),
        ("github", "https://proxy.example/models", "github"),
        ("mine", "http://localhost:8000/v1", "unknown"),  # two servers share that port
        ("mine", "http://localhost:11434/v1", "ollama"),
        ("mine", FOUNDRY, "openai-v1"),
        ("mine", "https://llm.example/v1", "unknown"),
    ],
)
def test_the_dialect_that_nobody_names(name: str, url: str, dialect: str) -> None:
    """A service's name says it, else the URL; for GitHub's stand-ins the URL goes first."""
    assert mine(f'url = "{url}"', name).dialect.name == dialect


def test_the_key_of_a_vendor_stays_with_its_origin() -> None:
    """A known name at another URL has no claim to the vendor's variable; its URL has one."""
    assert mine('url = "https://proxy.example/openai/v1"', "groq").key_variable is None
    assert mine('url = "https://api.groq.com/openai/v1"').key_variable == "GROQ_API_KEY"


@pytest.mark.parametrize("text", ["credential = { none = true }", 'credential = { env = "K" }'])
def test_a_credential_replaces_the_variable_of_a_vendor(text: str) -> None:
    """Whoever says where the key comes from, or that there is none, is not given another."""
    groq = mine(text, "groq")
    assert groq.key_variable is None
    assert groq.anonymous is ("none" in text)


def test_a_local_server_with_a_key_is_not_anonymous() -> None:
    """A preset that asks for no key is given one."""
    assert mine('credential = { env = "K" }', "ollama").anonymous is False


# What an entry may say


def test_all_that_an_entry_may_say() -> None:
    """Dialect, headers, and the day after which it is asked elsewhere."""
    endpoint = mine(
        """
        url = "https://llm.example/old"
        dialect = "mistral"
        headers = { X-Team = "red" }
        retired_on = 2026-08-26
        moved_to = "https://llm.example/v1"
        """
    )
    assert endpoint.dialect is DIALECTS["mistral"]
    assert dict(endpoint.headers) == {"X-Team": "red"}
    assert endpoint.retired_on == date(2026, 8, 26)
    assert endpoint.moved_to == "https://llm.example/v1"
    assert endpoint.successor == "Use https://llm.example/v1."


def test_the_models_route_of_azure_moves_by_itself() -> None:
    """What the URL says of the retirement survives under any name, with a credential."""
    endpoint = mine(
        'url = "https://r.services.ai.azure.com/models"\ncredential = { env = "K" }', K="secret"
    )
    assert (endpoint.name, endpoint.moved_to) == ("mine", FOUNDRY)
    assert endpoint.retired_on == date(2026, 8, 26)
    assert endpoint.dialect.name == "azure-models"


def test_an_entry_in_a_variable_is_the_same() -> None:
    """Known names, days and headers as JSON; the variable's credential replaces the file's."""
    json = (
        '{"groq": {"credential": {"env": "MINE"}},'
        ' "own": {"url": "https://llm.example/v1", "retired_on": "2026-08-26"}}'
    )
    settings = load(
        '[endpoints.groq]\ncredential = { keyring = "k" }\nheaders = { X-Team = "red" }',
        GITHUB_MODELS_ENDPOINTS=json,
        MINE="secret",
    )
    assert settings.endpoints["groq"].credential.key == "secret"
    assert dict(settings.endpoints["groq"].headers) == {"X-Team": "red"}
    assert settings.endpoints["own"].retired_on == date(2026, 8, 26)


def test_each_credential_has_its_source() -> None:
    """Which is told by ``doctor`` and holds no secret."""
    settings = load(
        f"""
        [endpoints.groq]
        credential = {{ env = "MINE" }}
        [endpoints.mistral]
        credential = {{ keyring = "my-entry" }}
        [endpoints.foundry]
        url = "{FOUNDRY}"
        credential = {{ entra = true }}
        [endpoints.ollama]
        credential = {{ none = true }}
        [endpoints.gemini]
        """,
        MINE="secret",
    )
    assert dict(settings.sources) == {
        "groq": KeySource("env", "MINE"),
        "mistral": KeySource("keyring", "my-entry"),
        "foundry": KeySource("entra"),
        "ollama": KeySource("none"),
    }
    assert [str(source) for source in settings.sources.values()] == [
        "the environment variable MINE",
        "the keyring entry my-entry",
        "entra",
        "none",
    ]
    assert isinstance(settings.endpoints["mistral"].credential, MissingKey)
    assert settings.endpoints["foundry"].credential == Entra()


def test_a_key_is_read_from_its_entry_of_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the service ``github-models``; a backend that fails has none."""
    text = 'credential = { keyring = "my-entry" }'
    entries = {("github-models", "my-entry"): " kept\n"}
    fake = SimpleNamespace(get_password=lambda *entry: entries.get(entry))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    assert mine(text, "groq").credential.key == "kept"
    entries.clear()
    lost = mine(text, "groq").credential
    assert isinstance(lost, MissingKey)
    assert lost.message.endswith("the keyring entry my-entry, which is not set.")
    fake.get_password = lambda *entry: 1 / 0
    assert isinstance(mine(text, "groq").credential, MissingKey)


def test_a_keyring_that_is_not_installed_is_named() -> None:
    """Or the entry would be sought in vain."""
    message = mine('credential = { keyring = "my-entry" }', "groq").credential.message
    assert 'pip install "github-models-azure[keyring]"' in message


def test_copilot_is_declared_with_its_header() -> None:
    """The header that it wants comes with the entry; without it the error names it."""
    text = "[endpoints.copilot]\n"
    endpoint = load(f'{text}headers = {{ Copilot-Integration-Id = "x" }}').endpoints["copilot"]
    assert (endpoint.url, endpoint.dialect.name) == ("https://api.githubcopilot.com", "copilot")
    assert "copilot" not in load("").endpoints
    (line,) = refused(text)
    assert line.startswith("endpoints.copilot: ")
    assert "Copilot-Integration-Id" in line


# Dialects


def test_a_dialect_of_the_file_is_spoken() -> None:
    """By the endpoints that name it, on top of the one that it is like, in any order."""
    settings = load(
        """
        [endpoints.mine]
        url = "https://llm.example/v1"
        dialect = "second"
        [dialects.second]
        like = "first"
        refuses = ["seed"]
        [dialects.first]
        like = "groq"
        auth = "X-Key"
        """
    )
    dialect = settings.endpoints["mine"].dialect
    assert (dialect.name, dialect.auth, dialect.refuses) == ("second", "X-Key", {"seed"})
    assert dialect.message_members == DIALECTS["groq"].message_members


def test_a_dialect_may_be_json() -> None:
    """In the variable of that name."""
    settings = load(
        '[endpoints.mine]\nurl = "https://llm.example/v1"\ndialect = "own"',
        GITHUB_MODELS_DIALECTS='{"own": {"tool_ids": "alnum9"}}',
    )
    assert settings.endpoints["mine"].dialect.tool_ids == "alnum9"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[dialects.own]\nlike = 'odd'", "dialects.own.like: *** is not one of azure-models"),
        ("[dialects.own]\nlike = ['groq']", "dialects.own.like: is the name of a dialect"),
        ("[dialects.own]\nlike = 'own'", "dialects.own.like: *** is not one of"),
        ("[dialects.own]\nrefuses = 'seed'", "dialects.own.refuses: is a list of strings"),
        ("[dialects.own]\nodd = 1", "dialects.own.odd: "),
        ("[dialects.own]\ntool_ids = 'odd'", "dialects.own: The dialect 'own' has tool_ids"),
        ("[dialects.groq]\nauth = 'both'", "dialects.groq: is known already"),
        ("[dialects]\nown = 3", "dialects.own: "),
    ],
)
def test_a_wrong_dialect_is_one_line(table: str, says: str) -> None:
    """With the place in the file and what may stand there."""
    (line,) = refused(table)
    assert line.startswith(says)


def test_dialects_that_are_like_each_other_are_refused() -> None:
    """Each end of the circle has its line."""
    text = "[dialects.a]\nlike = 'b'\n[dialects.b]\nlike = 'a'"
    assert refused(text) == [f"dialects.{name}.like: leads in a circle" for name in "ab"]


# What is refused


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("dialect = 'groq'", "endpoints.x.url: is missing; only these names have one: cerebras,"),
        ("url = 'https://a'\ndialect = 'odd'", "endpoints.x.dialect: is one of azure-models,"),
        ("url = 'https://a'\nretired_on = 'soon'", "endpoints.x.retired_on: is a day, such as"),
        ("url = 'https://a'\nretired_on = 5", "endpoints.x.retired_on: is a day, such as"),
        (
            "url = 'https://a'\nretired_on = 2026-01-01T00:00:00",
            "endpoints.x.retired_on: is a day, such as",
        ),
        ("url = 'https://a'\nmoved_to = 'https://a/v1'", "endpoints.x.retired_on: is missing"),
        (
            "url = 'https://a'\nretired_on = 2026-01-01\nmoved_to = 'https://b'",
            "endpoints.x: The endpoint 'x' moves to ***, another origin",
        ),
        ("url = 'https://a'\nheaders = { X-Team = 3 }", "endpoints.x.headers.X-Team: "),
        ("url = 'https://a'\ncredential = 'env:K'", "endpoints.x.credential: is a table with one"),
        ("url = 'https://a'\ncredential = { entra = false }", "endpoints.x.credential.entra: "),
        (
            "url = 'https://a'\ncredential = { entra = true, env = 'K' }",
            "endpoints.x.credential: give exactly one of",
        ),
    ],
)
def test_a_wrong_entry_is_one_line(entry: str, says: str) -> None:
    """With the place in the file and what may stand there."""
    (line,) = refused(f"[endpoints.x]\n{entry}")
    assert line.startswith(says)


def test_every_wrong_entry_has_its_line() -> None:
    """Whoever mends a file sees all of it at once."""
    text = "[endpoints.x]\ndialect = 'odd'\n[endpoints.y]\nurl = 'nowhere'\n[dialects.z]\nodd = 1"
    assert [line.partition(":")[0] for line in refused(text)] == [
        "dialects.z.odd",
        "endpoints.x.url",
        "endpoints.y.url",
    ]


def test_a_wrong_entry_of_a_variable_names_the_variable_and_the_place() -> None:
    """JSON in a variable can be long."""
    (line,) = refused("", GITHUB_MODELS_ENDPOINTS='{"x": {"url": "https://a", "dialect": "odd"}}')
    assert line.startswith("GITHUB_MODELS_ENDPOINTS: endpoints.x.dialect: is one of")


@pytest.mark.parametrize(
    "headers",
    ["{ X-Key = 'sk-secret\\n' }", "{ X-Key = ['sk-secret'] }", "{ Authorization = 'sk-secret' }"],
)
def test_the_value_of_a_header_is_never_shown(headers: str) -> None:
    """A header may be a key by another name."""
    text = f"[endpoints.x]\nurl = 'https://a'\nheaders = {headers}".replace("'", '"')
    assert "sk-secret" not in "".join(refused(text))
    fine = load("[endpoints.x]\nurl = 'https://a'\nheaders = { X-Key = 'sk-secret' }")
    assert "sk-secret" not in repr(fine)


@pytest.mark.parametrize(
    ("entry", "dialect"),
    [
        ("url = 'https://llm.example/v1'", "unknown"),
        ("url = 'https://api.openai.com/v1'", "openai"),
        ("url = 'https://r.services.ai.azure.com'", "unknown"),
    ],
)
def test_entra_is_for_azure(entry: str, dialect: str) -> None:
    """Where no scope is known the error says so, and which dialects have one."""
    (line,) = refused(f"[endpoints.x]\n{entry}\ncredential = {{ entra = true }}")
    assert line.startswith("endpoints.x.credential.entra: Entra's tokens are for Azure")
    assert f"the dialect {dialect} names no scope" in line
    assert "openai-v1" in line


@pytest.mark.parametrize(
    "entry",
    [
        f"url = '{FOUNDRY}'",
        "url = 'https://r.openai.azure.com/openai/deployments/d'",
        "url = 'https://r.services.ai.azure.com/models'",
        "url = 'https://gateway.example/v1'\ndialect = 'openai-v1'",
    ],
)
def test_entra_where_azure_answers(entry: str) -> None:
    """Known hosts and paths, or a dialect that says so."""
    declared: Any = mine(f"{entry}\ncredential = {{ entra = true }}")
    assert declared.credential == Entra()
