"""Call the emulator in this process: an ASGI client of a few lines, and a clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette

from github_models_azure.server.emulator import create_app

START = 1_760_000_000.0


@dataclass
class Clock:
    """A clock that stands still until told otherwise."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Answer:
    """What came back; ``complete`` is false when the connection was dropped."""

    status: int = 0
    raw_headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.raw_headers)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def message(self) -> Any:
        return self.json["choices"][0]["message"]

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """(name, arguments) of the tool calls."""
        calls = self.message.get("tool_calls") or []
        return [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls]

    @property
    def events(self) -> list[Any]:
        """The events of a stream, ``[DONE]`` left out."""
        parts = [part.removeprefix("data: ") for part in self.text.split("\n\n") if part]
        return [json.loads(part) for part in parts if part != "[DONE]"]


@dataclass
class Service:
    """An emulator in this process, with its clock."""

    app: Starlette
    clock: Clock

    @property
    def state(self) -> Any:
        return self.app.state.emulator

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        data: bytes | None = None,
        token: str | None = "token",
        headers: Mapping[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> Answer:
        sent = {"host": "127.0.0.1:1", "content-type": "application/json"}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        sent |= headers or {}
        content = data if data is not None else json.dumps(body).encode()
        return asyncio.run(self._exchange(method, path, content, sent, client))

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.request("POST", path, body=body, **options)

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, data=b"", **options)

    def chat(self, text: str = "Hello", *, model: str = "openai/gpt-4o", **body: Any) -> Answer:
        """Ask a model on the new path; keywords are members of the body."""
        messages = [{"role": "user", "content": text}]
        request = {"model": model, "messages": messages, **body}
        return self.post("/inference/chat/completions", request)

    async def _exchange(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str], client: str
    ) -> Answer:
        where, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": where,
            "raw_path": where.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
            "client": (client, 50000),
            "server": ("127.0.0.1", 1),
        }
        answer = Answer()
        pending = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if pending:
                return pending.pop()
            await asyncio.Event().wait()
            raise AssertionError("nothing else arrives")

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.raw_headers = [(n.decode(), v.decode()) for n, v in message["headers"]]
            else:
                answer.body += message.get("body", b"")
                answer.complete = not message.get("more_body", False)

        await self.app(scope, receive, send)
        return answer


def service(**options: Any) -> Service:
    """Return an emulator with a clock of its own; keywords are those of ``create_app``."""
    clock = Clock()
    return Service(create_app(clock=clock, **options), clock)


def function(
    name: str, description: str = "", properties: Any = None, required: Any = None
) -> dict[str, Any]:
    """Return a tool."""
    parameters: dict[str, Any] = {"type": "object", "properties": properties or {}}
    if required is not None:
        parameters["required"] = required
    inner = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": inner}


WEATHER = function(
    "get_weather",
    "Get the weather in a city.",
    {
        "city": {"type": "string", "description": "The name of the city"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    ["city"],
)
EMAIL = function(
    "send_email",
    "Send an email to a person.",
    {"to": {"type": "string", "format": "email"}, "subject": {"type": "string"}},
    ["to", "subject"],
)
