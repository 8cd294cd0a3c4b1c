"""LlamaIndex's model for the SDK, with our clients inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.azure_inference import AzureAICompletionsModel

import github_models_azure as gma
from github_models_azure import aio

from ..conftest import FIRST, PARIS, QUESTION, SECOND, WEATHER, Behind, get_weather

TOOL = FunctionTool.from_defaults(get_weather)


class FallbackLLM(AzureAICompletionsModel):
    """Its connector keeps one client, and makes an async one for each call."""

    def __init__(
        self, endpoint: str, credential: Any, *, client_options: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(endpoint, credential, **kwargs)
        self._client.close()
        options = {"endpoint": endpoint, "credential": credential, **client_options}
        self._client = gma.ChatCompletionsClient(**options)
        self._async_client_class = aio.ChatCompletionsClient
        self._async_client_kwargs = options


@pytest.fixture
def llm(behind: Behind) -> Iterator[FallbackLLM]:
    made = FallbackLLM(
        behind.emulator.inference_url, AzureKeyCredential("k"), model_name=FIRST,
        client_options=behind.options,
    )  # fmt: skip
    yield made
    made._client.close()


def question(text: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=text)]


def test_an_answer(llm: FallbackLLM, behind: Behind) -> None:
    """Text; the trail is that of the response."""
    assert str(llm.complete(QUESTION)) == f"[emulated {SECOND}] {PARIS}"
    assert [attempt.status for attempt in behind.trail.attempts] == [429, 200]
    assert behind.trail.fell_back


async def test_async_answers_know_of_the_limit(llm: FallbackLLM, behind: Behind) -> None:
    """A ledger outlives the clients that are made for one call each."""
    for _ in range(2):
        assert str(await llm.acomplete(QUESTION)) == f"[emulated {SECOND}] {PARIS}"
    assert behind.asked == [FIRST, SECOND, SECOND]
    assert behind.trail.fell_back


async def test_a_stream(llm: FallbackLLM, behind: Behind) -> None:
    """Both twins."""
    pieces = [piece.delta for piece in llm.stream_chat(question(QUESTION))]
    assert "".join(map(str, pieces)) == f"[emulated {SECOND}] {PARIS}"
    assert behind.trail.fell_back
    again = [piece.delta async for piece in await llm.astream_chat(question(QUESTION))]
    assert again == pieces
    assert len(pieces) > 4


async def test_a_tool_call_there_and_back(llm: FallbackLLM, behind: Behind) -> None:
    """The call, and the answer to its result; the limited model is asked once in all."""
    asked = question(WEATHER)
    for ask in (llm.chat_with_tools, llm.achat_with_tools):
        response = ask([TOOL], chat_history=list(asked))
        response = response if ask == llm.chat_with_tools else await response
        (call,) = llm.get_tool_calls_from_response(response)
        assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Oslo"})
        assert behind.trail.fell_back
    result = ChatMessage(
        role=MessageRole.TOOL,
        content=str(TOOL(**call.tool_kwargs)),
        additional_kwargs={"tool_call_id": call.tool_id},
    )
    answer = llm.chat_with_tools([TOOL], chat_history=[*asked, response.message, result])
    assert answer.message.content == f"[emulated {SECOND}] get_weather says: sunny in Oslo"
    assert behind.asked == [FIRST, SECOND, SECOND, SECOND]


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_agents_of_llama_index_refuse_its_connector_itself(behind: Behind) -> None:
    """It does not say that its model calls functions, with any client."""
    url, key = behind.emulator.inference_url, AzureKeyCredential("k")
    stock = AzureAICompletionsModel(url, key, model_name=SECOND)
    ours = FallbackLLM(url, key, model_name=SECOND, client_options={})
    for llm in (stock, ours):
        assert not llm.metadata.is_function_calling_model
        with pytest.raises(ValueError, match="FunctionCallingLLM"):
            await FunctionAgent(tools=[TOOL], llm=llm).run(WEATHER)
        llm._client.close()
