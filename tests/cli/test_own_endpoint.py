"""`settings/own_endpoint`: every command names the endpoint and the key that a client uses."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from github_models_azure import ChatCompletionsClient
from github_models_azure.cli import _probe
from github_models_azure.cli._probe import Probe
from github_models_azure.client import transport
from github_models_azure.server.emulator.runner import demo_endpoint
from tests.cli.program import Program
from tests.harness import HELLO, FakeTransport, Sent, Service, chat
from tests.trusting import trust

pytestmark = pytest.mark.extras

OWN, OTHER = "https://own.example/v1", "https://other.example/v1"
GROQ, LOCAL = "https://api.groq.com/openai/v1", "http://127.0.0.1:9/inference"
GITHUB, AZURE = "https://models.github.ai/inference", "https://models.inference.ai.azure.com"
FILE, LLM_FILE = "github-models.toml", "config.toml"
LLM = {"LLM_MODEL": "openai/m", "LLM_BASE_URL": OWN, "LLM_API_KEY": "llm-key"}
EMULATOR = "the emulator"
MINE = f"""
endpoint = "mine"
[endpoints.mine]
url = "{OWN}"
dialect = "github"
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Settings, and what they come to; ``file`` and ``entries`` are those on disk and stored.

    ``words`` are the doctor's, ``code`` says where migrated code takes the key from.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)
    name: str
    url: str
    key: str | None
    words: str
    code: tuple[str, str | None]


CASES = {
    "variables": Case(
        environ={"GITHUB_MODELS_ENDPOINT": OWN, "GITHUB_MODELS_API_KEY": "env-key"},
        name="own.example",
        url=OWN,
        key="env-key",
        words="the environment variable GITHUB_MODELS_API_KEY",
        code=("env", "GITHUB_MODELS_API_KEY"),
    ),
    "file": Case(
        files={FILE: f'endpoint = "{OWN}"\napi_key = "file-key"'},
        name="own.example",
        url=OWN,
        key="file-key",
        words="api_key in {FILE}",
        code=("env", "GITHUB_MODELS_API_KEY"),
    ),
    "declared": Case(
        environ={"WORK_KEY": "work-key", "GITHUB_TOKEN": "ghp"},
        files={FILE: f'{MINE}credential = {{ env = "WORK_KEY" }}'},
        name="mine",
        url=OWN,
        key="work-key",
        words="the environment variable WORK_KEY",
        code=("env", "WORK_KEY"),
    ),
    "declared without a key": Case(
        environ={"GITHUB_TOKEN": "ghp"},
        files={FILE: MINE},
        name="mine",
        url=OWN,
        key=None,
        words="none",
        code=("env", "MINE_API_KEY"),
    ),
    "variable of a service": Case(
        environ={"GITHUB_MODELS_ENDPOINT": "groq", "GROQ_API_KEY": "groq-key"},
        name="groq",
        url=GROQ,
        key="groq-key",
        words="the environment variable GROQ_API_KEY",
        code=("env", "GROQ_API_KEY"),
    ),
    "stored": Case(
        environ={"GITHUB_MODELS_ENDPOINT": "groq"},
        entries={"groq@https://api.groq.com": "stored-key"},
        name="groq",
        url=GROQ,
        key="stored-key",
        words="the keyring entry groq@https://api.groq.com",
        code=("env", "GROQ_API_KEY"),
    ),
    "server on this machine": Case(
        environ={"GITHUB_MODELS_ENDPOINT": "ollama"},
        name="ollama",
        url="http://localhost:11434/v1",
        key=None,
        words="none",
        code=("none", None),
    ),
    "GitHub": Case(
        environ={"GITHUB_MODELS_ENDPOINT": "github", "GH_TOKEN": "ghp"},
        name="github",
        url=GITHUB,
        key="ghp",
        words="GitHub token from GH_TOKEN",
        code=("env", "GH_TOKEN"),
    ),
    "nothing but a token": Case(
        environ={"GITHUB_TOKEN": "ghp"},
        name="github-azure",
        url=AZURE,
        key="ghp",
        words="GitHub token from GITHUB_TOKEN",
        code=("env", "GITHUB_TOKEN"),
    ),
    "emulator": Case(
        environ={"GITHUB_MODELS_ENDPOINT": LOCAL, "GITHUB_TOKEN": "ghp"},
        name="127.0.0.1:9",
        url=LOCAL,
        key="ghp",
        words="GitHub token from GITHUB_TOKEN",
        code=("env", "GITHUB_TOKEN"),
    ),
    "variables of OpenHands": Case(
        environ=LLM,
        name="llm",
        url=OWN,
        key="llm-key",
        words="the environment variable LLM_API_KEY",
        code=("env", "LLM_API_KEY"),
    ),
    "file of OpenHands": Case(
        files={LLM_FILE: f'[llm]\nmodel = "openai/m"\nbase_url = "{OWN}"\napi_key = "llm-key"'},
        name="llm",
        url=OWN,
        key="llm-key",
        words="llm.api_key in {LLM_FILE}",
        code=("env", "LLM_API_KEY"),
    ),
    "key lent by OpenHands": Case(
        environ={**LLM, "GITHUB_MODELS_ENDPOINT": OWN},
        name="own.example",
        url=OWN,
        key="llm-key",
        words="the environment variable LLM_API_KEY",
        code=("env", "LLM_API_KEY"),
    ),
    "key of OpenHands for another server": Case(
        environ={**LLM, "GITHUB_MODELS_ENDPOINT": OTHER},
        name="other.example",
        url=OTHER,
        key=None,
        words="none",
        code=("env", "OTHER_EXAMPLE_API_KEY"),
    ),
    "demo token": Case(  # code without this package has no emulator: it asks GitHub
        environ={"GITHUB_TOKEN": "demo_token"},
        name="emulator",
        url=EMULATOR,
        key="demo_token",
        words="its own key",
        code=("env", "GITHUB_TOKEN"),
    ),
    "demo token as the key": Case(
        environ={"GITHUB_MODELS_ENDPOINT": "github", "GITHUB_MODELS_API_KEY": "demo_token"},
        name="emulator",
        url=EMULATOR,
        key="demo_token",
        words="its own key",
        code=("env", "GITHUB_MODELS_API_KEY"),
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    """One case, set up; what is retired may be asked."""
    found: Case = request.param
    for name, value in {**found.environ, "GITHUB_MODELS_ALLOW_RETIRED": "true"}.items():
        monkeypatch.setenv(name, value)
    for path, text in found.files.items():
        Path(path).write_text(text, "utf-8")
        trust(path)
    fake = SimpleNamespace(get_password=lambda service, entry: found.entries.get(entry))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return found


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """What every client of this process asks."""
    made = Service(lambda sent: chat(sent.model))
    monkeypatch.setattr(transport, "sync_transport", lambda **_: FakeTransport(made))
    monkeypatch.setattr(_probe, "probe_endpoint", lambda endpoint, _: Probe(200))
    return made


def key_in(sent: Sent) -> str | None:
    return sent.headers.get("authorization", "").removeprefix("Bearer ") or None


def url_of(case: Case) -> str:
    return demo_endpoint().url if case.url == EMULATOR else case.url


def test_the_client_asks_it(case: Case, service: Service) -> None:
    """This is the truth that the commands tell."""
    ChatCompletionsClient(model="m").complete(messages=HELLO)
    assert service.sent[0].url.startswith(f"{url_of(case)}/chat/completions")
    assert key_in(service.sent[0]) == case.key


def test_chat_asks_it(program: Program, case: Case, service: Service) -> None:
    """With the same key."""
    assert program("chat", "Hi", "-m", "m", "--no-stream").code == 0
    assert service.sent[0].url.startswith(f"{url_of(case)}/chat/completions")
    assert key_in(service.sent[0]) == case.key


def test_doctor_names_it(program: Program, case: Case, service: Service) -> None:
    """First, as the default, and with the place of its key."""
    default: Any = program("doctor", "--json").json["endpoints"][0]
    places = {name: Path(name).resolve() for name in (FILE, LLM_FILE)}
    assert default["default"] is True
    assert (default["name"], default["url"]) == (case.name, url_of(case))
    assert default["credential"] == case.words.format(FILE=places[FILE], LLM_FILE=places[LLM_FILE])
    assert default["credential_missing"] is False


def test_plan_names_it(program: Program, case: Case, service: Service) -> None:
    """Without a request."""
    assert program("plan", "-m", "m", "--json").json["targets"][0] == f"{case.name}/m"
    assert service.sent == []


def test_migrated_code_asks_it(program: Program, case: Case) -> None:
    """The code reads the key where the client found it, or from a variable in place of a file."""
    first: Any = program("migrate", "-m", "m", "--json").json["clients"][0]
    assert (first["key"]["from"], first["key"]["name"]) == case.code
    if case.url != EMULATOR:
        assert (first["name"], first["base_url"]) == (case.name, case.url)


@pytest.mark.parametrize(
    ("endpoint", "name", "url"),
    [("other", "other", OTHER), (OTHER, "other", OTHER), ("groq", "groq", GROQ)],
)
def test_an_endpoint_that_is_given_goes_before_the_settings(
    program: Program,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    name: str,
    url: str,
) -> None:
    """By its name or URL, with its own key, for commands as for clients."""
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "not-for-it")
    for variable in ("OTHER_KEY", "GROQ_API_KEY"):
        monkeypatch.setenv(variable, "its-key")
    Path(FILE).write_text(
        f'endpoint = "{OWN}"\n[endpoints.other]\nurl = "{OTHER}"\n'
        'credential = { env = "OTHER_KEY" }'
    )
    trust(FILE)
    ChatCompletionsClient(endpoint, model="m").complete(messages=HELLO)
    assert program("chat", "Hi", "-m", "m", "--no-stream", "--endpoint", endpoint).code == 0
    assert {(sent.url.partition("/chat/")[0], key_in(sent)) for sent in service.sent} == {
        (url, "its-key")
    }
    asked = ("-m", "m", "--json", "--endpoint", endpoint)
    assert program("plan", *asked).json["targets"][0] == f"{name}/m"
    assert program("migrate", *asked).json["clients"][0]["base_url"] == url


def test_a_key_that_is_given_goes_before_the_settings(
    program: Program, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the endpoint of the settings, from the command line as from code."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", OWN)
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "env-key")
    ChatCompletionsClient(credential="given", model="m").complete(messages=HELLO)
    assert program("chat", "Hi", "-m", "m", "--no-stream", "--token", "given").code == 0
    assert [key_in(sent) for sent in service.sent] == ["given", "given"]
    assert all(sent.url.startswith(OWN) for sent in service.sent)


def test_a_key_that_is_missing_is_missing_for_all(
    program: Program, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, the doctor says what is not set, and code names the variable."""
    Path(FILE).write_text(f'{MINE}credential = {{ env = "NOT_SET" }}')
    chatted = program("chat", "Hi", "-m", "m", "--fallback", "none")
    assert (chatted.code, service.sent) == (1, [])
    assert "NOT_SET, which is not set" in chatted.error
    default = program("doctor", "--json").json["endpoints"][0]
    assert default["credential_missing"] is True
    assert "NOT_SET, which is not set" in default["credential"]
    (client,) = program("migrate", "-m", "m", "--json").json["clients"]
    assert client["key"] == {"from": "env", "name": "NOT_SET"}
