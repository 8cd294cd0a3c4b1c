"""Deciding what an answer that is no answer means.

What each status, code and wording means is said in the rules; here a failure is made of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import NoneType

from ..request.dialect import Dialect
from .error_body import ErrorBody, clean_text, read_error_body
from .kinds import MALFORMED_ANSWER, WRONG_PATH, Failure, FailureKind, Scope, Window
from .known_errors import INPUT_CAPS, STATUS_OF_NAME, Ruling
from .lifecycle import read_lifecycle
from .resets import (
    LONGEST_MINUTE_WAIT,
    fold_headers,
    parse_wait,
    read_limit,
    read_retry_after,
)
from .rules import Evidence, by_itself, decide

_MESSAGE_LIMIT = 300
_CODE_LIMIT = 100
_DETAILS_LIMIT = 8192

_REFUSALS = (FailureKind.REJECTED, FailureKind.UNCLEAR)
_ENDLESS = "the error is larger than what is read of it, and its beginning states none"
_MAX_DEPTH = 4
_MALFORMED = Ruling(FailureKind.UNAVAILABLE, code=MALFORMED_ANSWER)


def classify_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    dialect: Dialect | None = None,
    is_cut: bool = False,
) -> Failure:
    """Return what an answer with any status but 200 means.

    :param headers: in any spelling of the names.
    :param body: the bytes received; the first MiB counts.
    :param now: epoch seconds, for dates in headers.
    :param dialect: whose error codes and reset headers go before what is known of all servers.
    :param is_cut: the body goes on beyond what is read; unless its beginning states an error, a
        refusal of the request is not taken at its word.
    """
    folded = fold_headers(headers)
    error = read_error_body(body, folded.get("content-type"))
    empty = not body[:64].strip()
    folded = {**error.headers, **folded}
    evidence = Evidence(status, error, folded, empty=empty, now=now, dialect=dialect)
    ruling = decide(evidence)
    if is_cut and ruling.kind in _REFUSALS and not error.is_stated:
        evidence = replace(evidence, error=replace(error, message=_ENDLESS))
        ruling = Ruling(FailureKind.UNAVAILABLE, code=MALFORMED_ANSWER)
    return _failure(ruling, evidence, stated_status=status)


def classify_ok_body(
    body_value: object,
    *,
    content_type: str | None,
    headers: Mapping[str, str] | None = None,
    now: float = 0.0,
) -> Failure | None:
    """Return what is wrong with the body of a 200, or ``None`` when it is an answer.

    An error inside is classified as if it had come with the status it states. HTML, anything but
    an object, and objects without choices, data or model information are ``UNAVAILABLE``
    (:data:`MALFORMED_ANSWER`).

    :param body_value: the JSON value, or the text where the body is no JSON.
    """
    if "html" in (content_type or "").lower():
        page = "answered with an HTML page; is the endpoint's URL right?"
        return replace(_malformed(Scope.ENDPOINT, page), guessed=True)
    part = _error_part(body_value)
    if part is not None:
        return _classify_embedded(part, _MALFORMED, 200, headers or {}, now)
    if not isinstance(body_value, dict):
        return _malformed(Scope.TARGET, "answered with something other than a JSON object")
    if any(body_value.get(name) for name in ("choices", "data", "model_name")):
        fits = has_messages(body_value.get("choices"))
        what = "answered with a choice without a message"
        return None if fits else _malformed(Scope.TARGET, what)
    if read_error_body(body_value).message is not None:
        return _classify_embedded(body_value, _MALFORMED, 200, headers or {}, now)
    return _malformed(Scope.TARGET, "answered without choices or data")


def has_messages(choices: object) -> bool:
    """Tell whether all choices are objects whose message is one too, or not there."""
    return not isinstance(choices, list) or all(
        isinstance(choice, dict) and isinstance(choice.get("message"), (dict, NoneType))
        for choice in choices
    )


def classify_stream_error(
    value: object, *, headers: Mapping[str, str] | None = None, now: float = 0.0
) -> Failure:
    """Return what an error event inside a stream means; unknown ones are ``BAD_STREAM``.

    :param value: the JSON value of the event's data.
    """
    return _classify_embedded(value, Ruling(FailureKind.BAD_STREAM), None, headers or {}, now)


def _error_part(value: object, depth: int = 0) -> object:
    """Return what holds the error of a 200's body: its top, an array's head, or a choice."""
    if isinstance(value, list) and value and depth < _MAX_DEPTH:
        return _error_part(value[0], depth + 1)
    if not isinstance(value, dict) or depth == _MAX_DEPTH:
        return None
    return value if value.get("error") else _error_part(value.get("choices"), depth + 1)


def _malformed(scope: Scope, what: str) -> Failure:
    return Failure(
        FailureKind.UNAVAILABLE,
        scope,
        status=200,
        code=MALFORMED_ANSWER,
        message=f"HTTP 200: {what}",
    )


def _classify_embedded(
    value: object,
    fallback: Ruling,
    outer_status: int | None,
    headers: Mapping[str, str],
    now: float,
) -> Failure:
    error = read_error_body(value)
    stated = error.status if error.status is not None and error.status >= 400 else None
    by_name = next((STATUS_OF_NAME[name] for name in error.names if name in STATUS_OF_NAME), None)
    folded = {**error.headers, **fold_headers(headers)}
    evidence = Evidence(stated or by_name or 0, error, folded, empty=False, now=now)
    ruling = decide(evidence) if evidence.status else by_itself(evidence) or fallback
    failure = _failure(ruling, evidence, stated_status=stated or outer_status)
    return replace(failure, details=_details(error))


def _details(error: ErrorBody) -> str | None:
    """Write down what azure-core would read off a refusal, and has no place in a failure."""
    said = {"param": error.param, "innererror": error.innererror}
    told = {name: value for name, value in said.items() if value is not None}
    text = clean_text(json.dumps(told, default=str), _DETAILS_LIMIT) if told else ""
    try:
        json.loads(text)
    except ValueError:  # nothing was said, or too much of it
        return None
    return text


def _failure(ruling: Ruling, evidence: Evidence, *, stated_status: int | None) -> Failure:
    error = evidence.error
    code = ruling.code or error.code or next(iter(evidence.names), None)
    failure = Failure(
        ruling.kind,
        ruling.scope,
        status=stated_status,
        code=clean_text(code, _CODE_LIMIT) if code else None,
        message=_describe(ruling, evidence, stated_status),
        param=ruling.param,
        guessed=ruling.guessed,
        final=evidence.headers.get("x-should-retry", "").strip().lower() == "false",
    )
    if ruling.max_output_tokens:
        failure = replace(failure, max_output_tokens=ruling.max_output_tokens)
    if ruling.kind.rule.reads_wait:
        stated = read_retry_after(
            evidence.headers, error.message, now=evidence.now, retry_delay=error.retry_delay
        )
        own = _own_reset(evidence)
        failure = replace(failure, retry_after=stated.seconds if own is None else own)
    if ruling.kind is FailureKind.RATE_LIMITED:
        return _limited(failure, evidence)
    if ruling.kind is FailureKind.TOO_LARGE:
        return replace(failure, max_input_tokens=_input_cap(evidence.text))
    return failure


def _limited(failure: Failure, evidence: Evidence) -> Failure:
    error, wait = evidence.error, failure.retry_after
    limit = read_limit(evidence.headers, evidence.text, retry_after=wait, quotas=error.quotas)
    if error.quotas and limit.window is Window.DAY and wait and wait <= LONGEST_MINUTE_WAIT:
        wait = None  # Gemini names seconds beside a quota of a day (inspect_ai#5526)
    number = limit.number if limit.number is not None else error.quota_value
    return replace(failure, retry_after=wait, window=limit.window, scope=limit.scope, limit=number)


def _own_reset(evidence: Evidence) -> float | None:
    names = evidence.dialect.reset_headers if evidence.dialect is not None else ()
    waits = (parse_wait(evidence.headers.get(name, ""), now=evidence.now) for name in names)
    return next((wait for wait in waits if wait), None)


def _describe(ruling: Ruling, evidence: Evidence, status: int | None) -> str:
    said = evidence.text or _unsaid(evidence)
    where = f"HTTP {status}" if status is not None else "error in the stream"
    if ruling.code == WRONG_PATH:
        said = f"the endpoint's URL or api-version seems wrong: {said}"
    return clean_text(
        said if evidence.text and ruling.code is None else f"{where}: {said}", _MESSAGE_LIMIT
    )


def _unsaid(evidence: Evidence) -> str:
    """Say what an answer without words tells by its headers, its own end if nothing else."""
    lifecycle = read_lifecycle(evidence.headers, now=evidence.now)
    if lifecycle is None:
        return "the server gave no reason"
    return f"the server gave no reason, and announces its end: {lifecycle}"


def _input_cap(text: str) -> int | None:
    for pattern in INPUT_CAPS:
        if match := pattern.search(text):
            return int(match[1]) or None
    return None
