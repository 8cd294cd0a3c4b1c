"""OpenHands' own loader (openhands-ai 0.9.8) and ours read one file to the same values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomllib
from openhands.core.config import AppConfig, LLMConfig, load_from_env, load_from_toml

from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import LLM_FIELDS, LLM_IGNORED
from github_models_azure.settings.openhands import LlmModel, LlmTable
from tests.applications.written_helpers import ENVIRONMENT, ENVIRONMENTS, FALLBACKS, FILES, MAIN

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


# Field by field

READ = sorted(LLM_FIELDS - {"fallback_llms"})  # which 0.9.8 does not have
EVERY: dict[str, Any] = {
    "api_key": "key",
    "api_version": "2024-12-01-preview",
    "base_url": "https://llm.example/v1",
    "caching_prompt": False,
    "custom_llm_provider": "openai",
    "disable_vision": True,
    "drop_params": False,
    "embedding_deployment_name": "vectors",
    "embedding_model": "openai/text-embedding-3-small",
    "max_output_tokens": 77,
    "model": "github/openai/gpt-4.1",
    "num_retries": 3,
    "ollama_base_url": "http://localhost:11434",
    "retry_max_wait": 31,
    "retry_min_wait": 6,
    "retry_multiplier": 1.5,
    "temperature": 0.25,
    "timeout": 61,
    "top_p": 0.75,
}


def toml(table: str, values: Mapping[str, Any]) -> str:
    return "\n".join([f"[{table}]", *(f"{n} = {json.dumps(v)}" for n, v in values.items()), ""])


def variables_of(values: Mapping[str, Any]) -> dict[str, str]:
    return {f"LLM_{name.upper()}": str(value) for name, value in values.items()}


def ours(environ: Mapping[str, str] | None = None, name: str | None = None) -> LlmModel:
    """One table of the file as our loader reads it, with the variables over the first."""
    file = Path("config.toml")
    document = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    table = document.get("llm", {})
    table = table if name is None else table[name]
    values = {key: value for key, value in table.items() if not isinstance(value, dict)}
    over = {
        field: value
        for field in READ
        if (value := (environ or {}).get(f"LLM_{field.upper()}", "")).strip()
    }
    return LlmTable("llm", {**values, **over}, file, frozenset(over)).model()


def same(found: LlmModel, expected: LLMConfig) -> None:
    """Compare all fields; one that is left open is theirs by default, which we leave to servers."""
    left_to_the_server = LLMConfig()
    for name in READ:
        value, theirs_ = getattr(found, name), getattr(expected, name)
        if value is None:
            assert theirs_ == getattr(left_to_the_server, name), name
        else:
            assert (value, theirs_ is None) == (theirs_, False), name


def test_every_field_of_theirs_is_known_here() -> None:
    """As one that counts or as one that is passed over; there is no third kind."""
    theirs_ = {field.name for field in dataclasses.fields(LLMConfig)}
    assert set(READ) <= theirs_ <= LLM_FIELDS | LLM_IGNORED
    assert set(READ) == EVERY.keys()


@pytest.mark.parametrize("block", FILES)
@pytest.mark.parametrize("environ", [{}, *ENVIRONMENTS.values()], ids=["alone", *ENVIRONMENTS])
def test_each_block_is_read_to_the_same_values(block: str, environ: dict[str, str]) -> None:
    """The file of OpenHands' page, alone and under each list of variables."""
    Path("config.toml").write_text("[core]\n\n" + FILES[block], "utf-8")
    config = theirs(environ)
    same(ours(environ), config.get_llm_config())
    names = [name for name in config.llms if name != "llm"]
    assert names == (["fallback1", "fallback2"] if FALLBACKS in FILES[block] else [])
    for name in names:
        same(ours({}, name), config.get_llm_config(name))


@pytest.mark.parametrize("block", ENVIRONMENTS)
def test_each_list_of_variables_is_read_to_the_same_values(block: str) -> None:
    """Without a file."""
    environ = ENVIRONMENTS[block]
    same(ours(environ), theirs(environ).get_llm_config())


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("place", ["llm", "llm.one", "variable"])
def test_each_field_is_read_to_the_same_value(name: str, place: str) -> None:
    """In the first table, in a named one, and as a variable over the file."""
    value = {name: EVERY[name]}
    text, environ = "[core]\n\n" + MAIN, {}
    if place == "variable":
        environ = variables_of(value)
    elif place == "llm":
        text = "[core]\n\n" + toml("llm", {"model": "openai/x", **value})
    else:
        text += "\n" + toml(place, {"model": "openai/x", **value})
    Path("config.toml").write_text(text, "utf-8")
    one = "one" if place == "llm.one" else None
    expected: Any = theirs(environ).get_llm_config(one or "llm")
    found = ours(environ, one)
    assert getattr(found, name) == getattr(expected, name) == EVERY[name]
    same(found, expected)


def test_all_fields_together_too() -> None:
    """As a file, and as variables alone."""
    Path("config.toml").write_text("[core]\n\n" + toml("llm", EVERY), "utf-8")
    same(ours(), theirs({}).get_llm_config())
    Path("config.toml").unlink()
    same(ours(variables_of(EVERY)), theirs(variables_of(EVERY)).get_llm_config())


@pytest.mark.parametrize("name", ["drop_params", "disable_vision", "caching_prompt"])
@pytest.mark.parametrize("word", ["true", "True", "1", "false", "False", "0", ""])
def test_a_switch_is_read_from_the_same_words(name: str, word: str) -> None:
    """Nothing at all leaves the default."""
    environ = {**ENVIRONMENT, f"LLM_{name.upper()}": word}
    same(ours(environ), theirs(environ).get_llm_config())


def test_the_settings_that_come_of_a_block_are_theirs() -> None:
    """What clients are made of, beside what was read: the same retries, members and time-out."""
    Path("config.toml").write_text("[core]\n\n" + FILES["all of it"], "utf-8")
    config, found = theirs({}), load_settings({})
    for name, endpoint in (("llm", "llm"), *((n, f"llm.{n}") for n in ("fallback1", "fallback2"))):
        expected: Any = config.get_llm_config(name)
        assert found.endpoints[endpoint].url == f"{expected.base_url}/inference"
        assert getattr(found.endpoints[endpoint].credential, "key", None) == expected.api_key
    expected = config.get_llm_config()
    assert found.call == {
        "temperature": expected.temperature,
        "top_p": expected.top_p,
        "max_tokens": expected.max_output_tokens,
    }
    assert found.options["attempt_timeout"] == expected.timeout
    assert found.retries["retry_total"] + 1 == expected.num_retries
    assert found.options["fallback"] == [
        f"llm.{name}/{config.get_llm_config(name).model}" for name in ("fallback1", "fallback2")
    ]
