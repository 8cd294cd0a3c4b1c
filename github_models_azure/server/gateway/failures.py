"""From what a client of this package raises to an answer in OpenAI's form."""

from __future__ import annotations

from collections.abc import Iterable

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)

from ..._core.failure.kinds import Failure, RequestError, deciding
from ...exceptions import (
    CredentialScopeError,
    CredentialUnavailableError,
    EndpointRetiredError,
    FallbackExhaustedError,
    RateLimitedError,
    StreamInterruptedError,
)
from ...trail import Trail, trail_of
from .errors import ErrorAnswer, retry_headers

_CODES = {
    403: "permission_denied", 404: "model_not_found", 410: "endpoint_retired",
    413: "request_too_large", 429: "rate_limit_exceeded", 502: "upstream_error",
    503: "no_target", 504: "timeout",
}  # fmt: skip
_LATE = (ServiceRequestTimeoutError, ServiceResponseTimeoutError, TimeoutError)
_HINTS = ("Nearest known models:", "GitHub Models never had ", "Name an embeddings model, ")


def answer_of(error: AzureError) -> ErrorAnswer:
    """Return what the caller is told of an error."""
    trail = trail_of(error)
    status = _status(error, trail)
    message, code, param = _said(error)
    if code is None and status == 400 and (foreseen := _foreseen(trail)):
        # The former is OpenAI's word, which frameworks act upon.
        is_long = foreseen == {RequestError.TOO_LONG}
        code = "context_length_exceeded" if is_long else "unsupported_request"
    return ErrorAnswer(
        status,
        message,
        code or _CODES.get(status),
        param,
        headers=retry_headers(getattr(error, "retry_after", None)),
    )


def _status(error: AzureError, trail: Trail | None) -> int:
    if isinstance(error, EndpointRetiredError):
        return 410
    if isinstance(error, RateLimitedError):
        return 429
    if isinstance(error, FallbackExhaustedError):
        failures = _latest(trail)
        if not failures and _foreseen(trail):
            return 400  # no target can do it, whenever it is asked
        return _of_many(failures)
    if isinstance(error, _LATE) or _ran_out_of_time(error):
        return 504
    # A key that is missing or wrong here is nothing that the caller could mend with his own.
    if isinstance(error, CredentialScopeError | CredentialUnavailableError):
        return 502
    is_refusal = isinstance(error, HttpResponseError)
    failure = deciding(_latest(trail), refused=is_refusal)
    if failure is not None:
        return _status_of(failure)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return status if status is not None and 400 <= status < 500 and status != 401 else 502


def _ran_out_of_time(error: AzureError) -> bool:
    return isinstance(error, StreamInterruptedError) and isinstance(error.inner_exception, _LATE)


def _latest(trail: Trail | None) -> list[Failure]:
    """Give the last failure of each target, in the order of the targets."""
    attempts = trail.attempts if trail is not None else ()
    return list({one.target: one.failure for one in attempts if one.failure}.values())


def _status_of(failure: Failure) -> int:
    return failure.kind.rule.gateway_status(failure.status)


def _of_many(failures: Iterable[Failure]) -> int:
    statuses = {_status_of(failure) for failure in failures}
    return statuses.pop() if len(statuses) == 1 else 503


def _foreseen(trail: Trail | None) -> set[RequestError | None]:
    """Return what of the request kept all targets from being asked; nothing if it was not that."""
    kinds = {skip.kind for skip in trail.skipped} if trail is not None else set()
    errors = {None if kind is None else kind.rule.request_error for kind in kinds}
    return set() if None in errors else errors


def _said(error: AzureError) -> tuple[str, str | None, str | None]:
    message = error.message
    if not isinstance(error, HttpResponseError) or error.error is None:
        return message, None, None
    said = error.error
    if isinstance(error, EndpointRetiredError | FallbackExhaustedError | RateLimitedError):
        return message, None, None  # the message is the whole story, the body its last line
    hint = next((line for line in message.splitlines() if line.startswith(_HINTS)), None)
    told = said.message or message
    return (f"{told}\n{hint}" if hint else told), said.code, said.target
