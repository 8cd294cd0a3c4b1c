"""What stands in for a transport's response: all but what was read of it is the response's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.rest import HttpRequest
from azure.core.utils import case_insensitive_dict

from .._core.failure.redact import Redactor

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
        return StandIn if inner is None else inner.__class__

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


class KeptResponse(ReadResponse):
    """A response that was pickled: what it said, and of its request where it went."""

    def __init__(
        self, status: int, reason: str, headers: Mapping[str, str], body: bytes, where: list[str]
    ) -> None:
        super().__init__(None, body)
        self.status_code, self.reason = status, reason
        self.headers = case_insensitive_dict(headers)
        self.content_type, self.encoding = self.headers.get("content-type"), None
        self.request = HttpRequest(*where)

    def __repr__(self) -> str:
        return f"<Response: {self.status_code} {self.reason}>"

    def __reduce__(self) -> Any:
        return _pickled(self, self.request.url)


def _pickled(response: Any, url: str) -> Any:
    where = [getattr(getattr(response, "request", None), "method", "") or "POST", url]
    headers = dict(response.headers.items())
    return KeptResponse, (
        response.status_code, response.reason, headers, bytes(response.content), where,
    )  # fmt: skip


class HiddenResponse(ReadResponse):
    """A refusal without the secrets that the server repeated; pickled, it has no headers sent."""

    def __init__(self, response: Any, body: bytes, secrets: Redactor) -> None:
        super().__init__(response, secrets.data(body, getattr(response, "encoding", None)))
        self._secrets = secrets
        self.reason = secrets.value(getattr(response, "reason", None))
        given = response.headers
        said = dict(given.items())
        shown = {name: secrets.text(value) for name, value in said.items()}
        self.headers = given if shown == said else case_insensitive_dict(shown)
        self.content_type = self.headers.get("content-type")

    def __repr__(self) -> str:
        return self._secrets.text(repr(self._inner))

    def __reduce__(self) -> Any:
        url = getattr(getattr(self._inner, "request", None), "url", "")
        return _pickled(self, str(url).partition("?")[0])


class AsyncHiddenResponse(HiddenResponse, AsyncReadResponse):
    """The async twin."""


def hidden_response(response: Any, secrets: Redactor) -> Any:
    """Return a refusal without secrets; itself if it is so, or was never read."""
    if isinstance(response, StandIn) and type(response) in _CLEAN:
        return response
    try:
        body = getattr(response, "content", None)
    except AzureError:  # it was never read
        return response
    if not isinstance(body, bytes):
        return response
    is_async = iscoroutinefunction(getattr(response, "read", None))
    made: Callable[..., Any] = AsyncHiddenResponse if is_async else HiddenResponse
    return made(response, body, secrets)


_CLEAN = (HiddenResponse, AsyncHiddenResponse, KeptResponse)


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
