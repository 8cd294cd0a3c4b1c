"""Whether a key is accepted is told by an answer that only its own service gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from github_models_azure import Endpoint
from github_models_azure.credentials.check import KeyStatus, check_github_token, check_key
from github_models_azure.exceptions import CredentialScopeError
from tests.dialects.servers_http import Break, LoopbackServer, Reply, as_json

TOKEN = "a-token-of-some-length"
Serve = Callable[[Reply], LoopbackServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that give one answer to everything."""
    with ExitStack() as stack:
        yield lambda reply: stack.enter_context(LoopbackServer(lambda _: reply))


RATES = {"resources": {"core": {"limit": 5000}}, "rate": {}}
LIMITED = ("x-ratelimit-remaining", "0")


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (as_json(RATES), KeyStatus.ACCEPTED, "GitHub accepted it"),
        (as_json({"message": "Bad credentials"}, 401), KeyStatus.REFUSED, "401: Bad credentials"),
        (as_json({"message": "Blocked"}, 403), KeyStatus.REFUSED, "403: Blocked"),
        (as_json({"message": "Slow down"}, 403, LIMITED), KeyStatus.UNKNOWN, "403: Slow down"),
        (as_json({"message": "Slow down"}, 429), KeyStatus.UNKNOWN, "429"),
        (Reply(503), KeyStatus.UNKNOWN, "503"),
        (as_json({"welcome": "to the hotel's network"}), KeyStatus.UNKNOWN, "something other"),
        (as_json(["resources"]), KeyStatus.UNKNOWN, "something other"),
        (Reply(302, (("location", "http://127.0.0.1:9/"),)), KeyStatus.UNKNOWN, "302"),
        (Reply(broken=Break.RESET), KeyStatus.UNKNOWN, "could not be asked"),
    ],
)
def test_what_an_answer_says_of_a_github_token(
    serve: Serve, reply: Reply, status: KeyStatus, said: str
) -> None:
    """Only GitHub's own yes and no count; what stands in between says nothing."""
    server = serve(reply)
    found = check_github_token(TOKEN, base_url=server.url)
    assert found.status is status
    assert said in found.reason


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (requests.exceptions.ReadTimeout(), "no answer within 10 s"),
        (requests.exceptions.SSLError("bad certificate"), "TLS failed: bad certificate"),
        (requests.exceptions.ConnectionError(), "ConnectionError"),
        (requests.exceptions.ConnectionError(OSError(111, "Connection refused")), "refused"),
    ],
)
def test_who_cannot_be_asked_says_nothing(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, said: str
) -> None:
    """The reason is that of the operating system, where there is one."""

    def get(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(requests, "get", get)
    found = check_github_token(TOKEN)
    assert found.status is KeyStatus.UNKNOWN
    assert said in found.reason


def test_a_check_asks_for_the_limits_with_the_token(serve: Serve) -> None:
    """They cost nothing and are open to tokens of every kind."""
    server = serve(as_json(RATES))
    check_github_token(TOKEN, base_url=server.url)
    (request,) = server.journal
    assert (request.method, request.path) == ("GET", "/rate_limit")
    assert request.header("authorization") == f"Bearer {TOKEN}"


def test_a_refusal_that_repeats_the_token_does_not_show_it(serve: Serve) -> None:
    """Reasons end on screens and in logs."""
    server = serve(as_json({"message": f"no such token: {TOKEN}"}, 401))
    found = check_github_token(TOKEN, base_url=server.url)
    assert TOKEN not in repr(found)
    assert "no such token" in found.reason


@pytest.mark.parametrize("url", ["https://github.com.evil.example", "http://api.github.com"])
def test_a_github_token_goes_to_github_alone(url: str) -> None:
    """Neither to another host, nor in clear text."""
    with pytest.raises(CredentialScopeError, match="nothing was sent"):
        check_github_token(TOKEN, base_url=url)


def test_this_machine_is_asked_past_the_proxies(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in clear text must not pass another machine."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = serve(as_json({"data": []}))
    assert check_key(Endpoint("near", f"{server.url}/v1"), TOKEN).status is KeyStatus.ACCEPTED


def test_a_key_does_not_travel_in_clear_text() -> None:
    """As in a call."""
    with pytest.raises(CredentialScopeError, match="clear text"):
        check_key(Endpoint("far", "http://far.example/v1"), TOKEN)


@pytest.mark.parametrize("key", ["line\nend", "ключ"])
def test_what_no_header_can_carry_is_refused_unsent(serve: Serve, key: str) -> None:
    """The libraries' own errors would show it."""
    server = serve(as_json({"data": []}))
    found = check_key(Endpoint("near", f"{server.url}/v1"), key)
    assert found.status is KeyStatus.REFUSED
    assert key not in found.reason
    assert server.journal == []


@pytest.mark.parametrize(
    ("dialect", "header", "value"),
    [("groq", "authorization", f"Bearer {TOKEN}"), ("azure-openai", "api-key", TOKEN)],
)
def test_a_key_is_sent_as_its_dialect_has_it(
    serve: Serve, dialect: str, header: str, value: str
) -> None:
    """With the headers of its endpoint, to its list of models."""
    server = serve(as_json({"data": []}))
    endpoint = Endpoint("near", f"{server.url}/v1", dialect=dialect, headers={"x-team": "red"})
    assert check_key(endpoint, TOKEN).status is KeyStatus.ACCEPTED
    (request,) = server.journal
    assert request.header(header) == value
    assert request.header("x-team") == "red"
    assert request.path.endswith("/models")


def test_a_query_of_the_endpoint_goes_along_and_is_not_shown(serve: Serve) -> None:
    """It may be what lets a request in; a server that repeats it shows it to nobody."""
    server = serve(
        as_json({"error": {"message": "no a-secret/of-it at /?sig=a-secret%2Fof-it"}}, 401)
    )
    endpoint = Endpoint("near", f"{server.url}/v1?sig=a-secret%2Fof-it&v=1")
    found = check_key(endpoint, TOKEN)
    assert server.journal[0].params == [("sig", "a-secret/of-it"), ("v", "1")]
    assert "401" in found.reason
    assert "a-secret" not in found.reason


def test_openrouter_is_asked_about_the_key_itself(serve: Serve) -> None:
    """It shows its list of models to everybody."""
    server = serve(as_json({"data": {}}))
    endpoint = Endpoint("near", f"{server.url}/v1", dialect="openrouter")
    assert check_key(endpoint, TOKEN).status is KeyStatus.ACCEPTED
    assert server.journal[0].path == "/v1/key"


def listed(size: int) -> bytes:
    entries: list[dict[str, Any]] = [{"id": f"model-{number}"} for number in range(size)]
    return json.dumps({"object": "list", "data": entries}).encode()


def test_a_list_that_comes_in_pieces_is_read(serve: Serve) -> None:
    """Servers send long lists in chunks."""
    body = listed(100)
    pieces = tuple(body[at : at + 100] for at in range(0, len(body), 100))
    server = serve(Reply(200, (("content-type", "application/json"),), chunks=pieces))
    endpoint = Endpoint("near", f"{server.url}/v1")
    assert check_key(endpoint, TOKEN).status is KeyStatus.ACCEPTED


def test_of_a_very_long_list_the_beginning_is_enough(serve: Serve) -> None:
    """No more of it is read."""
    server = serve(Reply(200, (("content-type", "application/json"),), listed(20_000)))
    assert check_key(Endpoint("near", f"{server.url}/v1"), TOKEN).status is KeyStatus.ACCEPTED


def test_a_long_page_that_is_no_list_is_none(serve: Serve) -> None:
    """Captive portals answer 200 to everything."""
    server = serve(Reply(200, (("content-type", "text/html"),), b"<html> data " * 20_000))
    assert check_key(Endpoint("near", f"{server.url}/v1"), TOKEN).status is KeyStatus.UNKNOWN
