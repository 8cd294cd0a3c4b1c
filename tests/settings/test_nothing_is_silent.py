"""A wrong value of each variable and member of the applications' settings is named somewhere.

In an error, in a warning of the client, or in a line of ``doctor``.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from github_models_azure.settings.model import LLM_FIELDS, LLM_MISSED
from tests.cli.program import Program
from tests.harness import Service, Twin, chat
from tests.settings.test_openhands_in_clients import client_of
from tests.trusting import trust

OWN = "http://127.0.0.1:9/v1"
BASE = {"LLM_MODEL": "openai/x", "LLM_BASE_URL": OWN, "LLM_API_KEY": "k"}
LOGAI = {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": "t"}
# A wrong value of each member; what else has to be set for it to matter.
WRONG: dict[str, Any] = {
    "model": "anthropic/x",
    "api_key": "clé",
    "base_url": "nowhere",
    "custom_llm_provider": "nobody",
    "ollama_base_url": "nowhere",
    "num_retries": "many",
    "retry_min_wait": "soon",
    "retry_max_wait": "late",
    "retry_multiplier": "twice",
    "timeout": "long",
    "temperature": "hot",
    "top_p": "all",
    "max_output_tokens": "few",
    "api_version": "newest",
    "embedding_model": "local",
    "embedding_deployment_name": "openai/",
    "drop_params": "maybe",
    "disable_vision": "maybe",
    "caching_prompt": "maybe",
    "fallback_llms": "all",
}
VARIABLES: list[tuple[dict[str, str], str, str]] = [
    *((BASE, f"LLM_{name.upper()}", str(value)) for name, value in WRONG.items()),
    (BASE, "LLM_NUM_RETIRES", "3"),
    (LOGAI, "LOGAI_LLM_PROVIDER", "nobody"),
    (LOGAI, "LOGAI_GITHUB_TOKEN", "clé"),
    (LOGAI, "LOGAI_GITHUB_TOKEN", " "),
    (LOGAI, "LOGAI_GITHUB_MODEL", "nothing-like-a-model"),
    (LOGAI, "LOGAI_GITHUB_MODEL", "claude-3-5-sonnet"),
    (LOGAI, "LOGAI_GITHUB_MODLE", "gpt-4o"),
    ({}, "LOGAI_GITHUB_TOKEN", "t"),
    ({}, "LOGAI_GITHUB_MODEL", "gpt-4o"),
    ({}, "LLM_EMBEDDING_MODEL", "e"),
    ({}, "LOG_ALL_EVENTS", "maybe"),
    ({}, "OPENHANDS_LOG_LEVEL", "LOUD"),
]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.endswith(("_TOKEN", "_API_KEY")) or name.startswith(("LLM_", "LOGAI_")):
            monkeypatch.delenv(name)


def heard(caplog: pytest.LogCaptureFixture, program: Program) -> str:
    """All that is said: the error of a client, its warnings, and what ``doctor`` tells."""
    said = []
    twin = Twin("sync")
    try:
        with caplog.at_level(logging.WARNING, "github_models_azure"):
            client_of(twin, Service(lambda sent: chat(sent.model)))
    except ValueError as error:
        said.append(str(error))
    report = json.loads(program("doctor", "--json", "--timeout", "0.1").out)["settings"]
    said += [report["problem"] or "", *report["notes"]]
    return "\n".join([*said, *(record.getMessage() for record in caplog.records)])


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(capsys)


@pytest.mark.extras
@pytest.mark.parametrize(("base", "name", "value"), VARIABLES)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    program: Program,
    base: dict[str, str],
    name: str,
    value: str,
) -> None:
    """By its own name."""
    for variable, right in {**base, name: value}.items():
        monkeypatch.setenv(variable, right)
    assert name in heard(caplog, program)


@pytest.mark.extras
@pytest.mark.parametrize("table", ["llm", "llm.fallback1"])
@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_member_is_named(
    caplog: pytest.LogCaptureFixture, program: Program, table: str, name: str
) -> None:
    """With table and file."""
    right = {"model": "openai/x", "base_url": OWN, "api_key": "k"}
    tables: dict[str, dict[str, Any]] = {"llm": {**right}, "llm.fallback1": {**right}}
    tables[table][name] = WRONG[name]
    path = Path("config.toml")
    lines = [
        line
        for heading, values in tables.items()
        for line in (f"[{heading}]", *(f"{n} = {json.dumps(v)}" for n, v in values.items()))
    ]
    path.write_text("\n".join(lines), "utf-8")
    assert f"{table}.{name} in {path.resolve()}" in heard(caplog, program)


def test_every_member_has_a_wrong_value() -> None:
    """A new one is to be given one above."""
    assert WRONG.keys() == LLM_FIELDS


@pytest.mark.extras
def test_what_says_nothing_of_calls_is_a_line_of_doctor(
    caplog: pytest.LogCaptureFixture, program: Program
) -> None:
    """What OpenHands knows, and what means nothing here; without a warning."""
    path = Path("config.toml")
    path.write_text(
        f'[llm]\nmodel = "openai/x"\nbase_url = "{OWN}"\nlog_completions = true\n'
        "[llm.a]\nmodel = 'openai/y'\nservice_id = 'x'\n[llm.capability_overrides]\nx = 1\n",
        "utf-8",
    )
    trust(path)  # or the endpoint that it chooses is warned of
    line = (
        f"Set in {path.resolve()} and not used: llm.log_completions, llm.capability_overrides, "
        "llm.a.service_id. They say nothing of calls here."
    )
    assert line in heard(caplog, program).splitlines()
    assert not caplog.records


@pytest.mark.extras
@pytest.mark.parametrize("place", ["llm", "llm.a"])
@pytest.mark.parametrize("name", sorted(LLM_MISSED))
def test_what_would_change_answers_is_warned_of(
    caplog: pytest.LogCaptureFixture, program: Program, name: str, place: str
) -> None:
    """It is not sent, and its absence would be seen in answers only."""
    path = Path("config.toml")
    tables = {"llm": f'model = "openai/x"\nbase_url = "{OWN}"\n', "llm.a": 'model = "openai/y"\n'}
    tables[place] += f"{name} = {{ x = 1 }}\n"
    path.write_text("".join(f"[{one}]\n{text}" for one, text in tables.items()), "utf-8")
    trust(path)
    told = f"{place}.{name} in {path.resolve()} is not used: it would change answers."
    assert told in heard(caplog, program)
    assert [told in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.extras
def test_a_table_that_is_not_listed_is_a_line_of_doctor(
    caplog: pytest.LogCaptureFixture, program: Program
) -> None:
    """The list chooses, and the rest is left out on purpose: no warning."""
    path = Path("config.toml")
    path.write_text(
        f'[llm]\nmodel = "openai/x"\nbase_url = "{OWN}"\nfallback_llms = ["a"]\n'
        "[llm.a]\nmodel = 'openai/y'\n[llm.b]\nmodel = 'openai/z'\n",
        "utf-8",
    )
    trust(path)  # or the endpoint that it chooses is warned of
    (line,) = (line for line in heard(caplog, program).splitlines() if line)
    assert line == f"[llm.b] in {path.resolve()} is not used: fallback_llms does not list it."
    assert not caplog.records


@pytest.mark.parametrize("model", ["gpt-4o", "auto", "github/openai/gpt-4.1", "my-own"])
def test_a_model_that_is_known_is_not_noted(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    """By any of its names, or because our own settings describe it."""
    from github_models_azure.settings.load import load_settings

    Path("github-models.toml").write_text('[models."my-own"]\nextra_body = { a = 1 }\n', "utf-8")
    assert load_settings({**LOGAI, "LOGAI_GITHUB_MODEL": model}).notes == ()
