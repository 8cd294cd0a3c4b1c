"""Our own mistakes are not outages: raised at once as the SDK raises them, and nothing cools down.

About `client/sending.py`, `policies/errors.py`; with a real server, as transports raise them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, ServiceRequestError

from github_models_azure import Endpoint, MemoryLedger, Target, trail_of
from github_models_azure.policies.errors import is_about_a_file, is_callers_mistake
from tests.harness import HELLO, Service, Twin, chat
from tests.loopback import Journal, completion, serve

pytestmark = pytest.mark.extras

NOWHERE = "/nowhere/at/all.pem"
JUNK = __file__  # a file, and no certificate
Case = tuple[str, dict[str, Any], dict[str, Any]]

# What a mistake is called, the constructor's keywords and the call's.
BOTH: list[Case] = [
    ("the files of a certificate are missing", {"connection_cert": (NOWHERE, NOWHERE)}, {}),
    ("they are, for one call", {}, {"connection_cert": (NOWHERE, NOWHERE)}),
    ("a header with a line end", {}, {"headers": {"x-a": "a\nb"}}),
    ("a header for all calls with a line end", {"headers": {"x-a": "a\nb"}}, {}),
    ("a name of a header with a line end", {}, {"headers": {"x\na": "b"}}),
    ("a user agent with a line end", {"user_agent": "a\nb"}, {}),
    ("a header that is a number", {}, {"headers": {"x-a": 3}}),
    ("a body that is no JSON", {}, {"model_extras": {"a": object()}}),
]
ONLY: dict[str, list[Case]] = {
    "sync": [
        ("one file of a certificate is missing", {"connection_cert": NOWHERE}, {}),
        ("a header that is not Latin", {}, {"headers": {"x-a": "\u4e2d"}}),
        ("a negative read timeout", {}, {"read_timeout": -1}),
        ("a negative read timeout for all calls", {"read_timeout": -1}, {}),
        ("a read timeout of zero", {}, {"read_timeout": 0}),
        ("a read timeout that is text", {}, {"read_timeout": "long"}),
        ("a negative connection timeout", {}, {"connection_timeout": -1}),
        ("a negative connection timeout for all calls", {"connection_timeout": -1}, {}),
        ("a proxy that is no URL", {}, {"proxies": {"http": "::no::"}}),
        ("a proxy of an unknown kind", {}, {"proxies": {"http": "nope://host"}}),
    ],
    "aio": [
        ("a file of authorities is missing", {"connection_verify": NOWHERE}, {}),
        ("it is, for one call", {}, {"connection_verify": NOWHERE}),
        ("a file of authorities is none", {"connection_verify": JUNK}, {}),
        ("a file of a certificate is none", {}, {"connection_cert": (JUNK, JUNK)}),
        ("a proxy that is no URL", {}, {"proxies": {"http": "::no::"}}),
    ],
}
CASES = [
    pytest.param(name, case, id=f"{name}-{case[0]}")
    for name, only in ONLY.items()
    for case in (*BOTH, *only)
]


@pytest.fixture
def server() -> Iterator[Journal]:
    with serve(lambda body: completion(body["model"])) as journal:
        yield journal


def raised(twin: Twin, make: Any, call: dict[str, Any], *, closed: bool = False) -> BaseException:
    """Return what a call raises that has to fail."""

    async def ask() -> Any:
        async with make() as client:
            if closed:
                await client.complete(messages=HELLO)
                await client.close()
            return await client.complete(messages=HELLO, **call)

    def ask_sync() -> Any:
        with make() as client:
            if closed:
                client.complete(messages=HELLO)
                client.close()
            return client.complete(messages=HELLO, **call)

    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the SDK raises
        twin.run(ask()) if twin.is_async else ask_sync()
    return caught.value


def theirs(twin: Twin, url: str, keywords: dict[str, Any]) -> Any:
    package: Any = azure.ai.inference.aio if twin.is_async else azure.ai.inference
    return package.ChatCompletionsClient(url, AzureKeyCredential("k"), model="m", **keywords)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_mistake_is_raised_as_the_sdk_raises_it(
    server: Journal, name: str, case: Case, streamed: bool
) -> None:
    """The same class and text, before anything is sent; no other target is asked."""
    twin, (_, keywords, call) = Twin(name), case
    call = {**call, "stream": streamed}
    stock = raised(twin, lambda: theirs(twin, server.url, dict(keywords)), call)
    ledger = MemoryLedger()

    def ours() -> Any:
        return twin.package.ChatCompletionsClient(
            server.url, "k", model="m", fallback=["n"], ledger=ledger, **keywords
        )

    error = raised(twin, ours, call)
    assert type(error) is type(stock)
    assert str(error) == str(stock)
    assert server.requests == []
    trail = trail_of(error)
    assert trail is None or trail.attempts == ()
    assert_nothing_cools(ledger, server, twin)


def assert_nothing_cools(ledger: MemoryLedger, server: Journal, twin: Twin) -> None:
    """Another client with the same memory asks the same model at once."""

    async def ask() -> Any:
        async with made() as client:
            return await client.complete(messages=HELLO)

    def made() -> Any:
        return twin.package.ChatCompletionsClient(
            server.url, "k", model="m", fallback=["n"], ledger=ledger
        )

    if twin.is_async:
        answer = twin.run(ask())
    else:
        with made() as client:
            answer = client.complete(messages=HELLO)
    assert trail_of(answer).served_by.endswith("/m")
    assert trail_of(answer).skipped == ()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_closed_client_says_so(server: Journal, twin: Twin, streamed: bool) -> None:
    """As the SDK's does, and no target is asked in vain."""
    call = {"stream": streamed}
    stock = raised(twin, lambda: theirs(twin, server.url, {}), call, closed=True)
    ledger = MemoryLedger()

    def ours() -> Any:
        return twin.package.ChatCompletionsClient(
            server.url, "k", model="m", fallback=["n"], ledger=ledger
        )

    error = raised(twin, ours, call, closed=True)
    assert type(error) is type(stock) is ValueError
    assert str(error) == str(stock)
    assert "already been closed" in str(error)
    assert_nothing_cools(ledger, server, twin)


def test_a_client_that_was_closed_before_its_first_call_works(server: Journal, twin: Twin) -> None:
    """As the SDK's does; its connections are made as those of any other."""

    async def ask() -> Any:
        client = twin.package.ChatCompletionsClient(server.url, "k", model="m")
        await client.close()
        async with client:
            return await client.complete(messages=HELLO)

    if twin.is_async:
        assert twin.run(ask()).choices
        return
    client = twin.package.ChatCompletionsClient(server.url, "k", model="m")
    client.close()
    with client:
        assert client.complete(messages=HELLO).choices
        session = client._client._pipeline._transport.session
        assert session.get_adapter("https://x")._pool_maxsize == 100


@pytest.mark.parametrize("option", ["read_timeout", "connection_timeout"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [(-1, ValueError), (-0.5, ValueError), ("long", TypeError), (True, TypeError)],
)
def test_aiohttp_is_not_given_seconds_that_are_none(
    server: Journal, option: str, value: Any, kind: type[Exception]
) -> None:
    """It takes them for something else, and the call for an outage."""
    twin = Twin("aio")
    for keywords, call in (({option: value}, {}), ({}, {option: value})):

        def ours(keywords: dict[str, Any] = keywords) -> Any:
            return twin.package.ChatCompletionsClient(server.url, "k", model="m", **keywords)

        error = raised(twin, ours, call)
        assert type(error) is kind
        assert server.requests == []


@pytest.mark.parametrize("option", ["timeout", "attempt_timeout", "retry_backoff_factor"])
def test_a_negative_time_of_ours_is_refused(twin: Twin, option: str) -> None:
    """At construction and by a call, in both twins."""
    transport = twin.transport(Service(lambda sent: chat("m")))
    with pytest.raises(ValueError, match=f"{option} is at least"):
        twin.package.ChatCompletionsClient("https://a.example/v1", "k", **{option: -1})
    client = twin.package.ChatCompletionsClient(
        "https://a.example/v1", "k", model="m", transport=transport
    )
    with pytest.raises(ValueError, match=f"{option} is at least"):
        twin.complete(client, **{option: -1})


@contextmanager
def tls(folder: Path) -> Iterator[str]:
    """A port that accepts connections; no handshake ever succeeds there."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    "keywords", [{"connection_verify": JUNK}, {"connection_cert": (JUNK, JUNK)}]
)
def test_a_certificate_file_that_is_none_is_no_outage(
    twin: Twin, keywords: dict[str, Any], tmp_path: Path
) -> None:
    """requests finds it when it connects, and calls that a connection error, as the SDK does."""
    with tls(tmp_path) as url:
        stock = raised(twin, lambda: theirs(twin, url, dict(keywords)), {})

        def ours() -> Any:
            return twin.package.ChatCompletionsClient(
                url, "k", model="m", fallback=["n"], **keywords
            )

        error = raised(twin, ours, {})
    assert type(error) is type(stock)
    assert trail_of(error) is None or trail_of(error).attempts == ()


def test_a_handshake_that_fails_is_an_outage(twin: Twin, tmp_path: Path) -> None:
    """A server's trouble with TLS is not the caller's."""
    with tls(tmp_path) as url:

        def ours() -> Any:
            return twin.package.ChatCompletionsClient(
                url, "k", model="m", fallback=None, fallback_max_attempts=1
            )

        error = raised(twin, ours, {})
    assert isinstance(error, ServiceRequestError)
    assert trail_of(error).attempts[0].failure.kind == "unavailable"


def test_a_host_that_cannot_be_written_is_a_mistake(twin: Twin) -> None:
    """Unlike a name that nobody knows; no other target is asked."""

    def ours() -> Any:
        return twin.package.ChatCompletionsClient(
            "https://a..b.example/v1", "k", model="m", fallback=["n"]
        )

    error = raised(twin, ours, {})
    assert isinstance(error, AzureError | ValueError)
    assert trail_of(error) is None or trail_of(error).attempts == ()


def test_a_redirect_to_such_a_host_is_not(twin: Twin) -> None:
    """A server wrote it, so the next target elsewhere is asked."""
    astray = (307, {"location": "http://a..b.example/v1/chat/completions"}, b"{}")

    async def ask(make: Any) -> Any:
        async with make() as client:
            return await client.complete(messages=HELLO)

    with serve(lambda body: astray) as server, serve(lambda body: completion("n")) as other:

        def made() -> Any:
            elsewhere = Target("n", Endpoint("other", other.url))
            return twin.package.ChatCompletionsClient(
                server.url, "k", model="m", fallback=[elsewhere]
            )

        if twin.is_async:
            found = twin.run(ask(made))
        else:
            with made() as client:
                found = client.complete(messages=HELLO)
    assert trail_of(found).served_by == "other/n"


def test_a_hook_of_the_callers_own_is_kept(server: Journal) -> None:
    """The one that notes the head of an answer stands beside it."""
    seen: list[int] = []

    def note(response: Any, **_: Any) -> None:
        seen.append(response.status_code)

    twin = Twin("sync")
    with twin.package.ChatCompletionsClient(server.url, "k", model="m") as client:
        client.complete(messages=HELLO, hooks={"response": note})
        client.complete(messages=HELLO, hooks={"response": [note]})
    assert seen == [200, 200]


def test_what_is_about_a_file() -> None:
    """The kinds by which libraries say it."""
    broken = ssl.SSLError(1, "[SSL: UNEXPECTED_MESSAGE] unexpected message")
    broken.reason, broken.library = "UNEXPECTED_MESSAGE", "SSL"
    assert not is_about_a_file(broken)
    assert not is_about_a_file(ConnectionRefusedError(111, "refused"))
    assert not is_about_a_file(OSError(101, "unreachable"))
    assert not is_about_a_file(OSError("cut"))
    assert is_about_a_file(PermissionError(13, "denied"))


def test_a_file_that_may_not_be_read_is_told_from_a_firewall() -> None:
    """Both are refused alike; only the first is found by what sets TLS up."""
    denied = PermissionError(13, "denied")
    firewall = ServiceRequestError("no", error=denied)
    assert not is_callers_mistake(firewall)
    reading = type("SSLError", (Exception,), {})(denied)
    assert is_callers_mistake(ServiceRequestError("no", error=reading))
    assert is_callers_mistake(ServiceRequestError("no", error=FileNotFoundError(2, "none")))
    assert not is_callers_mistake(ServiceRequestError("no", error=OSError(101, "unreachable")))
