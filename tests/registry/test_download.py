"""Fetching a document from a server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from github_models_azure.registry import CatalogError
from github_models_azure.registry.download import _CarefulRedirects, fetch_url, public_part


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen = dict(self.headers)  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        redirects = {"/again": "/good", "/loop": "/loop", "/ftp": "ftp://host/x"}
        redirects["/file"] = "file:///etc/hostname"
        if path in redirects:
            self.send_response(302)
            self.send_header("Location", redirects[path])
            self.end_headers()
        elif path == "/good":
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"x" * 5000)
        elif path == "/broken":
            self.wfile.write(b"nonsense\r\n\r\n")
        else:
            self.send_response(410)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A server on this machine, which no proxy of the environment is asked for."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def address(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


@pytest.mark.parametrize("path", ["/good", "/again"])
def test_a_document_is_fetched_without_a_credential(server: ThreadingHTTPServer, path: str) -> None:
    """Redirects within http are followed; no secret is sent."""
    assert fetch_url(address(server, path)) == b"x" * 5000
    seen = {name.lower(): value for name, value in server.seen.items()}  # type: ignore[attr-defined]
    assert seen["accept"] == "application/json"
    assert not seen.keys() & {"authorization", "cookie", "api-key"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/gone?key=hunter2", "/gone answered 410"),
        ("/loop", "/loop answered 302"),
        ("/file", "/file answered 302"),
        ("/ftp", "ftp://host/x is not an http or https address"),
        ("/broken", "/broken could not be fetched"),
    ],
)
def test_a_server_that_does_not_give_it_is_the_declared_error(
    server: ThreadingHTTPServer, path: str, words: str
) -> None:
    """The message shows the address without its query."""
    with pytest.raises(CatalogError) as caught:
        fetch_url(address(server, path))
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_body_over_the_limit_is_refused(server: ThreadingHTTPServer) -> None:
    """Reading stops at the limit."""
    with pytest.raises(CatalogError, match="more than the 4999 bytes allowed"):
        fetch_url(address(server, "/good"), limit=4999)


def test_a_body_that_trickles_in_is_given_up(server: ThreadingHTTPServer) -> None:
    """Past the deadline no further piece is waited for."""
    ticks = iter([0.0, 61.0])
    with pytest.raises(CatalogError, match="took too long"):
        fetch_url(address(server, "/good"), deadline=60.0, clock=lambda: next(ticks))


def test_a_closed_port_is_the_declared_error(server: ThreadingHTTPServer) -> None:
    """Nobody there is an error like any other."""
    url = address(server, "/good")
    server.server_close()
    with pytest.raises(CatalogError, match="could not be fetched"):
        fetch_url(url, timeout=5)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://host/x", "data:,x", "", "models", "http://", "http://[x"),
        *("https:///path", "javascript:alert(1)", "//host/path"),
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Only http and https with a host are fetched."""
    with pytest.raises(CatalogError, match="is not an http or https address"):
        fetch_url(url)


@pytest.mark.parametrize("url", ["http://ann:hunter2@host/x", "http://hunter2@host/x"])
def test_addresses_with_a_user_name_are_refused(url: str) -> None:
    """A password in an address is neither used nor shown."""
    with pytest.raises(CatalogError, match="http://host/x was given with a user name") as caught:
        fetch_url(url)
    assert "hunter2" not in str(caught.value)


def test_no_redirect_leaves_https() -> None:
    """What was asked for with protection does not come without."""
    from email.message import Message
    from io import BytesIO
    from urllib.request import Request

    arguments = (BytesIO(), 302, "Found", Message())
    request = Request("https://host/a?key=hunter2")
    with pytest.raises(CatalogError, match="https://host/a redirects to an unprotected address"):
        _CarefulRedirects().redirect_request(request, *arguments, "http://host/b")  # type: ignore[arg-type]
    followed = _CarefulRedirects().redirect_request(request, *arguments, "https://host/b")  # type: ignore[arg-type]
    assert followed is not None
    assert followed.full_url == "https://host/b"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:pw@host:8080/a/b?c=d#e", "https://host:8080/a/b"),
        ("http://[", "The address"),
    ],
)
def test_messages_show_scheme_host_and_path_only(url: str, shown: str) -> None:
    """User names, queries and fragments may be secret."""
    assert public_part(url) == shown
