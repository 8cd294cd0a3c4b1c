"""Embeddings."""

from __future__ import annotations

import pytest

from tests.cassettes.deck import Deck

MODEL = "openai/text-embedding-3-small"


def test_each_text_has_its_vector(deck: Deck) -> None:
    """Two texts give two vectors of unit length, in order, of the dimensions asked for."""
    client = deck.client(kind="Embeddings", model=MODEL)
    result = deck.run(client.embed(input=["first phrase", "second phrase"], dimensions=4))
    assert [item.index for item in result.data] == [0, 1]
    for item in result.data:
        assert len(item.embedding) == 4
        assert sum(value * value for value in item.embedding) == pytest.approx(1, abs=1e-3)
    assert result.usage.total_tokens > 0
