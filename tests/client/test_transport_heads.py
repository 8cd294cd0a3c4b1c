"""What stands before an answer: interim answers and long headers, over real connections.

About `client/deadline.py`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.harness import DONE, HELLO, Twin, delta, text_of
from tests.traps.wire_helpers import GOOD, Act, serve, sse

EARLY = (
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 199 Whatever\r\nx-some: thing\r\n\r\n",
)
LONG = b"x-long: " + b"v" * 60_000 + b"\r\n"
BODY = json.dumps(GOOD).encode()
HI = delta("Hi", "stop") + DONE


@contextmanager
def speaking(head: bytes, *, streamed: bool, keeps: bool = True) -> Iterator[str]:
    """A server that says ``head`` before each answer, on as many connections as it likes."""
    kind, body = (b"text/event-stream", HI) if streamed else (b"application/json", BODY)
    lines = b"content-type: %s\r\ncontent-length: %d\r\n" % (kind, len(body))
    lines += b"" if keeps else b"connection: close\r\n"

    def talk(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as asked:
            while head_line := asked.readline():
                length = 0
                while (line := asked.readline().strip().lower()) and head_line:
                    length = int(line[16:]) if line.startswith(b"content-length: ") else length
                asked.read(length)
                answer = b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + body
                if head.startswith(b"HTTP"):
                    connection.sendall(head + answer)
                else:
                    connection.sendall(answer.replace(b"OK\r\n", b"OK\r\n" + head, 1))
                if not keeps:
                    return

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
            threads[-1].start()

    threads: list[threading.Thread] = []
    listener = socket.create_server(("127.0.0.1", 0))
    accepting = threading.Thread(target=listen, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


async def text_in(updates: Any) -> str:
    return "".join([text_of(update) async for update in updates])


def ask_twice(twin: Twin, url: str, *, streamed: bool) -> list[str]:
    """Ask the same client twice, and read all."""
    client = twin.package.ChatCompletionsClient(url, "key", model="m", fallback=None)
    keywords: dict[str, Any] = {"messages": HELLO, "stream": streamed}

    def said(answer: Any) -> str:
        return answer.choices[0].message.content or ""

    async def later() -> list[str]:
        async with client:
            if not streamed:
                return [said(await client.complete(**keywords)) for _ in range(2)]
            return [await text_in(await client.complete(**keywords)) for _ in range(2)]

    if twin.is_async:
        return asyncio.run(later())
    with client:
        if not streamed:
            return [said(client.complete(**keywords)) for _ in range(2)]
        return ["".join(map(text_of, client.complete(**keywords))) for _ in range(2)]


@pytest.mark.extras
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "closed"])
@pytest.mark.parametrize("head", [*EARLY, LONG, LONG * 2], ids=range(5))
def test_what_stands_before_an_answer_is_passed_over(
    twin: Twin, head: bytes, keeps: bool, streamed: bool
) -> None:
    """Interim answers of any kind, any number of them, and headers of 60 kB; each time."""
    with speaking(head, streamed=streamed, keeps=keeps) as url:
        assert ask_twice(twin, url, streamed=streamed) == ["Hi", "Hi"]


@pytest.mark.extras
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_silent_server_holds_nobody_after_the_end(twin: Twin, framing: str) -> None:
    """Not even where the answer ends with its connection: a second, and it is whole."""
    with serve(lambda asked: sse(delta("Hi", "stop"), Act.STALL, framing=framing)) as wire:
        client = twin.package.ChatCompletionsClient(wire.url, "key", model="m", fallback=None)

        async def later() -> str:
            async with client:
                return await text_in(await client.complete(messages=HELLO, stream=True))

        if twin.is_async:
            assert asyncio.run(later()) == "Hi"
        else:
            with client:
                updates = client.complete(messages=HELLO, stream=True)
                assert "".join(map(text_of, updates)) == "Hi"
        assert wire.hung_up.wait(30)
