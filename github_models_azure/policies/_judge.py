"""What an answer, or the exception in place of one, says of its target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from azure.core.exceptions import HttpResponseError

from .._core.answer.reader import StreamFault
from .._core.failure.classify import classify_ok_body, classify_response, has_messages
from .._core.failure.kinds import WRONG_PATH, Failure, FailureKind, Scope
from .._core.request.dialect import Dialect
from .._core.request.fit import SDK
from .._core.route.needs import Operation
from ..endpoints import origin_of
from ._faults import fault_of


def judge_answer(
    http: Any, value: object, operation: Operation, now: float, dialect: Dialect = SDK
) -> Failure | None:
    """Judge an answer that was read whole; ``None`` where it is what was asked for.

    :param value: the body as azure-core's ContentDecodePolicy read it.
    """
    if http.status_code == 200 and _is_answer(value, operation):
        return None
    return _judge_body(http, value, now, dialect)


def judge_error(error: BaseException, now: float, dialect: Dialect = SDK) -> Failure:
    """Judge an exception that came in place of an answer."""
    if isinstance(error, StreamFault):
        return error.failure
    http = answer_in(error)
    return fault_of(error) if http is None else _judge_body(http, None, now, dialect)


def unless_redirected(failure: Failure | None, http: Any, place: str) -> Failure | None:
    """Tell a refused credential from one that was left behind by a redirect elsewhere."""
    if failure is None or failure.kind is not FailureKind.AUTH:
        return failure
    url = getattr(getattr(http, "request", None), "url", "")
    if not url or origin_of(url) == place:
        return failure
    return replace(
        failure,
        kind=FailureKind.UNAVAILABLE,
        scope=Scope.ENDPOINT,
        code=WRONG_PATH,
        message=f"{place} redirects to {origin_of(url)}, where its credential does not go",
    )


def answer_in(error: BaseException) -> Any:
    """Give the answer that an exception carries, if it was read; ``None`` otherwise."""
    response = error.response if isinstance(error, HttpResponseError) else None
    return response if getattr(response, "content", None) is not None else None


def _judge_body(http: Any, value: object, now: float, dialect: Dialect) -> Failure:
    body = http.content if isinstance(http.content, bytes) else b""
    if http.status_code == 200:
        text = body.decode("utf-8", "replace") if value is None else value
        found = classify_ok_body(
            text, content_type=http.headers.get("content-type"), headers=http.headers, now=now
        )
        if found is not None:
            return found
    return classify_response(http.status_code, http.headers, body, now=now, dialect=dialect)


def _is_answer(value: object, operation: Operation) -> bool:
    """Tell at a glance that a body is what was asked for; the classifier looks at all others."""
    if not isinstance(value, dict) or value.get("error"):
        return False
    items = value.get("choices" if operation is Operation.CHAT else "data")
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(item, dict) and not item.get("error") for item in items)
        and (operation is not Operation.CHAT or has_messages(items))
    )
