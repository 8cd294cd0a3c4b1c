"""Tools: a call, its result, an answer made of it."""

from __future__ import annotations

import json

from tests.cassettes.deck import WEATHER, Deck

MODEL = "openai/gpt-4.1-mini"
QUESTION = {"role": "user", "content": "What is the weather in Oslo?"}


def test_a_tool_is_called_and_its_result_used(deck: Deck) -> None:
    """The model asks for the weather, gets it, and tells it."""
    client = deck.client(model=MODEL)
    asked = deck.ask(client, messages=[QUESTION], tools=[WEATHER]).choices[0]
    assert asked.finish_reason == "tool_calls"
    [call] = asked.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "get_weather",
        {"city": "Oslo"},
    )
    result = {"role": "tool", "tool_call_id": call.id, "content": "12 degrees and rain"}
    told = deck.ask(client, messages=[QUESTION, asked.message, result], tools=[WEATHER]).choices[0]
    assert told.finish_reason == "stop"
    assert "rain" in told.message.content


def test_a_streamed_call_comes_in_fragments(deck: Deck) -> None:
    """The first fragment names the tool, the others add up to its arguments."""
    updates = deck.read(deck.client(model=MODEL), messages=[QUESTION], tools=[WEATHER])
    deltas = [choice.delta for update in updates for choice in update.choices]
    calls = [call for delta in deltas for call in delta.tool_calls or ()]
    assert calls[0].function.name == "get_weather"
    assert json.loads("".join(call.function.arguments for call in calls)) == {"city": "Oslo"}
