"""One route over three servers of different dialects answers when any two of them fail."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from azure.ai.inference.models import (
    AssistantMessage,
    ChatCompletionsToolCall,
    ChatCompletionsToolDefinition,
    FunctionCall,
    FunctionDefinition,
    SystemMessage,
    ToolMessage,
    UserMessage,
)

from github_models_azure import Endpoint, MemoryLedger, Target, trail_of
from tests.dialects.servers import PROVIDERS, Break, StrictServer
from tests.dialects.servers_client import MODELS
from tests.harness import Twin

DIALECTS = {"foundry_v1": "openai-v1", "llama_cpp_python": "llama-cpp-python"}
TRIPLES = [
    ("foundry_v1", "mistral", "gemini"),
    ("groq", "openrouter", "llama_cpp_python"),
    ("openai", "cerebras", "ollama"),
    ("gemini", "openai", "groq"),
]
FAULTS: list[int | Break] = [429, 500, Break.RESET, Break.HANG_UP]
WEATHER = ChatCompletionsToolDefinition(
    function=FunctionDefinition(
        name="get_weather",
        description="Say the weather of a city.",
        parameters={
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"const": "C"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    )
)
QUESTION = [SystemMessage("Answer in one sentence."), UserMessage("What is the weather in Oslo?")]
Servers = tuple[StrictServer, StrictServer, StrictServer]


@pytest.fixture(params=TRIPLES, ids="-".join)
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Three servers of different providers."""
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(PROVIDERS[name]()) for name in request.param)
        yield first, second, third


@pytest.fixture(params=[0, 1, 2], ids=["first is left", "second is left", "third is left"])
def left(request: pytest.FixtureRequest) -> int:
    """Which of the three still works."""
    return int(request.param)


def target_of(server: StrictServer) -> Target:
    dialect = DIALECTS.get(server.name, server.name)
    endpoint = Endpoint(server.name, server.url, credential="key", dialect=dialect)
    return Target(MODELS.get(server.name, "m"), endpoint)


def client_of(twin: Twin, servers: Servers, **options: Any) -> Any:
    first, *others = [target_of(server) for server in servers]
    return twin.package.ChatCompletionsClient(
        first.endpoint, model=first.model, fallback=others, **options
    )


def fail_all_but(servers: Servers, left: int, times: int = 50) -> None:
    faults = itertools.cycle(FAULTS)
    for position, server in enumerate(servers):
        if position != left:
            server.fail(next(faults), times)


def ask(twin: Twin, client: Any, keywords: Mapping[str, Any]) -> Any:
    """Call and close; a stream is read into the list of its updates."""
    if not twin.is_async:
        with client:
            result = client.complete(**keywords)
            return (list(result), result) if keywords.get("stream") else result

    async def run() -> Any:
        async with client:
            result = await client.complete(**keywords)
            if keywords.get("stream"):
                return [update async for update in result], result
            return result

    return asyncio.run(run())


def text_of(updates: list[Any]) -> str:
    return "".join(c.delta.content or "" for u in updates for c in u.choices if c.delta)


def call_of(updates: list[Any]) -> ChatCompletionsToolCall:
    """Put the pieces of one call together, as the SDK's samples do."""
    call_id, name, arguments = "", "", ""
    for update in updates:
        for choice in update.choices:
            for piece in choice.delta.tool_calls or []:
                call_id = piece.id or call_id
                name += piece.function.name or ""
                arguments += piece.function.arguments or ""
    return ChatCompletionsToolCall(
        id=call_id, function=FunctionCall(name=name, arguments=arguments)
    )


def test_a_chat_is_answered_when_two_fail(twin: Twin, servers: Servers, left: int) -> None:
    """Whoever is left gets the question in its own dialect, parameters of all kinds included."""
    fail_all_but(servers, left)
    answer = ask(
        twin,
        client_of(twin, servers),
        {"messages": QUESTION, "max_tokens": 50, "temperature": 0.2, "seed": 7, "stop": ["END"]},
    )
    assert answer.choices[0].message.content == f"Hello from {servers[left].name}"
    assert answer.choices[0].finish_reason == "stop"
    assert str(trail_of(answer).served_by).startswith(f"{servers[left].name}/")


def test_a_stream_is_answered_when_two_fail(twin: Twin, servers: Servers, left: int) -> None:
    """Comments, opening chunks and framing differ; the text does not."""
    fail_all_but(servers, left)
    updates, stream = ask(
        twin, client_of(twin, servers), {"messages": QUESTION, "max_tokens": 50, "stream": True}
    )
    assert text_of(updates) == f"Hello from {servers[left].name}"
    assert str(trail_of(stream).served_by).startswith(f"{servers[left].name}/")


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_tools_are_called_when_two_fail(
    twin: Twin, servers: Servers, left: int, streamed: bool
) -> None:
    """The schema goes as each server takes it, and the call comes in the SDK's form."""
    for server in servers:
        server.answer_tool_call("get_weather", city="Oslo")
    fail_all_but(servers, left)
    asked = {"messages": QUESTION, "tools": [WEATHER], "stream": streamed}
    result = ask(twin, client_of(twin, servers), asked)
    if streamed:
        updates, _ = result
        call = call_of(updates)
        reasons = [c.finish_reason for u in updates for c in u.choices if c.finish_reason]
        assert reasons == ["tool_calls"]
    else:
        assert result.choices[0].finish_reason == "tool_calls"
        (call,) = result.choices[0].message.tool_calls
    assert call.id
    assert (call.function.name, call.function.arguments.replace(" ", "")) == (
        "get_weather",
        '{"city":"Oslo"}',
    )


def resent(answer: Any) -> AssistantMessage:
    """The message with the objects that came: members only one provider knows survive."""
    message = answer.choices[0].message
    return AssistantMessage({**message.as_dict(), "reasoning_content": "Let me look it up."})


def rebuilt(answer: Any) -> AssistantMessage:
    """The message made anew from its parts, as samples do it."""
    calls = [
        ChatCompletionsToolCall(id=call.id, function=FunctionCall(call.function.as_dict()))
        for call in answer.choices[0].message.tool_calls
    ]
    return AssistantMessage(tool_calls=calls)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("history", [resent, rebuilt])
@pytest.mark.parametrize(("begins", "ends"), list(itertools.permutations(range(3), 2)))
def test_a_conversation_with_tools_changes_provider_in_the_middle(
    twin: Twin,
    servers: Servers,
    begins: int,
    ends: int,
    history: Callable[[Any], AssistantMessage],
    streamed: bool,
) -> None:
    """One makes the call, another is given its result: ids, members and signatures fit both."""
    for server in servers:
        server.answer_tool_call("get_weather", city="Oslo")
    fail_all_but(servers, begins, times=1)
    ledger = MemoryLedger()
    asked = {"messages": QUESTION, "tools": [WEATHER]}
    answer = ask(twin, client_of(twin, servers, ledger=ledger), asked)
    assert str(trail_of(answer).served_by).startswith(f"{servers[begins].name}/")
    (call,) = answer.choices[0].message.tool_calls

    for server in servers:
        server.recover()
    fail_all_but(servers, ends)
    messages = [*QUESTION, history(answer), ToolMessage("7 degrees", tool_call_id=call.id)]
    again = {"messages": messages, "tools": [WEATHER], "stream": streamed}
    result = ask(twin, client_of(twin, servers, ledger=MemoryLedger()), again)
    text = text_of(result[0]) if streamed else result.choices[0].message.content
    assert text == f"Hello from {servers[ends].name}: 7 degrees"
    sent = servers[ends].bodies[-1]["messages"]
    assert sent[-1]["tool_call_id"] == sent[-2]["tool_calls"][0]["id"]
