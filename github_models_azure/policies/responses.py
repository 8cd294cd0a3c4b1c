"""What stands in for a transport's response: all but what was read of it is the response's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from azure.core.pipeline import PipelineResponse

BODY = "deserialized_data"
"""Where azure-core's ContentDecodePolicy puts what it read."""


class StandIn:
    """Stands in for a transport's response."""

    def __init__(self, response: Any) -> None:
        self._inner = response

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_inner":  # asked by copy and pickle of an empty shell
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)


class FittedResponse(StandIn):
    """An answer whose body says something else than what the server sent.

    ``content`` and ``text()`` stay the server's.
    """

    def __init__(self, response: Any, value: Mapping[str, object]) -> None:
        super().__init__(response)
        self._value = value

    def json(self) -> Any:
        """Return the body as it was fitted, which is all that the SDK's operations read."""
        return self._value


class RefusedResponse(StandIn):
    """A refusal of a streamed request, whose body was read as long as the attempt might go on."""

    def __init__(self, response: Any, body: bytes) -> None:
        super().__init__(response)
        self.content = body

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text."""
        return self.content.decode(encoding or "utf-8-sig", "replace")

    def json(self) -> Any:
        """Return the body as JSON.

        :raises ValueError: if it is not JSON.
        """
        return json.loads(self.text())

    def read(self) -> Any:
        """Return the body."""
        return self.content


class AsyncRefusedResponse(RefusedResponse):
    """The async twin."""

    async def read(self) -> Any:
        """Return the body."""
        return self.content


def with_body(
    response: PipelineResponse[Any, Any], value: Mapping[str, object]
) -> PipelineResponse[Any, Any]:
    """Return an answer with another body."""
    response.context[BODY] = value
    http = FittedResponse(response.http_response, value)
    return PipelineResponse(response.http_request, http, response.context)


def body_of(http: Any) -> bytes:
    """Return the body of an answer that was read, in the form in which it is handed on."""
    if isinstance(http, FittedResponse):
        return json.dumps(http.json(), separators=(",", ":")).encode()
    body: bytes = http.content
    return body
