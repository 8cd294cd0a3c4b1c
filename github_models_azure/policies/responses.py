"""What stands in for a transport's response: all but what was read of it is the response's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import HttpResponseError
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

    @property  # type: ignore[misc]  # an attribute, to mypy
    def __class__(self) -> type:
        """The class of the response, for code that asks what it has got."""
        inner = self.__dict__.get("_inner")
        return StandIn if inner is None else type(inner)

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


class ReadResponse(StandIn):
    """A response whose body was read here, within the bounds of the call."""

    is_closed = is_stream_consumed = True

    def __init__(self, response: Any, body: bytes) -> None:
        super().__init__(response)
        self.content = body

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text."""
        stated = encoding or getattr(self._inner, "encoding", None) or "utf-8-sig"
        try:
            return self.content.decode(stated, "replace")
        except LookupError:  # an encoding that Python does not know
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON.

        :raises ValueError: if it is not JSON.
        """
        return json.loads(self.text())

    def body(self) -> bytes:
        """Return the body."""
        return self.content

    def raise_for_status(self) -> None:
        """Raise what the status says, with the words of the body.

        :raises HttpResponseError: if it is an error.
        """
        if self.status_code >= 400:
            response: Any = self
            raise HttpResponseError(response=response)

    def read(self) -> Any:
        """Return the body."""
        return self.content

    def iter_bytes(self, **_: Any) -> Any:
        """Iterate over the body, which is one piece."""
        return iter((self.content,))

    iter_raw = iter_bytes


class AsyncReadResponse(ReadResponse):
    """The async twin."""

    async def read(self) -> Any:
        """Return the body."""
        return self.content

    async def iter_bytes(self, **_: Any) -> Any:
        """Iterate over the body, which is one piece."""
        yield self.content

    iter_raw = iter_bytes


def with_body(
    response: PipelineResponse[Any, Any], value: Mapping[str, object]
) -> PipelineResponse[Any, Any]:
    """Return an answer with another body."""
    response.context[BODY] = value
    http = FittedResponse(response.http_response, value)
    return PipelineResponse(response.http_request, http, response.context)


def body_of(http: Any) -> bytes:
    """Return the body of an answer that was read, in the form in which it is handed on."""
    if type(http) is FittedResponse:
        return json.dumps(http.json(), separators=(",", ":")).encode()
    body: bytes = http.content
    return body
