"""The chat model of langchain-azure-ai for the SDK, with our clients inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from azure.core.credentials import AzureKeyCredential
from langchain.agents import create_agent
from langchain_azure_ai.chat_models.inference import AzureAIChatCompletionsModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import tool
from pydantic import BaseModel, model_validator

import github_models_azure as gma
from github_models_azure import aio

from ..conftest import FIRST, PARIS, QUESTION, SECOND, WEATHER, Behind, get_weather

TOOL = tool(get_weather)


class FallbackModel(AzureAIChatCompletionsModel):
    """Its connector builds the clients of the SDK in a validator."""

    @model_validator(mode="after")
    def initialize_client(self) -> FallbackModel:
        made = (self.endpoint, self.credential)
        options = {"model": self.model_name, **self.client_kwargs}
        self._client = gma.ChatCompletionsClient(*made, **options)
        self._async_client = aio.ChatCompletionsClient(*made, **options)
        self._model_name = self.model_name
        return self


@pytest_asyncio.fixture
async def model(behind: Behind) -> AsyncIterator[FallbackModel]:
    with pytest.warns(DeprecationWarning, match="beta SDK which is deprecated"):
        made = FallbackModel(
            endpoint=behind.emulator.inference_url, credential=AzureKeyCredential("hidden"),
            model=FIRST, client_kwargs=behind.options,
        )  # fmt: skip
    yield made
    made._client.close()
    await made.aclose()


def test_an_answer(model: FallbackModel, behind: Behind) -> None:
    """Text and usage; the trail is that of the response."""
    answer = model.invoke(QUESTION)
    assert answer.content == f"[emulated {SECOND}] {PARIS}"
    assert answer.usage_metadata["output_tokens"] > 0
    assert [attempt.status for attempt in behind.trail.attempts] == [429, 200]
    assert behind.trail.fell_back


async def test_an_async_answer_knows_of_the_limit(model: FallbackModel, behind: Behind) -> None:
    """Both clients have one ledger, so the limited model is asked once in all."""
    model.invoke(QUESTION)
    answer = await model.ainvoke(QUESTION)
    assert answer.content == f"[emulated {SECOND}] {PARIS}"
    assert behind.asked == [FIRST, SECOND, SECOND]
    assert behind.trail.fell_back


async def test_a_stream(model: FallbackModel, behind: Behind) -> None:
    """Both twins."""
    pieces = [str(piece.content) for piece in model.stream(QUESTION)]
    assert "".join(pieces) == f"[emulated {SECOND}] {PARIS}"
    assert behind.trail.fell_back
    again = [str(piece.content) async for piece in model.astream(QUESTION)]
    assert again == pieces
    assert len(pieces) > 4


def test_a_tool_call(model: FallbackModel, behind: Behind) -> None:
    """Whole and streamed."""
    able = model.bind_tools([TOOL])
    answer = able.invoke(WEATHER)
    assert isinstance(answer, AIMessage)
    pieces: Any = None
    for piece in able.stream(WEATHER):
        pieces = piece if pieces is None else pieces + piece
    assert isinstance(pieces, AIMessageChunk)
    for calls in (answer.tool_calls, pieces.tool_calls):
        assert [(call["name"], call["args"]) for call in calls] == [
            ("get_weather", {"city": "Oslo"})
        ]
    assert behind.trail.fell_back


def test_an_agent_calls_a_tool_and_answers(model: FallbackModel, behind: Behind) -> None:
    """The limited model is asked once in all."""
    agent = create_agent(model, [TOOL])
    told = agent.invoke({"messages": [("user", WEATHER)]})["messages"][-1]
    assert told.content == f"[emulated {SECOND}] get_weather says: sunny in Oslo"
    assert behind.asked == [FIRST, SECOND, SECOND]


def test_a_structured_answer(model: FallbackModel) -> None:
    """By the schema that LangChain sends."""

    class Person(BaseModel):
        name: str

    asking = model.with_structured_output(Person, method="json_schema")
    assert asking.invoke("Ada Lovelace died at the age of 36. Who is it about?") == Person(
        name="Ada Lovelace"
    )


def test_a_credential_as_an_object_is_not_shown(model: FallbackModel) -> None:
    """LangChain prints a key that it was given as text."""
    assert "hidden" not in repr(model)
