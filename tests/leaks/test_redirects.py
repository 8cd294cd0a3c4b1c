"""Redirects carry nothing secret to another origin, and cost nobody the own key afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.policies import (
    AsyncFallbackPolicy,
    AsyncTargetAuthenticationPolicy,
    FallbackPolicy,
    TargetAuthenticationPolicy,
)
from tests.dialects.servers_origins import (
    Origin,
    assert_apart,
    assert_signed,
    assert_unsigned,
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
FOLLOWED = {
    "info": {301, 302, 303, 307, 308}
}  # the others are POSTs, which 301 and 302 do not move
PATHS = {"embeddings": "/v1/embeddings", "info": "/v1/info"}


@pytest.fixture(params=["127.0.0.1", "localhost"])
def origins(request: pytest.FixtureRequest) -> Iterator[tuple[Origin, Origin]]:
    with two_origins(request.param) as pair:
        yield pair


def path_of(kind: str) -> str:
    return PATHS.get(kind, "/v1/chat/completions")


def endpoint(origin: Origin, credential: Any, **options: Any) -> Endpoint:
    """An endpoint on an origin, with a secret in its query."""
    url = f"{origin.url}/v1?sig={origin.secret('query')}"
    return Endpoint(f"port-{origin.port}", url, credential, **options)


def client_of(twin: Twin, kind: str, origin: Origin, credential: Any, **options: Any) -> Any:
    """A client of an origin, whose constructor was given every header that may hold a secret."""
    # By whole waits, since a random one can be over before the client decides not to wait.
    options = {"fallback": None, "fallback_max_wait": 0, "jitter": float, **options}
    headers = loud_headers(origin, "client")
    own = endpoint(origin, credential)
    return make(twin, kind, own, model="m", headers=headers, **options)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("credential", ["key", "token"])
@pytest.mark.parametrize("kind", [*KINDS, "info"])
def test_a_redirect_takes_nothing_along(
    twin: Twin, origins: tuple[Origin, Origin], kind: str, credential: str, status: int
) -> None:
    """The other origin gets a bare request or none; the next call is signed as ever."""
    first, second = origins
    given = key_of(first) if credential == "key" else token_of(twin, first)
    client = client_of(twin, kind, first, given)
    first.redirect(status, second.url + path_of(kind))
    call = {"headers": loud_headers(first, "call")}
    # Another model: what is held against the redirecting one does not concern it.
    drive(twin, kind, client, call, *([] if kind == "info" else [{**call, "model": "k"}]))
    followed = status in FOLLOWED.get(kind, {303, 307, 308})
    assert len(second.journal) == followed
    assert_apart(first, second)
    for request in second.journal:
        assert_unsigned(request)
    assert len(first.journal) == (1 if kind == "info" else 2)
    for request in first.journal:
        assert request.header("authorization") == f"Bearer {first.secret(credential)}"
        assert request.header("x-ms-custom") == first.secret("client-x-ms-custom")


@pytest.mark.parametrize("kind", KINDS)
def test_a_location_that_libraries_read_in_two_ways_takes_nothing_along(
    twin: Twin, origins: tuple[Origin, Origin], kind: str
) -> None:
    """To urlsplit the host stands behind the @, to requests before the backslash."""
    first, second = origins
    client = client_of(twin, kind, first, key_of(first))
    first.redirect(307, f"{second.url}\\@{first.host}:{first.port}{path_of(kind)}")
    drive(twin, kind, client, {"headers": loud_headers(first, "call")})
    assert_apart(first, second)
    for request in second.journal:
        assert_unsigned(request)
    assert len(first.journal) == 1


@pytest.mark.parametrize("location", ["http://[::1", "http://127.0.0.1:99999/v1", "ftp://a/v1"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_location_that_is_no_url_is_the_servers_mistake(
    twin: Twin, origins: tuple[Origin, Origin], kind: str, location: str
) -> None:
    """It says nothing of the caller, so that the next target answers."""
    first, second = origins
    other = Target("n", endpoint(second, key_of(second)))
    client = client_of(twin, kind, first, key_of(first), fallback=[other])
    first.redirect(307, location)
    (result,) = drive(twin, kind, client, {})
    assert not isinstance(result, Exception)
    (request,) = second.journal
    assert_signed(request, second.secret("key"))


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("kind", KINDS)
def test_the_target_of_a_redirect_may_be_a_fallback_too(
    twin: Twin, origins: tuple[Origin, Origin], kind: str, status: int
) -> None:
    """Redirected there it is a stranger; asked as a target it gets its own key, and only that."""
    first, second = origins
    other = endpoint(second, key_of(second), headers={"x-mine": second.secret("own")})
    client = client_of(twin, kind, first, key_of(first), fallback=[Target("n", other)])
    first.redirect(status, second.url + path_of(kind))
    second.fail(401)
    result, again = drive(twin, kind, client, {"headers": loud_headers(first, "call")}, {})
    assert not isinstance(result, Exception)
    assert not isinstance(again, Exception)
    stranger, target, *_ = second.journal
    assert_apart(first, second)
    assert_unsigned(stranger)
    assert_signed(target, second.secret("key"))
    assert target.header("x-mine") == second.secret("own")


@pytest.mark.parametrize("credential", ["key", "token"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fallback_that_redirects_back_is_not_trusted(
    twin: Twin, origins: tuple[Origin, Origin], kind: str, credential: str
) -> None:
    """The first origin is a stranger to the second's redirect: no key of either goes there."""
    first, second = origins
    given = key_of(second) if credential == "key" else token_of(twin, second)
    other = endpoint(second, given, headers={"x-mine": second.secret("own")})
    client = client_of(twin, kind, first, key_of(first), fallback=[Target("n", other)])
    first.fail(429)
    second.redirect(307, first.url + path_of(kind))
    drive(twin, kind, client, {}, {"model": "k"})
    assert_apart(first, second)
    signed, stranger, after = first.journal
    assert signed.header("authorization") == f"Bearer {first.secret('key')}"
    assert_unsigned(stranger)
    assert after.header("authorization") == f"Bearer {first.secret('key')}"
    assert second.journal[0].header("authorization") == f"Bearer {second.secret(credential)}"


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_again(twin: Twin, origins: tuple[Origin, Origin], kind: str) -> None:
    """Through another origin and home: what passes there is bare, at home nothing of it shows."""
    first, second = origins
    client = client_of(twin, kind, first, key_of(first))
    first.redirect(307, second.url + path_of(kind))
    second.redirect(307, first.url + path_of(kind))
    drive(twin, kind, client, {"headers": loud_headers(first, "call")})
    assert [len(first.journal), len(second.journal)] == [2, 1]
    assert_apart(first, second)
    assert_unsigned(second.journal[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_at_home_keeps_the_key(
    twin: Twin, origins: tuple[Origin, Origin], kind: str
) -> None:
    """The same origin under another path is no stranger."""
    first, second = origins
    client = client_of(twin, kind, first, key_of(first))
    first.redirect(307, first.url + "/v2" + path_of(kind))
    (result,) = drive(twin, kind, client, {})
    assert not isinstance(result, Exception)
    assert [request.path for request in first.journal] == [
        path_of(kind),
        "/v2" + path_of(kind),
    ]
    for request in first.journal:
        assert request.header("authorization") == f"Bearer {first.secret('key')}"
    assert second.journal == []


@pytest.mark.parametrize("kind", ["chat", "stream"])
def test_the_trail_of_a_redirect_shows_no_secret(
    twin: Twin, origins: tuple[Origin, Origin], kind: str
) -> None:
    """Error and trail name the origins, and nothing that was secret about them."""
    first, second = origins
    client = client_of(twin, kind, first, key_of(first))
    first.redirect(307, f"{second.url}{path_of(kind)}?sig={second.secret('query')}")
    second.fail(401)
    (error,) = drive(twin, kind, client, {"headers": loud_headers(first, "call")})
    assert isinstance(error, Exception)
    shown = f"{error}{error!r}{trail_of(error)}"
    assert second.url in shown
    assert first.mark not in shown
    assert second.mark not in shown


# The policies in a stock client, on azure-core's own transports


def stock(twin: Twin, own: Endpoint, fallback: list[Target], headers: dict[str, str]) -> Any:
    """The SDK's own client with both policies of this package."""
    if twin.is_async:
        return azure.ai.inference.aio.ChatCompletionsClient(
            own.url,
            own.credential,
            headers=headers,
            per_call_policies=[AsyncFallbackPolicy(fallback, endpoint=own)],
            authentication_policy=AsyncTargetAuthenticationPolicy(own),
        )
    return azure.ai.inference.ChatCompletionsClient(
        own.url,
        own.credential,
        headers=headers,
        per_call_policies=[FallbackPolicy(fallback, endpoint=own)],
        authentication_policy=TargetAuthenticationPolicy(own),
    )


@pytest.mark.parametrize("kind", ["chat", "stream"])
def test_a_stock_client_with_the_policies_keeps_them_apart_too(twin: Twin, kind: str) -> None:
    """A fallback, a redirect, and the key of each origin afterwards."""
    with two_origins() as (first, second):
        first.cookies = second.cookies = False  # the transport is the caller's, cookie jar and all
        own = endpoint(first, key_of(first))
        other = Target("n", endpoint(second, key_of(second)))
        client = stock(twin, own, [other], loud_headers(first, "client"))
        first.fail(429)
        first.redirect(307, second.url + path_of(kind))
        call = {"headers": loud_headers(first, "call")}
        calls = [{**call, "model": name} for name in ("m", "k", "j")]
        drive(twin, kind, client, *calls)
        assert_apart(first, second)
        target, stranger = second.journal
        assert_signed(target, second.secret("key"))
        assert_unsigned(stranger)
        assert len(first.journal) == 3
        for request in first.journal:
            assert request.header("authorization") == f"Bearer {first.secret('key')}"


def test_what_the_search_finds() -> None:
    """The search itself: a mark is found in every part, escaped and encoded too."""
    with two_origins() as (first, second):
        places = [
            {"path": f"/{second.mark}"},
            {"query": f"a={second.mark[:3]}%{ord(second.mark[3]):x}{second.mark[4:]}"},
            {"headers": {"x": second.mark}},
            {"headers": {"authorization": "Basic OmJyYXZvenE="}},
            {"body": f'{{"x": "{second.mark}"}}'},
        ]
        asyncio.run(_post_all(first, places))
        assert [bool(leaked(request, second)) for request in first.journal] == [True] * len(places)
        assert not [line for request in first.journal for line in leaked(request, first)]


async def _post_all(origin: Origin, places: list[dict[str, Any]]) -> None:
    for place in places:
        reader, writer = await asyncio.open_connection("127.0.0.1", origin.port)
        body = place.get("body", "{}")
        lines = [f"POST {place.get('path', '/')}?{place.get('query', '')} HTTP/1.1", "host: x"]
        lines += [f"{name}: {value}" for name, value in place.get("headers", {}).items()]
        lines += [f"content-length: {len(body)}", "connection: close", "", body]
        writer.write("\r\n".join(lines).encode())
        await reader.read()
        writer.close()
        await writer.wait_closed()
