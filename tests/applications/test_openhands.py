"""OpenHands' own loader (openhands-ai 0.9.8) and ours read one file to the same values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openhands.core.config import AppConfig, load_from_env, load_from_toml

from github_models_azure.settings.load import load_settings

WRITTEN = """
[core]
workspace_base = "./workspace"

[llm]
model = "openai/first"
api_key = "key-of-llm"
base_url = "https://llm.example/v1"
num_retries = 3
retry_min_wait = 1
retry_max_wait = 4
retry_multiplier = 2
timeout = 30
temperature = 0.25
top_p = 0.9
max_output_tokens = 100

[llm.fallback1]
model = "openai/second"
api_key = "key-of-fallback1"
base_url = "https://one.example/v1"

[llm.fallback2]
model = "openai/third"
api_key = "key-of-fallback2"
base_url = "https://two.example/v1"
"""
VARIABLES = {
    "LLM_MODEL": "openai/other",
    "LLM_API_KEY": "key-of-environment",
    "LLM_BASE_URL": "https://env.example/v1",
    "LLM_NUM_RETRIES": "5",
    "LLM_RETRY_MIN_WAIT": "2",
    "LLM_RETRY_MAX_WAIT": "9",
    "LLM_RETRY_MULTIPLIER": "3",
    "LLM_TEMPERATURE": "0.5",
    "LLM_TOP_P": "0.75",
    "LLM_MAX_OUTPUT_TOKENS": "7",
    "LLM_TIMEOUT": "11",
}


@pytest.fixture(autouse=True)
def _fresh_defaults() -> Iterator[None]:
    AppConfig.defaults_dict = {}
    yield
    AppConfig.defaults_dict = {}


def theirs(environ: dict[str, str]) -> AppConfig:
    config = AppConfig()
    load_from_toml(config, "config.toml")
    load_from_env(config, environ)
    return config


@pytest.mark.parametrize("environ", [{}, VARIABLES], ids=["file", "variables"])
def test_the_first_model_has_their_values(environ: dict[str, str]) -> None:
    """Each value that counts, from the file or from the environment."""
    Path("config.toml").write_text(WRITTEN, "utf-8")
    expected: Any = theirs(environ).get_llm_config()
    found = load_settings(environ)
    endpoint = found.endpoints["llm"]
    assert (f"openai/{found.model}", endpoint.url) == (expected.model, expected.base_url)
    assert getattr(endpoint.credential, "key", None) == expected.api_key
    assert found.retries == {
        "retry_total": expected.num_retries - 1,
        "retry_backoff_factor": expected.retry_multiplier,
        "retry_backoff_min": expected.retry_min_wait,
        "retry_backoff_max": expected.retry_max_wait,
    }
    assert found.options["attempt_timeout"] == expected.timeout
    assert found.call == {
        "temperature": expected.temperature,
        "top_p": expected.top_p,
        "max_tokens": expected.max_output_tokens,
    }


def test_the_named_tables_are_the_route_in_their_order() -> None:
    """The models, URLs and keys that OpenHands finds under the same names."""
    Path("config.toml").write_text(WRITTEN, "utf-8")
    config = theirs({})
    names = [name for name in config.llms if name != "llm"]
    found = load_settings({})
    targets = []
    for name in names:
        expected: Any = config.get_llm_config(name)
        endpoint = found.endpoints[f"llm.{name}"]
        assert endpoint.url == expected.base_url
        assert getattr(endpoint.credential, "key", None) == expected.api_key
        targets.append(f"llm.{name}/{expected.model.removeprefix('openai/')}")
    assert found.options["fallback"] == targets
    assert names == ["fallback1", "fallback2"]


def test_the_defaults_of_the_retries_are_theirs() -> None:
    """Eight attempts, 15 to 120 seconds, doubled."""
    Path("config.toml").write_text('[llm]\nmodel = "groq/x"\n', "utf-8")
    expected: Any = theirs({}).get_llm_config()
    retries = load_settings({}).retries
    assert retries["retry_total"] + 1 == expected.num_retries
    assert retries["retry_backoff_min"] == expected.retry_min_wait
    assert retries["retry_backoff_max"] == expected.retry_max_wait
    assert retries["retry_backoff_factor"] == expected.retry_multiplier
