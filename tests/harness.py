"""A service in a few lines, behind a transport that never leaves the process.

Every behaviour test drives the sync and the async client through the same calls: ``Twin`` hides
which of the two it is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from azure.core.pipeline.transport import AsyncHttpTransport, HttpTransport
from azure.core.rest import HttpRequest
from azure.core.utils import case_insensitive_dict

import github_models_azure
import github_models_azure.aio

URL = "https://models.example/inference"
NOW = 1_800_000_000.0
HELLO = [{"role": "user", "content": "Hello"}]


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def timed(clock: Callable[[], float]) -> dict[str, Any]:
    """The keywords that give a client a clock, and waits without jitter."""
    return {"clock": clock, "jitter": lambda longest: longest}


@dataclass
class Answer:
    """What the service says: an answer, or an exception in its place, after ``seconds``."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[Any] | None = None
    error: Exception | None = None
    seconds: float = 0.0

    @property
    def content(self) -> bytes:
        if self.chunks is not None:
            return b"".join(chunk for chunk in self.chunks if isinstance(chunk, bytes))
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass
class Sent:
    """One request as it reached the transport."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any
    options: dict[str, Any]

    @property
    def model(self) -> Any:
        return self.body.get("model")


def chat(model: str, content: str = "Hi there", **message: Any) -> Answer:
    """A plain completion."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
    choice["message"]["content"] = content
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    body = {"id": "1", "created": 1, "model": model, "choices": [choice], "usage": usage}
    return Answer(200, body)


def event(**members: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(members).encode() + b"\n\n"


def delta(content: str | None = None, finish: str | None = None, **members: Any) -> bytes:
    """One event with one choice."""
    inner = dict(members) if content is None else {"content": content, **members}
    choice = {"index": 0, "delta": inner, "finish_reason": finish}
    return event(id="1", created=1, model="m", choices=[choice])


DONE = b"data: [DONE]\n\n"


def stream(*chunks: Any, content_type: str = "text/event-stream") -> Answer:
    """A streamed answer; an exception among the chunks is raised where it stands."""
    return Answer(200, headers={"content-type": content_type}, chunks=list(chunks))


def hello_stream() -> Answer:
    """A complete stream that says Hello."""
    return stream(
        delta("", role="assistant"), delta("Hel"), delta("lo"), delta(finish="stop"), DONE
    )


def error(status: int, code: str | None = None, message: str = "no", **headers: str) -> Answer:
    """An error in GitHub's envelope."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"error": {"code": code, "message": message}}, named)


def limited(seconds: int = 86400) -> Answer:
    """A day limit, as GitHub Models said it."""
    return error(
        429,
        "RateLimitReached",
        f"Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait {seconds} "
        "seconds before retrying.",
        retry_after=str(seconds),
        x_ratelimit_type="UserByModelByDay",
    )


FIRST, SECOND = "openai/gpt-4.1", "openai/gpt-4o"


def falls_back(sent: Sent) -> Answer:
    """The first model is limited for a day, all others answer."""
    return limited() if sent.model == FIRST else chat(sent.model)


class FakeResponse:
    """What a transport returns; reads like azure-core's own."""

    def __init__(self, request: HttpRequest, answer: Answer, service: Service) -> None:
        self.request, self._answer, self._service = request, answer, service
        self.status_code, self.reason = answer.status, "reason"
        plain = "application/json" if not isinstance(answer.body, bytes) else "text/plain"
        self.headers = case_insensitive_dict({"content-type": plain, **answer.headers})
        self.content_type = self.headers["content-type"]
        self.closed = self.finished = False
        self._content: bytes | None = None

    @property
    def content(self) -> bytes | None:
        return self._content

    def load(self) -> bytes:
        self._content = self._answer.content
        return self._content

    def text(self, encoding: str | None = None) -> str:
        return (self._content or b"").decode(encoding or "utf-8")

    def json(self) -> Any:
        return json.loads(self.text())

    def pieces(self) -> Iterator[Any]:
        yield from self._answer.chunks if self._answer.chunks is not None else [self.load()]


class SyncResponse(FakeResponse):
    def read(self) -> bytes:
        self._content = b"".join(self.iter_bytes())
        return self._content

    def close(self) -> None:
        self.closed = True

    def iter_bytes(self, **_: Any) -> Iterator[bytes]:
        for piece in self.pieces():
            yield self._service.arrive(piece)


class AsyncResponse(FakeResponse):
    async def read(self) -> bytes:
        self._content = b"".join([piece async for piece in self.iter_bytes()])
        return self._content

    async def close(self) -> None:
        self.closed = True

    async def iter_bytes(self, **_: Any) -> AsyncIterator[bytes]:
        try:
            for piece in self.pieces():
                yield self._service.arrive(piece)
        finally:
            self.finished = True


class Service:
    """Answers by a function of what was sent, and keeps a journal."""

    def __init__(self, answer: Callable[[Sent], Answer], clock: Clock | None = None) -> None:
        self.answer, self.clock = answer, clock or Clock()
        self.sent: list[Sent] = []
        self.slept: list[float] = []
        self.responses: list[FakeResponse] = []

    @property
    def models(self) -> list[Any]:
        return [sent.model for sent in self.sent]

    def handle(self, request: HttpRequest, options: dict[str, Any], kind: type[Any]) -> Any:
        body = request.content
        sent = Sent(
            request.method,
            request.url,
            {name.lower(): value for name, value in request.headers.items()},
            json.loads(body) if body else {},
            options,
        )
        self.sent.append(sent)
        answer = self.answer(sent)
        self.clock.now += answer.seconds
        if answer.error is not None:
            raise answer.error
        response = kind(request, answer, self)
        self.responses.append(response)
        if not options.get("stream"):
            response.load()
        return response

    def arrive(self, piece: Any) -> bytes:
        if isinstance(piece, BaseException):
            raise piece
        if isinstance(piece, float):  # a pause before the next chunk
            self.clock.now += piece
            return b""
        return bytes(piece)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds


class FakeTransport(HttpTransport[Any, Any]):
    connection_config = None

    def __init__(self, service: Service) -> None:
        self.service = service

    def send(self, request: Any, **options: Any) -> Any:
        return self.service.handle(request, options, SyncResponse)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def sleep(self, duration: float) -> None:
        self.service.sleep(duration)


class AsyncFakeTransport(AsyncHttpTransport[Any, Any]):
    connection_config = None

    def __init__(self, service: Service) -> None:
        self.service = service

    async def send(self, request: Any, **options: Any) -> Any:
        return self.service.handle(request, options, AsyncResponse)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def sleep(self, duration: float) -> None:
        self.service.sleep(duration)


class Twin:
    """The sync or the async client, driven in the same words."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_async = name == "aio"
        self.package: Any = github_models_azure.aio if self.is_async else github_models_azure

    def transport(self, service: Service) -> Any:
        return AsyncFakeTransport(service) if self.is_async else FakeTransport(service)

    def client(
        self, service: Service, endpoint: Any = URL, kind: str = "Chat", **options: Any
    ) -> Any:
        """A client of this package on the fake transport, with the service's clock."""
        names = {"Chat": "ChatCompletionsClient", "Embeddings": "EmbeddingsClient"}
        options.setdefault("credential", "key")
        options = {"transport": self.transport(service), **timed(service.clock), **options}
        return getattr(self.package, names[kind])(endpoint, **options)

    def run(self, value: Any) -> Any:
        """Finish a call: await it where it is async."""
        if not asyncio.iscoroutine(value):
            return value
        return asyncio.run(value)

    def complete(self, client: Any, **keywords: Any) -> Any:
        """Call ``complete`` with a short prompt."""
        return self.run(client.complete(**{"messages": HELLO, **keywords}))

    def read(self, client: Any, **keywords: Any) -> tuple[str, Any]:
        """Call ``complete`` with a stream and read it all; return the text and the stream."""
        keywords = {"messages": HELLO, "stream": True, **keywords}
        if not self.is_async:
            updates = client.complete(**keywords)
            return "".join(map(text_of, updates)), updates

        async def read() -> tuple[str, Any]:
            updates = await client.complete(**keywords)
            return "".join([text_of(update) async for update in updates]), updates

        return asyncio.run(read())


def text_of(update: Any) -> str:
    """The text of one streamed update."""
    if not update.choices or update.choices[0].delta is None:
        return ""
    return update.choices[0].delta.content or ""
