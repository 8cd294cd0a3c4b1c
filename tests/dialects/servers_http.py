"""A threaded HTTP server on loopback that keeps everything it was sent.

``tests/loopback.py`` answers by the body alone; here path, query and headers decide too, and a
connection may break.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

_NOW = struct.pack("ii", 1, 0)  # linger for no time: closing resets


class Break(Enum):
    """How a connection ends before its answer does."""

    RESET = "no answer, the connection is reset"
    HANG_UP = "half of the answer, then the end"


@dataclass(frozen=True)
class Request:
    """One request as it came off the wire; ``headers`` keeps repeated ones."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def params(self) -> list[tuple[str, str]]:
        """The pairs of the query, also those without a value."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def body(self) -> Any:
        """The parsed JSON; an empty object where there is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return {}

    @property
    def everything(self) -> str:
        """All parts in one text, as sent and with escapes undone, for a search."""
        lines = [self.method, self.path, self.query, *(f"{n}: {v}" for n, v in self.headers)]
        raw = "\n".join([*lines, self.content.decode("utf-8", "replace")])
        return f"{raw}\n{unquote_plus(raw)}"

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def header_names(self) -> set[str]:
        """The names of all headers, in lower case."""
        return {name.lower() for name, _ in self.headers}


@dataclass(frozen=True)
class Reply:
    """One answer: a body, or the ``chunks`` of a stream."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    chunks: tuple[bytes, ...] | None = None
    broken: Break | None = None


def as_json(value: Any, status: int = 200, *headers: tuple[str, str]) -> Reply:
    """A JSON answer."""
    return Reply(
        status, (("content-type", "application/json"), *headers), json.dumps(value).encode()
    )


Answerer = Callable[[Request], Reply]


class LoopbackServer:
    """Answers by a function of the request for as long as a ``with`` block lasts."""

    def __init__(self, answer: Answerer) -> None:
        self.answer = answer
        self.journal: list[Request] = []
        self._lock = threading.Lock()
        self._opened: set[socket.socket] = set()

    def __enter__(self) -> Any:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._opened:  # kept alive by a client that is still there
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def reply(self, request: Request) -> Reply:
        """Write a request down and answer it."""
        with self._lock:
            self.journal.append(request)
        return self.answer(request)

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to end it with the block."""
        with self._lock:
            self._opened.add(connection)

    def left(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._opened.discard(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: LoopbackServer

    def setup(self) -> None:
        super().setup()
        self.owner.opened(self.connection)

    def handle(self) -> None:
        with suppress(OSError):  # a client that left in anger is no failure of the test
            super().handle()

    def finish(self) -> None:
        self.owner.left(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        headers = tuple(self.headers.items())
        with suppress(OSError):
            self._say(self.owner.reply(Request(self.command, path, query, headers, content)))

    do_GET = do_HEAD = do_POST

    def _say(self, reply: Reply) -> None:
        if reply.broken is Break.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.chunks is None:
            parts = [reply.content[:1], reply.content[1:]]
            self.send_header("content-length", str(len(reply.content)))
        else:
            parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in reply.chunks]
            parts.append(b"0\r\n\r\n")
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if reply.broken is Break.HANG_UP:
            parts = parts[: len(parts) // 2]
            self.close_connection = True
        for part in parts:
            self.wfile.write(part)


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False  # so that the end of a block waits for every connection

    def shutdown_request(self, request: Any) -> None:
        # The shutdown of the base class would say goodbye politely before a reset.
        linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_NOW))
        if linger == _NOW:
            request.close()
        else:
            super().shutdown_request(request)
