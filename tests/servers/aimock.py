"""aimock, a mock of many vendors' protocols by CopilotKit: how it is started, and what it saw.

https://github.com/CopilotKit/aimock (MIT); the npm package ``@copilotkit/aimock``.
"""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.process import HOST, free_port, running
from tests.servers.service import Service, absent

COMMAND = "llmock"
START_LIMIT = 30.0

_RECIPE = {"title": "Pancake", "servings": 2, "steps": ["Mix.", "Fry."]}
_LIMITED = {"message": "Rate limited", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
_CALLS = {  # of the samples here, and of those that the SDK ships
    "get_weather": {"city": "Oslo"},
    "get_flight_info": {"origin_city": "Seattle", "destination_city": "Miami"},
}


def _tool(name: str) -> list[dict[str, Any]]:
    call = {"name": name, "arguments": _CALLS[name]}
    return [
        {
            "match": {"toolName": name, "hasToolResult": True},
            "response": {"content": "Here is what I found."},
        },
        {"match": {"toolName": name}, "response": {"toolCalls": [call]}},
    ]


def _in_turn() -> list[dict[str, Any]]:
    """One call, another one after its result, and an answer after that."""
    find = {"name": "find_stock", "arguments": {"fruit": "pears"}}
    order = {"name": "order_fruit", "arguments": {"fruit": "pears"}}
    ordered = {"toolName": "find_stock", "toolResultContains": "order 1001"}
    counted = {"toolName": "find_stock", "toolResultContains": "0 pears"}
    return [
        {"match": ordered, "response": {"content": "Pears are ordered."}},
        {"match": counted, "response": {"toolCalls": [order]}},
        {"match": {"toolName": "find_stock"}, "response": {"toolCalls": [find]}},
    ]


def _side_by_side() -> dict[str, Any]:
    """Two calls in one answer; their results are answered as those of one call are."""
    calls = [{"name": "get_weather", "arguments": {"city": city}} for city in ("Oslo", "Paris")]
    asked = {"toolName": "get_weather", "userMessage": "in Paris", "hasToolResult": False}
    return {"match": asked, "response": {"toolCalls": calls}}


FIXTURES: list[dict[str, Any]] = [  # the first that matches answers
    {"match": {"model": "limited"}, "response": {"error": _LIMITED, "status": 429}},
    *_in_turn(),
    _side_by_side(),
    *[fixture for name in _CALLS for fixture in _tool(name)],
    {
        "match": {"responseFormat": "json_schema"},
        "response": {"content": json.dumps(_RECIPE)},
    },
    {"match": {"endpoint": "embedding"}, "response": {"embedding": [0.25, -0.5, 0.75]}},
    {"match": {"endpoint": "chat"}, "response": {"content": "Hello from aimock"}},
]


@dataclass(frozen=True)
class Entry:
    """One request as it reached aimock; it keeps the names of headers, never a key."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int

    @property
    def credentials(self) -> set[str]:
        """The headers that carry a key."""
        return {"authorization", "api-key"} & self.headers.keys()


@dataclass(frozen=True)
class Aimock(Service):
    """A running aimock."""

    @property
    def journal(self) -> list[Entry]:
        """The requests that arrived, oldest first."""
        entries = json.loads(self._control("GET", "/__aimock/journal"))
        return [
            Entry(entry["path"], entry["headers"], entry["body"], entry["response"]["status"])
            for entry in entries
        ]

    def forget(self) -> None:
        """Empty the journal."""
        self._control("POST", "/__aimock/reset/journal")

    def _control(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(HOST, urlsplit(self.url).port or 0, timeout=10)
        try:
            connection.request(method, path, headers={"Authorization": f"Bearer {self.key}"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} was answered {response.status}: {content!r}")
        return content


@contextmanager
def aimock_running(folder: Path, key: str, flags: Sequence[str] = ()) -> Iterator[Aimock]:
    """Run aimock with the fixtures above; it refuses any other key.

    :param flags: more of its options, such as ``--chaos-disconnect 1``.
    """
    command = shutil.which(COMMAND)
    if command is None:
        absent("aimock", f"the command {COMMAND} is not on PATH: nox -s servers_aimock")
    fixtures = folder / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
    port = free_port()
    arguments = [command, "-h", HOST, "-p", str(port), "-f", fixtures]
    arguments += ["--strict", "--validate-on-load", *flags]
    keys = {"AIMOCK_API_KEYS": key}
    with running(
        arguments, port=port, ready="/health", folder=folder, limit=START_LIMIT, variables=keys
    ):
        yield Aimock(
            url=f"http://{HOST}:{port}/v1",
            key=key,
            model="gpt-4o",
            spare="gpt-4o-mini",
            limited="limited",
            embeddings_model="text-embedding-3-small",
        )
