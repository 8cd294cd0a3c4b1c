"""A LangChain agent over the emulator."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import BaseModel

from . import emulator_helpers as emulated
from .side_helpers import Side


def find_stock(fruit: str) -> int:
    """Find how many of a fruit are in stock."""
    return {"pears": 3}.get(fruit, 0)


def order_fruit(fruit: str, amount: int = 10) -> str:
    """Order more of a fruit."""
    return f"ordered {amount} {fruit}"


QUESTION = 'Call find_stock("pears"), then order_fruit("pears").'
ASKED: dict[str, Any] = {"messages": [HumanMessage(QUESTION)]}


def served(messages: list[Any]) -> list[str]:
    return [
        message.response_metadata["served_by"].partition("/")[2]
        for message in messages
        if isinstance(message, AIMessage)
    ]


def test_an_agent_calls_its_tools(side: Side) -> None:
    """Both calls are made, and the answer says what they gave."""
    agent = create_agent(emulated.chat(), [find_stock, order_fruit], system_prompt="Be kind.")
    messages = side.invoke(agent, ASKED)["messages"]
    results = [message.content for message in messages if isinstance(message, ToolMessage)]
    assert results == ["3", "ordered 10 pears"]
    assert "ordered 10 pears" in messages[-1].content


def test_an_agent_goes_on_with_another_model(side: Side) -> None:
    """Its first model is limited in the middle of the conversation."""
    emulated.limit()
    agent = create_agent(emulated.chat(fallback=[emulated.SECOND]), [find_stock])
    messages = side.invoke(agent, {"messages": [HumanMessage('Call find_stock("pears").')]})[
        "messages"
    ]
    assert served(messages) == [emulated.SECOND, emulated.SECOND]
    assert "find_stock says: 3" in messages[-1].content


def test_an_agent_streams_its_tokens(side: Side) -> None:
    """LangGraph's stream of messages has them as they come."""
    agent = create_agent(emulated.chat(), [find_stock])
    asked = {"messages": [HumanMessage('Call find_stock("pears").')]}
    pieces = side.chunks(agent, asked, stream_mode="messages")
    said = [
        message.content
        for message, _ in pieces
        if isinstance(message, AIMessage) and message.content
    ]
    assert len(said) > 3
    assert "".join(said).endswith("find_stock says: 3")


class Stock(BaseModel):
    """What is in stock."""

    fruit: str
    amount: int


@pytest.mark.parametrize("strategy", [ProviderStrategy, ToolStrategy, lambda schema: schema])
def test_an_agent_answers_in_a_schema(side: Side, strategy: Any) -> None:
    """By a response format, by a tool, and as LangChain chooses by the model's profile."""
    agent = create_agent(emulated.chat(), response_format=strategy(Stock))
    asked = {"messages": [HumanMessage('There are 3 "pears".')]}
    assert side.invoke(agent, asked)["structured_response"] == Stock(fruit="pears", amount=3)


def test_agents_run_side_by_side() -> None:
    """Ten on one model and one event loop."""

    async def run() -> list[Any]:
        async with emulated.chat() as model:
            agent = create_agent(model, [find_stock, order_fruit])
            return await asyncio.gather(*[agent.ainvoke(ASKED) for _ in range(10)])

    emulated.EMULATOR.reset()
    for state in asyncio.run(run()):
        assert "ordered 10 pears" in state["messages"][-1].content
