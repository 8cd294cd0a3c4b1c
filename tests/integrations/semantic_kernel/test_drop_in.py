"""The kernel's own connector for the SDK, with our client as its ``client=``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from azure.ai.inference.aio import ChatCompletionsClient as StockClient
from azure.core.credentials import AzureKeyCredential
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.azure_ai_inference import (
    AzureAIInferenceChatCompletion,
    AzureAIInferenceChatPromptExecutionSettings,
    AzureAIInferenceTextEmbedding,
)
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.functions.kernel_arguments import KernelArguments

from github_models_azure import trail_of
from github_models_azure.aio import ChatCompletionsClient, EmbeddingsClient
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, SECOND, Weather, history, nothing_left

QUESTION = "What is the capital of France?"


@pytest_asyncio.fixture
async def stock(limited: Emulator) -> AsyncIterator[AzureAIInferenceChatCompletion]:
    async with ChatCompletionsClient(limited.inference_url, "k", fallback=[SECOND]) as client:
        yield AzureAIInferenceChatCompletion(FIRST, client=client)
    await nothing_left()


def settings(**values: object) -> AzureAIInferenceChatPromptExecutionSettings:
    return AzureAIInferenceChatPromptExecutionSettings(**values)


async def test_an_answer_and_its_trail(stock: AzureAIInferenceChatCompletion) -> None:
    """The answer of the SDK is kept as ``inner_content``, and has the trail."""
    message = await stock.get_chat_message_content(history(QUESTION), settings())
    assert message is not None
    assert str(message) == f"[emulated {SECOND}] The capital of France is Paris."
    trail = trail_of(message.inner_content)
    assert trail is not None
    assert [attempt.status for attempt in trail.attempts] == [429, 200]
    assert trail.fell_back


async def test_a_stream(stock: AzureAIInferenceChatCompletion) -> None:
    """Falls back too."""
    pieces = [
        str(message)
        async for message in stock.get_streaming_chat_message_content(history(QUESTION), settings())
    ]
    assert "".join(pieces) == f"[emulated {SECOND}] The capital of France is Paris."
    assert len(pieces) > 3


async def test_a_kernel_with_a_plugin_completes_an_auto_function_call(
    stock: AzureAIInferenceChatCompletion, weather: Weather, limited: Emulator
) -> None:
    """Whole and streamed, with the limited model asked once in all."""
    kernel = Kernel()
    kernel.add_service(stock)
    kernel.add_plugin(weather, "weather")
    auto = settings(function_choice_behavior=FunctionChoiceBehavior.Auto())
    arguments = KernelArguments(settings=auto)
    prompt = "What is the weather in Oslo?"
    expected = f"[emulated {SECOND}] weather-get_weather says: sunny in Oslo"
    assert str(await kernel.invoke_prompt(prompt, arguments=arguments)) == expected
    pieces = [str(one[0]) async for one in kernel.invoke_prompt_stream(prompt, arguments=arguments)]
    assert "".join(pieces) == expected
    assert weather.asked == ["Oslo", "Oslo"]
    assert [entry.model for entry in limited.journal].count(FIRST) == 1


@pytest.mark.parametrize("kind", [StockClient, ChatCompletionsClient])
async def test_two_streamed_calls_fail_in_the_connector_itself(
    emulator: Emulator, weather: Weather, kind: type[StockClient]
) -> None:
    """It numbers pieces by choice, not by call, with any client; our service keeps them apart."""
    async with kind(emulator.inference_url, AzureKeyCredential("k")) as client:
        kernel = Kernel()
        kernel.add_service(AzureAIInferenceChatCompletion(FIRST, client=client))
        kernel.add_plugin(weather, "weather")
        auto = settings(function_choice_behavior=FunctionChoiceBehavior.Auto())
        prompt, arguments = "What is the weather in Oslo and Paris?", KernelArguments(settings=auto)
        stream = kernel.invoke_prompt_stream(prompt, arguments=arguments)
        text = "".join([str(one[0]) async for one in stream])
    assert "arguments are malformed" in text
    assert weather.asked != ["Oslo", "Paris"]


async def test_structured_answers(stock: AzureAIInferenceChatCompletion) -> None:
    """By the schema that the kernel sends."""

    class Person(BaseModel):
        model_config = {"extra": "forbid"}
        name: str

    message = await stock.get_chat_message_content(
        history("Ada Lovelace died at the age of 36. Who is it about?"),
        settings(response_format=Person),
    )
    assert Person.model_validate_json(str(message)) == Person(name="Ada Lovelace")


async def test_embeddings(emulator: Emulator) -> None:
    """The embedding connector takes ours as well."""
    async with EmbeddingsClient(emulator.inference_url, "k") as client:
        service = AzureAIInferenceTextEmbedding("openai/text-embedding-3-small", client=client)
        rows = await service.generate_embeddings(["a", "b"])
    assert rows.shape == (2, 1536)
