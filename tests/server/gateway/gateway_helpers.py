"""A gateway before a scripted server, and the form that every error has."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests

from github_models_azure.server.gateway import Gateway
from tests.traps.wire_helpers import Asked, Reply, Wire, answer, serve

PATIENCE = 30.0  # seconds that no test takes, however slow the machine
BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
TYPES = {
    "invalid_request_error", "authentication_error", "permission_error", "rate_limit_error",
    "server_error",
}  # fmt: skip
KEY = "sk-upstream-secret-0123456789"


def shaped(response: requests.Response) -> dict[str, Any]:
    """Check the form of an error and return it."""
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"].startswith("req_")
    body = response.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["message"]
    assert error["type"] in TYPES
    assert "Traceback" not in response.text
    assert KEY not in response.text
    return error


@contextmanager
def behind(script: Callable[[Asked], Reply], **options: Any) -> Iterator[tuple[Gateway, Wire]]:
    """A gateway before a scripted server."""
    with serve(script) as wire:
        options = {"fallback": None, "retry_total": 0, **options}
        with Gateway(f"{wire.url}/v1", KEY, **options) as gateway:
            yield gateway, wire


def ask(gateway: Gateway, *, piecewise: bool = False, **members: Any) -> requests.Response:
    """Ask for a completion; read the answer at once, unless it is wanted piece by piece."""
    url, body = f"{gateway.v1_url}/chat/completions", {**BODY, **members}
    return requests.post(url, json=body, timeout=30, stream=piecewise)


def refused(code: str, message: str, status: int, **headers: str) -> Reply:
    return answer({"error": {"code": code, "message": message}}, status, **headers)


def request_bytes(body: bytes | dict[str, Any], *lines: str, host: str = "localhost") -> bytes:
    """A request for a completion as it goes over the wire."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = ["POST /v1/chat/completions HTTP/1.1", f"host: {host}", *lines]
    if not any(line.startswith(("content-length", "transfer-encoding")) for line in lines):
        head.append(f"content-length: {len(content)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + content


def connect(gateway: Gateway) -> socket.socket:
    """A bare connection."""
    parts = urlsplit(gateway.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)


def settle(gateway: Gateway) -> None:
    """Wait until the gateway is done with every call."""
    with requests.Session() as session:
        while session.get(f"{gateway.url}/healthz", timeout=PATIENCE).json()["in_flight"]:
            pass
