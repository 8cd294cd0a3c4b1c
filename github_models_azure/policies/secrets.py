"""What nobody is shown: keys in errors, and headers and queries in azure-core's trace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from azure.core.exceptions import HttpResponseError, ODataV4Format
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import NetworkTraceLoggingPolicy

from .._core.answer.stages import AnswerFault
from .._core.failure.kinds import Failure
from ..endpoints import Endpoint
from ._outgoing import is_free_header
from .route import key_of

HIDDEN = "***"
"""Stands where a server repeated the key that it was sent."""

_SHORTEST_KEY = 6  # what is shorter is a stand-in for servers without keys, and part of any word
_REDACTED = "REDACTED"
_SHOWN = frozenset({"extra-parameters", "x-ms-client-request-id"})
_SHOWN_QUERY = frozenset({"api-version"})


@dataclass(frozen=True, slots=True)
class Secret:
    """The key that an attempt was signed with; ``None`` if there is nothing to hide."""

    key: str | None = None

    def out_of_failure(self, failure: Failure) -> Failure:
        """Return a failure whose code and message do not hold the key."""
        key, code = self.key, failure.code
        if key is None or key not in f"{failure.message} {code}":
            return failure
        message = failure.message.replace(key, HIDDEN)
        return replace(failure, message=message, code=code and code.replace(key, HIDDEN))

    def out_of_error(self, error: BaseException) -> None:
        """Take the key out of what an error says; its ``response`` stays as it came."""
        if self.key is None:
            return
        if isinstance(error, HttpResponseError):
            _hide(error, self.key)
        elif isinstance(error, AnswerFault):  # seen in tracebacks, as a cause
            error.args = (str(error).replace(self.key, HIDDEN),)


def secret_of(endpoint: Endpoint, own: Endpoint | None) -> Secret:
    """Return the key that attempts at an endpoint are signed with.

    :param own: the client's own endpoint, whose key serves its whole origin.
    """
    if endpoint.credential is None and own is not None and own.origin == endpoint.origin:
        endpoint = own
    key = key_of(endpoint.credential)
    return Secret(key if key is not None and len(key) >= _SHORTEST_KEY else None)


def _hide(error: HttpResponseError, key: str) -> None:
    error.message = error.message.replace(key, HIDDEN)
    error.args = (error.message, *error.args[1:])
    if error.error is not None:
        _hide_in(error.error, key)
    if key in str(error):  # azure-core shows a body that it could not read
        error.error = ODataV4Format({"message": error.message})


def _hide_in(node: ODataV4Format, key: str) -> None:
    for name in ("code", "message", "target"):
        value = getattr(node, name)
        if isinstance(value, str):
            setattr(node, name, value.replace(key, HIDDEN))
    for detail in node.details:
        _hide_in(detail, key)


class TracePolicy(NetworkTraceLoggingPolicy):
    """Logs what azure-core's own policy logs, which shows keys and cookies as they are.

    Shown are the headers that may go to any origin, the id of the request and the bodies.
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Log the request if that is asked for."""
        options = request.context.options
        if not options.get("logging_enable", self.enable_http_logger):
            options.pop("logging_enable", None)
            request.context["logging_enable"] = False
            return  # nothing is made for a trace that was not asked for
        http = request.http_request
        shown: Any = SimpleNamespace(
            url=_url(http.url),
            method=http.method,
            headers={name: _value(name, value) for name, value in http.headers.items()},
            body=http.content,
        )
        super().on_request(PipelineRequest(shown, request.context))

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Log the answer if that is asked for."""
        if not response.context.get("logging_enable"):
            return
        http = response.http_response
        headers = {
            name: _REDACTED if name.lower() == "set-cookie" else value
            for name, value in http.headers.items()
        }
        shown: Any = SimpleNamespace(status_code=http.status_code, headers=headers, text=http.text)
        super().on_response(request, PipelineResponse(shown, shown, response.context))


def _value(name: str, value: str) -> str:
    return value if is_free_header(name) or name.lower() in _SHOWN else _REDACTED


def _url(url: str) -> str:
    base, mark, query = url.partition("?")
    parts = [part.partition("=") for part in query.split("&") if part]
    shown = [f"{name}={value if name in _SHOWN_QUERY else _REDACTED}" for name, _, value in parts]
    return base + mark + "&".join(shown)
