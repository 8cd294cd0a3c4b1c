"""``response_model`` over servers of different dialects: each is asked in the way it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from github_models_azure import Endpoint, MemoryLedger, trail_of
from github_models_azure.endpoints import DIALECTS
from github_models_azure.exceptions import OutputValidationError
from tests.dialects.servers import PROVIDERS, StrictServer
from tests.dialects.servers_client import MODELS
from tests.dialects.test_route import (
    QUESTION,
    WEATHER,
    Servers,
    ask,
    client_of,
    fail_all_but,
    target_of,
    text_of,
)
from tests.harness import Twin


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    degrees: int = 0
    days: list[str] = []


OSLO = Weather(city="Oslo", degrees=7, days=["Monday"])
TEXT = OSLO.model_dump_json()
TRIPLES = [
    ("groq", "openai", "llama_cpp_python"),
    ("ollama", "llama_cpp_python", "mistral"),
    ("cerebras", "gemini", "foundry_v1"),
    ("openrouter", "groq", "ollama"),
]
FORMS = dict.fromkeys(PROVIDERS, "json_schema") | {"llama_cpp_python": "json_object"}
ASKED = {"messages": QUESTION, "response_model": Weather}


@pytest.fixture(params=TRIPLES, ids="-".join)
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Three servers of different providers that all say the weather."""
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(PROVIDERS[name]()) for name in request.param)
        for server in (first, second, third):
            server.answer_text(TEXT)
        yield first, second, third


def form_of(body: Any) -> Any:
    return (body.get("response_format") or {}).get("type")


def parsed_of(result: Any, *, streamed: bool) -> Any:
    if not streamed:
        assert result.choices[0].message.content == TEXT
        return result.parsed
    updates, stream = result
    assert text_of(updates) == TEXT
    return stream.parsed


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_an_instance_comes_when_two_fail(
    twin: Twin, servers: Servers, left: int, streamed: bool
) -> None:
    """Whoever is left is asked in its own way, and the trail says in which."""
    fail_all_but(servers, left)
    result = ask(twin, client_of(twin, servers), {**ASKED, "stream": streamed})
    assert parsed_of(result, streamed=streamed) == OSLO
    served = servers[left]
    assert form_of(served.bodies[-1]) == FORMS[served.name]
    trail = trail_of(result[1] if streamed else result)
    assert str(trail.served_by).startswith(f"{served.name}/")
    told = [a.change for a in trail.adaptations if a.target == trail.served_by]
    assert FORMS[served.name] in told[0]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_known_lack_costs_no_request(twin: Twin, streamed: bool) -> None:
    """llama-cpp-python is never asked for json_schema, and its model is told the schema."""
    with PROVIDERS["llama_cpp_python"]() as server:
        server.answer_text(TEXT)
        target = target_of(server)
        client = twin.package.ChatCompletionsClient(target.endpoint, model=target.model)
        result = ask(twin, client, {**ASKED, "stream": streamed})
        assert parsed_of(result, streamed=streamed) == OSLO
        (body,) = server.bodies
        assert form_of(body) == "json_object"
        assert '"degrees"' in body["messages"][0]["content"]
        assert len(body["messages"]) == len(QUESTION)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_an_unknown_lack_is_learnt(twin: Twin, streamed: bool) -> None:
    """The same server behind a dialect that promises more: refused once, never asked again."""
    with PROVIDERS["llama_cpp_python"]() as server:
        server.answer_text(TEXT)
        endpoint = Endpoint("mine", server.url, credential="key", dialect="openai-compatible")
        ledger = MemoryLedger()
        for _ in range(2):
            client = twin.package.ChatCompletionsClient(endpoint, model="m", ledger=ledger)
            result = ask(twin, client, {**ASKED, "stream": streamed})
            assert parsed_of(result, streamed=streamed) == OSLO
        forms = [form_of(body) for body in server.bodies]
        assert forms == ["json_schema", "json_object", "json_object"]


@pytest.mark.parametrize("name", ["groq", "ollama", "gemini", "llama_cpp_python", "mistral"])
def test_the_repair_is_a_conversation_that_servers_take(twin: Twin, name: str) -> None:
    """No server objects to the message that says what was wrong."""

    with PROVIDERS[name]() as server:
        server.answer_text('{"degrees": 7}')
        client = client_to(twin, server)
        with pytest.raises(OutputValidationError, match="city: Field required"):
            ask(twin, client, ASKED)
        first, second = server.bodies
        assert second["messages"][: len(QUESTION)] == first["messages"]
        assert "city: Field required" in second["messages"][-1]["content"]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_forced_call_is_the_last_way_with_a_schema(twin: Twin, streamed: bool) -> None:
    """Where no form is taken, the arguments of a call are the answer, and its text."""
    with PROVIDERS["openrouter"]() as server:
        server.answer_tool_call("Weather", **OSLO.model_dump())
        dialect = replace(DIALECTS["openrouter"], name="x", refuses=frozenset({"response_format"}))
        endpoint = Endpoint("mine", server.url, credential="key", dialect=dialect)
        client = twin.package.ChatCompletionsClient(endpoint, model="m")
        result = ask(twin, client, {**ASKED, "stream": streamed})
        text = text_of(result[0]) if streamed else result.choices[0].message.content
        assert Weather.model_validate_json(text) == OSLO
        assert (result[1] if streamed else result).parsed == OSLO
        assert server.bodies[0]["tool_choice"]["function"]["name"] == "Weather"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_the_callers_tools_are_called_first(twin: Twin, servers: Servers, streamed: bool) -> None:
    """With tools beside it, a call is no answer yet; nobody is asked twice."""
    for server in servers:
        server.answer_tool_call("get_weather", city="Oslo")
    asked = {**ASKED, "tools": [WEATHER], "stream": streamed}
    result = ask(twin, client_of(twin, servers), asked)
    assert (result[1] if streamed else result).parsed is None
    repaired = servers[0].name == "cerebras"  # which takes no "items"
    assert [len(server.bodies) for server in servers] == [1 + repaired, 0, 0]


def client_to(twin: Twin, server: StrictServer) -> Any:
    target = target_of(server)
    model = MODELS.get(server.name, "m")
    return twin.package.ChatCompletionsClient(target.endpoint, model=model, fallback=None)
