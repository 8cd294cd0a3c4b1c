"""Foundry, OpenAI, OpenRouter and servers at home: what they refuse, and what they take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.servers import (
    StrictServer,
    foundry_v1,
    llama_cpp_python,
    ollama,
    openai,
    openrouter,
)
from tests.dialects.servers_client import asked_for, chat, error, history, post

# Foundry


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("my-gpt-4o", "API version not supported"),
        ("my-llama", "api-version query parameter is not allowed when using /v1 path"),
    ],
)
def test_foundry_refuses_any_api_version(model: str, words: str) -> None:
    """Two wordings, by who made the model."""
    with foundry_v1() as server:
        refused = chat(server, "?api-version=2024-05-01-preview", model=model)
        assert error(refused) == (400, "BadRequest", None, words)
        assert chat(server, model=model).status == 200
        assert post(server, "/embeddings?api-version=v1", {"model": model}).status == 400


def test_foundry_wants_a_key_and_a_deployment() -> None:
    """Either header carries the key; names are exact."""
    with foundry_v1({"mine": "gpt-4o"}) as server:
        assert chat(server, model="mine", headers={"authorization": ""}).status == 401
        key = {"authorization": "", "api-key": "k"}
        assert chat(server, model="mine", headers=key).status == 200
        assert error(chat(server, model="Mine"))[:2] == (404, "DeploymentNotFound")


def test_foundry_streams_begin_without_choices() -> None:
    """The first chunk carries the filter's word on the prompt, and no choice."""
    with foundry_v1() as server:
        assert chat(server, stream=True).events[0]["choices"] == []


def refusals(server: StrictServer, model: str) -> list[tuple[Any, Any]]:
    """Mend what is refused until the answer comes; return (code, param) of each refusal."""
    body: dict[str, Any] = {"max_tokens": 5, "temperature": 0.2, "stop": ["x"], "model": model}
    found = []
    while (got := chat(server, **body)).status != 200:
        _, code, param, _ = error(got)
        found.append((code, param))
        del body[param]
    return found


def test_reasoning_models_refuse_one_after_the_other() -> None:
    """OpenAI's gpt-5 and a deployment of it: max_tokens, temperature, stop."""
    three = [
        ("unsupported_parameter", "max_tokens"),
        ("unsupported_value", "temperature"),
        ("unsupported_parameter", "stop"),
    ]
    with openai() as server:
        assert refusals(server, "gpt-5") == three
        assert chat(server, temperature=1, max_completion_tokens=5).status == 200
    with foundry_v1() as server:
        assert refusals(server, "my-gpt-5") == three
        assert refusals(server, "my-gpt-4o") == []


def test_openai_refuses_long_ids() -> None:
    """Forty characters are the most, in calls and in results."""
    with openai() as server:
        status, code, param, words = error(chat(server, messages=history("x" * 41)))
        assert (status, code) == (400, "string_above_max_length")
        assert param == "messages[1].tool_calls[0].id"
        assert words.endswith("maximum length 40, but got a string with length 41 instead.")
        assert chat(server, messages=history("x" * 40)).status == 200


# OpenRouter


@pytest.mark.parametrize("crlf", [False, True])
def test_openrouter_comments_its_streams(crlf: bool) -> None:
    """Between all events, with either end of line."""
    with openrouter(crlf=crlf) as server:
        got = chat(server, stream=True)
        end = b"\r\n" if crlf else b"\n"
        assert got.content.startswith(b": OPENROUTER PROCESSING" + end * 2 + b"data: ")
        assert (got.content.count(b"\r\n") > 0) is crlf
        assert got.text == "Hello from openrouter"


def test_openrouter_fails_late_behind_a_200() -> None:
    """An error after the beginning is an event, or the body; its code is a number."""
    with openrouter() as server:
        server.fail(502, times=2, late=True)
        whole, stream = chat(server), chat(server, stream=True)
        assert error(whole)[:2] == (200, 502)
        assert (stream.status, stream.events[-1]["choices"]) == (200, [])
        assert stream.events[-1]["error"]["code"] == 502
        server.fail(429)
        assert error(chat(server))[:2] == (429, 429)


# Servers at home


def test_ollama_has_what_was_pulled() -> None:
    """Other models are not found, with a code that is null."""
    with ollama("mine") as server:
        assert chat(server, model="mine").status == 200
        got = chat(server, model="x")
        assert error(got)[:2] == (404, None)
        assert got.json["error"]["type"] == "not_found_error"
        assert got.json["error"]["message"] == "model 'x' not found"


def test_llama_cpp_python_has_a_key() -> None:
    """Any other is refused with a detail."""
    with llama_cpp_python(key="mine") as server:
        assert chat(server, headers={"authorization": "Bearer mine"}).status == 200
        got = chat(server)
        assert (got.status, got.json) == (401, {"detail": "Invalid API key"})


@pytest.mark.parametrize("as_422", [False, True])
def test_llama_cpp_python_validates(as_422: bool) -> None:
    """No developer role and no json_schema: a 500 with a text, or FastAPI's own 422."""
    developer = [{"role": "developer", "content": "x"}]
    with llama_cpp_python(as_422=as_422) as server:
        role = chat(server, messages=developer)
        form = chat(server, response_format=asked_for({"type": "object"}))
        assert [role.status, form.status] == [422 if as_422 else 500] * 2
        if as_422:
            first = role.json["detail"][0]
            assert (first["type"], first["input"]) == ("literal_error", "developer")
            assert form.json["detail"][0]["loc"] == ["body", "response_format", "type"]
        else:
            assert error(role)[3].startswith("5 validation errors:\n  {'type': 'literal_error'")
            assert "Input should be 'text' or 'json_object'" in error(form)[3]
        assert chat(server, response_format={"type": "json_object"}, unknown=1).status == 200
