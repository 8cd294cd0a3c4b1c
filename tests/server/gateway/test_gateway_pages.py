"""Hosts and origins to the letter, and what browsers are told.

About `server/gateway/pages.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from github_models_azure.server.gateway import Gateway
from github_models_azure.server.gateway.pages import is_own_host, is_own_origin
from tests.server.gateway.gateway_helpers import BODY, PATIENCE, behind, connect, shaped
from tests.traps.wire_helpers import good

PAGE = "http://localhost:3000"
WANTED = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}
HOSTS = [
    "localhost", "LocalHost", "localhost:4000", "localhost:65535", "127.0.0.1", "127.0.0.1:80",
    "127.1.2.3", "[::1]", "[::1]:4000",
]  # fmt: skip
STRANGE_HOSTS = [
    "", "@", "evil.example", "evil@localhost", "evil.example:80@localhost",
    "localhost@evil.example",
    "localhost.", "a.localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:4000:1",
    "localhost/", "localhost/..", "localhost?", "localhost#", "localhost#@evil.example",
    "localhost,evil.example", "localhost, localhost", "localhost ", " localhost", "localhost\t",
    "[localhost]", "[127.0.0.1]", "[::", "::1", "[::1", "[::1]]", "[::1]x", "[::2]", "127.1", "0",
    "0x7f.1", "2130706433", "0.0.0.0", "127.0.0.1.evil.example", "127.0.0.1\\", "localhost%00",
    "①27.0.0.1", "[fe80::1%lo]",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_own_hosts_and_origins(host: str) -> None:
    """Loopback names and addresses, on any port."""
    assert is_own_host(host)
    assert is_own_origin(f"http://{host}")
    assert is_own_origin(f"HTTPS://{host}")


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_strange_hosts_and_origins(host: str) -> None:
    """What only looks like one, or has more to it."""
    assert not is_own_host(host)
    assert not is_own_origin(f"http://{host}")


@pytest.mark.parametrize(
    "origin",
    [
        "null", "localhost", "http:localhost", "http:///localhost", "http:/localhost",
        "file://localhost", "ws://localhost", "javascript://localhost",
        "chrome-extension://localhost", "http://localhost/", "http://localhost:3000/page",
        "http://localhost http://evil.example", "xhttp://localhost", "//localhost",
    ],
)  # fmt: skip
def test_strange_origins(origin: str) -> None:
    """An origin is a web page's, and ends with its port."""
    assert not is_own_origin(origin)


@pytest.fixture(scope="module")
def open_one() -> Iterator[Gateway]:
    with behind(good) as (gateway, _):
        yield gateway


@pytest.fixture(scope="module")
def keyed() -> Iterator[Gateway]:
    with behind(good, api_key="key") as (gateway, _):
        yield gateway


def preflight(gateway: Gateway, origin: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{gateway.v1_url}/chat/completions"
    return requests.options(url, headers={"origin": origin, **WANTED, **named}, timeout=PATIENCE)


def post(gateway: Gateway, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{gateway.v1_url}/chat/completions"
    return requests.post(url, json=BODY, headers=named, timeout=PATIENCE)


def check_allowed(response: requests.Response, origin: str) -> None:
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-methods"] == "GET, POST"
    assert response.headers["access-control-allow-headers"] == "authorization,content-type"
    assert response.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in response.headers
    assert "content-length" not in response.headers


def test_a_page_of_this_machine_may_ask_and_read(open_one: Gateway) -> None:
    """The browser asks first, and shows the page only what it is told to show."""
    check_allowed(preflight(open_one, PAGE), PAGE)
    answer = post(open_one, origin=PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "x-github-models-served-by" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PAGE}@evil.example"])
def test_another_sites_page_is_told_nothing(open_one: Gateway, origin: str) -> None:
    """Its preflight is refused like anything else it asks."""
    response = preflight(open_one, origin)
    assert (response.status_code, shaped(response)["code"]) == (403, "origin_not_allowed")
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_preflight_comes_to_this_machine_too(open_one: Gateway) -> None:
    """The name must be right also there."""
    assert preflight(open_one, PAGE, host="evil.example").status_code == 403


def test_with_a_key_every_page_may_ask(keyed: Gateway) -> None:
    """The browser shows no key beforehand; its page must, and can read why it is refused."""
    page = "https://app.example"
    check_allowed(preflight(keyed, page), page)
    assert post(keyed, origin=page, api_key="key").status_code == 200
    refused = post(keyed, origin=page)
    assert (refused.status_code, shaped(refused)["code"]) == (401, "invalid_api_key")
    assert refused.headers["access-control-allow-origin"] == page


def test_a_preflight_opens_nothing(keyed: Gateway) -> None:
    """Only what a browser would send is one, and nothing is done for it."""
    url = f"{keyed.url}/metrics"
    asked: dict[str, Any] = {"headers": {"origin": PAGE, **WANTED}, "timeout": PATIENCE}
    assert requests.get(url, **asked).status_code == 401
    assert requests.options(url, timeout=PATIENCE).status_code == 401
    asked["headers"].pop("access-control-request-method")
    assert requests.options(url, **asked).status_code == 401


def test_the_health_is_not_for_pages(keyed: Gateway) -> None:
    """It needs no key, so any page could read how much is asked."""
    response = requests.get(f"{keyed.url}/healthz", headers={"origin": PAGE}, timeout=PATIENCE)
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("wanted", ["a\x01b", "authorization; evil", "a,,b", ",", ""])
def test_headers_that_are_none_are_not_allowed(open_one: Gateway, wanted: str) -> None:
    """What is told back is a list of names."""
    with connect(open_one) as client:
        lines = [
            "OPTIONS /v1/chat/completions HTTP/1.1", "host: localhost", f"origin: {PAGE}",
            "access-control-request-method: POST", f"access-control-request-headers: {wanted}",
            "connection: close", "", "",
        ]  # fmt: skip
        client.sendall("\r\n".join(lines).encode())
        told = b"".join(iter(lambda: client.recv(1000), b""))
    assert b"access-control-allow-headers" not in told


def test_a_page_of_the_internet_may_reach_a_private_network_with_a_key(keyed: Gateway) -> None:
    """Chrome asks for that too."""
    name = "access-control-allow-private-network"
    asked = {"access_control_request_private_network": "true"}
    assert preflight(keyed, "https://app.example", **asked).headers[name] == "true"
    assert name not in preflight(keyed, "https://app.example").headers


def test_two_origins_are_none(open_one: Gateway) -> None:
    """Whichever stands first: no browser sends two, and each line counts."""
    for pair in ((PAGE, "https://evil.example"), ("https://evil.example", PAGE)):
        with connect(open_one) as client:
            lines = ["GET /v1/models HTTP/1.1", "host: localhost", "connection: close"]
            lines += [f"origin: {origin}" for origin in pair]
            client.sendall("\r\n".join([*lines, "", ""]).encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 403")
