"""Who may ask: callers with a key, or the programs of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from github_models_azure.endpoints import Endpoint, Target
from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway, create_app, serve
from tests.server.gateway.gateway_helpers import BODY, PATIENCE, connect, shaped

KEYS = ("first-key", "schlüssel")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Emulator]:
    with Emulator(plan="enterprise") as running:
        yield running


@pytest.fixture(scope="module")
def keyed(upstream: Emulator) -> Iterator[Gateway]:
    with Gateway(upstream.inference_url, "k", model="openai/gpt-4o", api_key=KEYS) as running:
        yield running


@pytest.fixture(scope="module")
def open_one(upstream: Emulator) -> Iterator[Gateway]:
    with Gateway(upstream.inference_url, "k", model="openai/gpt-4o") as running:
        yield running


def ask(gateway: Gateway, **headers: Any) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{gateway.v1_url}/chat/completions"
    body = {"messages": BODY["messages"]}
    return requests.post(url, json=body, headers=named, timeout=PATIENCE)


GOOD_KEYS: list[dict[str, Any]] = [
    {"authorization": "Bearer first-key"},
    {"authorization": "bearer  first-key "},
    {"api_key": "first-key"},
    {"api_key": "schlüssel".encode()},
    {"api_key": "wrong", "authorization": "Bearer first-key"},
]
BAD_KEYS: list[dict[str, Any]] = [
    {},
    {"authorization": "first-key"},
    {"authorization": "Basic first-key"},
    {"authorization": "Bearer"},
    {"authorization": "Bearer first-ke"},
    {"authorization": "Bearer first-key1"},
    {"authorization": "Bearer FIRST-KEY"},
    {"api_key": ""},
    {"api_key": b"\xff\xfe"},
]


@pytest.mark.parametrize("headers", GOOD_KEYS)
def test_a_key_opens(keyed: Gateway, headers: dict[str, Any]) -> None:
    """Each of them, in either header."""
    assert ask(keyed, **headers).status_code == 200


@pytest.mark.parametrize("headers", BAD_KEYS)
def test_no_other_key_does(keyed: Gateway, headers: dict[str, Any]) -> None:
    """401 before anything else is looked at."""
    response = ask(keyed, **headers)
    assert (response.status_code, shaped(response)["code"]) == (401, "invalid_api_key")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/healthz", 200), ("/metrics", 401), ("/v1/models", 401), ("/nothing", 401)],
)
def test_only_the_health_is_told_to_everybody(keyed: Gateway, path: str, status: int) -> None:
    """Not even which paths there are."""
    assert requests.get(keyed.url + path, timeout=PATIENCE).status_code == status


def test_the_key_stays_here(keyed: Gateway, upstream: Emulator) -> None:
    """It is not the target's, whose own credential is sent."""
    upstream.reset()
    ask(keyed, api_key="first-key")
    assert "first-key" not in str(upstream.journal)
    assert "first-key" not in repr(keyed)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:4000", "LOCALHOST:1", "[::1]:80", "127.1.2.3"]
)
def test_names_of_this_machine_are_answered(open_one: Gateway, host: str) -> None:
    """Without a key."""
    assert ask(open_one, host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:4000",
        "0.0.0.0",
        "[::",
        "@",
    ],
)
def test_other_names_are_not(open_one: Gateway, host: str) -> None:
    """A page whose name was made to mean 127.0.0.1 is not this machine."""
    response = ask(open_one, host=host)
    assert (response.status_code, shaped(response)["code"]) == (403, "host_not_allowed")


def test_a_request_without_a_name_is_not(open_one: Gateway) -> None:
    """HTTP/1.0 needs none; no browser leaves it out, and no client of today."""
    with connect(open_one) as client:
        client.sendall(b"GET /v1/models HTTP/1.0\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"]
)
def test_pages_of_other_sites_are_refused(open_one: Gateway, origin: str) -> None:
    """Nor is any page told that it may ask."""
    response = ask(open_one, origin=origin)
    assert (response.status_code, shaped(response)["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in response.headers


def test_pages_of_this_machine_may_ask(open_one: Gateway) -> None:
    """They are programs of this machine, too."""
    response = ask(open_one, origin="http://localhost:3000")
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"


PEERS = [
    ("127.0.0.1", True),
    ("127.9.9.9", True),
    ("::1", True),
    ("::ffff:127.0.0.1", True),
    (None, True),  # a socket of the file system
    ("testclient", True),
    ("192.0.2.7", False),
    ("10.0.0.1", False),
    ("::ffff:192.0.2.7", False),
    ("fe80::1%eth0", False),
    ("0.0.0.0", False),
]


async def status_for(app: Any, peer: str | None, **headers: str) -> int:
    """Ask an application for its list of models, as from some other machine."""
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {
        "type": "http", "method": "GET", "path": "/v1/models", "raw_path": b"/v1/models",
        "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
        "headers": [(b"host", b"localhost"), *named], "client": peer and (peer, 5),
        "server": ("127.0.0.1", 4000),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize(("peer", "served"), PEERS)
async def test_without_a_key_only_peers_of_this_machine_are_served(
    peer: str | None, served: bool
) -> None:
    """Whatever name they call it by, and whatever server runs the application."""
    app = create_app("http://127.0.0.1:1/v1", "k", model="m")
    assert await status_for(app, peer) == (200 if served else 403)


@pytest.mark.parametrize(("peer", "served"), PEERS)
async def test_bound_to_loopback_only_peers_of_this_machine_are_served(
    peer: str | None, served: bool
) -> None:
    """Also with a key: a rule of the system can let others through to 127.0.0.1."""
    for host, all_served in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):
        gateway = Gateway("http://127.0.0.1:1/v1", "k", model="m", api_key="key", host=host)
        config, listener = gateway._prepare()
        listener.close()
        status = await status_for(config.app, peer, api_key="key")
        assert status == (200 if served or all_served else 403)


def test_with_a_key_name_and_origin_do_not_matter(keyed: Gateway) -> None:
    """A page of another site does not know it."""
    headers = {"host": "gateway.example", "origin": "https://app.example"}
    assert ask(keyed, api_key="first-key", **headers).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_without_a_key_only_loopback_is_bound(host: str) -> None:
    """Neither the class nor the function listens to other machines."""
    with pytest.raises(ValueError, match="lets others reach the gateway, and it has no key"):
        Gateway(host=host)
    with pytest.raises(ValueError, match="no key"):
        serve(host=host, port=0)


def test_with_a_key_any_address_may_be_bound(upstream: Emulator) -> None:
    """Here all of them."""
    options: Any = {"model": "openai/gpt-4o", "api_key": "key", "host": "0.0.0.0"}
    with Gateway(upstream.inference_url, "k", **options) as gateway:
        port = gateway.url.rpartition(":")[2]
        url = f"http://127.0.0.1:{port}/v1/models"
        answers = [requests.get(url, headers={"api-key": key}, timeout=5) for key in ("key", "no")]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_the_key_may_come_from_the_environment(
    upstream: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no setting of a client, which would refuse it; an argument goes before it."""
    monkeypatch.setenv("GITHUB_MODELS_GATEWAY_KEY", " from-outside ")
    url, options = upstream.inference_url, {"model": "openai/gpt-4o"}
    with Gateway(url, "k", **options) as gateway:
        assert ask(gateway, api_key="from-outside").status_code == 200
        assert ask(gateway).status_code == 401
    with Gateway(url, "k", api_key="given", **options) as gateway:
        assert ask(gateway, api_key="from-outside").status_code == 401
    with Gateway(url, "k", api_key=(), **options) as gateway:
        assert ask(gateway).status_code == 200


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"api_key": ""}, ValueError, "api_key is empty"),
        ({"api_key": ["good", " "]}, ValueError, "api_key is empty"),
        ({"api_key": [1]}, TypeError, "api_key is a string"),
        ({"timeout": 0}, ValueError, "timeout is more than 0"),
        ({"timeout": float("nan")}, ValueError, "timeout is more than 0"),
        ({"max_body": 0}, ValueError, "max_body is at least 1"),
        ({"max_concurrent": 0}, ValueError, "max_concurrent is at least 1"),
        ({"fallback": 5}, TypeError, "fallback"),
        ({"allow_endpoints": ["nobody"]}, ValueError, "no known endpoint"),
    ],
)
def test_wrong_options_are_told_at_once(
    options: dict[str, Any], error: type[Exception], told: str
) -> None:
    """With the value."""
    with pytest.raises(error, match=told):
        create_app("http://127.0.0.1:1/v1", "k", **options)


@pytest.mark.parametrize("place", ["own", "fallback"])
@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost"), ("0.0.0.0", "127.0.0.1")],
)
def test_a_gateway_does_not_ask_itself(host: str, name: str, place: str) -> None:
    """Each call would make another, until no socket is left."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    itself = Endpoint("gateway", f"http://{name}:{port}/v1", "k")
    other = Endpoint("other", "http://127.0.0.1:1/v1", "k")
    own, fallback = (itself, None) if place == "own" else (other, [Target("m", itself)])
    options: Any = {"model": "m", "host": host, "port": port, "api_key": "key"}
    with pytest.raises(ValueError, match="would ask itself"):
        Gateway(own, fallback=fallback, **options).start()
    with pytest.raises(ValueError, match="would ask itself"):
        serve(own, fallback=fallback, **options)


def test_an_address_may_be_written_as_in_urls() -> None:
    """IPv6 in brackets, as the gateway itself writes it, is this machine's; another's is not."""
    assert repr(Gateway("ollama", host="[::1]")) == "Gateway(not running)"
    with pytest.raises(ValueError, match="no key"):
        Gateway("ollama", host="[::]")
