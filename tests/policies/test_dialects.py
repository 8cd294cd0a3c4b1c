"""Each endpoint is asked in its own dialect: query, headers, key, scope, route.

About `policies/outgoing.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.endpoints import DIALECTS
from tests.harness import FIRST, URL, Answer, Sent, Service, Twin, chat, hello_stream, limited

SDK_VERSION = "api-version=2024-05-01-preview"
DEPLOYMENT = "https://res.openai.azure.com/openai/deployments/D"
MODELS = "https://res.services.ai.azure.com/models"


def answers(sent: Sent) -> Answer:
    """Answer as asked, whole or streamed."""
    return hello_stream() if sent.body.get("stream") else chat(sent.model, "Hello")


def elsewhere(sent: Sent) -> Answer:
    """The harness's own endpoint is limited for a day, all others answer."""
    return limited() if "models.example" in sent.url else answers(sent)


def mine(name: str = "openai", **values: Any) -> Endpoint:
    """An endpoint of its own origin that speaks a dialect, changed a little."""
    dialect = replace(DIALECTS[name], **values) if values else DIALECTS[name]
    return Endpoint("mine", "https://mine.example/v1", AzureKeyCredential("k3y"), dialect=dialect)


def client_of(twin: Twin, service: Service, endpoint: Any, **options: Any) -> Any:
    """A client that asks for ``m`` there alone, with the endpoint's own key if it has one."""
    key = None if isinstance(endpoint, Endpoint) else "key"
    return twin.client(
        service, endpoint, **{"credential": key, "model": "m", "fallback": None, **options}
    )


def ask(
    twin: Twin, service: Service, endpoint: Any = URL, *, streamed: bool = False, **options: Any
) -> Any:
    """Ask once for an answer or a stream that must say Hello; return the trail."""
    call = options.pop("call", {})
    client = client_of(twin, service, endpoint, **options)
    if not streamed:
        answer = twin.complete(client, **call)
        assert answer.choices[0].message.content == "Hello"
        return trail_of(answer)
    text, updates = twin.read(client, **call)
    assert text == "Hello"
    return trail_of(updates)


# ---- the query


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("endpoint", "options", "query"),
    [
        (URL, {}, SDK_VERSION),
        (URL, {"api_version": "v9"}, "api-version=v9"),
        ("https://res.openai.azure.com/openai/v1", {}, ""),
        ("https://res.openai.azure.com/openai/v1", {"api_version": "preview"}, ""),
        ("https://api.groq.com/openai/v1", {}, ""),
        (DEPLOYMENT, {}, "api-version=2024-12-01-preview"),
        (DEPLOYMENT, {"api_version": "2025-03-01-preview"}, "api-version=2025-03-01-preview"),
        (mine(api_version="v1"), {}, "api-version=v1"),
        (mine(api_version="v1"), {"call": {"params": {"a": "b"}}}, "a=b&api-version=v1"),
        (mine(api_version="keep"), {}, SDK_VERSION),
    ],
)
def test_the_version_is_what_the_endpoint_wants(
    twin: Twin, streamed: bool, endpoint: Any, options: dict[str, Any], query: str
) -> None:
    """Kept, dropped or replaced; one that the caller chose is not replaced."""
    service = Service(answers)
    trail = ask(twin, service, endpoint, streamed=streamed, **options)
    assert service.sent[0].url.partition("?")[2] == query
    assert len(service.sent) == len(trail.events) == 1


@pytest.mark.parametrize(
    ("dialect", "query"),
    [("unknown", SDK_VERSION), ("openai", ""), ("azure-openai", "api-version=2024-12-01-preview")],
)
def test_a_fallback_elsewhere_is_sent_its_own_version(twin: Twin, dialect: str, query: str) -> None:
    """What suits the first endpoint need not suit the second."""
    service = Service(elsewhere)
    ask(twin, service, model=FIRST, fallback=[Target("m", mine(dialect))])
    assert [sent.url.partition("?")[2] for sent in service.sent] == [SDK_VERSION, query]


# ---- headers


@pytest.mark.parametrize("streamed", [False, True])
def test_extra_parameters_go_to_who_knows_the_header(twin: Twin, streamed: bool) -> None:
    """The SDK says with it what becomes of unknown members; others might refuse it."""
    service = Service(elsewhere)
    extras = {"model_extras": {"never_heard_of": 1}}
    fallback = [Target("m", mine())]
    ask(twin, service, streamed=streamed, model=FIRST, fallback=fallback, call=extras)
    assert service.sent[0].headers["extra-parameters"] == "pass-through"
    assert "extra-parameters" not in service.sent[1].headers
    assert [sent.body["never_heard_of"] for sent in service.sent] == [1, 1]
    ask(twin, service, mine(), streamed=streamed, call=extras)
    assert "extra-parameters" not in service.sent[2].headers


@pytest.mark.parametrize("streamed", [False, True])
def test_an_endpoints_headers_go_to_its_origin_alone(twin: Twin, streamed: bool) -> None:
    """Those of the first are not left on the request for the second."""
    service = Service(lambda sent: limited() if "one.example" in sent.url else answers(sent))
    one = Endpoint("one", "https://one.example/v1", "k1", headers={"X-One": "1", "X-Team": "t"})
    two = Endpoint("two", "https://two.example/v1", "k2", headers={"X-Two": "2"})
    ask(twin, service, one, streamed=streamed, fallback=[Target("n", two)])
    first, second = (sent.headers for sent in service.sent)
    assert (first["x-one"], first["x-team"], second["x-two"]) == ("1", "t", "2")
    assert not {"x-one", "x-team"} & second.keys()
    assert "x-two" not in first


def test_an_endpoints_headers_go_with_other_requests_too(twin: Twin) -> None:
    """Not only with calls that may fall back: the origin may want them always."""
    info = {"model_name": "m", "model_type": "chat", "model_provider_name": "x"}
    service = Service(lambda sent: Answer(200, info))
    client = client_of(twin, service, replace(mine(), headers={"X-Team": "t"}))
    assert twin.run(client.get_model_info()).model_name == "m"
    assert service.sent[0].method == "GET"
    assert service.sent[0].headers["x-team"] == "t"


def test_an_endpoints_headers_are_sent_under_the_users_own_authentication(twin: Twin) -> None:
    """They belong to the endpoint, not to the policy that signs."""
    service = Service(answers)
    signs = AzureKeyCredentialPolicy(AzureKeyCredential("k3y"), "x-signed")
    endpoint = replace(mine("unknown"), headers={"X-Team": "t"})
    ask(twin, service, endpoint, authentication_policy=signs)
    assert service.sent[0].headers["x-team"] == "t"
    assert service.sent[0].headers["x-signed"] == "k3y"


def test_an_endpoints_headers_do_not_follow_a_redirect_elsewhere(twin: Twin) -> None:
    """They are meant for one origin, like its key."""

    def answer(sent: Sent) -> Answer:
        if "mine.example" in sent.url:
            return Answer(307, None, {"location": "https://other.example/v1/chat/completions"})
        return answers(sent)

    service = Service(answer)
    ask(twin, service, replace(mine(), headers={"X-Team": "t", "X-Key": "s3cret"}))
    assert service.sent[0].headers["x-team"] == "t"
    assert "x-team" not in service.sent[1].headers
    assert "s3cret" not in json.dumps(service.sent[1].headers)


# ---- keys


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("bearer", {"authorization": "Bearer k3y"}),
        ("both", {"authorization": "Bearer k3y", "api-key": "k3y"}),
        ("api-key", {"api-key": "k3y"}),
        ("X-Goog-Api-Key", {"x-goog-api-key": "k3y"}),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_a_key_is_sent_as_the_dialect_says(
    twin: Twin, auth: str, expected: dict[str, str], first: bool
) -> None:
    """In the header that the server reads and in no other, first or after another endpoint."""
    service = Service(elsewhere)
    if first:
        ask(twin, service, mine(auth=auth))
    else:
        ask(twin, service, model=FIRST, fallback=[Target("m", mine(auth=auth))])
    carried = {k: v for k, v in service.sent[-1].headers.items() if "k3y" in v or v == "key"}
    assert carried == expected
    assert "authorization" in expected or "authorization" not in service.sent[-1].headers


class Entra:
    """A token credential that notes what it is asked for."""

    def __init__(self, twin: Twin) -> None:
        self.scopes: list[str] = []

        async def get_token(*scopes: str, **_: Any) -> AccessToken:
            return self.note(*scopes)

        self.get_token: Any = get_token if twin.is_async else self.note

    def note(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken(f"t-{scopes[0]}", 4_000_000_000)


ML = "https://ml.azure.com/.default"
COGNITIVE = "https://cognitiveservices.azure.com/.default"
FOUNDRY = "https://ai.azure.com/.default"


@pytest.mark.parametrize(
    ("endpoint", "given", "scope"),
    [
        (DEPLOYMENT, None, COGNITIVE),
        ("https://res.openai.azure.com/openai/v1", None, FOUNDRY),
        (MODELS, None, FOUNDRY),  # moved
        (URL, None, ML),
        (mine(), None, ML),
        (DEPLOYMENT, ["api://own/.default"], "api://own/.default"),
        (mine(), ["api://own/.default"], "api://own/.default"),
    ],
)
def test_a_token_is_fetched_for_the_endpoints_scope(
    twin: Twin, endpoint: Any, given: list[str] | None, scope: str
) -> None:
    """That of its dialect, unless the caller gave one; and it goes as a bearer's."""
    service, credential = Service(answers), Entra(twin)
    options = {} if given is None else {"credential_scopes": given}
    ask(twin, service, endpoint, credential=credential, **options)
    assert credential.scopes == [scope]
    assert service.sent[0].headers["authorization"] == f"Bearer t-{scope}"
    assert "api-key" not in service.sent[0].headers


def test_scopes_that_were_given_hold_for_the_own_origin_alone(twin: Twin) -> None:
    """One credential may serve two endpoints of two dialects: each gets a token of its own."""
    credential, service = Entra(twin), Service(elsewhere)
    other = Endpoint("other", DEPLOYMENT, credential, dialect="azure-openai")
    scopes = ["api://own/.default"]
    ask(twin, service, credential=credential, credential_scopes=scopes, model=FIRST,
        fallback=[Target("m", other)])  # fmt: skip
    assert credential.scopes == [*scopes, COGNITIVE]
    assert [sent.headers["authorization"] for sent in service.sent] == [
        f"Bearer t-{scopes[0]}", f"Bearer t-{COGNITIVE}",
    ]  # fmt: skip


# ---- what is not so yet


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("url", [DEPLOYMENT, "https://llm.example/v1"])
def test_a_version_in_the_endpoints_url_is_the_one_that_is_sent(
    twin: Twin, url: str, streamed: bool
) -> None:
    """Azure's portal shows URLs with one; two of them in a query are none that a server knows."""
    service = Service(answers)
    ask(twin, service, f"{url}?api-version=2024-10-21", streamed=streamed)
    assert service.sent[0].url.partition("?")[2] == "api-version=2024-10-21"


@pytest.mark.parametrize("dialect", ["unknown", "azure-openai"])
def test_a_version_in_a_fallbacks_url_is_the_one_that_is_sent(twin: Twin, dialect: str) -> None:
    """Whoever declared the endpoint said which one it takes."""
    service = Service(elsewhere)
    there = replace(mine(dialect), url="https://mine.example/v1?api-version=2024-10-21")
    ask(twin, service, model=FIRST, fallback=[Target("m", there)])
    assert service.sent[1].url.partition("?")[2] == "api-version=2024-10-21"


@pytest.mark.parametrize(
    "endpoint", [MODELS, mine(routes={"chat": "/v2/chat"})], ids=["moved", "own path"]
)
def test_headers_of_the_caller_go_to_another_path_of_the_same_origin(
    twin: Twin, endpoint: Any
) -> None:
    """The caller addressed this very endpoint; only the path is not the SDK's."""
    service = Service(answers)
    ask(twin, service, endpoint, call={"headers": {"X-Trace": "7"}})
    assert service.sent[0].headers["x-trace"] == "7"
