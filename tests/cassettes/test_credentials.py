"""Tokens that the service refuses."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from github_models_azure import trail_of
from tests.cassettes.deck import GITHUB, Deck

MODEL = "openai/gpt-4.1-mini"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        pytest.param("bad", "Bad credentials", id="unknown"),
        pytest.param("no-models", "The `models` permission is required", id="unscoped"),
    ],
)
def test_a_refused_token_is_an_authentication_error(deck: Deck, token: str, words: str) -> None:
    """The service's own words reach the caller, after one request."""
    deck.needs_the_emulator()
    with pytest.raises(ClientAuthenticationError, match=words) as caught:
        deck.ask(deck.client(model=MODEL, credential=token))
    assert caught.value.error.code == "unauthorized"
    assert [attempt.status for attempt in trail_of(caught.value).attempts] == [401]


def test_a_refused_token_is_not_tried_on_other_models(deck: Deck) -> None:
    """What a token is not good for at one model, it is not good for at the others there."""
    deck.needs_the_emulator()
    client = deck.client(GITHUB, model=MODEL, credential="bad", fallback=["openai/gpt-4.1"])
    with pytest.raises(ClientAuthenticationError, match="Bad credentials"):
        deck.ask(client)


def test_a_model_out_of_reach_gives_way_to_one_within(deck: Deck) -> None:
    """403 no_access is about one model: the next one answers."""
    deck.needs_the_emulator()
    answer = deck.ask(deck.client(model="openai/o1", fallback=[MODEL]))
    trail = trail_of(answer)
    assert [attempt.status for attempt in trail.attempts] == [403, 200]
    assert trail.served_by == f"github/{MODEL}"


def test_a_model_out_of_reach_is_an_error_alone(deck: Deck) -> None:
    """Without another target, the service's own answer is raised."""
    deck.needs_the_emulator()
    with pytest.raises(HttpResponseError, match="No access to model: openai/o1") as caught:
        deck.ask(deck.client(model="openai/o1"))
    assert (caught.value.status_code, caught.value.error.code) == (403, "no_access")
