"""The original request of a call, and the attempts that are made from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.rest import HttpRequest

from .._core.needs import Operation
from ._route import Destination

ENDPOINT_KEY = "github_models_azure.endpoint"
"""The key of the pipeline context under which an attempt's endpoint is found."""

_FREE_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-length", "content-type", "traceparent",
        "tracestate", "user-agent",
    }
)  # fmt: skip
"""The headers that may go to any origin; all others were meant for the first, and stay there."""

_MOST_REDIRECTS = 2  # azure-core's thirty would be thirty requests in one attempt
_TIMEOUTS = {"connection_timeout": "timeout", "read_timeout": "read_timeout"}


class Outgoing:
    """Url, headers, body and options as the caller gave them: policies further in change them all.

    A request that suits its first target as it stands is sent as it stands, without a copy.
    """

    __slots__ = (
        "_headers", "_http", "_request", "_switches_retry_off", "_url", "operation", "options",
        "payload",
    )  # fmt: skip

    def __init__(
        self,
        request: PipelineRequest[HttpRequest],
        payload: Mapping[str, object],
        operation: Operation,
        *,
        switches_retry_off: bool = True,
    ) -> None:
        http = request.http_request
        self._request, self._http, self._url = request, http, http.url
        self._headers = dict(http.headers)
        self.options = dict(request.context.options)
        self.payload, self.operation = payload, operation
        self._switches_retry_off = switches_retry_off

    @property
    def is_streamed(self) -> bool:
        """Whether the caller asked for the answer as a stream."""
        return bool(self.options.get("stream"))

    def attempt(
        self,
        destination: Destination,
        payload: Mapping[str, object],
        *,
        seconds: float,
        pristine: bool,
    ) -> PipelineRequest[HttpRequest]:
        """Make the request ready for one destination.

        :param payload: the body, this object's own where nothing had to change.
        :param seconds: how long the attempt may wait for an answer; ``inf`` for no limit of ours.
        :param pristine: whether no attempt has been made yet.
        """
        context = self._request.context
        context.options = self._options(seconds)
        context[ENDPOINT_KEY] = destination.endpoint
        context.pop("insecure_domain_change", None)  # a redirect of an earlier attempt
        if destination.model is not None and payload.get("model") != destination.model:
            payload = {**payload, "model": destination.model}
        here = self._url.startswith(destination.url)
        strips = destination.endpoint.dialect == "openai-v1"
        if pristine and here and payload is self.payload and not strips:
            return self._request
        http = self._http
        self._request.http_request = HttpRequest(
            http.method,
            self._url_at(destination, here=here, strips=strips),
            headers={
                name: value
                for name, value in self._headers.items()
                if name.lower() != "content-length" and (here or is_free_header(name))
            },
            content=http.content if payload is self.payload else json.dumps(payload),
        )
        return self._request

    def _url_at(self, destination: Destination, *, here: bool, strips: bool) -> str:
        parts = [part for part in self._url.partition("?")[2].split("&") if part]
        version = [part for part in parts if part.startswith("api-version=")]
        if not here:  # what else stands there, a key perhaps, was meant for the first endpoint
            parts = [part for part in destination.query.split("&") if part] + version
        if strips:
            parts = [part for part in parts if part not in version]
        return f"{destination.url}?{'&'.join(parts)}" if parts else destination.url

    def _options(self, seconds: float) -> dict[str, Any]:
        options = dict(self.options)
        if self._switches_retry_off:  # the loop of this package is the only one
            options["retry_total"] = 0
            options.setdefault("redirect_max", _MOST_REDIRECTS)
        else:
            options.pop("retry_total", None)
        options.pop("timeout", None)
        if seconds == inf:
            return options
        transport = self._request.context.transport
        if getattr(transport, "takes_answer_within", False):
            options["answer_within"] = seconds
        config = getattr(transport, "connection_config", None)
        for name, attribute in _TIMEOUTS.items():
            given = options.get(name, getattr(config, attribute, None))
            options[name] = min(given, seconds) if isinstance(given, int | float) else seconds
        return options


def is_free_header(name: str) -> bool:
    """Tell whether a header may go to any origin."""
    return name.lower() in _FREE_HEADERS
