"""The original request of a call, and what each attempt makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.rest import HttpRequest

from .._core.answer.bounds import Bounds
from .._core.request.dialect import DROP, KEEP
from .._core.route.needs import Operation
from ..endpoints import origin_of
from .route import Destination

ENDPOINT_KEY = "github_models_azure.endpoint"
"""The key of the pipeline context under which an attempt's endpoint is found."""

HOPS = "x-github-models-hops"
"""The header that names the gateways which a request has passed; it crosses every origin."""

_FREE_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-length", "content-type", "traceparent",
        "tracestate", "user-agent", HOPS,
    }
)  # fmt: skip
"""The headers that may go to any origin; all others were meant for the first, and stay there."""

_MOST_REDIRECTS = 2  # azure-core's thirty would be thirty requests in one attempt
_READ_TIMEOUT = 300.0  # azure-core's own
_VERSION = "api-version="
_SDK_VERSION = _VERSION + "2024-05-01-preview"  # what the SDK sends unless it is told otherwise
_TIMEOUTS = {"connection_timeout": "timeout", "read_timeout": "read_timeout"}


class Outgoing:
    """Url, headers, body and options as the caller gave them: policies further in change them all.

    A request that suits its first target as it stands is sent as it stands, without a copy.
    """

    __slots__ = (
        "_headers", "_http", "_request", "_switches_retry_off", "_url", "operation", "options",
        "payload", "said",
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
        self.said: frozenset[str] = frozenset()
        self._switches_retry_off = switches_retry_off

    @property
    def is_streamed(self) -> bool:
        """Whether the caller asked for the answer as a stream."""
        return bool(self.options.get("stream"))

    @property
    def read_timeout(self) -> float:
        """How long the transport may wait for data: as the caller said, else its own usual."""
        config = getattr(self._request.context.transport, "connection_config", None)
        given = self.options.get("read_timeout", getattr(config, "read_timeout", None))
        return given if isinstance(given, int | float) else _READ_TIMEOUT

    def attempt(
        self,
        destination: Destination,
        payload: Mapping[str, object],
        *,
        seconds: float,
        content_within: float = inf,
        pristine: bool,
        version: str = KEEP,
        bounds: Bounds,
    ) -> PipelineRequest[HttpRequest]:
        """Make the request ready for one destination.

        :param payload: the body, this object's own where nothing had to change.
        :param seconds: how long the attempt may wait for an answer; ``inf`` for no limit of ours.
        :param content_within: how long the first content of a stream may take.
        :param pristine: whether no attempt has been made yet.
        :param version: the ``api-version`` that the endpoint was learnt to want, or ``drop``.
        :param bounds: of what comes back; our own transports read no more.
        """
        context = self._request.context
        context.options = self._options(seconds, content_within, bounds)
        context[ENDPOINT_KEY] = destination.endpoint
        context.pop("insecure_domain_change", None)  # a redirect of an earlier attempt
        if destination.model is not None and payload.get("model") != destination.model:
            payload = {**payload, "model": destination.model}
        here = self._url.startswith(destination.url)
        endpoint = destination.endpoint
        url = self._url_at(destination, here=here, version=version)
        left_out = endpoint.dialect.drop_headers
        if (
            pristine
            and url == self._url
            and payload is self.payload
            and not endpoint.headers
            and not (left_out and any(name.lower() in left_out for name in self._headers))
        ):
            return self._request
        left_out |= {"content-length"}
        http = self._http
        home = here or origin_of(self._url) == endpoint.origin
        headers = {
            name: value
            for name, value in self._headers.items()
            if name.lower() not in left_out and (home or is_free_header(name))
        }
        self._request.http_request = HttpRequest(
            http.method,
            url,
            headers={**headers, **endpoint.headers},
            content=http.content if payload is self.payload else json.dumps(payload),
        )
        return self._request

    def _url_at(self, destination: Destination, *, here: bool, version: str) -> str:
        wanted = destination.endpoint.dialect.api_version if version == KEEP else version
        if here and wanted == KEEP and _VERSION not in destination.query:
            return self._url
        own, declared = _parts(self._url.partition("?")[2]), _parts(destination.query)
        # What else stands in the query, a key perhaps, was meant for the first endpoint.
        parts = [part for part in (own if here else declared) if not part.startswith(_VERSION)]
        if wanted != DROP:
            given = [part for part in own if part.startswith(_VERSION)]
            stated = [part for part in declared if part.startswith(_VERSION)]
            parts += _version(wanted, given, stated, here=here, learnt=version != KEEP)
        return f"{destination.url}?{'&'.join(parts)}" if parts else destination.url

    def _options(self, seconds: float, content_within: float, bounds: Bounds) -> dict[str, Any]:
        options = dict(self.options)
        if self._switches_retry_off:  # the loop of this package is the only one
            options["retry_total"] = 0
            options.setdefault("redirect_max", _MOST_REDIRECTS)
        else:
            options.pop("retry_total", None)
        options.pop("timeout", None)
        transport = self._request.context.transport
        is_ours = getattr(transport, "takes_answer_within", False)
        if is_ours:
            options["bounds"] = bounds
            if (within := min(seconds, content_within)) != inf:
                options["answer_within"] = within
        if seconds == inf:
            return options
        config = getattr(transport, "connection_config", None)
        for name, attribute in _TIMEOUTS.items():
            given = options.get(name, getattr(config, attribute, None))
            options[name] = min(given, seconds) if isinstance(given, int | float) else seconds
        return options


def _parts(query: str) -> list[str]:
    return [part for part in query.split("&") if part]


def _version(
    wanted: str, given: list[str], stated: list[str], *, here: bool, learnt: bool
) -> list[str]:
    """Choose the one version that is sent: learnt, the caller's own, the URL's, the dialect's."""
    if learnt:
        return [_VERSION + wanted]
    callers = [part for part in given if part != _SDK_VERSION and part not in stated]
    if here and callers:
        return callers[-1:]
    return stated[-1:] or (given[-1:] if wanted == KEEP else [_VERSION + wanted])


def is_free_header(name: str) -> bool:
    """Tell whether a header may go to any origin."""
    return name.lower() in _FREE_HEADERS
