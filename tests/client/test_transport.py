"""Whole answers are bounded over real connections, however slowly they drip in."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError

from github_models_azure import trail_of
from tests.client.raw_server_helpers import raw_server
from tests.harness import HELLO, Twin
from tests.loopback import completion, serve


def drip(_: bytes, send: Any, stop: threading.Event) -> None:
    """Send a header and then a byte every twentieth of a second, without end."""
    send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n")
    while not stop.wait(0.05):
        send(b" ")


def ask(twin: Twin, url: str, **options: Any) -> Any:
    """Ask through a client with the transport it makes for itself."""
    client = twin.package.ChatCompletionsClient(url, "key", model="m", fallback=None)
    if not twin.is_async:
        with client:
            return client.complete(messages=HELLO, **options)

    async def call() -> Any:
        async with client:
            return await client.complete(messages=HELLO, **options)

    return asyncio.run(call())


@pytest.mark.parametrize("option", ["timeout", "attempt_timeout"])
def test_an_answer_that_drips_is_cut_off(twin: Twin, option: str) -> None:
    """Bytes that keep coming do not keep a call alive past its timeout."""
    with raw_server(drip) as url, pytest.raises(ServiceResponseTimeoutError) as caught:
        ask(twin, url, **{option: 0.3}, fallback_max_wait=0)
    assert len(trail_of(caught.value).attempts) == 1


def test_an_answer_in_time_is_read_whole(twin: Twin) -> None:
    """With a timeout the answer, and what a hook sees of it, are the same as without."""
    seen: list[Any] = []
    with serve(lambda body: completion("m")) as journal:
        answer = ask(
            twin,
            journal.url,
            timeout=60,
            raw_response_hook=lambda response: seen.append(
                json.loads(response.http_response.text())
            ),
        )
    assert answer.choices[0].message.content == "Hello from m"
    assert seen[0]["model"] == "m"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_closed_client_holds_no_connection(twin: Twin, stream: bool) -> None:
    """Not even while an error of it is kept, which holds its request and all that belongs to it."""
    gone = threading.Event()

    def refuse(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 No\r\ncontent-length: 2\r\n\r\n{}")
            while connection.recv(65536):
                pass
            gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse, args=(listener,))
        server.start()
        with pytest.raises(HttpResponseError) as kept:
            ask(twin, f"http://127.0.0.1:{listener.getsockname()[1]}", stream=stream)
        assert gone.wait(30)
        server.join()
    assert kept.value.status_code == 400
