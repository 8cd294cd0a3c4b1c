"""Limits that the service set for a minute, a day, and requests at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.exceptions import RateLimitedError
from tests.cassettes.deck import Deck

LIMITED, OTHER = "openai/gpt-4.1", "openai/gpt-4.1-mini"
MINUTE = {"type": "UserByModelByMinute", "limit": 10, "span": 60, "seconds": 46}
DAY = {"type": "UserByModelByDay", "limit": 50, "span": 86400, "seconds": 34796}
CONCURRENT = {"type": "UserConcurrentRequests", "limit": 2, "span": 0, "seconds": 0}

limits = pytest.mark.parametrize(
    ("limit", "window"),
    [
        pytest.param(MINUTE, "minute", id="minute"),
        pytest.param(DAY, "day", id="day"),
        pytest.param(CONCURRENT, "concurrency", id="concurrency"),
    ],
)


@limits
def test_a_limited_model_gives_way_at_once(deck: Deck, limit: dict[str, Any], window: str) -> None:
    """The next model answers, and nothing is waited for."""
    deck.meets("rate_limit", model=LIMITED, **limit)
    trail = trail_of(deck.ask(deck.client(model=LIMITED, fallback=[OTHER])))
    assert [attempt.status for attempt in trail.attempts] == [429, 200]
    assert trail.attempts[0].failure.window.value == window
    assert (trail.served_by, trail.waited) == (f"github/{OTHER}", 0)


@limits
def test_a_limit_alone_is_told_in_numbers(deck: Deck, limit: dict[str, Any], window: str) -> None:
    """Without another target the error says which limit was met and when it ends."""
    deck.meets("rate_limit", model=LIMITED, **limit)
    with pytest.raises(RateLimitedError, match=f"exceeded for {limit['type']}") as caught:
        deck.ask(deck.client(model=LIMITED))
    assert (caught.value.limit, caught.value.window) == (limit["limit"], window)
    assert caught.value.response.headers["retry-after"] == str(limit["seconds"])


def test_a_limited_stream_gives_way_at_once(deck: Deck) -> None:
    """A stream that is refused before its first content is another model's to begin."""
    deck.meets("rate_limit", model=LIMITED, **DAY)
    client = deck.client(model=LIMITED, fallback=[OTHER])
    updates = deck.read(client, prompt="What is 2+2?")
    assert updates[-1].choices[0].finish_reason == "stop"
