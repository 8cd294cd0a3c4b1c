"""What the service answered at its end."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import EndpointRetiredError
from tests.cassettes.deck import Deck

MODEL, OTHER = "openai/gpt-4.1-mini", "openai/gpt-4.1"
AFTER_THE_END = 1_785_456_000.0  # 2026-07-31


@pytest.mark.parametrize(
    ("mode", "status"),
    [pytest.param("410", 410, id="brownout"), pytest.param("403-sunset", 403, id="sunset")],
)
def test_a_retired_service_is_asked_once(deck: Deck, mode: str, status: int) -> None:
    """Its end concerns every model there, whether told by a body or by headers alone."""
    deck.retire(mode)
    with pytest.raises(EndpointRetiredError, match="is retired") as caught:
        deck.ask(deck.client(model=MODEL, fallback=[OTHER], now=AFTER_THE_END))
    assert [attempt.status for attempt in trail_of(caught.value).attempts] == [status]


def test_a_service_before_its_end_refuses_an_account(deck: Deck) -> None:
    """The same empty 403 before the day that it announces is about the account."""
    deck.retire("403-sunset")
    with pytest.raises(HttpResponseError) as caught:
        deck.ask(deck.client(model=MODEL))
    assert caught.value.status_code == 403
    assert caught.value.response.headers["sunset"] == "Thu, 30 Jul 2026 00:00:00 GMT"
