"""azure-core's trace of each exchange (``logging_enable=True``), without what may be secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import NetworkTraceLoggingPolicy

from ._outgoing import is_free_header

HIDDEN = "REDACTED"
_SHOWN = frozenset({"extra-parameters", "x-ms-client-request-id"})
_SHOWN_QUERY = frozenset({"api-version"})


class TracePolicy(NetworkTraceLoggingPolicy):
    """Logs what azure-core's own policy logs, which shows keys and cookies as they are.

    Shown are the headers that may go to any origin, the id of the request and the bodies.
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Log the request, where that is asked for."""
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
        """Log the answer, where that is asked for."""
        http = response.http_response
        headers = {
            name: HIDDEN if name.lower() == "set-cookie" else value
            for name, value in http.headers.items()
        }
        shown: Any = SimpleNamespace(status_code=http.status_code, headers=headers, text=http.text)
        super().on_response(request, PipelineResponse(shown, shown, response.context))


def _value(name: str, value: str) -> str:
    return value if is_free_header(name) or name.lower() in _SHOWN else HIDDEN


def _url(url: str) -> str:
    base, mark, query = url.partition("?")
    parts = [part.partition("=") for part in query.split("&") if part]
    shown = [f"{name}={value if name in _SHOWN_QUERY else HIDDEN}" for name, _, value in parts]
    return base + mark + "&".join(shown)
