"""Bytes that are no proper answer become one clear error over real connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError

from github_models_azure import trail_of
from tests.client.test_transport import ask
from tests.harness import Twin

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """A server that reads a request, sends these bytes and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(OK + b"x-big: " + b"a" * 200_000 + b"\r\n\r\n{}", id="huge header"),
        pytest.param(
            OK + b"".join(b"x-%d: a\r\n" % number for number in range(2000)) + b"\r\n{}",
            id="many headers",
        ),
        pytest.param(b"\x00\x01 not http\r\n\r\n", id="not HTTP"),
        pytest.param(b"", id="nothing"),
        pytest.param(OK + b"content-length: 100\r\n\r\n{}", id="cut off"),
        pytest.param(OK + b"content-length: abc\r\n\r\n{}", id="no length"),
        pytest.param(
            OK + b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello", id="broken gzip"
        ),
        pytest.param(OK + b"\r\n" + b"[" * 200_000, id="deep JSON"),
        pytest.param(OK + b"content-length: 5\r\n\r\nhello", id="no JSON"),
    ],
)
def test_a_broken_answer_is_a_clear_error(twin: Twin, raw: bytes) -> None:
    """Each is azure-core's error with a trail: no hang, no crash of another kind."""
    with answering(raw) as url, pytest.raises(AzureError) as caught:
        ask(twin, url, fallback_max_wait=0, retry_total=0, timeout=30)
    assert len(trail_of(caught.value).attempts) == 1


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "rest", [b"content-length: 100\r\n\r\n{}", b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"]
)
def test_a_cut_answer_is_one_error_for_both_twins(twin: Twin, rest: bytes, streamed: bool) -> None:
    """With a length or in chunks, whole or as a stream."""
    with answering(OK + rest) as url, pytest.raises(ServiceResponseError) as caught:
        ask(twin, url, fallback_max_wait=0, retry_total=0, stream=streamed)
    assert type(caught.value) is ServiceResponseError


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("status", [204, 302, 403, 410, 500])
def test_a_refusal_without_a_body_is_the_error_of_its_status(
    twin: Twin, status: int, streamed: bool
) -> None:
    """GitHub Models refused accounts so; aiohttp's body can be read but once where it is empty."""
    raw = b"HTTP/1.1 %d No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status
    with answering(raw) as url, pytest.raises(HttpResponseError) as caught:
        ask(twin, url, fallback_max_wait=0, retry_total=0, stream=streamed)
    assert caught.value.status_code == status
    assert [attempt.status for attempt in trail_of(caught.value).attempts] == [status]
