"""What pages say in tables and for several shells is complete, and names what there is."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

from tests.test_docs import ROOT, blocks


def rows(page: str, heading: str) -> list[tuple[set[str], set[str]]]:
    """Return what stands as code in the first and in the other columns of a section's table."""
    section = (ROOT / "docs" / page).read_text("utf-8").partition(f"\n## {heading}\n")[2]
    table = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    found = []
    for line in table:
        first, _, others = line.removeprefix("| ").partition(" | ")
        found.append(tuple(set(re.findall(r"`([^`]+)`", part)) for part in (first, others)))
    return found  # type: ignore[return-value]


def test_every_key_of_an_applications_table_is_documented() -> None:
    """All that counts of OpenHands' ``[llm]``."""
    from github_models_azure.settings.model import LLM_FIELDS

    told = set().union(*(first for first, _ in rows("applications.md", "OpenHands")))
    assert LLM_FIELDS - told == set()


@pytest.mark.extras
def test_every_variable_and_flag_of_an_application_is_mapped_to_ours() -> None:
    """The guide has all of theirs, and what it names of ours exists."""
    typer = pytest.importorskip("typer", reason="the commands need the extra cli")
    from azure.ai.inference import ChatCompletionsClient as SdkClient

    from github_models_azure import ChatCompletionsClient
    from github_models_azure.cli._app import app
    from github_models_azure.endpoints import Dialect
    from github_models_azure.policies import FallbackPolicy
    from github_models_azure.settings.applications import LOGAI_PROVIDER, LOGAI_TOKEN
    from github_models_azure.settings.model import LLM_FIELDS, LLM_PREFIX, PREFIX
    from github_models_azure.settings.schema import NAMES

    table = rows("applications.md", "Their flags and variables, and ours")
    theirs = {re.split("[= ]", name)[0] for first, _ in table for name in first}
    variables = {LLM_PREFIX + name.upper() for name in LLM_FIELDS - {"fallback_llms"}}
    logai = {LOGAI_PROVIDER, LOGAI_TOKEN, "LOGAI_GITHUB_MODEL"}
    flags = {"--llm-provider", "--github-token", "--github-model"}
    assert theirs == variables | logai | flags | {"LOG_ALL_EVENTS", "OPENHANDS_LOG_LEVEL"}
    ours = {name.split("=")[0].split()[0] for _, others in table for name in others}
    command = typer.main.get_command(app).commands["chat"]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    known |= {PREFIX + name.upper() for name in (*NAMES, "debug")} | {"GITHUB_TOKEN"}
    for place in (ChatCompletionsClient.__init__, SdkClient.complete, FallbackPolicy.__init__):
        known |= inspect.signature(place).parameters.keys()
    known |= {field.name for field in fields(Dialect)}
    known |= {"retry_total", "retry_backoff_min", "retry_backoff_max", "retry_backoff_factor"}
    assert ours - known == {"EmbeddingsClient", "?api-version"}


def test_every_service_has_a_place_where_its_key_is_made() -> None:
    """The table names each known service that wants a key, and its variable."""
    from github_models_azure.endpoints import PRESETS

    wanted = {(name, end.key_variable) for name, end in PRESETS.items() if end.key_variable}
    table = rows("keys.md", "The key of a service that answers")
    assert {(*first, *variable) for first, variable in table} == wanted


def test_the_shells_of_a_page_say_the_same() -> None:
    """Each block for PowerShell and cmd sets and runs what that for POSIX shells does."""
    shown = blocks(ROOT / "docs" / "keys.md")
    triples = [shown[n - 2 : n + 1] for n, block in enumerate(shown) if block.language == "bat"]
    assert len(triples) == 2
    for triple in triples:
        assert [block.language for block in triple] == ["shell", "powershell", "bat"]
        posix, power, cmd = ([plain(line) for line in b.code.splitlines()] for b in triple)
        assert posix == power == cmd


def plain(line: str) -> str:
    """Write a line of any of three shells as the first of them would."""
    assigned = re.match(r'(?:export |\$env:|set )(\w+)(?: = |=)"?([^"]*)"?$', line)
    return "{}={}".format(*assigned.groups()) if assigned else line
