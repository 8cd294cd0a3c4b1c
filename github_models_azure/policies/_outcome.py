"""What a call that got no answer ends in: the server's own answer, or an error of this package."""

from __future__ import annotations

import json
from typing import Any

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ODataV4Format,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
)

from .._core.answer.stages import AnswerFault
from .._core.failure.kinds import MALFORMED_ANSWER, WRONG_PATH, Failure, FailureKind
from .._core.route.cooldown import covers_endpoint, format_seconds
from .._core.route.plan import GiveUp, GiveUpReason, Plan
from ..exceptions import (
    EndpointRetiredError,
    FallbackExhaustedError,
    OutputValidationError,
    RateLimitedError,
)
from ..trail import Trail
from .errors import answer_in, as_azure_error, complete_error

_CLASSES: dict[int | None, type[HttpResponseError]] = {
    401: ClientAuthenticationError,
    404: ResourceNotFoundError,
    409: ResourceExistsError,
}
"""What the SDK raises for a status; all others are plain ``HttpResponseError``."""


def outcome(
    plan: Plan, step: GiveUp, response: Any, error: BaseException | None, trail: Trail, now: float
) -> BaseException | None:
    """Choose what a call that gave up raises; ``None`` hands the last answer back as it is.

    :param response: the last answer, as a pipeline response; one of 200 holds no answer.
    :param error: the exception that came with the last attempt, if one did.
    """
    if isinstance(error, OutputValidationError):
        return error
    made = _choose(plan, step, response, error, trail, now)
    if isinstance(made, HttpResponseError):
        complete_error(made)
    return made


def _choose(
    plan: Plan, step: GiveUp, response: Any, error: BaseException | None, trail: Trail, now: float
) -> BaseException | None:
    answer = None if error is None else answer_in(error)
    answer = answer if response is None else response.http_response
    refusal = answer if answer is not None and answer.status_code != 200 else None
    retry_after = None if step.retry_at is None else max(0.0, step.retry_at - now)
    if plan.last_failure is None:
        return _never_sent(plan, step, trail, retry_after)
    if step.reason is not GiveUpReason.CALLER_ERROR and not _alone(plan):
        return FallbackExhaustedError(
            _story(step, trail), response=refusal, retry_after=retry_after
        )
    candidate, attempt = plan.attempts[-1 if step.attempt is None else step.attempt]
    target, failure = candidate.target, attempt.failure or plan.last_failure
    if refusal is not None:
        return _of_refusal(target, failure, refusal, retry_after)
    if answer is None and isinstance(error, Exception) and _is_mere_fault(error, failure):
        if isinstance(error, AnswerFault):
            return ServiceResponseError(f"{target} gave no usable stream: {failure.message}")
        return as_azure_error(error)
    return _of_ok(target, failure, answer, retry_after)


def _alone(plan: Plan) -> bool:
    """Tell whether no second target could have changed the outcome."""
    if len(plan.route) == 1:
        return True
    if len({candidate.endpoint for candidate in plan.route}) > 1:
        return False
    if len({candidate.key for candidate, _ in plan.attempts}) == 1:
        failure = plan.last_failure
        return failure is not None and covers_endpoint(failure)
    failures = [attempt.failure for _, attempt in plan.attempts]
    return all(one is not None and one.guessed and covers_endpoint(one) for one in failures)


def _is_mere_fault(error: Exception, failure: Failure) -> bool:
    """Tell what broke on its way from a stream in which the server itself states an error."""
    return not isinstance(error, AnswerFault) or failure.kind is FailureKind.BAD_STREAM


def _of_refusal(
    target: str, failure: Failure, http: Any, retry_after: float | None
) -> BaseException | None:
    if failure.kind.rule.limit:
        return _limited(target, failure, retry_after, http)
    if failure.kind is FailureKind.ENDPOINT_GONE:
        return EndpointRetiredError(
            f"The endpoint of {target} is retired ({http.status_code}: {failure.message}). "
            "Point endpoint= at a service that is alive, or list targets elsewhere in fallback=.",
            response=http,
        )
    return None


def _limited(
    target: str, failure: Failure, retry_after: float | None, http: Any = None
) -> RateLimitedError:
    wait = retry_after if retry_after is not None else failure.retry_after
    code = f" ({failure.code})" if http is None and failure.code else ""
    return RateLimitedError(
        f"{target} is rate limited{_returns(wait)}{code}: {failure.message}",
        response=http,
        retry_after=wait,
        limit=failure.limit,
        window=failure.window.value,
    )


def _of_ok(
    target: str, failure: Failure, answer: Any, retry_after: float | None
) -> HttpResponseError:
    """Make the error for a 200 that is no answer: an error body, a page of HTML, something else.

    Where the body states a status, the class is the one that this status has elsewhere, and
    ``status_code`` is the one stated; ``response.status_code`` says 200.
    """
    stated = failure.status if failure.status != 200 else None
    if failure.kind.rule.limit:
        made: HttpResponseError = _limited(target, failure, retry_after)
    else:
        made = _CLASSES.get(stated, HttpResponseError)(message=_without_answer(target, failure))
    # Given to the constructor, the answer's own words would take the place of the message.
    made.response, made.reason = answer, getattr(answer, "reason", None)
    made.status_code = stated or 200
    if failure.code != MALFORMED_ANSWER:
        code = failure.code if failure.code != WRONG_PATH else str(stated)
        told = json.loads(failure.details or "{}")
        members = {"code": code, "message": failure.message, "target": told.get("param")}
        made.error = ODataV4Format({**members, "innererror": told.get("innererror")})
    return made


def _without_answer(target: str, failure: Failure) -> str:
    message = f"{target} answered 200 without an answer"
    if failure.code not in (None, MALFORMED_ANSWER, WRONG_PATH):
        message += f" ({failure.code})"
    message += f": {failure.message.removeprefix('HTTP 200: ').rstrip('. ')}."
    if failure.code == MALFORMED_ANSWER:
        message += " Check that the endpoint URL belongs to an inference API."
    return message


def _never_sent(plan: Plan, step: GiveUp, trail: Trail, retry_after: float | None) -> BaseException:
    if step.reason is GiveUpReason.RETIRED:
        return _retired(plan)
    if step.reason is GiveUpReason.DEADLINE:
        return ServiceRequestTimeoutError("The timeout ran out before anything could be sent.")
    if len(plan.route) == 1 and step.kind is not None and step.kind.rule.limit:
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
        + (advice or "Name one that is alive, or pass allow_retired=True to try anyway.")
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
