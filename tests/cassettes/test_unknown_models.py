"""Models that the service does not know."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from tests.cassettes.deck import GITHUB, GITHUB_AZURE, Deck


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [pytest.param(GITHUB, 404, id="new_host"), pytest.param(GITHUB_AZURE, 400, id="legacy_host")],
)
def test_an_unknown_model_is_named(deck: Deck, endpoint: str, status: int) -> None:
    """The hosts differed in the status, not in the code and the words."""
    deck.needs_the_emulator()
    with pytest.raises(HttpResponseError, match="Unknown model: acme/model-1") as caught:
        deck.ask(deck.client(endpoint, model="acme/model-1"))
    assert (caught.value.status_code, caught.value.error.code) == (status, "unknown_model")


def test_an_unknown_model_gives_way_to_a_known_one(deck: Deck) -> None:
    """A model that is gone is one more reason to ask the next."""
    deck.needs_the_emulator()
    answer = deck.ask(deck.client(model="acme/model-1", fallback=["openai/gpt-4.1-mini"]))
    assert [attempt.status for attempt in trail_of(answer).attempts] == [404, 200]
