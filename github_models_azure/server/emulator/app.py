"""The Starlette application of the emulator: the paths of both hosts, and what answers them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..catalog import catalog, legacy_models
from . import errors
from .errors import ServiceRefusal
from .faults import Fault, FaultKind, changed_body, disturbed_body, disturbed_stream, whole_answer
from .front import Front, Refused, Reply, Visit
from .json_value import Json, as_object, as_text
from .openai_v1 import PATHS as V1_PATHS
from .openai_v1 import answer_chat_v1, answer_embeddings_v1, list_models_v1
from .service import Answer, ServiceCall, answer_chat, answer_embeddings
from .settings import EmulatorSettings
from .state import EmulatorState

if TYPE_CHECKING:
    from github_models_azure.registry import ModelRegistry
import math
from typing import TYPE_CHECKING

from ..._core.hosts import is_loopback_host
from .faults import fault_from_json
from .front import CONTROL
from .json_value import as_number

if TYPE_CHECKING:
    from .state import EmulatorState

_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def control_routes(state: EmulatorState) -> list[Route]:
    """Return the routes: what they show, and what they change until a reset."""

    async def journal(request: Request) -> Response:
        entries = state.journal.entries()
        return JSONResponse({"requests": [entry.as_json() for entry in entries]})

    async def show(request: Request) -> Response:
        return JSONResponse(state.as_json())

    async def advance(request: Request) -> Response:
        seconds = as_number(_members(request).get("seconds"))
        if seconds is None or not math.isfinite(seconds):
            raise ValueError('Send {"seconds": NUMBER}.')
        return JSONResponse({"now": state.clock.advance(seconds), "advanced": state.clock.offset})

    async def faults(request: Request) -> Response:
        state.faults.add(fault_from_json(_visit(request).parsed))
        return JSONResponse({"faults": [fault.as_json() for fault in state.faults.pending()]})

    async def retire(request: Request) -> Response:
        mode = _members(request).get("mode")
        state.retire(None if mode is None else str(mode))
        return JSONResponse({"retired": state.retired})

    async def strict(request: Request) -> Response:
        on = _members(request).get("on")
        if not isinstance(on, bool):
            raise ValueError('Send {"on": true} or {"on": false}.')
        state.strict_api_version = on
        return JSONResponse({"strict_api_version": on})

    async def reset(request: Request) -> Response:
        state.reset()
        return JSONResponse(state.as_json())

    rows = (
        ("journal", journal, "GET"),
        ("state", show, "GET"),
        ("clock/advance", advance, "POST"),
        ("faults", faults, "POST"),
        ("retired", retire, "POST"),
        ("strict_api_version", strict, "POST"),
        ("reset", reset, "POST"),
    )
    return [
        Route(f"{CONTROL}/{name}", _guard(endpoint), methods=[method])
        for name, endpoint, method in rows
    ]


def _guard(endpoint: _Endpoint) -> _Endpoint:
    """Serve only this machine, and no web page: a browser sends an Origin, and a strange Host."""

    async def serve(request: Request) -> Response:
        client = request.client
        host = request.url.hostname or ""
        if "origin" in request.headers or not is_loopback_host(host):
            return Refused(errors.text(403, "The control API serves this machine only."))
        if client is not None and not is_loopback_host(client.host):
            return Refused(errors.text(403, "The control API serves this machine only."))
        try:
            return await endpoint(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return serve


def _visit(request: Request) -> Visit:
    visit: Visit = request.scope["github_models_visit"]
    return visit


def _members(request: Request) -> dict[str, Json]:
    return dict(as_object(_visit(request).parsed))


_Answerer: TypeAlias = Callable[[EmulatorState, ServiceCall], Answer]
_Listing: TypeAlias = Callable[[EmulatorState, ServiceCall], Json]

_NEW_CHAT = (
    "/inference/chat/completions",
    "/inference/v1/chat/completions",
    "/orgs/{org}/inference/chat/completions",
)
_NEW_EMBEDDINGS = ("/inference/embeddings", "/orgs/{org}/inference/embeddings")


def create_app(
    *,
    plan: str = "free",
    retired: str | None = None,
    clock: Callable[[], float] = time.time,
    registry: ModelRegistry | None = None,
    token_plans: Mapping[str, str] | None = None,
    settings: EmulatorSettings | None = None,
    strict_api_version: bool = False,
) -> Starlette:
    """Return an ASGI application that behaves as GitHub Models did.

    :param plan: the Copilot plan whose quotas hold: free, pro, business or enterprise.
    :param retired: ``"410"``, ``"403-sunset"``, ``"deprecated"``, or ``None`` for a live service.
    :param clock: seconds since the epoch, like ``time.time``.
    :param registry: the models and quotas; the bundled ones by default.
    :param token_plans: plans of single tokens, ``{"token-a": "pro"}``.
    :param settings: special words, tokens and limits.
    :param strict_api_version: also serve ``/openai/v1`` as Foundry does, where any ``api-version``
        is refused; it lives on when GitHub's paths are retired.
    :raises ValueError: for a plan, a retirement or a deployed model that does not exist.
    """
    return app_of(
        EmulatorState(
            plan=plan,
            retired=retired,
            clock=clock,
            registry=registry,
            token_plans=token_plans,
            settings=settings,
            strict_api_version=strict_api_version,
        )
    )


def app_of(state: EmulatorState) -> Starlette:
    """Return the application that serves ``state``, kept as ``app.state.emulator``."""
    routes = [
        _post(state, "/chat/completions", answer_chat, legacy=True),
        _post(state, "/embeddings", answer_embeddings, legacy=True),
        *(_post(state, path, answer_chat, legacy=False) for path in _NEW_CHAT),
        *(_post(state, path, answer_embeddings, legacy=False) for path in _NEW_EMBEDDINGS),
        *(_post(state, f"{path}/chat/completions", answer_chat_v1) for path in V1_PATHS),
        *(_post(state, f"{path}/embeddings", answer_embeddings_v1) for path in V1_PATHS),
        *(_get(state, f"{path}/models", list_models_v1) for path in V1_PATHS),
        _get(state, "/models", lambda state, _: legacy_models(state.registry)),
        _get(state, "/catalog/models", lambda state, _: catalog(state.registry)),
        _get(state, "/v1/models", lambda state, _: {"data": catalog(state.registry)}),
        *control_routes(state),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Front, state=state)],
        exception_handlers={404: _page_not_found, 405: _wrong_method},
    )
    # A path with one slash too many is another path to the service, not a redirect.
    app.router.redirect_slashes = False
    app.state.emulator = state
    return app


def _post(state: EmulatorState, path: str, answerer: _Answerer, *, legacy: bool = False) -> Route:
    async def endpoint(request: Request) -> Response:
        visit = _visit(request)
        model = as_text(as_object(visit.parsed).get("model")) or None
        fault = _meet_fault(state, visit, model)
        answer = whole_answer(fault) if fault is not None else None
        if answer is not None:
            return Refused(answer)
        try:
            call = _service_call(request, legacy=legacy, fault=fault)
            return _reply(state, answerer(state, call), fault)
        except ServiceRefusal as refusal:
            return Refused(refusal.answer)

    return Route(path, endpoint, methods=["POST"])


def _get(state: EmulatorState, path: str, listing: _Listing) -> Route:
    async def endpoint(request: Request) -> Response:
        fault = _meet_fault(state, _visit(request), None)
        answer = whole_answer(fault) if fault is not None else None
        if answer is not None:
            return Refused(answer)
        try:
            return JSONResponse(listing(state, _service_call(request)))
        except ServiceRefusal as refusal:
            return Refused(refusal.answer)

    return Route(path, endpoint, methods=["GET"])


def _service_call(
    request: Request, *, legacy: bool = False, fault: Fault | None = None
) -> ServiceCall:
    return ServiceCall(
        legacy=legacy,
        authorization=request.headers.get("authorization"),
        api_version=request.query_params.get("api-version"),
        content_type=request.headers.get("content-type", ""),
        body=_visit(request).body,
        client_request_id=request.headers.get("x-ms-client-request-id"),
        tools_forever=fault is not None and fault.kind is FaultKind.TOOL_CALLS_FOREVER,
        api_key=request.headers.get("api-key"),
        project=request.path_params.get("project"),
    )


def _reply(state: EmulatorState, answer: Answer, fault: Fault | None) -> Reply:
    if answer.events is not None:
        steps, length = disturbed_stream(answer.events, fault), None
    else:
        steps = disturbed_body(answer.body, fault)
        length = len(changed_body(answer.body, fault))
    return Reply(
        steps,
        media_type=answer.media_type,
        headers=answer.headers,
        length=length,
        finished=answer.finished,
        stopping=state.stopping.is_set,
        delay=state.settings.chunk_delay if answer.events is not None else 0.0,
    )


def _meet_fault(state: EmulatorState, visit: Visit, model: str | None) -> Fault | None:
    fault = state.faults.take(model, state.known_as)
    visit.fault = fault.kind.value if fault is not None else None
    return fault


async def _page_not_found(request: Request, error: Exception) -> Response:
    return Refused(errors.page_not_found())


async def _wrong_method(request: Request, error: Exception) -> Response:
    return Refused(errors.wrong_method())
