"""Structured output as users write it, checked by ``mypy --strict`` and never run."""

from __future__ import annotations

from dataclasses import dataclass

from azure.ai.inference.models import (
    ChatCompletions,
    ChatCompletionsToolDefinition,
    ChatRequestMessage,
    StreamingChatCompletionsUpdate,
    UserMessage,
)
from pydantic import TypeAdapter
from typing_extensions import assert_type

from github_models_azure import ChatCompletionsClient
from github_models_azure.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from github_models_azure.exceptions import OutputValidationError

MESSAGES: list[ChatRequestMessage] = [UserMessage(content="Who?")]


@dataclass
class Person:
    """What is asked for."""

    name: str
    age: int


def plain(client: ChatCompletionsClient, tools: list[ChatCompletionsToolDefinition]) -> int:
    """The result is the SDK's, with an instance; with tools there may be none yet."""
    answer = client.complete(messages=MESSAGES, response_model=Person)
    assert_type(answer.parsed, Person)
    told: ChatCompletions = answer
    assert_type(client.complete(messages=MESSAGES, response_model=list[str]).parsed, list[str])
    adapter = TypeAdapter[int | None](int | None)
    assert_type(client.complete(messages=MESSAGES, response_model=adapter).parsed, int | None)
    maybe = client.complete(messages=MESSAGES, response_model=Person, tools=tools)
    assert_type(maybe.parsed, Person | None)
    print(client.complete(messages=MESSAGES).parsed)  # type: ignore[attr-defined]
    print(answer.parsed.nickname)  # type: ignore[attr-defined]
    return len(told.choices) + answer.parsed.age


def stream(client: ChatCompletionsClient) -> Person | None:
    """A stream yields the SDK's updates, and has the instance afterwards."""
    updates = client.complete(messages=MESSAGES, response_model=Person, stream=True)
    for update in updates:
        assert_type(update, StreamingChatCompletionsUpdate)
    assert_type(updates.parsed, Person | None)
    return updates.parsed


async def aio(client: AsyncChatCompletionsClient) -> None:
    """The same with the async client."""
    answer = await client.complete(messages=MESSAGES, response_model=Person)
    assert_type(answer.parsed, Person)
    updates = await client.complete(messages=MESSAGES, response_model=Person, stream=True)
    async for update in updates:
        assert_type(update, StreamingChatCompletionsUpdate)
    assert_type(updates.parsed, Person | None)


def what_failed(error: OutputValidationError) -> tuple[str, list[str]]:
    """The error has what the model said, and pydantic's findings."""
    return error.text, [finding["msg"] for finding in error.errors]
