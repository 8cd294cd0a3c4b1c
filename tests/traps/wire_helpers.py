"""A scripted server on loopback: every byte, pause and cut of an answer is the test's own."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Act(Enum):
    """What the server does between two pieces of an answer."""

    STALL = "say nothing until the client hangs up or the test is over"
    CUT = "hang up"
    PAUSE = "wait a little"
    SEEN = "wait until the test says that the client has seen something"
    POUR = "send comments for as long as the client is there"
    NEXT = "wait for another request, but not for long"


Piece = bytes | Act


@dataclass(frozen=True)
class Asked:
    """One request as it came off the wire; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: Any

    @property
    def model(self) -> Any:
        return self.body.get("model")


@dataclass(frozen=True)
class Reply:
    """An answer, each piece sent on its own.

    ``framing`` is how its end is told: by a last chunk, by its length, or by hanging up.
    """

    pieces: tuple[Piece, ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    framing: str = "chunked"


def sse(*pieces: Piece, framing: str = "chunked") -> Reply:
    """An event stream."""
    return Reply(pieces, headers={"content-type": "text/event-stream"}, framing=framing)


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    """A whole answer: bytes as they are, anything else as JSON; ``_`` in names stands for ``-``."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply((body,), status, {"content-type": "application/json", **named}, "length")


GOOD = {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}


def good(asked: Asked) -> Reply:
    """Answer everything."""
    return answer(GOOD)


def down(asked: Asked) -> Reply:
    """Answer nothing."""
    return answer({}, 503)


@dataclass
class Wire:
    """What reached the server."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set once a client has left while the server was stalling, or still speaking."""
    seen: threading.Event = field(default_factory=threading.Event)
    """For the test to set."""
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    arrival: threading.Condition = field(default_factory=threading.Condition)
    opened: set[socket.socket] = field(default_factory=set)

    @property
    def models(self) -> list[Any]:
        return [asked.model for asked in self.asked]


Script = Callable[[Asked], Reply]


class _Handler(BaseHTTPRequestHandler):
    """Answers by the script of its server; has a thread for each connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.wire = self.server.wire
        with self.wire.lock:
            self.wire.connections += 1
            self.wire.opened.add(self.connection)

    def finish(self) -> None:
        with self.wire.lock:
            self.wire.opened.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        named = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, named, json.loads(body) if body else {})
        with self.wire.arrival:
            self.wire.asked.append(asked)
            self.wire.arrival.notify_all()
        reply = self.server.script(asked)
        try:
            self._begin(reply)
            for piece in reply.pieces:
                self._say(piece, reply)
            if reply.framing == "chunked":
                self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            self._left()
        except OSError:
            self.close_connection = True

    do_GET = do_POST

    def _begin(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.framing == "length":
            size = sum(len(piece) for piece in reply.pieces if isinstance(piece, bytes))
            self.send_header("content-length", str(size))
        elif reply.framing == "chunked":
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("connection", "close")
        self.end_headers()

    def _say(self, piece: Piece, reply: Reply) -> None:
        if isinstance(piece, bytes):
            self._send(piece, reply)
        elif piece is Act.CUT:
            raise ConnectionAbortedError
        elif piece is Act.STALL:
            self._stall()
        elif piece is Act.PAUSE:
            self.wire.over.wait(0.05)
        elif piece is Act.SEEN:
            self.wire.seen.wait(10)
        elif piece is Act.NEXT:
            with self.wire.arrival:
                so_far = len(self.wire.asked)
                self.wire.arrival.wait_for(lambda: len(self.wire.asked) > so_far, 0.2)
        while piece is Act.POUR:
            self._send(b": and more\n" * 100, reply)

    def _send(self, piece: bytes, reply: Reply) -> None:
        framed = b"%x\r\n%b\r\n" % (len(piece), piece)
        self.wfile.write(framed if reply.framing == "chunked" else piece)

    def _stall(self) -> None:
        with suppress(OSError):
            self.connection.recv(1)
        self._left()
        raise ConnectionAbortedError

    def _left(self) -> None:
        if not self.wire.over.is_set():
            self.wire.hung_up.set()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False  # so that closing the server waits for every connection

    def __init__(self, wire: Wire, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wire, self.script = wire, script

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Take a client that resets its connection for one that left."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def serve(script: Script) -> Iterator[Wire]:
    """Run a server that answers by what it was asked; yields what reaches it."""
    wire = Wire()
    server = _Server(wire, script)
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        thread.join()
        with wire.lock:
            wire.over.set()
            for connection in wire.opened:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        server.server_close()
