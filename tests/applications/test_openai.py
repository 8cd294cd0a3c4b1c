"""The `openai` package: one base URL is all that changes."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from github_models_azure.server.gateway import Gateway
from tests.applications.conftest import FIRST, THIRD

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


def test_the_variables_of_the_guide_are_enough(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPENAI_BASE_URL and OPENAI_API_KEY; a header says who answered."""
    monkeypatch.setenv("OPENAI_BASE_URL", gateway.v1_url)
    monkeypatch.setenv("OPENAI_API_KEY", "anything")
    with openai.OpenAI() as client:
        raw = client.chat.completions.with_raw_response.create(model=FIRST, messages=HELLO)
    assert raw.headers["x-github-models-served-by"].endswith(THIRD)
    assert raw.headers["x-github-models-attempts"] == "3"
    content = raw.parse().choices[0].message.content
    assert content is not None
    assert content.startswith(f"[emulated {THIRD}]")


def test_an_async_stream_too(gateway: Gateway) -> None:
    """Chunk by chunk."""

    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=gateway.v1_url, api_key="anything") as client:
            stream = await client.chat.completions.create(model=FIRST, messages=HELLO, stream=True)
            return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

    assert asyncio.run(ask()).startswith(f"[emulated {THIRD}] Hello")
