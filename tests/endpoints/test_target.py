"""Targets as people write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure import Endpoint, Target
from github_models_azure.endpoints import GITHUB, parse_target

OLLAMA = Endpoint("ollama", "http://localhost:11434/v1")
KNOWN = {"ollama": OLLAMA, "github": GITHUB}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("openai/gpt-4o", Target("openai/gpt-4o")),
        ("gpt-4o", Target("gpt-4o")),
        ("ollama/llama3.2", Target("llama3.2", OLLAMA)),
        ("ollama/library/llama3.2:1b", Target("library/llama3.2:1b", OLLAMA)),
        ("github/openai/gpt-4.1", Target("openai/gpt-4.1", GITHUB)),
        ("ollama", Target("ollama")),
        ("Ollama/llama3.2", Target("Ollama/llama3.2")),
        ("foundry/gpt", Target("foundry/gpt")),
    ],
)
def test_a_known_endpoint_name_in_front_is_the_endpoint(text: str, target: Target) -> None:
    """Without one, the whole text is a model id on the client's own endpoint."""
    assert parse_target(text, KNOWN) == target


def test_the_presets_are_known_unless_told_otherwise() -> None:
    """``github/`` needs no settings."""
    assert parse_target("github/openai/gpt-4o").endpoint is GITHUB


def test_a_target_is_itself() -> None:
    """What is already a target is taken as it is."""
    target = Target("m", OLLAMA)
    assert parse_target(target) is target


@pytest.mark.parametrize("text", ["", " ", "ollama/", "ollama/  "])
def test_a_target_needs_a_model(text: str) -> None:
    """An endpoint alone, or nothing at all, is no target."""
    with pytest.raises(ValueError, match="needs a model id"):
        parse_target(text, KNOWN)


@pytest.mark.parametrize("value", [None, 3, b"m", ["m"]])
def test_other_values_are_no_targets(value: Any) -> None:
    """The error shows what was given."""
    with pytest.raises(TypeError, match="a string or a Target"):
        parse_target(value)
    with pytest.raises(ValueError, match="needs a model id"):
        Target(value)


@pytest.mark.parametrize("text", ["gpt-4o", "ollama/llama3.2", "github/openai/gpt-4.1"])
def test_a_target_reads_as_it_is_written(text: str) -> None:
    """Its text can be given to a client again."""
    assert str(parse_target(text, KNOWN)) == text


@given(st.text(max_size=20))
def test_any_text_is_a_target_or_a_clear_error(text: str) -> None:
    """What was read is written the same way; only empty texts are refused."""
    try:
        target = parse_target(text, KNOWN)
    except ValueError:
        assert not text.strip() or text.startswith(("ollama/", "github/"))
        return
    assert str(target) == text


def test_no_credential_is_shown_with_a_target() -> None:
    """The endpoint's key stays out of ``repr`` and ``str``."""
    target = Target("m", Endpoint("own", "https://host/v1", "secret"))
    assert "secret" not in repr(target) + str(target)
