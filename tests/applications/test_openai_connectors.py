"""LangChain's and Semantic Kernel's own connectors for OpenAI, at the gateway's URL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from github_models_azure.server.gateway import Gateway
from tests.applications.conftest import FIRST, REQUIRED, THIRD


def needed(module: str) -> None:
    """Pass over what is not installed, but not in the session that installs it."""
    if not REQUIRED:
        pytest.importorskip(module, reason=f"this is about {module}")


@pytest.mark.filterwarnings("default")  # theirs, not ours
def test_langchain_openai_takes_the_gateways_url(gateway: Gateway) -> None:
    """Whole, streamed and awaited."""
    needed("langchain_openai")
    import httpx
    from langchain_openai import ChatOpenAI

    options: Any = {"base_url": gateway.v1_url, "api_key": "anything", "max_retries": 0}
    model = ChatOpenAI(model=FIRST, **options)
    answers = [model.invoke("Hello").text, "".join(c.text for c in model.stream("Hello"))]

    async def ask() -> str:
        async with httpx.AsyncClient() as http:  # its own one outlives the loop
            model = ChatOpenAI(model=FIRST, http_async_client=http, **options)
            return (await model.ainvoke("Hello")).text

    answers.append(asyncio.run(ask()))
    assert [answer.startswith(f"[emulated {THIRD}] Hello") for answer in answers] == [True] * 3


@pytest.mark.filterwarnings("default")  # theirs, not ours
def test_semantic_kernels_openai_service_takes_the_gateways_url(gateway: Gateway) -> None:
    """With an ``AsyncOpenAI`` that has the base URL."""
    needed("semantic_kernel")
    from openai import AsyncOpenAI
    from semantic_kernel.connectors.ai.open_ai import (
        OpenAIChatCompletion,
        OpenAIChatPromptExecutionSettings,
    )
    from semantic_kernel.contents import ChatHistory

    async def ask() -> str:
        async with AsyncOpenAI(base_url=gateway.v1_url, api_key="anything") as client:
            service = OpenAIChatCompletion(ai_model_id=FIRST, async_client=client)
            history = ChatHistory()
            history.add_user_message("Hello")
            options = OpenAIChatPromptExecutionSettings()
            return str(await service.get_chat_message_content(history, options))

    assert asyncio.run(ask()).startswith(f"[emulated {THIRD}] Hello")
