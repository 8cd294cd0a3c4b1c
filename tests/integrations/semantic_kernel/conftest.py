"""An emulator, a plugin, and kernels with one service."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic.warnings import PydanticDeprecatedSince211
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.contents.chat_history import ChatHistory
from semantic_kernel.functions import kernel_function

from github_models_azure.integrations.semantic_kernel import (
    GitHubModelsChatCompletion,
    GitHubModelsChatPromptExecutionSettings,
)
from github_models_azure.server.emulator import Emulator

with warnings.catch_warnings():  # the kernel's OpenAI settings override a method of pydantic's
    warnings.simplefilter("ignore", PydanticDeprecatedSince211)
    import semantic_kernel.connectors.ai.azure_ai_inference  # noqa: F401

FIRST, SECOND = "openai/gpt-4.1", "openai/gpt-4o"


class Weather:
    """A plugin with a journal."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @kernel_function(name="get_weather", description="Get the weather in a city")
    def get_weather(self, city: str) -> str:
        """Say that the sun shines."""
        self.asked.append(city)
        return f"sunny in {city}"


def history(*texts: str) -> ChatHistory:
    """A history of user messages."""
    made = ChatHistory()
    for text in texts:
        made.add_user_message(text)
    return made


def chat_settings(**values: Any) -> GitHubModelsChatPromptExecutionSettings:
    return GitHubModelsChatPromptExecutionSettings(**values)


def auto(**values: Any) -> GitHubModelsChatPromptExecutionSettings:
    """Settings by which the kernel calls functions itself."""
    return chat_settings(function_choice_behavior=FunctionChoiceBehavior.Auto(), **values)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def limited(emulator: Emulator) -> Emulator:
    """The first model is limited for a day."""
    emulator.fault("rate_limit", model=FIRST, times=None, seconds=5631, type="UserByModelByDay")
    return emulator


@pytest_asyncio.fixture
async def service(emulator: Emulator) -> AsyncIterator[GitHubModelsChatCompletion]:
    """A chat service with one model to fall back to; nothing is left of it afterwards."""
    async with GitHubModelsChatCompletion(
        FIRST, endpoint=emulator.inference_url, api_key="any-key", fallback=[SECOND]
    ) as made:
        yield made
    await nothing_left()


async def nothing_left() -> None:
    """Collect what is unreferenced, whose warnings are errors, and see every task end.

    The generators of a stream that was left close one another, each in a task of the loop's, which
    begins one round of the loop after the other has ended.
    """
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)  # noqa: TID251 - a round of the loop, no wait
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=5)
    assert not tasks, f"these go on: {tasks}"
    gc.collect()


@pytest.fixture
def weather() -> Weather:
    return Weather()


@pytest.fixture
def kernel(service: GitHubModelsChatCompletion, weather: Weather) -> Kernel:
    made = Kernel()
    made.add_service(service)
    made.add_plugin(weather, "weather")
    return made
