"""Each origin gets its own credential and no other.

About `policies/authentication.py`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
)

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import CredentialScopeError
from tests.harness import (
    FIRST,
    HELLO,
    SECOND,
    URL,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    error,
    limited,
)
from tests.loopback import completion, serve

OTHER = Endpoint("other", "https://llm.example/v1?own=1", AzureKeyCredential("other-key"))


def elsewhere(sent: Sent) -> Answer:
    """The first origin is limited, the other answers."""
    return limited() if "models.example" in sent.url else chat(sent.model)


def test_no_credential_crosses_origins(twin: Twin) -> None:
    """Each origin gets its own key and nothing that was meant for the other."""
    service = Service(lambda sent: limited() if "models.example" in sent.url else chat(sent.model))
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("other-key"))
    client = twin.client(service, credential="own-key", model=FIRST, fallback=[Target("m", other)])
    headers = {"cookie": "c=own-key", "x-ms-mine": "own-key", "x-api-key": "own-key"}
    twin.complete(client, headers=headers)
    own, foreign = service.sent
    assert own.headers["authorization"] == "Bearer own-key"
    assert own.headers["cookie"] == "c=own-key"
    assert foreign.headers["authorization"] == "Bearer other-key"
    assert "own-key" not in json.dumps(foreign.headers)
    assert "other-key" not in json.dumps(own.headers)


def test_a_refused_credential_leads_to_another_ones_endpoint(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """401 moves on where another credential is at hand, and warns."""
    service = Service(
        lambda sent: error(401, "unauthorized") if "models.ex" in sent.url else chat(sent.model)
    )
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("other-key"))
    client = twin.client(service, model=FIRST, fallback=[SECOND, Target("m", other)])
    twin.complete(client)
    assert service.models == [FIRST, "m"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    twin.complete(client)
    assert service.models == [FIRST, "m", "m"]


def test_an_endpoint_without_credential_gets_none(twin: Twin) -> None:
    """A local server is not told the key of the service it stands in for."""
    service = Service(lambda sent: limited() if "models.example" in sent.url else chat(sent.model))
    local = Endpoint("local", "http://localhost:11434/v1")
    client = twin.client(service, credential="own-key", model=FIRST, fallback=[Target("m", local)])
    twin.complete(client)
    assert "own-key" not in json.dumps(service.sent[1].headers)


def test_a_rotated_key_is_used_at_once(twin: Twin) -> None:
    """After ``update`` both headers carry the new key."""
    service = Service(lambda sent: chat(sent.model))
    credential = AzureKeyCredential("old")
    client = twin.client(service, "https://llm.example/v1", credential=credential, model="m")
    twin.complete(client)
    credential.update("new")
    twin.complete(client)
    assert service.sent[0].headers["api-key"] == "old"
    assert service.sent[1].headers["api-key"] == "new"
    assert service.sent[1].headers["authorization"] == "Bearer new"


@pytest.mark.parametrize("host", ["llm.example", "a.localhost", "localhost.example"])
def test_a_key_is_not_sent_in_clear_text(twin: Twin, host: str) -> None:
    """http to another machine is refused before sending, also to what may be one."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, f"http://{host}/v1", credential="secret", model="m")
    with pytest.raises(CredentialScopeError, match="clear text") as caught:
        twin.complete(client)
    assert service.sent == []
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:9"])
def test_loopback_takes_keys_in_clear_text(twin: Twin, host: str) -> None:
    """This machine is no other machine."""
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, f"http://{host}/v1", model="m"))
    assert service.sent[0].headers["authorization"] == "Bearer key"


def test_a_github_token_stays_with_github(twin: Twin) -> None:
    """A GitHub token credential is refused for any other host."""
    service = Service(lambda sent: chat(sent.model))
    credential = twin.package.GitHubTokenCredential("ghp_secret")
    client = twin.client(service, "https://llm.example/v1", credential=credential, model="m")
    with pytest.raises(CredentialScopeError, match="GitHub token"):
        twin.complete(client)
    assert service.sent == []
    client = twin.client(service, "github", credential=credential, model=FIRST, allow_retired=True)
    twin.complete(client)
    assert service.sent[0].headers["authorization"] == "Bearer ghp_secret"
    assert "api-key" not in service.sent[0].headers


def test_a_redirect_elsewhere_takes_no_key_along(twin: Twin) -> None:
    """A 307 to another origin is followed without any credential."""

    def answer(sent: Sent) -> Answer:
        if "models.example" in sent.url:
            return Answer(307, None, {"location": "https://elsewhere.example/chat/completions"})
        return chat("m")

    service = Service(answer)
    twin.complete(twin.client(service, credential="secret", model="m"))
    assert "secret" not in json.dumps(service.sent[1].headers)


def test_a_redirect_elsewhere_does_not_cost_the_fallback_its_key(twin: Twin) -> None:
    """What azure-core remembers of a redirect does not strip the next target's credential."""

    def answer(sent: Sent) -> Answer:
        if "models.example" in sent.url:
            return Answer(307, None, {"location": "https://elsewhere.example/chat/completions"})
        if "elsewhere" in sent.url:
            return error(401, "unauthorized", "who are you?")
        return chat("m")

    service = Service(answer)
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("other-key"))
    client = twin.client(service, credential="secret", model="m", fallback=[Target("n", other)])
    trail = trail_of(twin.complete(client))
    assert service.sent[-1].headers["authorization"] == "Bearer other-key"
    assert "redirects to https://elsewhere.example" in trail.attempts[0].failure.message


def test_a_would_be_leak_stops_the_call(twin: Twin) -> None:
    """A target in clear text is a mistake to mend: it neither falls back nor hides."""
    service = Service(lambda sent: limited() if "models.example" in sent.url else chat("m"))
    leaky = Endpoint("leaky", "http://llm.example/v1", AzureKeyCredential("its-key"))
    options: Any = {"model": FIRST, "fallback": [Target("m", leaky), "another"]}
    with pytest.raises(CredentialScopeError):
        twin.complete(twin.client(service, **options))
    assert len(service.sent) == 1


def test_an_anonymous_endpoint_is_sent_no_token(twin: Twin, monkeypatch: Any) -> None:
    """Declaring that an endpoint takes no credential holds even for GitHub's own shape."""
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    service = Service(lambda sent: chat("m"))
    url = "http://127.0.0.1:1/inference"
    for endpoint, sends in ((url, True), (Endpoint("local", url), False)):
        twin.complete(twin.client(service, endpoint, credential=None, model="m"))
        assert ("authorization" in service.sent[-1].headers) is sends
    github = Endpoint("gh", "https://models.github.ai/inference", anonymous=True)
    twin.complete(twin.client(service, github, credential=None, model="m", allow_retired=True))
    assert "authorization" not in service.sent[-1].headers


def test_a_token_credential_is_asked_for_its_scope(twin: Twin) -> None:
    """Entra credentials sign as azure-core does, on loopback over http too."""
    scopes: list[str] = []

    class Credential:
        def get_token(self, *asked: str, **_: Any) -> AccessToken:
            scopes.extend(asked)
            return AccessToken("entra", 4_000_000_000)

    class AsyncCredential(Credential):
        async def get_token(self, *asked: str, **_: Any) -> AccessToken:  # type: ignore[override]
            return super().get_token(*asked)

    service = Service(lambda sent: chat(sent.model))
    credential = AsyncCredential() if twin.is_async else Credential()
    client = twin.client(
        service,
        "http://localhost:1/v1",
        credential=credential,
        model="m",
        credential_scopes=["https://ai.azure.com/.default"],
    )
    twin.complete(client)
    twin.complete(client)
    assert scopes == ["https://ai.azure.com/.default"]
    assert service.sent[0].headers["authorization"] == "Bearer entra"


def test_a_credential_without_a_token_is_an_authentication_error(twin: Twin) -> None:
    """The credential's own words reach the caller."""
    service = Service(lambda sent: chat(sent.model))
    credential = twin.package.GitHubTokenCredential(environ={}, run_gh=lambda: None)
    client = twin.client(service, "github", credential=credential, model=FIRST, allow_retired=True)
    with pytest.raises(ClientAuthenticationError, match="models:read"):
        twin.complete(client)
    assert service.sent == []


def test_enforce_https_never_reaches_the_socket_layer(twin: Twin) -> None:
    """The SDK's own keyword for it breaks with a key; here it is harmless."""
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, model="m"), enforce_https=False)
    assert "enforce_https" not in service.sent[0].options


def test_a_users_authentication_policy_is_kept(twin: Twin) -> None:
    """Whoever brings an own policy keeps it, and gets no targets on other origins."""
    from azure.core.pipeline.policies import AzureKeyCredentialPolicy

    service = Service(lambda sent: chat(sent.model))
    policy = AzureKeyCredentialPolicy(AzureKeyCredential("mine"), "x-mine")
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("other"))
    client = twin.client(service, model="m", authentication_policy=policy)
    twin.complete(client)
    assert service.sent[0].headers["x-mine"] == "mine"
    with pytest.raises(CredentialScopeError, match="TargetAuthenticationPolicy"):
        twin.complete(client, fallback=[Target("m", other)])
    assert len(service.sent) == 1


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-se\ncret", "sk-secret\u20ac"])
def test_a_key_that_no_header_can_carry_is_not_repeated(twin: Twin, key: str) -> None:
    """A key with a line end in it is refused before sending, in words without the key."""
    with serve(lambda body: completion("m")) as journal:
        client = twin.package.ChatCompletionsClient(
            journal.url, AzureKeyCredential(key), model="m", fallback=None
        )

        async def ask() -> Any:
            async with client:
                return await client.complete(messages=HELLO, retry_total=0)

        def call() -> Any:
            if twin.is_async:
                return asyncio.run(ask())
            with client:
                return client.complete(messages=HELLO, retry_total=0)

        with pytest.raises(AzureError) as caught:
            call()
    shown = f"{caught.value}{caught.value!r}{trail_of(caught.value)}"
    assert "sk-se" not in shown


def test_nothing_of_the_callers_crosses_origins_unasked(twin: Twin) -> None:
    """Headers and query of the first endpoint stay there; the other keeps its own query."""
    service = Service(elsewhere)
    client = twin.client(
        service,
        URL + "?sig=SECRET",
        model=FIRST,
        fallback=[Target("m", OTHER)],
        headers={"Ocp-Apim-Subscription-Key": "SECRET"},
    )
    twin.complete(client, headers={"X-Goog-Api-Key": "SECRET"}, params={"key": "SECRET"})
    own, foreign = service.sent
    assert "sig=SECRET" in own.url
    assert "SECRET" not in foreign.url + json.dumps(foreign.headers)
    assert "own=1" in foreign.url
    assert "api-version=" in foreign.url


def test_a_fallbacks_new_key_is_tried(twin: Twin) -> None:
    """ "Until the credential changes" holds for the credentials of fallbacks too."""

    def answer(sent: Sent) -> Answer:
        if "models.example" in sent.url:
            return limited()
        good = sent.headers.get("authorization") == "Bearer new"
        return chat("m") if good else error(401, "unauthorized")

    service, credential = Service(answer), AzureKeyCredential("old")
    other = Endpoint("other", "https://llm.example/v1", credential)
    client = twin.client(service, model=FIRST, fallback=[Target("m", other)])
    with pytest.raises(HttpResponseError):
        twin.complete(client)
    credential.update("new")
    assert trail_of(twin.complete(client)).served_by == "other/m"


def test_a_token_that_failed_once_is_fetched_again(twin: Twin) -> None:
    """A hiccup of the identity service does not cost the endpoint for good."""

    class Hiccup:
        calls = 0

        def get_token(self, *scopes: str, **_: Any) -> Any:
            self.calls += 1
            if self.calls == 1:
                raise ClientAuthenticationError("identity service timed out")
            return AccessToken("entra", 4_000_000_000)

    class AsyncHiccup(Hiccup):
        async def get_token(self, *scopes: str, **_: Any) -> Any:
            return Hiccup.get_token(self)

    service = Service(lambda sent: chat(sent.model))
    credential = AsyncHiccup() if twin.is_async else Hiccup()
    client = twin.client(service, credential=credential, model=FIRST, fallback=[Target("m", OTHER)])
    twin.complete(client)
    service.clock.now += 61
    twin.complete(client)
    assert service.models == ["m", FIRST]
