"""No command shows a secret of the settings, whether they are right or wrong."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Program
from tests.leaks.test_ten_secrets import API_KEY, HEADER, QUERY, SETTING, assert_clean


@pytest.mark.parametrize("plan", ["pro", SETTING])
@pytest.mark.parametrize(
    "arguments", [["doctor"], ["doctor", "--json"], ["plan", "hello"], ["chat", "--debug", "hello"]]
)
def test_no_command_shows_a_secret(
    program: Program, monkeypatch: pytest.MonkeyPatch, arguments: list[str], plan: str
) -> None:
    """Of a key, a header and a query that are set, and of a value of a wrong type."""
    table = {"x": {"url": f"http://127.0.0.1:9/v1?sig={QUERY}", "headers": {"a": HEADER}}}
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "x")
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", API_KEY)
    monkeypatch.setenv("GITHUB_MODELS_PLAN", plan)
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK_MAX_WAIT", "0")
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK", "none")
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINTS", json.dumps(table))
    outcome = program(*arguments)
    assert_clean(outcome.out + outcome.err)
