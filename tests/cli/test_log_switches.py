"""The variables that show OpenHands' debug log, in our program; also what it says of others."""

from __future__ import annotations

import pytest

from tests.cli.program import Program

pytestmark = pytest.mark.extras

PASSED_OVER = "github_models_azure.policies._call: Skipped"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("LOG_ALL_EVENTS", "true", True),
        ("LOG_ALL_EVENTS", "1", True),
        ("LOG_ALL_EVENTS", "false", False),
        ("OPENHANDS_LOG_LEVEL", "DEBUG", True),
        ("OPENHANDS_LOG_LEVEL", "info", False),
        ("OPENHANDS_LOG_LEVEL", "loud", False),
    ],
)
def test_openhands_variables_show_the_debug_log(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: bool
) -> None:
    """The log, and no traceback: that is for GITHUB_MODELS_DEBUG."""
    monkeypatch.setenv(name, value)
    outcome = program("chat", "Hello", "--token", "t", "--fallback", "none")
    assert (PASSED_OVER in outcome.err) is shown
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("name", "value", "note"),
    [
        ("LOG_ALL_EVENTS", "true", "LOG_ALL_EVENTS shows the debug log."),
        ("LOG_ALL_EVENTS", "maybe", "LOG_ALL_EVENTS is not used: it is true or false."),
        ("OPENHANDS_LOG_LEVEL", "DEBUG", "OPENHANDS_LOG_LEVEL=DEBUG shows the debug log."),
        ("OPENHANDS_LOG_LEVEL", "INFO", "OPENHANDS_LOG_LEVEL is not used: only DEBUG shows more."),
        ("OPENHANDS_LOG_LEVEL", "loud", "OPENHANDS_LOG_LEVEL is not used: it is one of DEBUG,"),
        ("LOGAI_GITHUB_TOKEN", "t", "Set and not used: LOGAI_GITHUB_TOKEN."),
    ],
)
def test_doctor_names_them(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str, value: str, note: str
) -> None:
    """What is set and does something, and what is set and does not."""
    monkeypatch.setenv(name, value)
    (said,) = program("doctor", "--json").json["settings"]["notes"]
    assert said.startswith(note)


def test_no_note_without_them(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where one says what holds anyway."""
    monkeypatch.setenv("LOG_ALL_EVENTS", "0")
    assert program("doctor", "--json").json["settings"]["notes"] == []


@pytest.mark.parametrize("command", [("chat", "Hello"), ("plan",), ("doctor",)])
def test_logais_missing_token_is_the_first_thing_said(
    program: Program, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Before the endpoint is said to be retired."""
    monkeypatch.setenv("LOGAI_LLM_PROVIDER", "github")
    outcome = program(*command)
    assert outcome.code == 1
    assert outcome.err.startswith("error: GitHub Models requires LOGAI_GITHUB_TOKEN")
    assert "retired" not in outcome.err
