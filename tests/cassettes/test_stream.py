"""Streamed answers."""

from __future__ import annotations

import pytest

from tests.cassettes.deck import Deck
from tests.harness import text_of

OPENAI, MISTRAL = "openai/gpt-4.1-mini", "mistral-ai/mistral-small-2503"


@pytest.mark.parametrize("model", [OPENAI, MISTRAL], ids=["openai", "mistral"])
def test_an_answer_arrives_in_pieces(deck: Deck, model: str) -> None:
    """The pieces add up to the answer, and the last one with a choice says why it ends."""
    updates = deck.read(deck.client(model=model), prompt="What is 2+2?")
    pieces = [piece for piece in map(text_of, updates) if piece]
    assert len(pieces) > 1
    assert "= 4" in "".join(pieces)
    assert [u.choices[0].finish_reason for u in updates if u.choices][-1] == "stop"


def test_a_stream_ends_with_its_cost(deck: Deck) -> None:
    """Where it was asked for, the usage comes in an update of its own, without choices."""
    extras = {"stream_options": {"include_usage": True}}
    updates = deck.read(deck.client(model=OPENAI), prompt="What is 2+2?", model_extras=extras)
    assert updates[-1].choices == []
    assert updates[-1].usage.total_tokens > 0
