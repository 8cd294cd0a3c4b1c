"""What a call that got no answer ends in: the server's own answer, or an error of this package."""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import (
    HttpResponseError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
)

from .._core.cooldown import covers_endpoint, format_seconds
from .._core.failures import MALFORMED_ANSWER, Failure, FailureKind
from .._core.plan import GiveUp, GiveUpReason, Plan
from .._core.stream_reader import StreamFault
from ..exceptions import EndpointRetiredError, FallbackExhaustedError, RateLimitedError
from ..trail import Trail
from ._faults import as_azure_error
from ._judge import answer_in

_LIMITS = (FailureKind.RATE_LIMITED, FailureKind.QUOTA_EXHAUSTED)


def outcome(
    plan: Plan, step: GiveUp, response: Any, error: BaseException | None, trail: Trail, now: float
) -> BaseException | None:
    """Choose what a call that gave up raises; ``None`` hands the last answer back as it is.

    :param response: the last answer that can be handed back, as a pipeline response.
    :param error: the exception that came with the last attempt, if one did.
    """
    http = response.http_response if response is not None else None
    retry_after = None if step.retry_at is None else max(0.0, step.retry_at - now)
    failure = plan.last_failure
    if failure is None:
        return _never_sent(plan, step, trail, retry_after)
    asked = {candidate.key for candidate, _ in plan.attempts}
    if step.reason is GiveUpReason.CALLER_ERROR or (len(asked) == 1 and _alone(plan)):
        return _of_one(failure, http, error, retry_after, plan)
    return FallbackExhaustedError(_story(step, trail), response=http, retry_after=retry_after)


def _alone(plan: Plan) -> bool:
    """Tell whether no second target could have changed the outcome."""
    if len(plan.route) == 1:
        return True
    failure = plan.last_failure
    shared = failure is not None and covers_endpoint(failure)
    return shared and len({candidate.endpoint for candidate in plan.route}) == 1


def _of_one(
    failure: Failure, http: Any, error: BaseException | None, retry_after: float | None, plan: Plan
) -> BaseException | None:
    target = plan.attempts[-1][0].target
    if failure.kind in _LIMITS and http is not None:
        wait = retry_after if retry_after is not None else failure.retry_after
        return RateLimitedError(
            f"{target} is rate limited{_returns(wait)}: {failure.message}",
            response=http,
            retry_after=wait,
            limit=failure.limit,
            window=failure.window.value,
        )
    if failure.kind is FailureKind.ENDPOINT_GONE and http is not None:
        return EndpointRetiredError(
            f"The endpoint of {target} is retired ({http.status_code}: {failure.message}). "
            "Point endpoint= at a service that is alive, or list targets elsewhere in fallback=.",
            response=http,
        )
    if http is not None:
        return None
    if isinstance(error, StreamFault):
        return ServiceResponseError(f"{target} gave no usable stream: {failure.message}")
    if isinstance(error, Exception) and answer_in(error) is None:
        return as_azure_error(error)
    return _unusable(target, failure, error)


def _unusable(target: str, failure: Failure, error: BaseException | None) -> BaseException:
    """Make the error for a 200 that is no answer: an error body, a page of HTML, something else."""
    message = f"{target} answered 200 without an answer"
    if failure.code not in (None, MALFORMED_ANSWER):
        message += f" ({failure.code})"
    message += f": {failure.message.removeprefix('HTTP 200: ').rstrip('. ')}."
    if failure.code == MALFORMED_ANSWER:
        message += " Check that the endpoint URL is that of an inference API."
    made = HttpResponseError(message=message)
    made.response = getattr(error, "response", None)
    made.status_code = 200
    return made


def _never_sent(plan: Plan, step: GiveUp, trail: Trail, retry_after: float | None) -> BaseException:
    if step.reason is GiveUpReason.RETIRED:
        return _retired(plan)
    if step.reason is GiveUpReason.DEADLINE:
        return ServiceRequestTimeoutError("The timeout was over before anything could be sent.")
    if len(plan.route) == 1 and step.kind in _LIMITS:
        target = plan.route[0].target
        return RateLimitedError(
            f"{target} is rate limited{_returns(retry_after)}, known from an earlier call; "
            "nothing was sent. List other targets in fallback= to get an answer now.",
            retry_after=retry_after,
        )
    return FallbackExhaustedError(_story(step, trail), retry_after=retry_after)


def _retired(plan: Plan) -> EndpointRetiredError:
    reasons = "; ".join(dict.fromkeys(str(candidate.gone) for candidate in plan.route))
    advice = next((c.advice for c in plan.route if c.advice), None)
    return EndpointRetiredError(
        f"{reasons}; nothing was sent. "
        + (advice or "Name a model that is alive, or pass allow_retired=True to try all the same.")
    )


def _returns(seconds: float | None) -> str:
    return "" if seconds is None else f" and returns in {format_seconds(seconds)}"


def _story(step: GiveUp, trail: Trail) -> str:
    """One line for each target: what failed or why it was not asked."""
    lines = [f"No target could serve {trail.requested}: {step.reason.value}."]
    latest = {skip.target: f"not asked: {skip.reason}" for skip in trail.skipped}
    latest |= {
        attempt.target: _told(attempt.status, failure)
        for attempt in trail.attempts
        if (failure := attempt.failure) is not None
    }
    lines += [f"  {target}: {text}" for target, text in latest.items()]
    return "\n".join(lines)


def _told(status: int | None, failure: Failure) -> str:
    answered = "no answer" if status is None else str(status)
    text = f"{answered} {failure.kind.value}: {failure.message}"
    if failure.retry_after:
        text += f" (returns in {format_seconds(failure.retry_after)})"
    return text
