"""Each block of OpenHands' guide runs as it stands, wherever settings are read.

From a file and from variables, in Python, on the command line and in the gateway: against the
emulator at its address with a key, and in the demo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from github_models_azure import trail_of
from tests.applications.written_helpers import (
    ENVIRONMENT,
    ENVIRONMENTS,
    FALLBACKS,
    FILES,
    FIRST,
    HEIR,
    LISTED,
    MAIN,
    SECOND,
    SHAPES,
    THIRD,
    TOKEN,
    TUNING,
    ask,
    ask_gateway,
    ask_program,
    exported,
    limit,
    text_of,
    written,
)
from tests.cli.program import Program
from tests.harness import Twin

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

REPLACED = f"{THIRD} is answered as {HEIR}, its successor"


# A file


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block", FILES)
def test_a_file_is_answered_in_python(
    twin: Twin, service: Emulator, block: str, shape: str
) -> None:
    """By its first model, which the trail says; its settings of calls are sent."""
    written(FILES[block], address=service.url + shape)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {FIRST}] ")
    trail = trail_of(answer)
    assert trail is not None
    assert trail.served_by == trail.requested
    assert trail.served_by.endswith(FIRST)
    assert (trail.emulated, trail.fell_back, trail.adaptations) == (True, False, ())
    sent = service.journal[-1].body
    tuned = (
        {"temperature": 0.1, "max_tokens": 4096, "top_p": 0.95} if TUNING in FILES[block] else {}
    )
    assert {name: sent.get(name) for name in tuned} == tuned


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block", FILES)
def test_a_file_is_answered_on_the_command_line(
    program: Program, service: Emulator, block: str, shape: str
) -> None:
    """And its key is never printed."""
    written(FILES[block], address=service.url + shape)
    outcome = ask_program(program)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(f"[emulated {FIRST}] ")
    assert "served by llm/" in outcome.err
    assert TOKEN not in outcome.out + outcome.err


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block", FILES)
def test_a_file_is_answered_by_the_gateway(service: Emulator, block: str, shape: str) -> None:
    """To a program that names no model."""
    written(FILES[block], address=service.url + shape)
    answer = ask_gateway()
    assert answer.status_code == 200, answer.text
    assert f"[emulated {FIRST}]" in answer.text
    assert answer.headers["x-github-models-served-by"].endswith(FIRST)
    assert answer.headers["x-github-models-fell-back"] == "false"


def test_the_fallbacks_of_a_file_step_in_one_after_the_other(twin: Twin, service: Emulator) -> None:
    """The last is a model that was retired: its successor answers, and the trail says so."""
    written(MAIN + TUNING + FALLBACKS, address=service.inference_url)
    limit(service, FIRST)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {SECOND}] ")
    limit(service, SECOND)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {HEIR}] ")
    trail = trail_of(answer)
    assert trail is not None
    assert [attempt.target for attempt in trail.attempts][-1] == f"llm.fallback2/{HEIR}"
    assert [attempt.status for attempt in trail.attempts][-1] == 200
    assert REPLACED in [adaptation.change for adaptation in trail.adaptations]
    assert service.journal[-1].model == HEIR


def test_the_command_line_and_the_gateway_fall_back_alike(
    program: Program, service: Emulator
) -> None:
    """Over the same tables, with the same line about the model that was replaced."""
    written(MAIN + FALLBACKS, address=service.inference_url)
    limit(service, FIRST, SECOND)
    outcome = ask_program(program)
    assert outcome.out.startswith(f"[emulated {HEIR}] "), outcome.err
    assert REPLACED in outcome.err
    answer = ask_gateway()
    assert answer.headers["x-github-models-served-by"] == f"llm.fallback2/{HEIR}"
    assert answer.headers["x-github-models-fell-back"] == "true"


def test_the_fallback_tables_alone_are_a_route(
    twin: Twin, program: Program, service: Emulator
) -> None:
    """Without the first model the first of them is asked first, which doctor says."""
    written(FALLBACKS, address=service.inference_url)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {SECOND}] ")
    (note,) = program("doctor", "--json").json["settings"]["notes"]
    assert note.endswith("config.toml names no model: that of [llm.fallback1] is asked first.")
    limit(service, SECOND)
    assert text_of(ask(twin)).startswith(f"[emulated {HEIR}] ")
    assert f"[emulated {HEIR}]" in ask_gateway().text
    assert ask_program(program).out.startswith(f"[emulated {HEIR}] ")


def test_the_fallback_tables_stand_behind_the_environment_block(
    twin: Twin, service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables are the first model, the file has the others."""
    exported(monkeypatch, ENVIRONMENT, address=service.inference_url)
    written(FALLBACKS, address=service.inference_url)
    assert text_of(ask(twin)).startswith(f"[emulated {FIRST}] ")
    limit(service, FIRST)
    answer = ask(twin)
    assert trail_of(answer).served_by == f"llm.fallback1/{SECOND}"  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["demo_token", TOKEN, None])
@pytest.mark.parametrize("block", FILES)
def test_a_file_is_answered_in_the_demo(
    twin: Twin,
    program: Program,
    demo: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    block: str,
    key: str | None,
) -> None:
    """At the address as it stands: demo_token is its key, or it has none and the variable is."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    written(FILES[block], key)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {FIRST}] ")
    assert trail_of(answer).emulated  # type: ignore[union-attr]
    assert ask_program(program).out.startswith(f"[emulated {FIRST}] ")
    assert f"[emulated {FIRST}]" in ask_gateway().text


@pytest.mark.parametrize("key", ["demo_token", TOKEN, None])
def test_the_fallbacks_of_a_file_step_in_in_the_demo(
    twin: Twin, demo: Emulator, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """Down to the last, with the line about its successor."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    written(MAIN + FALLBACKS, key)
    limit(demo, FIRST, SECOND)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {HEIR}] ")
    assert REPLACED in [event.change for event in trail_of(answer).adaptations]  # type: ignore[union-attr]


def test_the_switch_of_the_command_line_asks_the_demo(program: Program, demo: Emulator) -> None:
    """Whatever key and address the file has."""
    written(MAIN + FALLBACKS)
    assert ask_program(program, "--demo").out.startswith("[emulated ")


# Variables


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block", ENVIRONMENTS)
def test_variables_are_answered_in_python(
    twin: Twin, service: Emulator, monkeypatch: pytest.MonkeyPatch, block: str, shape: str
) -> None:
    """With the key that they hold."""
    exported(monkeypatch, ENVIRONMENTS[block], address=service.url + shape)
    answer = ask(twin)
    assert text_of(answer).startswith(f"[emulated {FIRST}] ")
    trail = trail_of(answer)
    assert trail is not None
    assert trail.served_by is not None
    assert trail.served_by.endswith(FIRST)
    assert not trail.fell_back


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block", ENVIRONMENTS)
def test_variables_are_answered_on_the_command_line_and_by_the_gateway(
    program: Program,
    service: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    block: str,
    shape: str,
) -> None:
    """Without the key in what is printed."""
    exported(monkeypatch, ENVIRONMENTS[block], address=service.url + shape)
    outcome = ask_program(program)
    assert outcome.out.startswith(f"[emulated {FIRST}] "), outcome.err
    assert TOKEN not in outcome.out + outcome.err
    answer = ask_gateway()
    assert f"[emulated {FIRST}]" in answer.text
    assert answer.headers["x-github-models-fell-back"] == "false"


@pytest.mark.parametrize("block", ENVIRONMENTS)
def test_the_debugging_variables_show_the_log(
    program: Program, service: Emulator, monkeypatch: pytest.MonkeyPatch, block: str
) -> None:
    """On the command line, where a model is limited: why the next one was asked."""
    exported(monkeypatch, ENVIRONMENTS[block], address=service.inference_url)
    limit(service, FIRST)
    outcome = ask_program(program)
    assert outcome.code == 0, outcome.err
    shown = "Rate limit hit for llm/openai/gpt-4.1"
    assert (shown in outcome.err) is (block == "debugging")
    assert TOKEN not in outcome.err


def test_the_listed_variables_are_the_defaults_of_openhands(
    twin: Twin, service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is in the URL, and a client of embeddings has a model of its own."""
    exported(monkeypatch, {**ENVIRONMENT, **LISTED}, address=service.inference_url)
    ask(twin)
    assert service.journal[-1].query == "api-version=2024-12-01-preview"
    vectors = ask(twin, "EmbeddingsClient")
    assert len(vectors.data[0].embedding) == 3072  # of the deployment, which goes first
    monkeypatch.delenv("LLM_EMBEDDING_DEPLOYMENT_NAME")
    assert len(ask(twin, "EmbeddingsClient").data[0].embedding) == 1536
    assert service.journal[-1].model == "openai/text-embedding-3-small"


def test_the_gateways_embeddings_have_the_listed_model(
    service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a program that names none; without any model the error says to name one."""
    exported(monkeypatch, {**ENVIRONMENT, **LISTED}, address=service.inference_url)
    answer = ask_gateway("embeddings", texts=["Hello"])
    assert len(answer.json()["data"][0]["embedding"]) == 3072
    assert service.journal[-1].model == "openai/text-embedding-3-large"
    for name in ("LLM_EMBEDDING_MODEL", "LLM_EMBEDDING_DEPLOYMENT_NAME"):
        monkeypatch.delenv(name)
    answer = ask_gateway("embeddings", texts=["Hello"])
    assert answer.status_code == 404
    assert "Name an embeddings model, such as " in answer.json()["error"]["message"]


@pytest.mark.parametrize("key", ["demo_token", TOKEN, None])
@pytest.mark.parametrize("block", ENVIRONMENTS)
def test_variables_are_answered_in_the_demo(
    twin: Twin,
    program: Program,
    demo: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    block: str,
    key: str | None,
) -> None:
    """At the address as it stands."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    exported(monkeypatch, ENVIRONMENTS[block], key)
    assert text_of(ask(twin)).startswith(f"[emulated {FIRST}] ")
    assert ask_program(program).out.startswith(f"[emulated {FIRST}] ")
    assert f"[emulated {FIRST}]" in ask_gateway().text
