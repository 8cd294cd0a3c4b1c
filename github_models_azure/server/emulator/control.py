"""The control API under ``/_emulator/``, for whoever runs the emulator in another process."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..._core.hosts import is_loopback_host
from . import errors
from .faults import fault_from_json
from .front import CONTROL, Refused, Visit
from .json_value import Json, as_number, as_object

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
        Route(f"{CONTROL}/{name}", _guarded(endpoint), methods=[method])
        for name, endpoint, method in rows
    ]


def _guarded(endpoint: _Endpoint) -> _Endpoint:
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
