"""Code as users write it, checked by ``mypy --strict`` and never run: the sync clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from azure.ai.inference import ChatCompletionsClient as SdkChatCompletionsClient
from azure.ai.inference.models import (
    ChatCompletions,
    ChatRequestMessage,
    EmbeddingsResult,
    ImageEmbeddingInput,
    StreamingChatCompletionsUpdate,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential, TokenCredential
from typing_extensions import assert_type

from github_models_azure import (
    ChatCompletionsClient,
    EmbeddingsClient,
    Endpoint,
    GitHubTokenCredential,
    ImageEmbeddingsClient,
    MemoryLedger,
    ModelRegistry,
    RateLimitTier,
    Target,
    Trail,
    trail_of,
)
from github_models_azure.exceptions import (
    FallbackExhaustedError,
    RateLimitedError,
    StreamInterruptedError,
)
from github_models_azure.ledger import Ledger
from github_models_azure.policies import (
    FallbackPolicy,
    RoutePlan,
    TargetAuthenticationPolicy,
)
from github_models_azure.registry import Plan

MESSAGES: list[ChatRequestMessage] = [UserMessage(content="Hello")]
PLAIN: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
LOCAL = Endpoint("ollama", "http://localhost:11434/v1")


def construction() -> None:
    """Everything may be left out, and every option has a type."""
    ChatCompletionsClient()
    ChatCompletionsClient("github", "key")
    ChatCompletionsClient(endpoint=LOCAL, credential=AzureKeyCredential("key"))
    ChatCompletionsClient(credential=GitHubTokenCredential("token"), temperature=0.5, seed=1)
    ChatCompletionsClient(
        "https://llm.example/v1",
        "key",
        model="openai/gpt-4o",
        fallback=["openai/gpt-4o-mini", Target("llama3.2", LOCAL)],
        fallback_on={"rate_limited"},
        fallback_max_wait=5,
        fallback_max_attempts=3,
        attempt_timeout=None,
        adapt="strict",
        registry=ModelRegistry.bundled(),
        ledger=MemoryLedger(),
        plan=Plan.PRO,
        allow_retired=True,
        transport=None,
        retry_total=2,
    )
    ChatCompletionsClient(fallback=None, plan="free")
    ChatCompletionsClient(fallback={"openai/gpt-4.1": ["ollama/llama3.2"], "*": []})


def wrong_construction() -> None:
    """Mistakes that a type checker finds."""
    ChatCompletionsClient(3)  # type: ignore[arg-type]
    ChatCompletionsClient(model=3)  # type: ignore[arg-type]
    ChatCompletionsClient(fallback_max_attempts="3")  # type: ignore[arg-type]
    ChatCompletionsClient(ledger=3)  # type: ignore[arg-type]
    ChatCompletionsClient("github", "key", "openai/gpt-4o")  # type: ignore[call-arg]


def calls(client: ChatCompletionsClient, streamed: bool) -> None:
    """The SDK's overloads are kept: an answer without ``stream``, updates with it."""
    assert_type(client.complete(messages=MESSAGES), ChatCompletions)
    assert_type(client.complete(messages=PLAIN, stream=False), ChatCompletions)
    assert_type(
        client.complete(messages=MESSAGES, stream=True),
        Iterable[StreamingChatCompletionsUpdate],
    )
    assert_type(
        client.complete(messages=MESSAGES, stream=streamed),
        Iterable[StreamingChatCompletionsUpdate] | ChatCompletions,
    )
    assert_type(
        client.complete(messages=MESSAGES, fallback=None, fallback_max_wait=3, timeout=30),
        ChatCompletions,
    )
    client.complete(messages=MESSAGES, temperature="warm")  # type: ignore[call-overload]


def blocks() -> None:
    """A client in a ``with`` block stays a client of this package."""
    with ChatCompletionsClient() as client:
        assert_type(client.plan_route(messages=MESSAGES), RoutePlan)
    with EmbeddingsClient(model="m") as embeddings:
        assert_type(embeddings.embed(input=["a"]), EmbeddingsResult)
        assert_type(embeddings.plan_route(input=["a"]), RoutePlan)
    with ImageEmbeddingsClient(model="m") as images:
        assert_type(images.embed(input=[ImageEmbeddingInput(image="data:")]), EmbeddingsResult)


def is_the_sdks(client: ChatCompletionsClient) -> SdkChatCompletionsClient:
    """Where the SDK's client is asked for, ours will do."""
    return client


def trails(answer: ChatCompletions, error: RateLimitedError) -> None:
    """It is there on what this package makes; where it may be absent, it has types all the same."""
    assert_type(trail_of(answer), Trail | Any)
    print(trail_of(answer).served_by, len(trail_of(error).attempts))
    print(trail_of(answer).servedby)  # type: ignore[union-attr]
    trail: Trail | None = trail_of(error)
    if trail is not None:
        assert_type(trail.served_by, str | None)
        assert_type(trail.waited, float)
        for attempt in trail.attempts:
            assert_type(attempt.status, int | None)
        for skip in trail.skipped:
            assert_type(skip.reason, str)


def errors(
    limited: RateLimitedError, exhausted: FallbackExhaustedError, cut: StreamInterruptedError
) -> None:
    """What errors carry."""
    assert_type(limited.retry_after, float | None)
    assert_type(limited.limit, int | None)
    assert_type(limited.window, str | None)
    assert_type(exhausted.retry_after, float | None)
    assert_type(cut.partial_text, str)


def credentials() -> TokenCredential:
    """The token credential is one of azure-core's."""
    with GitHubTokenCredential() as credential:
        assert_type(credential, GitHubTokenCredential)
        assert_type(credential.source, str | None)
        return credential


def stock_client(ledger: Ledger) -> None:
    """The policies in a client of the SDK."""
    SdkChatCompletionsClient(
        "https://llm.example/v1",
        AzureKeyCredential("key"),
        per_call_policies=[FallbackPolicy(["mine"], ledger=ledger, fallback_max_wait=3)],
        authentication_policy=TargetAuthenticationPolicy(LOCAL),
    )


def registry(models: ModelRegistry) -> None:
    """What is known of models."""
    info = models.get("openai/gpt-4o")
    assert_type(info.max_input_tokens, int | None)
    assert_type(models.tier_of("openai/gpt-4o"), RateLimitTier | str | None)
