"""A call from the caller to a client and back: watched, bounded, piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import anyio
from azure.core.exceptions import AzureError
from starlette.types import Receive, Scope, Send

from ..._core.route.needs import Operation
from ...policies.outgoing import HOPS
from ...policies.responses import body_of
from . import errors
from .bodies import BODY_SECONDS, Body, Left, check_name, read_body
from .errors import ErrorAnswer, Refusal
from .exchange import Exchange, exchange_of, path_params, served_headers
from .failures import answer_of
from .guard import GatewaySettings
from .metrics import Metrics
from .turns import Turns
from .upstream import Call, Upstream

_FAREWELL = 1.0  # seconds for the last words to somebody who may not be reading any more
_DONE = b"data: [DONE]\n\n"
_STREAM = "text/event-stream; charset=utf-8"
_UNBUFFERED = [("cache-control", "no-cache"), ("x-accel-buffering", "no")]


class Relay:
    """The ASGI application behind the paths of one operation."""

    def __init__(
        self, operation: Operation, upstream: Upstream, settings: GatewaySettings, metrics: Metrics
    ) -> None:
        self._operation, self._upstream = operation, upstream
        self._settings, self._metrics = settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange, settings = exchange_of(scope), self._settings
        refusal = self._upstream.hops.refusal(exchange.header(HOPS))
        if refusal is not None:
            raise Refusal(refusal)
        limit = settings.max_concurrent
        if limit is not None and self._metrics.in_flight >= limit:
            raise Refusal(errors.overloaded(limit))
        self._metrics.in_flight += 1
        try:
            seconds = min(BODY_SECONDS, settings.timeout)
            body = await read_body(receive, exchange.headers, settings.max_body, seconds)
            deployment = path_params(scope).get("deployment")
            if deployment == "":
                raise Refusal(errors.unknown_path(scope["method"], scope["path"]))
            check_name(deployment)
            if deployment is not None:
                body = body.with_model(deployment)
            refusal = self._upstream.refusal(self._operation, body.model)
            if refusal is not None:
                raise Refusal(refusal)
            await self._serve(exchange, body)
        except Left:
            return
        finally:
            self._metrics.in_flight -= 1

    async def _serve(self, exchange: Exchange, body: Body) -> None:
        """Let the call run beside a watch over the caller's connection."""
        call, options = self._upstream.begin(self._settings.timeout)
        work = asyncio.ensure_future(self._work(exchange, call, options, body))
        gone = asyncio.ensure_future(_until_gone(exchange.receive))
        try:
            # The client's own limit comes first, and says more; this one also ends streams.
            limit = self._settings.timeout + _FAREWELL
            await asyncio.wait((work, gone), timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            left, late = gone.done() and not work.done(), not gone.done() and not work.done()
            await _stop(work, gone)
            if left and exchange.has_started:
                self._metrics.stream_cut()
            elif late:
                with anyio.move_on_after(_FAREWELL):
                    await _tell(exchange, errors.too_late(self._settings.timeout), call)
        except asyncio.CancelledError:  # the server has waited long enough
            await _stop(work, gone)
            with anyio.move_on_after(_FAREWELL):
                await _tell(exchange, errors.stopping(), call)
        finally:
            self._metrics.call(call.trail)
        if not work.cancelled():
            work.result()

    async def _work(
        self, exchange: Exchange, call: Call, options: dict[str, Any], body: Body
    ) -> None:
        try:
            extra, passed = exchange.header("extra-parameters"), exchange.header(HOPS)
            await self._upstream.send(call, options, self._operation, body, extra, passed)
            if self._operation is Operation.CHAT and body.is_streamed:
                await _stream(exchange, call, self._upstream.turns)
            else:
                content = body_of(call.response)
                await exchange.answer(200, content, served_headers(call.trail))
        except AzureError as error:
            await _tell(exchange, answer_of(error), call)
        except ValueError as error:
            if call.report.call is not None:
                raise
            # Raised while the route was made: nothing stands for what the caller asked for.
            await _tell(exchange, errors.wrong_body(str(error), "model"), call)


async def _stream(exchange: Exchange, call: Call, turns: Turns) -> None:
    async with call.response as response:
        await exchange.start(200, _STREAM, [*_UNBUFFERED, *served_headers(call.trail)])
        async for piece in response.iter_bytes():
            if piece:
                await exchange.write(piece)
            await turns.next()
    await exchange.end(b"" if call.is_complete else _DONE)


async def _tell(exchange: Exchange, error: ErrorAnswer, call: Call) -> None:
    """Send an error, whether or not the answer has begun."""
    if exchange.has_started:
        await exchange.break_off(error)
    else:
        await exchange.refuse(error, served_headers(call.trail))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait(tasks)
