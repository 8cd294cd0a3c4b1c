"""Errors of this package as the classes of LiteLLM, by which its callers and its Router decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil, isfinite
from typing import Any

import httpx
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)
from litellm import exceptions as litellm

from github_models_azure._core.failure.kinds import (
    MALFORMED_ANSWER,
    Failure,
    FailureKind,
    RequestError,
    deciding,
)
from github_models_azure._core.never import assert_never
from github_models_azure.exceptions import (
    EndpointRetiredError,
    QuotaExceededError,
    RateLimitedError,
    StreamInterruptedError,
)
from github_models_azure.trail import (
    Adaptation,
    Attempt,
    Pause,
    Skip,
    Trail,
    attach_trail,
    trail_of,
)

from ._answers import shown_headers
from ._requests import Call

_NO_URL = "https://docs.litellm.ai/docs"  # LiteLLM's own stand-in where nothing was sent
_CLASSES: Mapping[int, Callable[..., Exception]] = {
    400: litellm.BadRequestError,
    401: litellm.AuthenticationError,
    403: litellm.PermissionDeniedError,
    404: litellm.NotFoundError,
    422: litellm.UnprocessableEntityError,
    429: litellm.RateLimitError,
    500: litellm.InternalServerError,
    502: litellm.BadGatewayError,
    503: litellm.ServiceUnavailableError,
}
_TIMEOUTS = (ServiceRequestTimeoutError, ServiceResponseTimeoutError)


@contextmanager
def as_litellm(call: Call, *mistakes: type[Exception]) -> Iterator[None]:
    """Raise LiteLLM's error for one of this package or azure-core, which stays its cause.

    :param mistakes: what else the caller can mend, and is told as a bad request.
    """
    kinds: tuple[type[Exception], ...] = (AzureError, *mistakes)
    try:
        yield
    except kinds as error:
        raise litellm_error(error, call) from error


def litellm_error(error: Exception, call: Call) -> Exception:
    """Make LiteLLM's error for one of this package; it carries the trail too."""
    trail = trail_of(error)
    made = _made(error, _deciding(error, trail), call)
    if trail is not None:
        attach_trail(made, trail)
    return made


def _deciding(error: Exception, trail: Trail | None) -> Failure | None:
    """Choose the failure that names the class: the requested target's own, else the last one.

    What its fallbacks met is in the message; a caller that retries will ask the same target. That
    a target cannot do what is asked decides only where nothing else went wrong.
    """
    if trail is None:
        return None
    failures: list[tuple[str, Failure]] = []
    for event in trail.events:
        match event:
            case Attempt() if event.failure is not None:
                failures.append((event.target, event.failure))
            case Skip(kind=FailureKind() as kind):
                status = 503 if kind.rule.request_error is None else 400
                failures.append((event.target, Failure(kind, status=status)))
            case Attempt() | Skip() | Pause() | Adaptation():
                pass
            case _:
                assert_never(event)
    able = [one for one in failures if one[1].kind is not FailureKind.REJECTED]
    failures = able or failures
    own = [failure for target, failure in failures if target == trail.requested]
    told = own or [failure for _, failure in failures]
    return deciding(told, refused=isinstance(error, HttpResponseError))


def _made(error: Exception, failure: Failure | None, call: Call) -> Exception:
    common: dict[str, Any] = {
        "message": f"GitHubModelsException - {error}",
        "model": call.model,
        "llm_provider": call.provider,
    }
    if isinstance(error, StreamInterruptedError):
        return litellm.APIConnectionError(**common)
    status = _status(error, failure)
    response = _response(error, failure, status or 500)
    if _timed_out(error, failure):
        made: Exception = litellm.Timeout(**common, headers=dict(response.headers))
    elif refusal := _refusal(failure):
        made = refusal(**common, response=response)
    elif status is None:
        made = litellm.APIConnectionError(**common)
    elif status in _CLASSES:
        made = _CLASSES[status](**common, response=response)
    elif status < 500:
        made = litellm.BadRequestError(**common, response=response)
    else:
        made = litellm.APIError(**common, status_code=status)
    made.litellm_response_headers = response.headers  # type: ignore[attr-defined]  # its Router's
    return made


def _refusal(failure: Failure | None) -> Callable[..., Exception] | None:
    """Return LiteLLM's class for a fault of the request that has one beside its status."""
    what = None if failure is None else failure.kind.rule.request_error
    match what:
        case RequestError.TOO_LONG:
            return litellm.ContextWindowExceededError
        case RequestError.FILTERED:
            return litellm.ContentPolicyViolationError
        case RequestError.UNSUPPORTED | RequestError.INVALID | None:
            return None
        case _:
            return assert_never(what)


def _status(error: Exception, failure: Failure | None) -> int | None:
    """Return the status that says what went wrong; ``None`` where no answer came."""
    match error:
        case RateLimitedError() | QuotaExceededError():
            return 429
        case EndpointRetiredError():
            return 404
        case _ if failure is not None:
            return _status_of(failure)
        case ClientAuthenticationError():
            return 401
        case HttpResponseError():
            return error.status_code or (400 if _wait(error, failure) is None else 429)
        case AzureError():
            return None
        case _:
            return 400


def _status_of(failure: Failure) -> int | None:
    kind, status = failure.kind, failure.status
    if kind is FailureKind.AUTH and status == 403:
        return status
    if kind.rule.http is not None:
        return kind.rule.http
    if failure.code == MALFORMED_ANSWER or (status is not None and status < 400):
        return 500
    return status


def _timed_out(error: Exception, failure: Failure | None) -> bool:
    if failure is None or failure.kind is not FailureKind.UNAVAILABLE:
        return isinstance(error, _TIMEOUTS)
    if failure.status is None:
        return isinstance(error, _TIMEOUTS) or isinstance(error.__cause__, _TIMEOUTS)
    return failure.status in (408, 504)


def _wait(error: Exception, failure: Failure | None) -> float | None:
    """Return the seconds until another call makes sense, where they are known."""
    wait = getattr(error, "retry_after", None)
    if wait is None and failure is not None:
        wait = failure.retry_after
    return wait if wait is not None and isfinite(wait) else None


def _response(error: Exception, failure: Failure | None, status: int) -> httpx.Response:
    """Return the answer without its body, in which a server may repeat the key it was sent."""
    answer = getattr(error, "response", None)
    headers = {} if answer is None else shown_headers(answer.headers)
    wait = _wait(error, failure)
    if wait is not None:
        headers["retry-after"] = str(ceil(wait))
    url = getattr(getattr(answer, "request", None), "url", _NO_URL).partition("?")[0]
    return httpx.Response(status, headers=headers, request=httpx.Request("POST", url))
