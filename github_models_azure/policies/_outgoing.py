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

_BOUND_HEADERS = ("authorization", "api-key", "x-api-key", "cookie", "extra-parameters")
_TIMEOUTS = {"connection_timeout": "timeout", "read_timeout": "read_timeout"}


class Outgoing:
    """Url, headers, body and options as the caller gave them: policies further in change them all.

    A request that suits its first target as it stands is sent as it stands, without a copy.
    """

    __slots__ = ("_headers", "_http", "_request", "_url", "operation", "options", "payload")

    def __init__(
        self,
        request: PipelineRequest[HttpRequest],
        payload: Mapping[str, object],
        operation: Operation,
    ) -> None:
        http = request.http_request
        self._request, self._http, self._url = request, http, http.url
        self._headers = dict(http.headers)
        self.options = dict(request.context.options)
        self.payload, self.operation = payload, operation

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
            self._url_at(destination, strips=strips),
            headers={
                name: value
                for name, value in self._headers.items()
                if name.lower() != "content-length" and (here or not is_bound_header(name))
            },
            content=http.content if payload is self.payload else json.dumps(payload),
        )
        return self._request

    def _url_at(self, destination: Destination, *, strips: bool) -> str:
        query = self._url.partition("?")[2]
        if strips:
            parts = query.split("&")
            query = "&".join(part for part in parts if not part.startswith("api-version="))
        return f"{destination.url}?{query}" if query else destination.url

    def _options(self, seconds: float) -> dict[str, Any]:
        options = dict(self.options)
        options["retry_total"] = 0  # the loop of this package is the only one
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


def is_bound_header(name: str) -> bool:
    """Tell whether a header belongs to the origin that it was meant for, and to no other."""
    lower = name.lower()
    return lower in _BOUND_HEADERS or lower.startswith("x-ms-")
