"""Errors of the service itself."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from tests.cassettes.deck import Deck

MODEL, OTHER = "openai/gpt-4.1-mini", "mistral-ai/mistral-small-2503"


@pytest.mark.parametrize("status", [500, 503])
def test_a_failing_model_gives_way(deck: Deck, status: int) -> None:
    """The next model answers, before any wait for the first."""
    deck.meets("status", status=status, model=MODEL)
    trail = trail_of(deck.ask(deck.client(model=MODEL, fallback=[OTHER])))
    assert [attempt.status for attempt in trail.attempts] == [status, 200]
    assert (trail.served_by, trail.waited) == (f"github/{OTHER}", 0)


def test_a_page_of_html_is_an_error_with_its_status(deck: Deck) -> None:
    """A gateway's page is no answer; its status is what the caller gets."""
    deck.meets("html_error", model=MODEL)
    with pytest.raises(HttpResponseError) as caught:
        deck.ask(deck.client(model=MODEL))
    assert caught.value.status_code == 502
