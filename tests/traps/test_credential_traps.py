"""Credentials that the plain SDK sends twice, too far, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from tests.traps.side_helpers import KEY, Side, speaking, token, trap
from tests.traps.wire_helpers import Asked, Reply, answer, good, serve


@trap(3)
@pytest.mark.parametrize(
    ("dialect", "kept", "gone"),
    [("openai-v1", "authorization", "api-key"), ("azure-openai", "api-key", "authorization")],
)
def test_a_key_goes_in_one_header(
    plain: Side, ours: Side, dialect: str, kept: str, gone: str
) -> None:
    """Trap 3: the SDK sends a key twice, once where nobody looks for it."""
    both = plain.ask(good).wire.asked[0].headers
    assert (both["authorization"], both["api-key"]) == (f"Bearer {KEY}", KEY)
    sent = ours.ask(good, endpoint=speaking(dialect)).wire.asked[0].headers
    assert KEY in sent[kept]
    assert gone not in sent


class Signing(SansIOHTTPPolicy[Any, Any]):
    """A caller's own way of signing."""

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = "Bearer OTHER"


@trap(4)
def test_a_policy_that_signs_replaces_the_key(plain: Side, ours: Side) -> None:
    """Trap 4: the SDK sends the key beside what the caller's own policy has signed."""
    made = {"authentication_policy": Signing()}
    both = plain.ask(good, made=made).wire.asked[0].headers
    assert (both["authorization"], both["api-key"]) == ("Bearer OTHER", KEY)
    sent = ours.ask(good, made=made).wire.asked[0].headers
    assert sent["authorization"] == "Bearer OTHER"
    assert KEY not in sent.values()


@trap(5)
def test_a_rotated_key_is_new_everywhere(plain: Side, ours: Side) -> None:
    """Trap 5: the SDK keeps the first key in one of its two headers for ever."""
    found = []
    for side in (plain, ours):
        credential = AzureKeyCredential("A")
        outcome = side.ask(
            good,
            times=2,
            made={"credential": credential},
            between=lambda credential=credential: credential.update("B"),  # type: ignore[misc]
        )
        headers = outcome.wire.asked[1].headers
        found.append((headers["authorization"], headers["api-key"]))
    assert found == [("Bearer B", "A"), ("Bearer B", "B")]


class Moving(SansIOHTTPPolicy[Any, Any]):
    """Sends requests to another origin, as policies for proxies and regions do."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def on_request(self, request: Any) -> None:
        path = request.http_request.url.split("/", 3)[3]
        request.http_request.url = f"{self.origin}/{path}"


@trap(6)
@pytest.mark.parametrize("place", ["per_call_policies", "per_retry_policies"])
def test_a_key_does_not_follow_a_changed_url(plain: Side, ours: Side, place: str) -> None:
    """Trap 6: authentication runs after such a policy, and signs for whoever is there."""
    with serve(good) as elsewhere:
        plain.ask(good, made={place: [Moving(elsewhere.url)]})
        ours.ask(good, made={place: [Moving(elsewhere.url)]})
        leaked, sent = elsewhere.asked
    assert (leaked.headers["authorization"], leaked.headers["api-key"]) == (f"Bearer {KEY}", KEY)
    assert not {"authorization", "api-key"} & sent.headers.keys()


@trap(41)
def test_a_key_does_not_follow_a_redirect(plain: Side, ours: Side) -> None:
    """Trap 41: azure-core takes one of the two headers off, and lets the other go along."""
    with serve(good) as elsewhere:

        def moved(asked: Asked) -> Reply:
            return answer({}, 307, location=elsewhere.url + asked.path)

        plain.ask(moved)
        ours.ask(moved)
        leaked, sent = elsewhere.asked
    assert "authorization" not in leaked.headers
    assert leaked.headers["api-key"] == KEY
    assert not {"authorization", "api-key"} & sent.headers.keys()


@trap(7, 8)
def test_a_token_is_for_the_service_that_is_asked(plain: Side, ours: Side) -> None:
    """Traps 7 and 8: the SDK asks for Azure ML's scope, and refuses this machine itself."""
    theirs = token(plain)
    refused = plain.ask(good, made={"credential": theirs})
    assert type(refused.error) is ServiceRequestError
    plain.ask(good, made={"credential": theirs}, enforce_https=False)
    assert theirs.scopes == ["https://ml.azure.com/.default"]
    own = token(ours)
    served = ours.ask(
        good, endpoint=speaking("openai-v1", credential=own), made={"credential": own}
    )
    assert served.wire.asked[0].headers["authorization"] == "Bearer entra"
    assert own.scopes == ["https://ai.azure.com/.default"]


@trap(8)
def test_the_keyword_for_clear_text_does_no_harm(plain: Side, ours: Side) -> None:
    """Trap 8: what helps a token ends in the socket layer where the credential is a key."""
    broken = plain.ask(good, enforce_https=False)
    assert isinstance(broken.error, TypeError)
    assert ours.ask(good, enforce_https=False).error is None


@trap(11)
def test_a_key_may_be_a_text(plain: Side, ours: Side) -> None:
    """Trap 11: the SDK wants it wrapped."""
    with pytest.raises(TypeError, match="Unsupported credential"):
        plain.client("http://127.0.0.1:9", [], credential=KEY)
    sent = ours.ask(good, made={"credential": KEY}).wire.asked[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
