"""A whole conversation that begins with a model at its limit."""

from __future__ import annotations

import json

from github_models_azure import trail_of
from tests.cassettes.deck import WEATHER, Deck

LIMITED, OTHER = "openai/gpt-4.1", "openai/gpt-4.1-mini"
QUESTION = {"role": "user", "content": "What is the weather in Oslo?"}
DAY = {"type": "UserByModelByDay", "limit": 50, "span": 86400, "seconds": 34796}


def test_a_conversation_outlives_a_limit(deck: Deck) -> None:
    """The fallback calls the tool and tells its result; the limited model is not asked again."""
    deck.meets("rate_limit", model=LIMITED, **DAY)
    client = deck.client(model=LIMITED, fallback=[OTHER])

    first = deck.ask(client, messages=[QUESTION], tools=[WEATHER])
    assert [attempt.status for attempt in trail_of(first).attempts] == [429, 200]
    [call] = first.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Oslo"}

    result = {"role": "tool", "tool_call_id": call.id, "content": "12 degrees and rain"}
    messages = [QUESTION, first.choices[0].message, result]
    last = deck.ask(client, messages=messages, tools=[WEATHER])
    trail = trail_of(last)
    assert "rain" in last.choices[0].message.content
    assert [attempt.target for attempt in trail.attempts] == [f"github/{OTHER}"]
    assert [skip.target for skip in trail.skipped] == [f"github/{LIMITED}"]
