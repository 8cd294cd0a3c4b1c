"""Calls that a model wrote as text reach the caller as tool calls, where the dialect says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from azure.ai.inference.models import CompletionsFinishReason

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.endpoints import DIALECTS
from tests.harness import DONE, Service, Twin, chat, delta, stream

TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
CALL = '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>'
OTHER = "https://other.example/v1"


def client_of(twin: Twin, service: Service, *, how: str = "tags", **options: Any) -> Any:
    dialect = replace(DIALECTS["ollama"], name="d", text_calls=how)
    endpoint = Endpoint("mine", "https://mine.example/v1", "key", dialect)
    return twin.client(service, endpoint, model="m", **{"fallback": None, **options})


def updates_of(twin: Twin, client: Any, **call: Any) -> list[Any]:
    if not twin.is_async:
        return list(client.complete(messages=[], stream=True, **call))

    async def read() -> list[Any]:
        return [one async for one in await client.complete(messages=[], stream=True, **call)]

    return asyncio.run(read())


def test_a_written_call_is_a_tool_call(twin: Twin) -> None:
    """With what was said before it, an id, and the finish reason that tool loops ask for."""
    client = client_of(twin, Service(lambda sent: chat("m", f"Let me see.\n{CALL}")))
    (choice,) = twin.complete(client, tools=[TOOL]).choices
    (call,) = choice.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("f", '{"x":1}')
    assert call.id.startswith("call_")
    assert choice.message.content == "Let me see.\n"
    assert choice.finish_reason is CompletionsFinishReason.TOOL_CALLS


@pytest.mark.parametrize(
    ("how", "call"),
    [("", {"tools": [TOOL]}), ("json", {"tools": [TOOL]}), ("tags", {}),
     ("tags", {"tools": [TOOL], "tool_choice": "none"})],
)  # fmt: skip
def test_text_stays_text_unless_the_dialect_and_the_request_say_otherwise(
    twin: Twin, how: str, call: dict[str, Any]
) -> None:
    """Off by default, and only for tools that may be called."""
    pieces = [delta(part) for part in CALL.split()]
    client = client_of(twin, Service(lambda sent: chat("m", CALL)), how=how)
    assert twin.complete(client, **call).choices[0].message.content == CALL
    served = Service(lambda sent: stream(*pieces, delta(finish="stop"), DONE))
    text, _ = twin.read(client_of(twin, served, how=how), **call)
    assert text == "".join(CALL.split())


def test_a_written_call_is_streamed_as_a_tool_call(twin: Twin) -> None:
    """The text before streams on; the call comes whole, with the finish reason."""
    pieces = [delta(CALL[at : at + 5]) for at in range(0, len(CALL), 5)]
    answer = stream(delta("Let me see.\n"), *pieces, delta(finish="stop"), DONE)
    updates = updates_of(twin, client_of(twin, Service(lambda sent: answer)), tools=[TOOL])
    assert "".join(up.choices[0].delta.content or "" for up in updates) == "Let me see.\n"
    (call,) = updates[-1].choices[0].delta.tool_calls
    assert (call.function.name, call.function.arguments) == ("f", '{"x":1}')
    assert updates[-1].choices[0].finish_reason is CompletionsFinishReason.TOOL_CALLS


@pytest.mark.parametrize("streamed", [False, True])
def test_a_written_call_is_the_one_that_was_demanded(twin: Twin, streamed: bool) -> None:
    """Where ``tool_choice`` is checked, what comes out is what counts."""
    whole, pieces = chat("m", CALL), stream(delta(CALL), delta(finish="stop"), DONE)
    service = Service(lambda sent: pieces if streamed else whole)
    call = {"tools": [TOOL], "tool_choice": "required"}
    client = client_of(twin, service)
    if streamed:
        assert updates_of(twin, client, **call)[-1].choices[0].delta.tool_calls
    else:
        assert trail_of(twin.complete(client, **call)).served_by == "mine/m"
    assert len(service.sent) == 1


def test_a_stream_that_breaks_inside_a_written_call_is_served_by_another(twin: Twin) -> None:
    """Nothing was delivered yet, so that the next target takes over unseen."""
    broken = stream(delta("", role="assistant"), delta(CALL[:30]), OSError("cut"))
    whole = stream(delta("Hi"), delta(finish="stop"), DONE)
    service = Service(lambda sent: broken if sent.model == "m" else whole)
    other = Endpoint("plain", OTHER, "key", DIALECTS["openai-compatible"])
    text, read = twin.read(client_of(twin, service, fallback=[Target("n", other)]), tools=[TOOL])
    assert text == "Hi"
    assert service.models == ["m", "n"]
    assert trail_of(read).served_by == "plain/n"
