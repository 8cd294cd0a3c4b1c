"""Attacks by files that lie there: what each consists of, which secret it is after, and its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.servers_http import LoopbackServer
from tests.harness import HELLO, Twin

GITHUB, KEY = "github-token-7c1f5e", "some-other-secret-b20d"
PRESET, STORED = "key-of-a-vendor-93ab", "stored-secret-55fa"
GIVEN, API, LLM = "key-in-code-1d7e", "api-key-variable-8e3c", "llm-api-key-60aa"
SECRETS = (GITHUB, KEY, PRESET, STORED, GIVEN, API, LLM)
VARIABLES = {"GITHUB_TOKEN": GITHUB, "AWS_SECRET": KEY, "GROQ_API_KEY": PRESET}
ENTRIES = {
    "token": GITHUB,
    "token@https://models.github.ai": GITHUB,
    "Token": GITHUB,
    "TOKEN": GITHUB,
    "groq": STORED,
    "GROQ": STORED,
    "groq@https://api.groq.com": STORED,
    "work": STORED,
    "copy": GITHUB,
}
FILE = "github-models.toml"


@dataclass(frozen=True)
class Attack:
    """Files with ``{url}`` for the attacker's address, and what the victim does beside them.

    ``after`` is the secret that the same files get once they are named; ``None`` if they never get
    one.
    """

    files: Mapping[str, str]
    after: str | None
    environ: Mapping[str, str] = field(default_factory=dict)
    endpoint: str | None = None
    credential: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def own(credential: str, after: str | None, **more: Any) -> Attack:
    """A file that chooses an endpoint of its own with a credential."""
    text = f'endpoint = "x"\n[endpoints.x]\nurl = "{{url}}/v1"\ncredential = {credential}'
    return Attack({FILE: text}, after, **more)


def moves(name: str, after: str | None, **more: Any) -> Attack:
    """A file that gives a known name another address."""
    return Attack({FILE: f'[endpoints.{name}]\nurl = "{{url}}/v1"'}, after, **more)


X = '[endpoints.x]\nurl = "{url}/v1"\n'
ENV = 'credential = {{ env = "{}" }}'
ATTACKS: dict[str, Attack] = {
    "a variable": own('{ env = "AWS_SECRET" }', KEY),
    "a vendor's variable": own('{ env = "GROQ_API_KEY" }', PRESET),
    "a stored key": own('{ keyring = "work" }', STORED),
    "a vendor's stored key": own('{ keyring = "groq" }', STORED),
    "a vendor's stored key in capitals": own('{ keyring = "GROQ" }', STORED),
    "a vendor's stored key with its origin": own('{ keyring = "groq@https://api.groq.com" }', None),
    "the stored token": own('{ keyring = "token" }', None),
    "the stored token, capitalised": own('{ keyring = "Token" }', None),
    "the stored token in capitals": own('{ keyring = "TOKEN" }', None),
    "the stored token in wide letters": own('{ keyring = "\uff54\uff4f\uff4b\uff45\uff4e" }', None),
    "the stored token with a blank": own('{ keyring = " token" }', None),
    "the stored token with its origin": own('{ keyring = "token@https://models.github.ai" }', None),
    "the token's variable": own('{ env = "GITHUB_TOKEN" }', None),
    "the token's variable, another": own(
        '{ env = "GITHUB_MODELS_TOKEN" }', None, environ={"GITHUB_MODELS_TOKEN": GITHUB}
    ),
    "gh's variable": own('{ env = "GH_TOKEN" }', None, environ={"GH_TOKEN": GITHUB}),
    "LogAI's token": own(
        '{ env = "LOGAI_GITHUB_TOKEN" }', None, environ={"LOGAI_GITHUB_TOKEN": GITHUB}
    ),
    "a copy of the token": own('{ env = "COPY" }', None, environ={"COPY": GITHUB}),
    "a stored copy of the token": own('{ keyring = "copy" }', None),
    "the token to GitHub's shape": Attack({FILE: 'endpoint = "{url}/inference"'}, None),
    "the token to an organisation": Attack({FILE: 'endpoint = "{url}/orgs/o/inference"'}, None),
    "LogAI's token to GitHub's shape": Attack(
        {FILE: 'endpoint = "{url}/inference"'},
        None,
        {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": GITHUB},
    ),
    "the token to a moved github": moves("github", None, endpoint="github"),
    "api_key of the environment": Attack(
        {FILE: 'endpoint = "{url}/v1"'}, API, {"GITHUB_MODELS_API_KEY": API}
    ),
    "api_key of the environment, by name": Attack(
        {FILE: f'endpoint = "x"\n{X}'}, API, {"GITHUB_MODELS_API_KEY": API}
    ),
    "api_key beside a name of the environment": Attack(
        {FILE: X}, API, {"GITHUB_MODELS_API_KEY": API, "GITHUB_MODELS_ENDPOINT": "x"}
    ),
    "api_key that is the token": Attack(
        {FILE: 'endpoint = "{url}/v1"'}, None, {"GITHUB_MODELS_API_KEY": GITHUB}
    ),
    "a key in code without an endpoint": Attack(
        {FILE: 'endpoint = "{url}/v1"'}, GIVEN, credential=GIVEN
    ),
    "a key in code, by name": Attack({FILE: X}, GIVEN, endpoint="x", credential=GIVEN),
    "the token in code": Attack({FILE: 'endpoint = "{url}/v1"'}, None, credential=GITHUB),
    "a key in code for a moved name": moves("groq", GIVEN, endpoint="groq", credential=GIVEN),
    "a key in code for github, moved": moves("github", GIVEN, endpoint="github", credential=GIVEN),
    "api_key for a moved name": moves(
        "groq",
        API,
        environ={"GITHUB_MODELS_ENDPOINT": "groq", "GITHUB_MODELS_API_KEY": API},
    ),
    "a vendor's variable for its moved name": Attack(
        {FILE: '[endpoints.groq]\nurl = "{url}/v1"\n' + ENV.format("GROQ_API_KEY")},
        PRESET,
        endpoint="groq",
    ),
    "a moved name without a credential": moves("groq", None, endpoint="groq"),
    "a moved fallback": Attack(
        {FILE: '[endpoints.groq]\nurl = "{url}/v1"\n' + ENV.format("GROQ_API_KEY")},
        PRESET,
        endpoint="http://127.0.0.1:9/v1",
        credential=GIVEN,
        options={"fallback": ["groq/m"]},
    ),
    "a fallback of the file": Attack(
        {FILE: f'fallback = ["x/m"]\n{X}' + ENV.format("AWS_SECRET")},
        KEY,
        endpoint="http://127.0.0.1:9/v1",
        credential=GIVEN,
        options={"retry_total": 0},
    ),
    "the model of the file": Attack(
        {FILE: f'model = "x/m"\n{X}' + ENV.format("AWS_SECRET")},
        KEY,
        endpoint="http://127.0.0.1:9/v1",
        credential=GIVEN,
        options={"model": "x/m"},
    ),
    "an address under a variable's credential": Attack(
        {FILE: X},
        KEY,
        {"GITHUB_MODELS_ENDPOINTS": '{"x": {"credential": {"env": "AWS_SECRET"}}}'},
        endpoint="x",
    ),
    "a table of pyproject": Attack(
        {
            "pyproject.toml": '[tool.github-models]\nendpoint = "x"\n'
            '[tool.github-models.endpoints.x]\nurl = "{url}/v1"\n' + ENV.format("AWS_SECRET")
        },
        KEY,
    ),
    "LLM_API_KEY to a config.toml": Attack(
        {"config.toml": '[llm]\nmodel = "openai/m"\nbase_url = "{url}/v1"'},
        None,
        {"LLM_API_KEY": LLM},
    ),
    "LLM_API_KEY of a vendor to a config.toml": Attack(
        {"config.toml": '[llm]\nmodel = "groq/m"\nbase_url = "{url}/v1"'},
        None,
        {"LLM_API_KEY": LLM, "LLM_MODEL": "groq/m"},
    ),
    "the token to a config.toml": Attack(
        {"config.toml": '[llm]\nmodel = "github/openai/gpt-4o"\nbase_url = "{url}/inference"'}, None
    ),
    "a route of a config.toml": Attack(
        {
            "config.toml": '[llm]\nmodel = "openai/m"\nbase_url = "http://127.0.0.1:9/v1"\n'
            '[llm.b]\nmodel = "groq/m"\nbase_url = "{url}/v1"'
        },
        None,
        {"LLM_API_KEY": LLM},
        options={"retry_total": 0},
    ),
    "api_key of the environment beside a config.toml": Attack(
        {"config.toml": '[llm]\nmodel = "openai/m"\nbase_url = "{url}/v1"'},
        None,
        {"GITHUB_MODELS_API_KEY": API},
    ),
    "another file named in .env": Attack(
        {
            ".env": "GITHUB_MODELS_CONFIG=named.toml\nLOGAI_LLM_PROVIDER=github\n",
            "named.toml": f'endpoint = "x"\n{X}' + ENV.format("AWS_SECRET"),
        },
        None,
    ),
    "an endpoint in .env": Attack(
        {".env": "LOGAI_LLM_PROVIDER=github\nGITHUB_MODELS_ENDPOINT={url}/v1"},
        None,
        {"GITHUB_MODELS_API_KEY": API},
    ),
    "a reference in .env": Attack(
        {".env": "LOGAI_LLM_PROVIDER=github\nLOGAI_GITHUB_TOKEN=${AWS_SECRET}"}, None
    ),
}


def lay(attack: Attack, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the files and the variables of an attack in place."""
    for name, text in attack.files.items():
        Path(name).write_text(text.replace("{url}", url), "utf-8")
    for name, text in attack.environ.items():
        monkeypatch.setenv(name, text.replace("{url}", url))


def ask(twin: Twin, attack: Attack) -> str:
    """Make a call as the victim does; return what it fails with, if it fails."""
    options = {"model": "m", "retry_total": 0, "allow_retired": False, **attack.options}

    async def asked() -> None:
        make = twin.package.ChatCompletionsClient
        async with make(attack.endpoint, attack.credential, **options) as client:
            await client.complete(messages=HELLO)

    try:
        if twin.is_async:
            twin.run(asked())
        else:
            make = twin.package.ChatCompletionsClient
            with make(attack.endpoint, attack.credential, **options) as client:
                client.complete(messages=HELLO)
    except Exception as error:
        return str(error)
    return ""


def seen(recorder: LoopbackServer) -> set[str]:
    """Return the secrets that arrived."""
    arrived = "\n".join(request.everything for request in recorder.journal)
    return {secret for secret in SECRETS if secret in arrived}
