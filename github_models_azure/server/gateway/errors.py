"""Errors as OpenAI writes them: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import ceil

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_NO_RETRY_AFTER = 60  # clients come back by themselves, and would only be told the same again


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """One refusal or failure: its status and what its body says.

    ``headers`` go out beside the usual ones. ``closes`` ends the connection with the answer,
    because not all of the request was read.
    """

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())
    closes: bool = False

    def as_json(self) -> dict[str, object]:
        """Return the body."""
        kind = self.type or _TYPES.get(self.status)
        if kind is None:
            kind = "invalid_request_error" if self.status < 500 else "server_error"
        told = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": told}

    def body(self) -> bytes:
        """Return the body as bytes."""
        return json.dumps(self.as_json()).encode()

    def event(self) -> bytes:
        """Return the event that ends a stream."""
        return b"data: " + self.body() + b"\n\n"


class Refusal(Exception):
    """Carries an error to the front, which answers with it."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def retry_headers(seconds: float | None) -> tuple[tuple[str, str], ...]:
    """Return the headers that say when to come back; none where nothing is known."""
    if seconds is None:
        return ()
    wait = max(1, ceil(seconds))
    told = ("retry-after", str(wait))
    # All targets were asked already: the openai package would ask twice more, after a second.
    return (told, ("x-should-retry", "false")) if wait > _NO_RETRY_AFTER else (told,)


def unknown_path(method: str, path: str) -> ErrorAnswer:
    """Say that nothing is served at a path."""
    told = f"Nothing is served at {method} {path:.200}. Chat is at /v1/chat/completions."
    return ErrorAnswer(404, told, "unknown_url")


def wrong_method(method: str, path: str, allowed: str) -> ErrorAnswer:
    """Say how a path is asked."""
    headers = (("allow", allowed),)
    told = f"{path:.200} takes {allowed}, not {method}."
    return ErrorAnswer(405, told, "method_not_allowed", headers=headers)


def unknown_model(model: str) -> ErrorAnswer:
    """Say that a model is not in the list."""
    told = f"The model {model!r:.200} is not known here. /v1/models lists those that are."
    return ErrorAnswer(404, told, "model_not_found", "model")


def two_lengths() -> ErrorAnswer:
    """Refuse a body whose end is told twice."""
    told = "A request has content-length or transfer-encoding, not both."
    return ErrorAnswer(400, told, "invalid_http", closes=True)


def wrong_key() -> ErrorAnswer:
    """Ask for a key: there was none, or a wrong one."""
    return ErrorAnswer(
        401,
        "This gateway needs its key, as `Authorization: Bearer KEY` or `api-key: KEY`.",
        "invalid_api_key",
        headers=(("www-authenticate", "Bearer"),),
    )


def strange_host(host: str) -> ErrorAnswer:
    """Refuse a name that is not this machine's: a web page may have made its own mean that."""
    told = f"Host {host!r:.100} is not this machine. Without --api-key only localhost is served."
    return ErrorAnswer(403, told, "host_not_allowed", closes=True)


def strange_origin(origin: str) -> ErrorAnswer:
    """Refuse a web page."""
    told = f"Pages from {origin!r:.100} are not allowed. Start the gateway with --api-key."
    return ErrorAnswer(403, told, "origin_not_allowed", closes=True)


def strange_peer(address: str) -> ErrorAnswer:
    """Refuse another machine, whatever name it calls this one by."""
    told = f"{address:.100} is not this machine, and the gateway serves this one only."
    return ErrorAnswer(403, told, "peer_not_allowed", closes=True)


def strange_endpoint(name: str) -> ErrorAnswer:
    """Refuse a model of an endpoint that callers cannot name."""
    told = (
        f"Callers of this gateway cannot name the endpoint {name!r:.100}. Start it with "
        f"--allow-endpoint {name:.100}, or declare that endpoint in its settings."
    )
    return ErrorAnswer(403, told, "endpoint_not_allowed", "model")


def loop() -> ErrorAnswer:
    """Refuse a request that comes from this gateway, or has passed too many of them."""
    told = "The request has passed this gateway before: what it asks leads back to it."
    return ErrorAnswer(400, told, "gateway_loop")


def body_too_large(limit: int) -> ErrorAnswer:
    """Refuse a body past the limit."""
    told = f"The body is larger than {limit:,} bytes. --max-body raises the limit."
    return ErrorAnswer(413, told, "request_too_large", closes=True)


def body_too_slow(seconds: float) -> ErrorAnswer:
    """Give up on a body that does not arrive."""
    told = f"The body did not arrive within {seconds:g} seconds."
    return ErrorAnswer(408, told, "request_timeout", closes=True)


def wrong_body(why: str, param: str | None = None) -> ErrorAnswer:
    """Refuse a body that cannot be sent on."""
    return ErrorAnswer(400, why, "invalid_body", param)


def wrong_media(why: str) -> ErrorAnswer:
    """Refuse a body of a kind that is not read."""
    return ErrorAnswer(415, why, "unsupported_media_type", closes=True)


def overloaded(limit: int) -> ErrorAnswer:
    """Refuse a call beyond those that may run at once."""
    told = f"{limit} calls are running, as many as --max-concurrent allows."
    return ErrorAnswer(503, told, "overloaded", headers=retry_headers(1.0))


def too_late(seconds: float) -> ErrorAnswer:
    """Give up on a call that is not over in time."""
    told = f"The call did not end within {seconds:g} seconds (--timeout)."
    return ErrorAnswer(504, told, "timeout")


def stopping() -> ErrorAnswer:
    """Say that the server ends before the call does."""
    return ErrorAnswer(503, "The gateway is stopping.", "stopping", headers=retry_headers(1.0))


def broken(request_id: str) -> ErrorAnswer:
    """Own up to a mistake of this program."""
    told = f"The gateway failed. Its log says why under {request_id}."
    return ErrorAnswer(500, told, "internal_error")
