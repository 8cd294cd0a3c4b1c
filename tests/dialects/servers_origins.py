"""Two origins on loopback, to see what reaches which: a secret carries the mark of its owner."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import AzureError

from tests.dialects.servers_answers import Manner, Said, streamed, whole
from tests.dialects.servers_http import LoopbackServer, Reply, Request, as_json
from tests.harness import HELLO, Twin

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}=*")
NAMES = {"embeddings": "EmbeddingsClient"}  # the other kinds of calls are a chat client's


class Origin(LoopbackServer):
    """One origin, which sets a cookie with every answer.

    :param mark: part of every secret that belongs here.
    """

    def __init__(self, mark: str, host: str = "127.0.0.1") -> None:
        super().__init__(self._reply)
        self.mark, self.host, self.cookies = mark, host, True
        self._instead: deque[Reply] = deque()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def secret(self, what: str) -> str:
        """A secret of this origin."""
        return f"{what}-{self.mark}"

    def fail(self, status: int, times: int = 1, *headers: tuple[str, str]) -> None:
        """Refuse the next requests."""
        told = {"error": {"code": str(status), "message": "no"}}
        self._instead.extend([as_json(told, status, *headers)] * times)

    def redirect(self, status: int, to: str, times: int = 1) -> None:
        """Send the next requests elsewhere."""
        self._instead.extend([Reply(status, (("location", to),))] * times)

    def _reply(self, request: Request) -> Reply:
        reply = self._instead.popleft() if self._instead else self._answer(request)
        if not self.cookies:
            return reply
        cookie = ("set-cookie", f"session={self.secret('cookie')}; Path=/")
        return replace(reply, headers=(*reply.headers, cookie))

    @staticmethod
    def _answer(request: Request) -> Reply:
        body = request.body
        if request.path.endswith("/info"):
            info = {"model_name": "m", "model_type": "chat", "model_provider_name": "p"}
            return as_json(info)
        if request.path.endswith("/embeddings"):
            data = [{"index": 0, "object": "embedding", "embedding": [1.0]}]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            return as_json({"id": "1", "model": "m", "data": data, "usage": usage})
        if body.get("stream"):
            return streamed(Manner(), "m", Said("Hello"), usage=False)
        return whole(Manner(), "m", Said("Hello"))


@contextmanager
def two_origins(host: str = "127.0.0.1") -> Iterator[tuple[Origin, Origin]]:
    """Two ports of this machine, which are two origins."""
    with Origin("alfazq", host) as first, Origin("bravozq", host) as second:
        yield first, second


def leaked(request: Request, owner: Origin) -> list[str]:
    """Everything in a request that carries the mark of an origin, also where base64 hides it."""
    text = request.everything
    for found in _BASE64.findall(text):
        padded = found.rstrip("=") + "=" * (-len(found.rstrip("=")) % 4)
        try:
            text += "\n" + base64.b64decode(padded, altchars=b"-_").decode("latin-1")
        except (ValueError, binascii.Error):
            continue
    return [line for line in text.splitlines() if owner.mark in line]


def assert_apart(first: Origin, second: Origin) -> None:
    """Nothing of the one is in the journal of the other, and nothing but a new id is x-ms-*."""
    for here, there in ((first, second), (second, first)):
        ids = {request.header("x-ms-client-request-id") for request in there.journal} - {None}
        for request in here.journal:
            assert leaked(request, there) == []
            assert request.header("x-ms-client-request-id") not in ids


def assert_unsigned(request: Request) -> None:
    """A request with no credential, no cookie and no header of a service at all."""
    allowed = {
        "accept", "accept-encoding", "connection", "content-length", "content-type", "host",
        "user-agent",
    }  # fmt: skip
    assert request.header_names() <= allowed
    assert "zq" not in request.everything


def assert_signed(request: Request, key: str) -> None:
    """A request with a key, and with no other in any place that is for keys."""
    assert request.header("authorization") == f"Bearer {key}"
    assert request.header("api-key") in (None, key)
    assert sum(name.lower() == "authorization" for name, _ in request.headers) == 1
    assert request.header("cookie") is None


class Token:
    """A token credential; each token that it gives carries the mark of its origin."""

    def __init__(self, origin: Origin) -> None:
        self.scopes: list[str] = []
        self._origin = origin

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes.extend(scopes)
        return AccessToken(self._origin.secret("token"), 4_000_000_000)


class AsyncToken(Token):
    """The same, awaited."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:  # type: ignore[override]
        return super().get_token(*scopes)


def key_of(origin: Origin) -> AzureKeyCredential:
    """A key of an origin."""
    return AzureKeyCredential(origin.secret("key"))


def token_of(twin: Twin, origin: Origin) -> Token:
    """A token credential of an origin."""
    return AsyncToken(origin) if twin.is_async else Token(origin)


def loud_headers(origin: Origin, place: str) -> dict[str, str]:
    """Every header that a caller may have given a secret in."""
    names = (
        "Authorization", "api-key", "Ocp-Apim-Subscription-Key", "Proxy-Authorization",
        "X-Api-Key", "x-ms-custom", "x-ms-user-agent", "X-Goog-Api-Key", "Cookie",
        "X-Session-Token", "Referer",
    )  # fmt: skip
    return {name: origin.secret(f"{place}-{name}") for name in names}


def make(twin: Twin, kind: str, endpoint: Any, credential: Any = None, **options: Any) -> Any:
    """A client of this package, on the transport that it makes for itself."""
    name = NAMES.get(kind, "ChatCompletionsClient")
    return getattr(twin.package, name)(endpoint, credential, **options)


Step = dict[str, Any] | Callable[[], None]


def drive(twin: Twin, kind: str, client: Any, *steps: Step) -> list[Any]:
    """Call for each set of keywords, act between the calls, close; return answers and errors."""
    if twin.is_async:
        return asyncio.run(_drive_async(kind, client, steps))
    results: list[Any] = []
    with client:
        for step in steps:
            if callable(step):
                step()
                continue
            try:
                result = _call(kind, client, step)
                results.append(list(result) if kind == "stream" else result)
            except AzureError as error:
                results.append(error)
    return results


async def _drive_async(kind: str, client: Any, steps: tuple[Step, ...]) -> list[Any]:
    results: list[Any] = []
    async with client:
        for step in steps:
            if callable(step):
                step()
                continue
            try:
                result = await _call(kind, client, step)
                results.append([u async for u in result] if kind == "stream" else result)
            except AzureError as error:
                results.append(error)
    return results


def _call(kind: str, client: Any, keywords: dict[str, Any]) -> Any:
    if kind == "info":
        return client.get_model_info(**keywords)
    if kind == "embeddings":
        return client.embed(**{"input": ["one"], **keywords})
    return client.complete(**{"messages": HELLO, "stream": kind == "stream", **keywords})
