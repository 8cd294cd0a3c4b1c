"""No credential, cookie or header of an origin reaches another: two journals say so.

Real connections, the transports that the clients make for themselves, every part of every request
searched. Each test also shows that the right secret did arrive where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from github_models_azure import Endpoint, Target
from tests.dialects.servers_origins import (
    Origin,
    assert_apart,
    assert_signed,
    drive,
    key_of,
    leaked,
    loud_headers,
    make,
    token_of,
    two_origins,
)
from tests.harness import Twin

KINDS = ("chat", "stream", "embeddings")


@pytest.fixture(params=["127.0.0.1", "localhost"])
def origins(request: pytest.FixtureRequest) -> Iterator[tuple[Origin, Origin]]:
    with two_origins(request.param) as pair:
        yield pair


def endpoint(origin: Origin, credential: Any, dialect: str = "unknown", **options: Any) -> Endpoint:
    """An endpoint on an origin, with a secret in its query."""
    url = f"{origin.url}/v1?sig={origin.secret('query')}"
    return Endpoint(f"port-{origin.port}", url, credential, dialect, **options)


@pytest.mark.parametrize("dialects", [("unknown", "unknown"), ("openai-v1", "azure-openai")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fallback_keeps_the_origins_apart(
    twin: Twin, origins: tuple[Origin, Origin], kind: str, dialects: tuple[str, str]
) -> None:
    """Keys, headers of client and call, cookies and query secrets stay where they belong."""
    first, second = origins
    other = endpoint(second, key_of(second), dialects[1], headers={"x-mine": second.secret("own")})
    client = make(
        twin,
        kind,
        endpoint(first, key_of(first), dialects[0]),
        model="m",
        fallback=[Target("n", other)],
        headers=loud_headers(first, "client"),
    )
    first.fail(429)
    call = {"headers": loud_headers(first, "call")}
    results = drive(twin, kind, client, call, call, {**call, "model": "k"})
    assert not [result for result in results if isinstance(result, Exception)]
    # The first is limited, the second is left out and the third asks it for another model.
    assert [len(first.journal), len(second.journal)] == [2, 2]
    assert_apart(first, second)
    for request in first.journal:
        assert_signed_loudly(request, first)
    for request in second.journal:
        assert request.header("x-mine") == second.secret("own")
        assert request.params[0] == ("sig", second.secret("query"))
        if dialects[1] == "unknown":
            assert_signed(request, second.secret("key"))
        else:
            assert request.header("api-key") == second.secret("key")
            assert request.header("authorization") is None


def assert_signed_loudly(request: Any, origin: Origin) -> None:
    """A request that its own origin should get: the key, the headers of client and of call."""
    assert request.header("authorization") == f"Bearer {origin.secret('key')}"
    assert request.params[0] == ("sig", origin.secret("query"))
    assert request.header("x-ms-custom") == origin.secret("client-x-ms-custom")
    assert request.header("x-ms-client-request-id")


@pytest.mark.parametrize("kind", KINDS)
def test_token_credentials_keep_to_their_origins(
    twin: Twin, origins: tuple[Origin, Origin], kind: str
) -> None:
    """Each origin gets the token of its own credential, whoever is asked first."""
    first, second = origins
    own, others = token_of(twin, first), token_of(twin, second)
    other = endpoint(second, others, "openai-v1")
    client = make(
        twin, kind, endpoint(first, own), model="m", fallback=[Target("n", other)],
        headers=loud_headers(first, "client"),
    )  # fmt: skip
    first.fail(503)
    drive(twin, kind, client, {}, {"model": "k"})
    assert [len(first.journal), len(second.journal)] == [2, 1]
    assert_apart(first, second)
    for request in first.journal:
        assert request.header("authorization") == f"Bearer {first.secret('token')}"
    assert_signed(second.journal[0], second.secret("token"))
    assert own.scopes == ["https://ml.azure.com/.default"]
    assert others.scopes == ["https://ai.azure.com/.default"]


@pytest.mark.parametrize("token_first", [True, False])
def test_a_key_and_a_token_do_not_mix(
    twin: Twin, origins: tuple[Origin, Origin], token_first: bool
) -> None:
    """A key beside a token credential: neither takes the other's place, on either side."""
    first, second = origins
    token, key = token_of(twin, first if token_first else second), None
    key = key_of(second if token_first else first)
    own, others = (token, key) if token_first else (key, token)
    other = endpoint(second, others, "openai-v1")
    client = make(twin, "chat", endpoint(first, own), model="m", fallback=[Target("n", other)])
    first.fail(503)
    drive(twin, "chat", client, {}, {"model": "k"})
    assert_apart(first, second)
    kinds = ("token", "key") if token_first else ("key", "token")
    for request in first.journal:
        assert request.header("authorization") == f"Bearer {first.secret(kinds[0])}"
    assert_signed(second.journal[0], second.secret(kinds[1]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fallback_without_a_credential_gets_nothing(
    twin: Twin, origins: tuple[Origin, Origin], kind: str
) -> None:
    """An endpoint declared without a key is sent none, not even by the caller's headers."""
    first, second = origins
    client = make(
        twin, kind, endpoint(first, key_of(first)), model="m",
        fallback=[Target("n", endpoint(second, None))], headers=loud_headers(first, "client"),
    )  # fmt: skip
    first.fail(429)
    drive(twin, kind, client, {"headers": loud_headers(first, "call")})
    assert len(second.journal) == 1
    assert_apart(first, second)
    assert not {"authorization", "api-key", "cookie"} & second.journal[0].header_names()


def test_a_failure_of_the_fallback_tells_the_first_nothing(
    twin: Twin, origins: tuple[Origin, Origin]
) -> None:
    """Where both are asked twice, in turns, each is signed with its own key every time."""
    first, second = origins
    other = endpoint(second, key_of(second), headers={"x-mine": second.secret("own")})
    route = [Target("n", other), "k", Target("j", other)]
    client = make(twin, "chat", endpoint(first, key_of(first)), model="m", fallback=route)
    first.fail(429, 2)
    second.fail(429)
    drive(twin, "chat", client, {})
    models = [[request.body["model"] for request in origin.journal] for origin in origins]
    assert models == [["m", "k"], ["n", "j"]]
    assert_apart(first, second)
    for origin in origins:
        for request in origin.journal:
            assert_signed(request, origin.secret("key"))


@pytest.mark.parametrize("dialect", ["unknown", "openai-v1"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_rotated_key_reaches_the_wire_whole(
    twin: Twin, origins: tuple[Origin, Origin], kind: str, dialect: str
) -> None:
    """After ``update`` nothing of the old key is in any part of a request, on either origin."""
    first, second = origins
    own, others = AzureKeyCredential("old-own"), AzureKeyCredential("old-other")
    client = make(
        twin, kind, endpoint(first, own, dialect), model="m",
        fallback=[Target("n", endpoint(second, others, dialect))],
    )  # fmt: skip

    def rotate() -> None:
        own.update("new-own")
        others.update("new-other")
        first.fail(429)

    first.fail(429)
    drive(twin, kind, client, {}, rotate, {"model": "k"})
    for origin, name in ((first, "own"), (second, "other")):
        before, after = origin.journal
        assert_signed(before, f"old-{name}")
        assert_signed(after, f"new-{name}")
        assert after.header("api-key") == (f"new-{name}" if dialect == "unknown" else None)
        assert "old-" not in after.everything


@pytest.mark.parametrize(
    "place",
    [
        "call headers",
        "client headers",
        "client",
        "call",
    ],
)
def test_a_request_id_is_for_one_origin(
    twin: Twin, origins: tuple[Origin, Origin], place: str
) -> None:
    """An id that the caller chose for the first origin does not tell the second of it."""
    first, second = origins
    chosen = first.secret("id")
    given: dict[str, Any] = {"headers": {"x-ms-client-request-id": chosen}}
    if "headers" not in place:
        given = {"request_id": chosen}
    other = Target("n", endpoint(second, key_of(second)))
    client = make(
        twin, "chat", endpoint(first, key_of(first)), model="m", fallback=[other],
        **(given if place.startswith("client") else {}),
    )  # fmt: skip
    first.fail(429)
    drive(twin, "chat", client, given if place.startswith("call") else {})
    assert first.journal[0].header("x-ms-client-request-id") == chosen
    assert second.journal[0].header("authorization") == f"Bearer {second.secret('key')}"
    assert leaked(second.journal[0], first) == []


@pytest.mark.parametrize("place", ["client", "call"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_trace_of_an_exchange_shows_no_secret(
    twin: Twin, caplog: pytest.LogCaptureFixture, kind: str, place: str
) -> None:
    """``logging_enable`` is for support tickets; azure-core's own policy shows keys and cookies."""
    caplog.set_level("DEBUG")
    with two_origins() as (first, second):
        url, headers = (
            f"{first.url}/v1?sig={first.secret('query')}",
            {"X-Mine": first.secret("own")},
        )
        own = Endpoint("own", url, key_of(first), "azure-openai", headers=headers)
        other = Target("n", Endpoint("other", f"{second.url}/v1", token_of(twin, second)))
        wanted: dict[str, Any] = {"logging_enable": True}
        options = wanted if place == "client" else {}
        client = make(twin, kind, own, model="m", fallback=[other], **options)
        first.fail(429)
        call = {"headers": loud_headers(first, "call"), **(wanted if place == "call" else {})}
        (result,) = drive(twin, kind, client, call)
        assert not isinstance(result, Exception)
        assert_signed(second.journal[0], second.secret("token"))
        ours = ("azure.", "github_models_azure.")  # urllib3 logs the path of every request
        told = [record for record in caplog.records if record.name.startswith(ours)]
        text = "\n".join(record.getMessage() for record in told)
        assert f"{first.url}/v1" in text
        assert "api-version=2024-12-01-preview" in text
        assert "'Authorization': 'REDACTED'" in text
        assert [
            line for line in text.splitlines() if first.mark in line or second.mark in line
        ] == []
