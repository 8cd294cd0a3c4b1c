"""Requests that the service refuses for what is in them."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from tests.cassettes.deck import Deck

MODEL = "openai/gpt-4.1-mini"


def test_too_long_a_prompt_is_refused(deck: Deck) -> None:
    """413 names the most tokens that the tier lets through."""
    deck.refuses("too_large", "gpt-4.1-mini", 8000)
    with pytest.raises(HttpResponseError, match="Max size: 8000 tokens") as caught:
        deck.ask(deck.client(model=MODEL))
    assert (caught.value.status_code, caught.value.error.code) == (413, "tokens_limit_reached")


def test_a_parameter_that_the_model_refuses_is_left_out(deck: Deck) -> None:
    """The same model is asked once more without it, and the trail tells."""
    deck.refuses("unsupported_parameter", "temperature")
    answer = deck.ask(deck.client(model=MODEL), temperature=0.5)
    trail = trail_of(answer)
    assert [attempt.status for attempt in trail.attempts] == [400, 200]
    assert "temperature" in trail.adaptations[0].change


def test_a_parameter_is_kept_by_a_strict_client(deck: Deck) -> None:
    """Where nothing may be lost, the refusal of the parameter is raised as it is."""
    deck.refuses("unsupported_parameter", "temperature")
    with pytest.raises(HttpResponseError, match="Unsupported parameter: 'temperature'") as caught:
        deck.ask(deck.client(model=MODEL, adapt="strict"), temperature=0.5)
    assert (caught.value.status_code, caught.value.error.code) == (400, "unsupported_parameter")


def test_a_filtered_prompt_goes_to_no_other_model(deck: Deck) -> None:
    """What the content filter refuses is the caller's to change: one request, though two could."""
    deck.needs_the_emulator()
    client = deck.client(model=MODEL, fallback=["openai/gpt-4.1"])
    with pytest.raises(HttpResponseError, match="content management policy") as caught:
        deck.ask(client, "emulate-content-filter")
    assert (caught.value.status_code, caught.value.error.code) == (400, "content_filter")
    assert caught.value.error.innererror["code"] == "ResponsibleAIPolicyViolation"
