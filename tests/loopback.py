"""A real HTTP server on loopback, for what only a real connection can show."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Journal:
    """What reached the server: bodies with the header ``x-caller``, and connections opened."""

    url: str = ""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, model: str) -> Counter[str]:
        """How often each caller asked for a model."""
        return Counter(caller for caller, body in self.requests if body.get("model") == model)


Raw = tuple[int, dict[str, str], bytes]


@contextmanager
def serve(answer: Callable[[dict[str, Any]], Raw]) -> Iterator[Journal]:
    """Run a server that answers by the body's content; yields its journal."""
    journal = Journal()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            with journal.lock:
                journal.connections += 1

        def log_message(self, *_: Any) -> None: ...

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with journal.lock:
                journal.requests.append((self.headers.get("x-caller", ""), body))
            status, headers, content = answer(body)
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    journal.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield journal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(model: str) -> Raw:
    """A plain answer of a model."""
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": f"Hello from {model}"},
    }
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    body = {"id": "1", "created": 1, "model": model, "choices": [choice], "usage": usage}
    return 200, {}, json.dumps(body).encode()


def limited(seconds: int = 86400) -> Raw:
    """A rate limit with only a Retry-After."""
    body = {"error": {"code": "RateLimitReached", "message": "slow down"}}
    return 429, {"Retry-After": str(seconds)}, json.dumps(body).encode()
