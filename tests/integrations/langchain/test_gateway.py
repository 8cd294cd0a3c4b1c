"""An agent on LangChain's connector for OpenAI, which knows nothing of us, behind the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

from github_models_azure.server.gateway import Gateway

from . import emulator_helpers as emulated
from .test_agent import find_stock, order_fruit

QUESTION = 'Call find_stock("pears"), then order_fruit("pears").'


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway whose first model is limited, and which has a second one."""
    place = emulated.place()
    emulated.EMULATOR.reset()
    with Gateway(
        endpoint=place["base_url"],
        credential=place["api_key"],
        model=emulated.CHAT,
        fallback=[emulated.SECOND],
        api_key="gateway-key",
    ) as running:
        yield running


def openai(gateway: Gateway, **fields: Any) -> ChatOpenAI:
    key = {"base_url": gateway.v1_url, "api_key": "gateway-key"}
    return ChatOpenAI(model=emulated.CHAT, max_retries=0, **key, **fields)


def both(is_async: bool, made: Any, ask: Any) -> Any:
    """Ask in the one way or the other; the connections, which LangChain leaves open, are closed."""

    async def run() -> Any:
        async with DefaultAsyncHttpxClient() as client:
            return await ask(made(http_async_client=client))

    if is_async:
        return asyncio.run(run())
    with DefaultHttpxClient() as client:
        return ask(made(http_client=client))


def answers(state: Any) -> list[AIMessage]:
    return [message for message in state["messages"] if isinstance(message, AIMessage)]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "aio"])
def test_an_agent_of_another_connector_runs_unchanged(gateway: Gateway, is_async: bool) -> None:
    """Its first model is limited: the headers name who served, the answers are the second's."""
    asked = {"messages": [HumanMessage(QUESTION)]}

    def ask(model: ChatOpenAI) -> Any:
        agent = create_agent(model, [find_stock, order_fruit])
        return agent.ainvoke(asked) if is_async else agent.invoke(asked)

    def made(**client: Any) -> ChatOpenAI:
        return openai(gateway, include_response_headers=True, **client)

    usual = answers(both(is_async, made, ask))
    emulated.EMULATOR.fault("rate_limit", model=emulated.CHAT, seconds=600, times=None)
    fallen = answers(both(is_async, made, ask))
    attempts = []
    for messages, model in ((usual, emulated.CHAT), (fallen, emulated.SECOND)):
        for message in messages:
            headers = message.response_metadata["headers"]
            assert headers["x-github-models-served-by"].endswith(model)
            assert headers["x-github-models-fell-back"] == str(model != emulated.CHAT).lower()
            attempts.append(headers["x-github-models-attempts"])
    # Two calls and the answer; the limited model is asked once, and then known to be limited.
    assert attempts == ["1", "1", "2", "1"]
    pears = {"fruit": "pears"}
    for messages in (usual, fallen):
        calls = [[call["args"] for call in message.tool_calls] for message in messages]
        assert calls == [[pears, pears], []]
    texts = [str(some[-1].content).partition("] ")[2] for some in (usual, fallen)]
    assert texts[0] == texts[1] == "find_stock says: 3 order_fruit says: ordered 10 pears"


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "aio"])
def test_streams_of_another_connector_come_through(gateway: Gateway, is_async: bool) -> None:
    """Token by token, also from the second model."""
    emulated.EMULATOR.fault("rate_limit", model=emulated.CHAT, seconds=600)

    async def read(model: ChatOpenAI) -> list[str]:
        return [str(chunk.content) async for chunk in model.astream("Hello")]

    def ask(model: ChatOpenAI) -> Any:
        if is_async:
            return read(model)
        return [str(chunk.content) for chunk in model.stream("Hello")]

    pieces = both(is_async, lambda **client: openai(gateway, **client), ask)
    assert len([piece for piece in pieces if piece]) > 3
    assert "".join(pieces).startswith(f"[emulated {emulated.SECOND}] Hello!")


def test_our_connector_speaks_to_the_gateway_too(gateway: Gateway) -> None:
    """It is one more endpoint; the trail then names the gateway."""
    model = emulated.chat(base_url=gateway.v1_url, api_key="gateway-key", fallback=None)
    with model:
        told = model.invoke("Hello").response_metadata
    assert told["attempts"] == 1
    assert told["model_name"]


def test_embeddings_of_another_connector_come_through(gateway: Gateway) -> None:
    """The texts are sent as such: tokens of OpenAI's are no input of other models."""
    with DefaultHttpxClient() as client:
        model = OpenAIEmbeddings(
            model=emulated.EMBEDDINGS,
            base_url=gateway.v1_url,
            api_key="gateway-key",
            dimensions=8,
            check_embedding_ctx_length=False,
            http_client=client,
        )
        first, second = model.embed_documents(["one", "two"])
    assert len(first) == len(second) == 8
    assert first != second
