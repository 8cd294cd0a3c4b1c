"""Known-retired endpoints are not asked, and announcements of an end are heard."""

from __future__ import annotations

import pytest
from azure.core.credentials import AzureKeyCredential

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import EndpointRetiredError
from github_models_azure.ledger import MemoryLedger
from tests.harness import (
    FIRST,
    Answer,
    Service,
    Twin,
    chat,
)


def test_the_default_endpoint_is_known_to_be_gone(twin: Twin) -> None:
    """With a token and no other target: no request, one sentence that says what to set."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, None, credential="t", model=FIRST)
    with pytest.raises(EndpointRetiredError, match="GITHUB_MODELS_ENDPOINT") as caught:
        twin.complete(client)
    assert "2025-10-17" in str(caught.value)
    assert service.sent == []


def test_targets_elsewhere_serve_in_its_place(twin: Twin) -> None:
    """A retired endpoint is passed over without a request."""
    service = Service(lambda sent: chat(sent.model))
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("its-key"))
    client = twin.client(service, None, model=FIRST, fallback=[Target("mine", other)])
    trail = trail_of(twin.complete(client))
    assert service.sent[0].url.startswith("https://llm.example/v1/chat/completions")
    assert trail.served_by == "other/mine"
    assert "retired" in trail.skipped[0].reason


def test_allow_retired_asks_all_the_same(twin: Twin) -> None:
    """Whoever knows better may say so."""
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, None, model=FIRST, allow_retired=True))
    assert service.sent[0].url.startswith("https://models.inference.ai.azure.com/chat/completions")


def test_announcements_of_an_end_are_logged_once(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """Deprecation and Sunset headers give one warning, not one a call."""
    headers = {"deprecation": "@1777939200", "sunset": "Thu, 30 Jul 2037 00:00:00 GMT"}
    service = Service(lambda sent: Answer(200, chat("m").body, headers))
    client = twin.client(service, model="mine")
    for _ in range(3):
        twin.complete(client)
    assert sum("announces its end" in record.message for record in caplog.records) == 1


LINK = '<https://new.example/end>; rel="deprecation"'


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"deprecation": "@1777939200", "sunset": "Thu, 30 Jul 2037 00:00:00 GMT", "link": LINK},
         "deprecated as of 2026-05-05, sunset on 2037-07-30, see https://new.example/end"),
        ({"link": LINK}, "see https://new.example/end"),
    ],
)  # fmt: skip
def test_an_announcement_can_be_read(
    twin: Twin, caplog: pytest.LogCaptureFixture, headers: dict[str, str], words: str
) -> None:
    """In words in the log, and from the ledger, with the URL that it is about."""
    service = Service(lambda sent: Answer(200, chat("m").body, headers))
    ledger = MemoryLedger()
    twin.complete(twin.client(service, "https://old.example/v1", model="mine", ledger=ledger))
    assert f"old.example/mine announces its end: {words}" in caplog.messages
    ((key, lifecycle),) = ledger.lifecycles().items()
    assert key.startswith("https://old.example/v1#")
    assert str(lifecycle) == words


def test_links_that_announce_nothing_are_no_warning(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """A page that follows is no end."""
    headers = {"link": '<https://a.example?page=2>; rel="next"'}
    service = Service(lambda sent: Answer(200, chat("m").body, headers))
    twin.complete(twin.client(service, model="mine"))
    assert "announces" not in caplog.text


def test_an_empty_refusal_says_what_its_headers_say(twin: Twin) -> None:
    """The 403 of GitHub Models' last weeks had no word in its body."""
    headers = {"deprecation": "@1777939200", "sunset": "Thu, 30 Jul 2026 00:00:00 GMT"}
    service = Service(lambda sent: Answer(403, None, headers))
    client = twin.client(service, model="mine", fallback=None)
    with pytest.raises(EndpointRetiredError, match="sunset on 2026-07-30"):
        twin.complete(client)
