"""Nothing that drips in line by line outlives its deadline: interim answers, headers, trailers."""

from __future__ import annotations

import asyncio
import socket
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ServiceResponseTimeoutError

from github_models_azure import trail_of
from github_models_azure.client.deadline import (
    Deadline,
    TimedResponse,
    _timed_connection,
    read_timed,
    reading_by,
)
from github_models_azure.client.reading import arriving
from github_models_azure.exceptions import StreamInterruptedError
from tests.client.raw_server_helpers import Script, Send, raw_server
from tests.harness import DONE, HELLO, Clock, Twin, delta

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
EVENTS = OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def drips(head: bytes, drop: bytes) -> Script:
    """Send a head, and then a few bytes every twentieth of a second, without end."""

    def script(asked: bytes, send: Send, stop: threading.Event) -> None:
        send(head)
        while not stop.wait(0.05):
            send(drop)

    return script


DRIPS = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers of an interim answer": (b"HTTP/1.1 100 Continue\r\n", b"a: b\r\n"),
    "one header": (OK + b"a: ", b"x"),
    "headers": (OK, b"a: b\r\n"),
    "chunk size": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"1;", b"x"),
    "trailer": (CHUNKED + b"2\r\n{}\r\n0\r\na: ", b"x"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n"),
}


def ask(twin: Twin, url: str, **options: Any) -> Any:
    is_chat = options.pop("kind", "Chat") == "Chat"
    name = "ChatCompletionsClient" if is_chat else "EmbeddingsClient"
    client = getattr(twin.package, name)(url, "key", model="m", fallback=None)
    asked = (
        partial(client.complete, messages=HELLO) if is_chat else partial(client.embed, input=["Hi"])
    )
    if not twin.is_async:
        with client:
            found = asked(**options)
            return list(found) if options.get("stream") else found

    async def call() -> Any:
        async with client:
            found = await asked(**options)
            return [one async for one in found] if options.get("stream") else found

    return asyncio.run(call())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("what", DRIPS)
def test_a_call_ends_at_its_timeout_whatever_drips(twin: Twin, what: str, stream: bool) -> None:
    """Each byte renews the timeout of its wait, and none that of the call."""
    with raw_server(drips(*DRIPS[what])) as url, pytest.raises(AzureError) as caught:
        ask(twin, url, timeout=0.3, fallback_max_wait=0, stream=stream)
    assert isinstance(caught.value, ServiceResponseTimeoutError)
    trail = trail_of(caught.value)
    assert trail is not None
    assert len(trail.attempts) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("what", DRIPS)
def test_a_head_that_drips_is_silence(twin: Twin, what: str, stream: bool) -> None:
    """Without any timeout of ours, the SDK's own ends it; nothing of the body has come."""
    options: dict[str, Any] = {"read_timeout": 0.3, "connection_timeout": 0.3}
    with raw_server(drips(*DRIPS[what])) as url, pytest.raises(ServiceResponseTimeoutError):
        ask(twin, url, **options, fallback_max_wait=0, stream=stream)


SPACES = {
    "from the start": (CHUNKED, b"1\r\n \r\n"),
    "in lines": (CHUNKED, b"2\r\n\r\n\r\n"),
    "after some of it": (CHUNKED + b'b\r\n{"choices":\r\n', b"1\r\n\t\r\n"),
    "with a length": (OK + b"content-length: 9999\r\n\r\n", b" \n"),
    "up to the end of the connection": (OK + b"connection: close\r\n\r\n{", b" "),
}


@pytest.mark.parametrize("kind", ["Chat", "Embeddings"])
@pytest.mark.parametrize("what", SPACES)
def test_white_space_is_silence(twin: Twin, what: str, kind: str) -> None:
    """Of a whole answer: servers send it to keep a connection alive."""
    with raw_server(drips(*SPACES[what])) as url, pytest.raises(ServiceResponseTimeoutError):
        ask(twin, url, kind=kind, read_timeout=0.3, fallback_max_wait=0)


def test_white_space_before_a_refusal_is_silence(twin: Twin) -> None:
    """Of one that is whole, and of one in place of a stream."""
    head = CHUNKED.replace(b"200 OK", b"500 Oh")
    for stream in (False, True):
        with raw_server(drips(head, b"1\r\n \r\n")) as url, pytest.raises(AzureError) as caught:
            ask(twin, url, stream=stream, read_timeout=0.3, fallback_max_wait=0)
        assert isinstance(caught.value, ServiceResponseTimeoutError)


def test_trailers_after_the_last_event_hold_nobody(twin: Twin) -> None:
    """The stream has said all; its connection is not worth waiting for."""
    event = delta("Hi") + delta(finish="stop") + DONE
    head = EVENTS + f"{len(event):x}\r\n".encode() + event + b"\r\n0\r\na: "
    with raw_server(drips(head, b"x")) as url:
        assert len(ask(twin, url, stream=True)) == 2


def test_a_piece_of_a_stream_that_drips_ends_with_the_read_timeout() -> None:
    """Once content flows, each piece has as long as the caller allows for a wait."""
    event = delta("Hi")
    head = EVENTS + f"{len(event):x}\r\n".encode() + event + b"\r\n"
    with raw_server(drips(head, b"0")) as url, pytest.raises(StreamInterruptedError):
        ask(Twin(False), url, stream=True, read_timeout=0.3)


def pair(deadline: Deadline) -> tuple[socket.socket, socket.socket, TimedResponse]:
    here, there = socket.socketpair()
    here.settimeout(50)
    with reading_by(deadline):
        response = TimedResponse(here)
    return here, there, response


def test_the_wait_is_what_is_left_and_the_sockets_own_comes_back() -> None:
    """A shorter one of the socket stays; a longer one is shortened while bytes are awaited."""
    clock = Clock(100.0)
    deadline = Deadline(110.0, clock)
    here, there, response = pair(deadline)
    waits: list[float | None] = []
    real = here.settimeout
    spy = type("Spy", (), {"gettimeout": here.gettimeout, "settimeout": waits.append})()
    response.fp.raw._sock = spy  # type: ignore[attr-defined]
    with here, there, response:
        there.sendall(b"abc\n")
        assert response.fp.readline() == b"abc\n"  # type: ignore[union-attr]
        assert waits == [10.0, 50.0]
        real(3)
        there.sendall(b"def\n")
        assert response.fp.readline() == b"def\n"  # type: ignore[union-attr]
        assert waits == [10.0, 50.0]
        clock.now = 110.0
        with pytest.raises(TimeoutError, match="deadline"):
            response.fp.readline()  # type: ignore[union-attr]


def test_without_a_limit_the_file_is_read_as_ever() -> None:
    """And each piece of a stream sets its own end once it has a gap."""
    clock = Clock(100.0)
    deadline = Deadline(clock=clock)
    deadline.begin_piece()
    assert deadline.left() == float("inf")
    here, there, response = pair(deadline)
    with here, there, response:
        there.sendall(b"abc\n")
        assert response.fp.readline() == b"abc\n"  # type: ignore[union-attr]
    deadline.gap = 5.0
    deadline.begin_piece()
    assert deadline.left() == 5.0
    clock.now = 103.0
    assert deadline.left() == 2.0
    deadline.move(104.0)
    deadline.begin_piece()
    assert deadline.left() == 1.0


def test_the_head_of_a_whole_answer_is_awaited_from_when_it_was_asked_for() -> None:
    """Not from when the connection was begun; and no gap outlives the end."""
    clock = Clock(100.0)
    deadline = Deadline(120.0, clock, gap=10.0)
    clock.now = 105.0
    here, there, response = pair(deadline)
    with here, there, response:
        assert deadline.left() == 10.0
    clock.now = 114.0
    deadline.begin_piece()
    assert deadline.left() == 6.0


def test_only_what_is_no_white_space_ends_the_silence_of_a_whole_answer() -> None:
    """Of a stream each piece does, once it is asked for: what it holds is judged elsewhere."""
    for whole, expected in ((True, [10.0, 6.0, 10.0, 6.0]), (False, [6.0] * 4)):
        clock = Clock(100.0)
        deadline, found = Deadline(clock=clock, gap=10.0), []
        data = iter([b"{", b" \r\n", b" 1", b"\n", b""])

        def read1(size: int, *, decode_content: bool, data: Any = data, clock: Any = clock) -> Any:
            clock.now += 4.0
            return next(data)

        inner: Any = SimpleNamespace(raw=SimpleNamespace(read1=read1), headers={})
        for _ in arriving(inner, float("inf"), None, deadline, whole=whole):
            found.append(deadline.left())
            clock.now += 0.0 if whole else 50.0
        assert found == expected


def test_a_response_outside_of_a_call_is_pythons_own() -> None:
    """Whoever uses the session for something else is not concerned."""
    here, there = socket.socketpair()
    with here, there, TimedResponse(here) as response:
        assert response.fp.raw.__class__ is socket.SocketIO  # type: ignore[union-attr, attr-defined]


def test_every_kind_of_connection_is_read_by_deadlines() -> None:
    """Those of a proxy too; a class that stands in for a connection is left as it is."""
    from urllib3 import PoolManager, ProxyManager

    for manager in (PoolManager(), ProxyManager("http://127.0.0.1:9")):
        timed = read_timed(manager)
        for scheme in ("http", "https"):
            pool = timed.connection_from_host("models.example", scheme=scheme)
            assert pool.ConnectionCls.response_class is TimedResponse
        manager.clear()
    assert _timed_connection(Clock) is Clock
