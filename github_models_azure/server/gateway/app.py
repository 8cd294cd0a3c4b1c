"""The Starlette application of the gateway: its paths, and what stands behind them."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..._core.route.needs import Operation
from ...client.base import UNSET
from ...endpoints import Endpoint
from ..catalog import catalog
from . import errors
from .errors import Refusal
from .front import Front
from .guard import MAX_BODY, TIMEOUT, GatewaySettings, Guard, keys_of
from .metrics import MEDIA_TYPE, Metrics
from .relay import Relay
from .upstream import Listing, Upstream

_LOGGER = logging.getLogger(__name__)
_BASES = (
    "/v1", "/inference", "", "/inference/v1", "/openai/v1", "/orgs/{org}/inference",
    *(f"{base}/openai/deployments/{{deployment:path}}" for base in ("", "/v1", "/inference")),
)  # fmt: skip
"""The base URLs in use: OpenAI's, both of GitHub Models, Foundry's, Azure OpenAI's.

LiteLLM's ``azure_ai`` appends the last to whatever base URL it is given.
"""


def create_app(
    endpoint: str | Endpoint | None = None,
    credential: Any = None,
    *,
    model: str | None = None,
    fallback: Any = UNSET,
    api_key: str | Iterable[str] | None = None,
    timeout: float = TIMEOUT,
    max_body: int = MAX_BODY,
    max_concurrent: int | None = None,
    allow_endpoints: Iterable[str] = (),
    **client_options: Any,
) -> Starlette:
    """Return an ASGI application that speaks OpenAI's API and asks through a client.

    It serves one event loop, once: start it with its lifespan. What of :class:`Gateway` belongs to
    connections, such as ``unread_timeout``, is up to the server that runs it.

    :param endpoint: with ``credential``, ``model``, ``fallback`` and all further keywords what
        :class:`github_models_azure.aio.ChatCompletionsClient` takes. ``model`` is asked where a
        request names none.
    :param api_key: the key that callers show, or several; ``GITHUB_MODELS_GATEWAY_KEY`` by default.
        Without any, only requests from this machine, addressed by a loopback name, are answered.
    :param timeout: seconds that one call may take, its stream included.
    :param max_body: bytes that the body of a request may have.
    :param max_concurrent: calls that may run at once; any number by default.
    :param allow_endpoints: names of endpoints that callers can put before a model, such as
        ``groq``, beside those of the route and those that the settings declare.
    :raises ValueError: for a value out of range, and for settings that are wrong.
    """
    settings = GatewaySettings(
        keys=keys_of(api_key), timeout=timeout, max_body=max_body, max_concurrent=max_concurrent
    )
    if fallback is not UNSET:
        client_options["fallback"] = fallback
    upstream = Upstream(endpoint, credential, model, allow_endpoints, **client_options)
    return app_of(upstream, settings)


def app_of(upstream: Upstream, settings: GatewaySettings) -> Starlette:
    """Return the application that asks through ``upstream``."""
    listing = Listing(upstream)
    guard = Guard(settings.keys)
    metrics = Metrics(upstream.settings.registry, listing.targets())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await upstream.open()
        if (gone := upstream.gone) is not None:
            _LOGGER.warning(
                "%s: only a fallback elsewhere can answer. Name an endpoint that does (endpoint=, "
                "--endpoint, GITHUB_MODELS_ENDPOINT).",
                gone,
            )
        try:
            yield
        finally:
            await upstream.close()

    chat = Relay(Operation.CHAT, upstream, settings, metrics)
    embeddings = Relay(Operation.EMBEDDINGS, upstream, settings, metrics)
    images = Relay(Operation.IMAGE_EMBEDDINGS, upstream, settings, metrics)

    def find(request: Request) -> object:
        name = request.path_params["model"]
        entry = listing.find(name)
        if entry is None:
            raise Refusal(errors.unknown_model(name))
        return entry

    routes = [
        *(Route(f"{base}/chat/completions", chat, methods=["POST"]) for base in _BASES),
        *(Route(f"{base}/embeddings", embeddings, methods=["POST"]) for base in _BASES),
        *(Route(f"{base}/images/embeddings", images, methods=["POST"]) for base in _BASES),
        _get("/catalog/models", lambda _: catalog(upstream.settings.registry)),
        _get("/healthz", lambda _: {"status": "ok", "in_flight": metrics.in_flight}),
        Route("/metrics", lambda _: Response(metrics.render(), media_type=MEDIA_TYPE)),
        *(_get(f"{base}/models", lambda _: listing.as_json()) for base in _BASES),
        *(_get(f"{base}/models/{{model:path}}", find) for base in _BASES),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Front, guard=guard, metrics=metrics)],
        exception_handlers={404: _unknown_path, 405: _wrong_method},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # what is posted to a redirect arrives without its body
    app.state.gateway_metrics = metrics
    app.state.gateway_guard = guard
    app.state.gateway_upstream = upstream
    return app


def _get(path: str, answer: Callable[[Request], object]) -> Route:
    async def endpoint(request: Request) -> Response:
        return Response(json.dumps(answer(request)), media_type="application/json")

    return Route(path, endpoint, methods=["GET"])


async def _unknown_path(request: Request, error: Exception) -> Response:
    raise Refusal(errors.unknown_path(request.method, request.url.path)) from error


async def _wrong_method(request: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None
    allowed = (headers or {}).get("Allow", "POST")
    raise Refusal(errors.wrong_method(request.method, request.url.path, allowed)) from error
