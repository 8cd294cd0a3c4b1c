"""Code as users write it, checked by ``mypy --strict`` and never run: the async clients."""

from __future__ import annotations

from collections.abc import AsyncIterable

from azure.ai.inference.aio import ChatCompletionsClient as SdkChatCompletionsClient
from azure.ai.inference.models import (
    ChatCompletions,
    ChatRequestMessage,
    EmbeddingsResult,
    ImageEmbeddingInput,
    StreamingChatCompletionsUpdate,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from typing_extensions import assert_type

from github_models_azure import MemoryLedger
from github_models_azure.aio import (
    ChatCompletionsClient,
    EmbeddingsClient,
    Endpoint,
    GitHubTokenCredential,
    ImageEmbeddingsClient,
    Target,
)
from github_models_azure.policies import (
    AsyncFallbackPolicy,
    AsyncTargetAuthenticationPolicy,
    RoutePlan,
)

MESSAGES: list[ChatRequestMessage] = [UserMessage(content="Hello")]
LOCAL = Endpoint("ollama", "http://localhost:11434/v1")


def construction() -> None:
    """The same arguments as the sync client takes."""
    ChatCompletionsClient()
    ChatCompletionsClient("github", "key", fallback=[Target("llama3.2", LOCAL)])
    ChatCompletionsClient(LOCAL, GitHubTokenCredential(), ledger=MemoryLedger(), plan="pro")
    ChatCompletionsClient(3)  # type: ignore[arg-type]


async def calls(client: ChatCompletionsClient, streamed: bool) -> None:
    """The SDK's overloads are kept: an answer without ``stream``, updates with it."""
    assert_type(await client.complete(messages=MESSAGES), ChatCompletions)
    assert_type(await client.complete(messages=MESSAGES, stream=False), ChatCompletions)
    updates = await client.complete(messages=MESSAGES, stream=True)
    assert_type(updates, AsyncIterable[StreamingChatCompletionsUpdate])
    async for update in updates:
        assert_type(update, StreamingChatCompletionsUpdate)
    assert_type(
        await client.complete(messages=MESSAGES, stream=streamed),
        AsyncIterable[StreamingChatCompletionsUpdate] | ChatCompletions,
    )
    await client.complete(messages=MESSAGES, temperature="warm")  # type: ignore[call-overload]


async def blocks() -> None:
    """A client in an ``async with`` block stays a client of this package."""
    async with ChatCompletionsClient() as client:
        assert_type(await client.plan_route(messages=MESSAGES), RoutePlan)
    async with EmbeddingsClient(model="m") as embeddings:
        assert_type(await embeddings.embed(input=["a"]), EmbeddingsResult)
    async with ImageEmbeddingsClient(model="m") as images:
        found = await images.embed(input=[ImageEmbeddingInput(image="data:")])
        assert_type(found, EmbeddingsResult)


def is_the_sdks(client: ChatCompletionsClient) -> SdkChatCompletionsClient:
    """Where the SDK's client is asked for, ours will do."""
    return client


async def credentials() -> AsyncTokenCredential:
    """The token credential is one of azure-core's."""
    async with GitHubTokenCredential() as credential:
        assert_type(credential, GitHubTokenCredential)
        return credential


def stock_client() -> None:
    """The policies in a client of the SDK."""
    SdkChatCompletionsClient(
        "https://llm.example/v1",
        AzureKeyCredential("key"),
        per_call_policies=[AsyncFallbackPolicy(["mine"], fallback_max_wait=3)],
        authentication_policy=AsyncTargetAuthenticationPolicy(LOCAL),
    )
