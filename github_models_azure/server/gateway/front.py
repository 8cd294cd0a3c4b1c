"""What stands before every route: who may ask, what is counted, and what went wrong."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Receive, Scope, Send

from . import errors
from .errors import ErrorAnswer, Refusal
from .exchange import Exchange
from .guard import Guard
from .metrics import Metrics

_LOGGER = logging.getLogger(__name__)
_LEFT = 499  # nginx's number for a client that left before any answer
_OPERATIONS = ("/chat/completions", "/embeddings", "/models", "/healthz", "/metrics")


class Front:
    """The outermost layer: whatever happens further in ends in an answer of OpenAI's form."""

    def __init__(self, app: ASGIApp, guard: Guard, metrics: Metrics) -> None:
        self._app, self._guard, self._metrics = app, guard, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        exchange = scope["github_models_exchange"] = Exchange(scope, receive, send)
        try:
            refusal = _refusal_of_two_lengths(exchange.headers)
            refusal = refusal or self._guard.refusal(scope["path"], exchange.headers)
            if refusal is not None:
                await exchange.refuse(refusal)
            else:
                await self._app(scope, receive, exchange.send)
        except Refusal as refused:
            await exchange.refuse(refused.answer)
        except Exception as error:
            name = type(error).__name__
            _LOGGER.exception("The gateway failed at %s: %s", exchange.request_id, name)
            answer = errors.broken(exchange.request_id)
            await (exchange.break_off if exchange.has_started else exchange.refuse)(answer)
        finally:
            seconds = time.monotonic() - started
            self._metrics.request(_operation(scope["path"]), exchange.status or _LEFT, seconds)


def _refusal_of_two_lengths(headers: dict[bytes, bytes]) -> ErrorAnswer | None:
    """Refuse what a proxy in front may have read as two requests, or as another one (RFC 9112)."""
    both = b"content-length" in headers and b"transfer-encoding" in headers
    return errors.two_lengths() if both else None


def _operation(path: str) -> str:
    """Return the part of a path that tells what was asked; there are few of them."""
    found = (known for known in _OPERATIONS if path.endswith(known) or f"{known}/" in path)
    return next(found, "other")
