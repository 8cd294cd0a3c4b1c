"""AutoGen's client for the SDK, with ours inside."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator, Mapping
from importlib.util import find_spec, module_from_spec
from typing import Any

import azure.ai.inference.aio
import pytest
import pytest_asyncio
from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelInfo, UserMessage
from autogen_core.tools import FunctionTool
from autogen_ext.models.azure import AzureAIChatCompletionClient
from azure.core.credentials import AzureKeyCredential

from github_models_azure.aio import ChatCompletionsClient

from ..conftest import FIRST, PARIS, QUESTION, SECOND, WEATHER, Behind, get_weather

ABLE = ModelInfo(
    vision=True, function_calling=True, json_output=True, structured_output=False, family="unknown"
)
TOOL = FunctionTool(get_weather, description="Get the weather in a city", name="get_weather")


class FallbackClient(AzureAIChatCompletionClient):
    """Its connector builds the client of the SDK in a method of its own."""

    @staticmethod
    def _create_client(config: Mapping[str, Any]) -> ChatCompletionsClient:
        options = {name: value for name, value in config.items() if name != "model_info"}
        return ChatCompletionsClient(**options)


@pytest_asyncio.fixture
async def client(behind: Behind) -> AsyncIterator[FallbackClient]:
    made = FallbackClient(
        endpoint=behind.emulator.inference_url, credential=AzureKeyCredential("k"), model=FIRST,
        model_info=ABLE, **behind.options,
    )  # fmt: skip
    yield made
    await made.close()


@pytest.fixture
def swapped(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its connector as it is where our class stands in the SDK's place when it is imported."""
    monkeypatch.setattr(azure.ai.inference.aio, "ChatCompletionsClient", ChatCompletionsClient)
    spec = find_spec("autogen_ext.models.azure._azure_ai_client")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)  # a copy: it reads the keywords of a call when it is imported
    return module


async def test_our_class_in_the_place_of_the_sdks(swapped: Any, behind: Behind) -> None:
    """Unmodified, with all its settings in the constructor: each of them reaches the server."""
    made = swapped.AzureAIChatCompletionClient(
        endpoint=behind.emulator.inference_url, credential=AzureKeyCredential("k"), model=FIRST,
        model_info=ABLE, temperature=0.25, seed=7, max_tokens=50, **behind.options,
    )  # fmt: skip
    assert isinstance(made._client, ChatCompletionsClient)
    result = await made.create(said(QUESTION), extra_create_args={"top_p": 0.5, "seed": 8})
    await made.close()
    assert result.content == f"[emulated {SECOND}] {PARIS}"
    assert behind.trail.fell_back
    sent = json.loads(behind.responses[-1].http_request.content)
    assert (sent["temperature"], sent["seed"], sent["top_p"]) == (0.25, 8, 0.5)
    assert sent["max_tokens"] == 50


async def test_it_knows_every_keyword_of_a_call(swapped: Any) -> None:
    """The set that it checks settings against is the one that the SDK's class gives it."""
    import autogen_ext.models.azure._azure_ai_client as stock

    assert swapped.create_kwargs == stock.create_kwargs
    assert {"temperature", "seed", "tools", "response_format"} <= swapped.create_kwargs


def said(text: str) -> list[UserMessage]:
    return [UserMessage(content=text, source="user")]


async def test_an_answer(client: FallbackClient, behind: Behind) -> None:
    """Text, finish reason and usage; the trail is that of the response."""
    result = await client.create(said(QUESTION))
    assert result.content == f"[emulated {SECOND}] {PARIS}"
    assert result.finish_reason == "stop"
    assert result.usage.completion_tokens > 0
    assert [attempt.status for attempt in behind.trail.attempts] == [429, 200]
    assert behind.trail.fell_back


async def test_a_stream(client: FallbackClient, behind: Behind) -> None:
    """In pieces, and whole at the end."""
    pieces = [piece async for piece in client.create_stream(said(QUESTION))]
    assert isinstance(pieces[-1], CreateResult)
    assert pieces[-1].content == "".join(map(str, pieces[:-1])) == f"[emulated {SECOND}] {PARIS}"
    assert len(pieces) > 4
    assert behind.trail.fell_back


async def test_a_tool_call(client: FallbackClient, behind: Behind) -> None:
    """The call comes from the second model."""
    result = await client.create(said(WEATHER), tools=[TOOL])
    (call,) = result.content
    assert isinstance(call, FunctionCall)
    assert (call.name, call.arguments) == ("get_weather", '{"city":"Oslo"}')
    assert behind.trail.fell_back


async def test_an_agent_calls_a_tool_and_answers(client: FallbackClient, behind: Behind) -> None:
    """The limited model is asked once in all."""
    agent = AssistantAgent("teller", client, tools=[get_weather], reflect_on_tool_use=True)
    result = await agent.run(task=WEATHER)
    assert result.messages[-1].to_text() == (f"[emulated {SECOND}] get_weather says: sunny in Oslo")
    assert behind.asked == [FIRST, SECOND, SECOND]


@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")  # nor does it close
@pytest.mark.parametrize("kind", [AzureAIChatCompletionClient, FallbackClient])
async def test_a_streamed_tool_call_fails_in_autogen_itself(
    behind: Behind, kind: type[AzureAIChatCompletionClient]
) -> None:
    """It adds the id of every piece up, and only the first piece has one; with any client."""
    made = kind(
        endpoint=behind.emulator.inference_url, credential=AzureKeyCredential("k"), model=SECOND,
        model_info=ABLE,
    )  # fmt: skip
    with pytest.raises(TypeError, match="NoneType"):
        [piece async for piece in made.create_stream(said(WEATHER), tools=[TOOL])]
    await made.close()
    gc.collect()  # the stream, while its warning is expected
