"""LogAI's variables and flags, and the form of LiteLLM that it asks in, as they stand.

In Python, on the command line and in the gateway: at the emulator's address, and in the demo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from github_models_azure import trail_of
from github_models_azure.exceptions import SettingsError
from tests.applications.written_helpers import (
    HEIR,
    LEGACY_HOST,
    LITELLM,
    LOGAI,
    SHAPES,
    TOKEN,
    ask,
    ask_gateway,
    ask_program,
    exported,
    text_of,
)
from tests.cli.program import Program
from tests.harness import Twin

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator


def test_logais_variables_are_answered_at_the_emulators_address(
    twin: Twin, program: Program, service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no variable for an address, so ours gives it: its model and its token go there."""
    exported(monkeypatch, LOGAI)
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", service.inference_url)
    answer = ask(twin)
    assert text_of(answer).startswith("[emulated openai/gpt-4o] ")
    assert trail_of(answer).served_by.endswith("openai/gpt-4o")  # type: ignore[union-attr]
    assert ask_program(program).out.startswith("[emulated openai/gpt-4o] ")
    assert "[emulated openai/gpt-4o]" in ask_gateway().text


@pytest.mark.parametrize("variable", ["LOGAI_GITHUB_TOKEN", "GITHUB_TOKEN"])
def test_logais_variables_are_answered_in_the_demo(
    twin: Twin,
    program: Program,
    demo: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """With its own variable or GitHub's, and with its default model."""
    exported(monkeypatch, LOGAI, None)
    monkeypatch.setenv(variable, "demo_token")
    monkeypatch.delenv("LOGAI_GITHUB_MODEL")
    assert text_of(ask(twin)).startswith("[emulated openai/gpt-4o] ")
    assert ask_program(program).out.startswith("[emulated openai/gpt-4o] ")
    assert "[emulated openai/gpt-4o]" in ask_gateway().text


@pytest.mark.parametrize("model", ["gpt-4o", "mistral-large-2407", "azure_ai/gpt-4o"])
def test_logais_flags_are_answered_as_ours(
    program: Program, service: Emulator, demo: Emulator, model: str
) -> None:
    """``--llm-provider github --github-token T --github-model M``, as the guide maps them."""
    ours = ("--endpoint", service.inference_url, "--token", TOKEN, "--model", model)
    for flags in (ours, ("--endpoint", "github-azure", "--token", "demo_token", "--model", model)):
        outcome = ask_program(program, *flags)
        assert outcome.code == 0, outcome.err
        replaced = f"{model} is answered as {HEIR}, its successor" in outcome.err
        assert replaced is (model == "mistral-large-2407")
        assert TOKEN not in outcome.out + outcome.err


@pytest.mark.parametrize("shape", SHAPES)
def test_litellms_form_is_answered(
    twin: Twin,
    program: Program,
    service: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    shape: str,
) -> None:
    """As ``model=`` of a client, and as variables; the bare host is the old service's."""
    place = {"endpoint": service.url + shape, "credential": TOKEN, "model": LITELLM["LLM_MODEL"]}
    assert text_of(ask(twin, **place)).startswith("[emulated openai/gpt-4o] ")
    assert "[emulated openai/gpt-4o]" in ask_gateway(**place).text
    exported(monkeypatch, LITELLM, address=service.url + shape)
    assert text_of(ask(twin)).startswith("[emulated openai/gpt-4o] ")
    assert ask_program(program).out.startswith("[emulated openai/gpt-4o] ")
    assert "[emulated openai/gpt-4o]" in ask_gateway().text


@pytest.mark.parametrize("key", ["demo_token", TOKEN, None])
def test_litellms_form_is_answered_in_the_demo(
    twin: Twin,
    program: Program,
    demo: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    key: str | None,
) -> None:
    """At the address as it stands."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    exported(monkeypatch, LITELLM, key)
    answer = ask(twin, endpoint=LEGACY_HOST, model=LITELLM["LLM_MODEL"])
    assert text_of(answer).startswith("[emulated openai/gpt-4o] ")
    if key:
        assert text_of(ask(twin)).startswith("[emulated openai/gpt-4o] ")
        assert ask_program(program).out.startswith("[emulated openai/gpt-4o] ")
        assert "[emulated openai/gpt-4o]" in ask_gateway().text


def test_a_missing_token_is_told_before_anything_else(
    twin: Twin, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a client is made, when the gateway starts, and by every command that would ask."""
    exported(monkeypatch, LOGAI, None)
    for start in (twin.package.ChatCompletionsClient, ask_gateway):
        with pytest.raises(SettingsError) as caught:
            start()
        says_how_to_make_one(str(caught.value))
    for command in (("chat", "Hello"), ("plan",), ("doctor",), ("serve", "--port", "0")):
        outcome = program(*command)
        assert outcome.code == 1
        assert outcome.err.startswith("error: ")
        says_how_to_make_one(outcome.err.removeprefix("error: "))


def says_how_to_make_one(message: str) -> None:
    assert message.startswith("GitHub Models requires LOGAI_GITHUB_TOKEN")
    assert "https://github.com/settings/personal-access-tokens/new" in message
    assert "models:read" in message
    assert "retired" not in message


@pytest.mark.parametrize("key", [TOKEN, "demo_token"])
def test_a_token_without_its_provider_is_noted(
    program: Program, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """By its name, and without its value."""
    monkeypatch.setenv("LOGAI_GITHUB_TOKEN", key)
    (note,) = program("doctor", "--json").json["settings"]["notes"]
    assert note == (
        "Set and not used: LOGAI_GITHUB_TOKEN. Set LOGAI_LLM_PROVIDER=github beside it."
    )
