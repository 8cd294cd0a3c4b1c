"""How LiteLLM learns of the provider."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import litellm
import pytest
from litellm import CustomLLM

from github_models_azure.integrations.litellm import GitHubModelsLLM, provider, register
from github_models_azure.server.emulator import Emulator
from tests.integrations.litellm.caller_helpers import ANSWER, QUESTION


def test_the_import_registers_nothing() -> None:
    """Who imports it may want another name, or a proxy's file to decide."""
    code = (
        "import litellm, github_models_azure.integrations.litellm as ours\n"
        "assert litellm.custom_provider_map == []\n"
        "assert isinstance(ours.provider, ours.GitHubModelsLLM)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_registering_again_changes_nothing() -> None:
    """The handler that serves is kept until another is given."""
    first = register()
    assert register() is first
    assert register(first) is first
    assert len(litellm.custom_provider_map) == 1
    other = GitHubModelsLLM()
    assert register(other) is other
    assert register() is other
    assert len(litellm.custom_provider_map) == 1
    assert litellm._custom_providers.count("github_models") == 1


def test_threads_register_one_handler() -> None:
    """All of them get the one that serves."""
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: register(), range(200)))
    assert len({id(handler) for handler in made}) == 1
    assert len(litellm.custom_provider_map) == 1


def test_threads_register_names_of_their_own() -> None:
    """None is lost."""
    names = [f"mine_{number}" for number in range(50)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: register(name=name), names))
    assert {item["provider"] for item in litellm.custom_provider_map} == set(names)


def test_other_names_stand_side_by_side(emulator: Emulator) -> None:
    """Errors name the provider as it was called."""
    with GitHubModelsLLM(emulator.inference_url, "a-key", fallback=None) as made:
        register(name="github_models")
        register(made, name="mine")
        response: Any = litellm.completion("mine/openai/gpt-4.1", QUESTION)
        assert response.choices[0].message.content == ANSWER
        with pytest.raises(litellm.NotFoundError) as caught:
            litellm.completion("mine/openai/gpt-99", QUESTION)
        assert caught.value.llm_provider == "mine"


def test_what_would_never_be_asked_is_refused() -> None:
    """LiteLLM's own providers win over handlers, and other people's handlers stay."""
    with pytest.raises(ValueError, match="LiteLLM serves github/ models itself"):
        register(name="github")
    with pytest.raises(ValueError, match="before the slash"):
        register(name="a/b")
    with pytest.raises(TypeError, match="not CustomLLM"):
        register(CustomLLM())  # type: ignore[arg-type]
    litellm.custom_provider_map = [{"provider": "theirs", "custom_handler": CustomLLM()}]
    with pytest.raises(ValueError, match="CustomLLM is registered as 'theirs' already"):
        register(name="theirs")
    register()
    assert [item["provider"] for item in litellm.custom_provider_map] == [
        "theirs",
        "github_models",
    ]


def test_the_provider_reads_the_settings(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a proxy's file has it: nothing is given in code."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", emulator.inference_url)
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "a-key")
    litellm.custom_provider_map = [{"provider": "github_models", "custom_handler": provider}]
    with provider:
        response: Any = litellm.completion("github_models/openai/gpt-4.1", QUESTION)
    assert response.choices[0].message.content == ANSWER
