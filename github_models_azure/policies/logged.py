"""What the log shows of requests and answers: nothing that an attempt was signed with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HttpLoggingPolicy, NetworkTraceLoggingPolicy

from .._core.failure.redact import Redactor
from .outgoing import is_free_header
from .secrets import note_proxies, secrets_of

_REDACTED = "REDACTED"
_SHOWN = frozenset({"extra-parameters", "x-ms-client-request-id"})
_SHOWN_QUERY = frozenset({"api-version"})


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
            url=shown_url(http.url),
            method=http.method,
            headers={name: _value(name, value) for name, value in http.headers.items()},
            body=_hidden(http.content, secrets_of(request)),
        )
        super().on_request(PipelineRequest(shown, request.context))

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Log the answer if that is asked for."""
        if not response.context.get("logging_enable"):
            return
        http = response.http_response
        secrets = _all_secrets(request)
        shown: Any = SimpleNamespace(
            status_code=http.status_code,
            headers=_said(http, secrets),
            text=lambda: secrets.text(http.text()),
        )
        super().on_response(request, PipelineResponse(shown, shown, response.context))


class HeadLoggingPolicy(HttpLoggingPolicy):
    """Logs what azure-core's own policy logs, without the secrets that a server repeats."""

    def on_response(
        self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]
    ) -> None:
        """Log the status and the headers that may be shown."""
        logger = request.context.get("logger") or self.logger
        level = request.context.get("http_logging_level", self.http_logging_level)
        if not logger.isEnabledFor(level):
            return  # nothing is made for a log that nobody keeps
        http = response.http_response
        headers = _said(http, _all_secrets(request))
        shown: Any = SimpleNamespace(status_code=http.status_code, headers=headers)
        super().on_response(request, PipelineResponse(shown, shown, response.context))


def _all_secrets(request: PipelineRequest[Any]) -> Redactor:
    secrets = secrets_of(request)
    note_proxies(secrets, request.context.options)
    return secrets


def _said(http: Any, secrets: Redactor) -> dict[str, str]:
    return {
        name: _REDACTED if name.lower() == "set-cookie" else secrets.text(value)
        for name, value in http.headers.items()
    }


def _hidden(body: Any, secrets: Redactor) -> Any:
    return secrets.value(body) if isinstance(body, str | bytes) else body


def _value(name: str, value: str) -> str:
    return value if is_free_header(name) or name.lower() in _SHOWN else _REDACTED


def shown_url(url: str) -> str:
    """Return a URL whose query shows nothing but the version."""
    base, mark, query = url.partition("?")
    parts = [part.partition("=") for part in query.split("&") if part]
    shown = [f"{name}={value if name in _SHOWN_QUERY else _REDACTED}" for name, _, value in parts]
    return base + mark + "&".join(shown)
