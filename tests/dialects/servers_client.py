"""Plain HTTP towards a strict server, with nothing of any SDK in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from tests.dialects.servers import StrictServer

HELLO = [{"role": "user", "content": "Hello"}]
MODELS = {"foundry_v1": "my-gpt-4o", "ollama": "llama3.2"}
"""A model that a server has; the others take any name."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@dataclass(frozen=True)
class Got:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def message(self) -> Any:
        return self.json["choices"][0]["message"]

    @property
    def events(self) -> list[Any]:
        """The events of a stream, comments and ``[DONE]`` left out."""
        lines = [line for line in self.content.decode().splitlines() if line.startswith("data: ")]
        return [json.loads(line[6:]) for line in lines if line != "data: [DONE]"]

    @property
    def deltas(self) -> list[Any]:
        return [event["choices"][0]["delta"] for event in self.events if event["choices"]]

    @property
    def text(self) -> str:
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def finish(self) -> str:
        """The last reason that a stream gave."""
        reasons = [
            event["choices"][0]["finish_reason"] for event in self.events if event["choices"]
        ]
        return next(reason for reason in reversed(reasons) if reason)


def chat(
    server: StrictServer, query: str = "", *, headers: Mapping[str, str] | None = None, **body: Any
) -> Got:
    """Post a chat request; ``model`` and ``messages`` have values that the server takes."""
    body = {"model": MODELS.get(server.name, "m"), "messages": HELLO, **body}
    return post(server, f"/chat/completions{query}", body, headers)


def post(
    server: StrictServer, path: str, body: Any, headers: Mapping[str, str] | None = None
) -> Got:
    """Post to a path below the base URL."""
    sent = {"authorization": "Bearer key", "content-type": "application/json", **(headers or {})}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        where = server.provider.base + path
        connection.request("POST", where, json.dumps(body), {k: v for k, v in sent.items() if v})
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Got(response.status, named, response.read())
    finally:
        connection.close()


def history(call_id: str = "mCall0001", **extra: Any) -> list[Any]:
    """A conversation with one call and its result; ``extra`` are members of the call."""
    function = {"name": "get_weather", "arguments": '{"city": "Oslo"}'}
    call = {"id": call_id, "type": "function", "function": function, **extra}
    return [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": "snow"},
    ]


def error(got: Got) -> tuple[int, Any, Any, str]:
    """Status, code, param and message of OpenAI's envelope."""
    told = got.json["error"]
    return got.status, told.get("code"), told.get("param"), told["message"]


def asked_for(wanted: dict[str, Any]) -> dict[str, Any]:
    """A response format with a schema."""
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": wanted}}
