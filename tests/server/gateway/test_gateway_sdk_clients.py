"""Clients of the retired SDK, ours and the stock ones, with a gateway in their endpoint's place."""

from __future__ import annotations

import asyncio
from typing import Any

import azure.ai.inference as stock
import azure.ai.inference.aio as stock_aio
import pytest
from azure.ai.inference.models import UserMessage
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

import github_models_azure as ours
import github_models_azure.aio as ours_aio
from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway

LIMITED, SPARE = "openai/gpt-4.1", "openai/gpt-4o"
ANSWER = f"[emulated {SPARE}] The capital of France is Paris."
OPTIONS: Any = {"messages": [UserMessage("What is the capital of France?")], "model": LIMITED}
EXTRAS = {"stream_options": {"include_usage": True}}


@pytest.fixture(params=["/inference", ""])
def url(request: pytest.FixtureRequest, gateway: Gateway) -> str:
    """In place of both old base URLs of GitHub Models."""
    return gateway.url + str(request.param)


def text_of(updates: list[Any]) -> str:
    return "".join(u.choices[0].delta.content or "" for u in updates if u.choices)


@pytest.mark.parametrize("package", [stock, ours])
def test_sync_clients_chat_stream_and_embed(package: Any, url: str) -> None:
    """With the SDK's `?api-version=`, its `api-key` header and its `extra-parameters`."""
    key = AzureKeyCredential("callers-own")
    with package.ChatCompletionsClient(url, key) as client:
        assert client.complete(**OPTIONS).choices[0].message.content == ANSWER
        updates = list(client.complete(stream=True, model_extras=EXTRAS, **OPTIONS))
    assert text_of(updates) == ANSWER
    assert updates[-1].usage.total_tokens > 0
    with package.EmbeddingsClient(url, key) as client:
        vectors = client.embed(input=["one", "two"], model="openai/text-embedding-3-small")
    assert [len(item.embedding) for item in vectors.data] == [1536, 1536]


@pytest.mark.parametrize("package", [stock_aio, ours_aio])
def test_async_clients_chat_stream_and_embed(package: Any, url: str) -> None:
    """The same, async."""

    async def ask() -> tuple[str, str, int]:
        key = AzureKeyCredential("callers-own")
        async with package.ChatCompletionsClient(url, key) as client:
            whole = await client.complete(**OPTIONS)
            stream = await client.complete(stream=True, model_extras=EXTRAS, **OPTIONS)
            updates = [update async for update in stream]
        async with package.EmbeddingsClient(url, key) as client:
            vectors = await client.embed(input=["one"], model="openai/text-embedding-3-small")
        return whole.choices[0].message.content, text_of(updates), len(vectors.data[0].embedding)

    assert asyncio.run(ask()) == (ANSWER, ANSWER, 1536)


def test_nothing_of_the_caller_goes_upstream(gateway: Gateway, emulator: Emulator) -> None:
    """No credential, no cookie, no version; only what Azure wants to be told of parameters."""
    headers = {
        "cookie": "a=b", "x-private": "1", "x-forwarded-for": "10.0.0.1", "te": "trailers",
        "extra-parameters": "drop", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad-01",
    }  # fmt: skip
    key = AzureKeyCredential("callers-own")
    version = "2099-01-01"
    with stock.ChatCompletionsClient(gateway.url, key, api_version=version) as client:
        client.complete(headers=headers, **OPTIONS)
    for entry in emulator.journal:
        told = dict(entry.headers)
        assert "callers-own" not in str(told)
        assert not told.keys() & (headers.keys() - {"extra-parameters"})
        assert told["extra-parameters"] == "drop"
        assert version not in entry.query


def test_unknown_members_pass_through(gateway: Gateway, emulator: Emulator) -> None:
    """As the SDK does with `model_extras`: Azure refuses them without that word."""
    key = AzureKeyCredential("x")
    with stock.ChatCompletionsClient(gateway.url, key, headers={}) as client:
        client.complete(**OPTIONS)
        assert "extra-parameters" not in dict(emulator.journal[-1].headers)
        client.complete(body={"messages": OPTIONS["messages"], "model": SPARE, "top_k": 5})
    assert dict(emulator.journal[-1].headers)["extra-parameters"] == "pass-through"
    assert emulator.journal[-1].body["top_k"] == 5


def test_a_key_works_in_both_headers(emulator: Emulator) -> None:
    """The SDK sends keys as Bearer and as `api-key`; a wrong one is its authentication error."""
    with Gateway(emulator.inference_url, "k", model=SPARE, api_key=["one", "two"]) as gateway:
        for key in ("one", "two"):
            with stock.ChatCompletionsClient(gateway.url, AzureKeyCredential(key)) as client:
                assert client.complete(**OPTIONS).choices
        with (
            stock.ChatCompletionsClient(gateway.url, AzureKeyCredential("three")) as client,
            pytest.raises(ClientAuthenticationError, match="needs its key"),
        ):
            client.complete(**OPTIONS)


def test_the_sdk_reads_the_errors(emulator: Emulator) -> None:
    """Status, code and message are where it looks for them."""
    with (
        Gateway(emulator.inference_url, "k", fallback=None) as gateway,
        stock.ChatCompletionsClient(gateway.url, AzureKeyCredential("x")) as client,
        pytest.raises(HttpResponseError) as caught,
    ):
        client.complete(messages=OPTIONS["messages"], model="openai/no-such-thing")
    assert caught.value.status_code == 404
    assert caught.value.error is not None
    assert caught.value.error.code == "unknown_model"
