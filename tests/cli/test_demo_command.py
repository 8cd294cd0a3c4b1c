"""`demo`, and the emulator that a process carries with it."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import pytest

from github_models_azure import ChatCompletionsClient, trail_of
from github_models_azure.server.emulator import runner
from tests.cli.program import Program

pytestmark = pytest.mark.extras


_told: list[dict[str, Any]] = []


@pytest.fixture
def events(program: Program) -> list[dict[str, Any]]:
    """What `demo --json` tells; it runs once for all tests that only look."""
    if not _told:
        outcome = program("demo", "--json")
        assert (outcome.code, outcome.err) == (0, "")
        _told.extend(json.loads(line) for line in outcome.out.splitlines())
    return _told


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


def test_the_limit_of_the_tier_is_met_and_the_next_model_answers(
    events: list[dict[str, Any]],
) -> None:
    """Ten questions are answered by the model itself, the eleventh falls back at its 429."""
    (started,) = of_kind(events, "started")
    numbered = [event for event in of_kind(events, "answered") if event["number"]]
    own = [event for event in numbered if event["target"].endswith(started["model"])]
    (fallback,) = of_kind(events, "fell_back")
    assert (started["limit"], len(own), len(numbered)) == (10, 10, 12)
    assert fallback["status"] == 429
    assert numbered[10]["target"] == fallback["next_target"]


def test_the_limited_model_is_not_asked_again(events: list[dict[str, Any]]) -> None:
    """The twelfth question passes it over."""
    (passed,) = of_kind(events, "passed_over")
    assert passed["target"] == of_kind(events, "fell_back")[0]["refused_by"]
    assert "rate limited" in passed["reason"]


def test_a_tool_is_called_here_and_its_result_answered(events: list[dict[str, Any]]) -> None:
    """Request, call, local function, answer."""
    (call,), (returned,) = of_kind(events, "tool_called"), of_kind(events, "tool_returned")
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "Oslo"})
    assert json.loads(returned["result"]) == {"city": "Oslo", "celsius": -3}
    answer = of_kind(events, "answered")[-1]["text"]
    assert returned["result"] in answer


def test_a_stream_comes_in_pieces(events: list[dict[str, Any]]) -> None:
    """The pieces make up the answer."""
    pieces = [event["text"] for event in of_kind(events, "stream_piece")]
    assert len(pieces) > 3
    assert "Hello!" in "".join(pieces)


def test_the_trail_of_the_fallback_is_shown(events: list[dict[str, Any]]) -> None:
    """The first fallback's trail has the refusal and the answer."""
    (trail,) = of_kind(events, "trail")
    assert [step["status"] for step in trail["steps"]] == [429, 200]
    assert trail["served_by"] != trail["requested"]


def test_every_event_says_that_it_is_emulated(events: list[dict[str, Any]]) -> None:
    """Nobody takes an answer for a model's."""
    assert all(event["emulated"] for event in events)


def test_the_story_fits_a_plain_terminal(program: Program) -> None:
    """80 columns, plain text, the emulator named first and its end last."""
    outcome = program("demo")
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert max(map(len, lines)) <= 80
    assert outcome.out.isascii()
    assert "EMULATOR" in lines[0]
    assert "The emulator has stopped." in outcome.out
    assert "falling back to emulator/openai/gpt-4o" in outcome.out


def test_the_plan_sets_the_limit(program: Program) -> None:
    """With the plan enterprise fifteen questions are answered first."""
    outcome = program("demo", "--plan", "enterprise", "--json")
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert of_kind(events, "started")[0]["limit"] == 15
    assert len(of_kind(events, "fell_back")) == 1


def test_own_settings_do_not_change_the_demo(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endpoint, fallback and limits of the user are left aside."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "https://example.com/v1")
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK", "none")
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK_MAX_ATTEMPTS", "1")
    outcome = program("demo", "--json")
    assert outcome.code == 0
    assert '"event": "fell_back"' in outcome.out


def emulators() -> set[threading.Thread]:
    """Those that run in this process."""
    return {one for one in threading.enumerate() if one.name == "github-models-emulator"}


def test_a_process_has_one_emulator() -> None:
    """However many ask at once, one emulator is started and shared."""
    found: list[str] = []
    before = emulators()  # of other tests
    threads = [
        threading.Thread(target=lambda: found.append(runner.demo_endpoint().url)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(emulators() - before) <= 1


def test_the_demo_token_works_in_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unchanged code with GITHUB_TOKEN=demo_token gets emulated answers."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    with ChatCompletionsClient(model="gpt-4o") as client:
        answer = client.complete(messages=[{"role": "user", "content": "Hello"}])
    trail = trail_of(answer)
    assert trail is not None
    assert trail.emulated
    assert "demo_token" not in repr(runner.demo_endpoint())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
def test_a_forked_process_starts_its_own_emulator() -> None:
    """The thread that serves is not in the child; what it inherits is forgotten."""
    runner.demo_endpoint()
    assert runner._running
    kept = list(runner._running)
    runner._forget()  # what the fork handler calls; forking a process with threads is not for tests
    try:
        assert not runner._running
    finally:
        runner._running.extend(kept)
