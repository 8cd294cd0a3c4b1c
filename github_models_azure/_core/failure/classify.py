"""Deciding what an answer that is no answer means.

By status first, by the server's code second; by text only where servers send no usable code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import NoneType

from ..request.dialect import Dialect
from .error_body import ErrorBody, clean_text, dotted_path, read_error_body, refused_member
from .history_errors import refused_in_history
from .kinds import MALFORMED_ANSWER, WRONG_PATH, Failure, FailureKind, Scope
from .known_errors import (
    AUTH_TEXT,
    BY_CODE,
    FLAGGED_TEXT,
    INPUT_CAPS,
    MODEL_GONE_TEXT,
    NO_PARAMS,
    QUOTA_TEXT,
    STATUS_OF_NAME,
    TOO_LARGE_TEXT,
    WHOLE_API_VERSION,
    Ruling,
)
from .lifecycle import read_lifecycle
from .resets import fold_headers, parse_wait, read_limit, read_retry_after

_MESSAGE_LIMIT = 300
_CODE_LIMIT = 100

_MAX_DEPTH = 4
_TARGET, _ENDPOINT = Scope.TARGET, Scope.ENDPOINT


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Everything the rules may look at. ``headers`` have lower-case names."""

    status: int
    error: ErrorBody
    headers: Mapping[str, str]
    empty: bool
    now: float
    dialect: Dialect | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every code and type, those of the headers last."""
        extra = (self.headers.get("x-ms-error-code"), self.headers.get("x-ratelimit-exceeded"))
        return self.error.names + tuple(name.strip().lower() for name in extra if name)

    @property
    def text(self) -> str:
        return self.error.message or ""


_MALFORMED = Ruling(FailureKind.UNAVAILABLE, code=MALFORMED_ANSWER)
_Rule = Callable[[_Evidence], Ruling | None]


def classify_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    dialect: Dialect | None = None,
) -> Failure:
    """Return what an answer with any status but 200 means.

    :param headers: in any spelling of the names.
    :param body: the bytes received; the first 64 KiB count.
    :param now: epoch seconds, for dates in headers.
    :param dialect: whose error codes and reset headers go before what is known of all servers.
    """
    folded = fold_headers(headers)
    error = read_error_body(body, folded.get("content-type"))
    empty = not body[:64].strip()
    evidence = _Evidence(status, error, folded, empty=empty, now=now, dialect=dialect)
    return _failure(_decide(evidence), evidence, stated_status=status)


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
        return _malformed(_ENDPOINT, "answered with an HTML page; is the endpoint's URL right?")
    part = _error_part(body_value)
    if part is not None:
        return _classify_embedded(part, _MALFORMED, 200, headers or {}, now)
    if not isinstance(body_value, dict):
        return _malformed(_TARGET, "answered with something other than a JSON object")
    if any(body_value.get(name) for name in ("choices", "data", "model_name")):
        fits = has_messages(body_value.get("choices"))
        return None if fits else _malformed(_TARGET, "answered with a choice without a message")
    if read_error_body(body_value).message is not None:
        return _classify_embedded(body_value, _MALFORMED, 200, headers or {}, now)
    return _malformed(_TARGET, "answered without choices or data")


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
    evidence = _Evidence(stated or by_name or 0, error, fold_headers(headers), empty=False, now=now)
    ruling = _decide(evidence) if evidence.status else _by_code(evidence) or fallback
    return _failure(ruling, evidence, stated_status=stated or outer_status)


def _decide(evidence: _Evidence) -> Ruling:
    codes = evidence.dialect.error_codes if evidence.dialect is not None else {}
    own = next((codes[name] for name in evidence.names if name in codes), None)
    if own is FailureKind.WRONG_DIALECT:
        return _dialect(evidence)
    if own is not None:
        return Ruling(own, _ENDPOINT if own.rule.wide else _TARGET)
    if 400 <= evidence.status < 500:
        rules = _RULES.get(evidence.status, _OTHER_4XX)
    else:
        rules = _OTHER_STATUSES
    return next(ruling for rule in rules if (ruling := rule(evidence)) is not None)


def _failure(ruling: Ruling, evidence: _Evidence, *, stated_status: int | None) -> Failure:
    error = evidence.error
    code = ruling.code or error.code or next(iter(evidence.names), None)
    failure = Failure(
        ruling.kind,
        ruling.scope,
        status=stated_status,
        code=clean_text(code, _CODE_LIMIT) if code else None,
        message=_describe(ruling, evidence, stated_status),
        param=ruling.param,
    )
    if ruling.kind.rule.reads_wait:
        stated = read_retry_after(
            evidence.headers, error.message, now=evidence.now, retry_delay=error.retry_delay
        )
        own = _own_reset(evidence)
        failure = replace(failure, retry_after=stated.seconds if own is None else own)
    if ruling.kind is FailureKind.RATE_LIMITED:
        limit = read_limit(evidence.headers, evidence.text, retry_after=failure.retry_after)
        return replace(failure, window=limit.window, scope=limit.scope, limit=limit.number)
    if ruling.kind is FailureKind.TOO_LARGE:
        return replace(failure, max_input_tokens=_input_cap(evidence.text))
    return failure


def _own_reset(evidence: _Evidence) -> float | None:
    names = evidence.dialect.reset_headers if evidence.dialect is not None else ()
    waits = (parse_wait(evidence.headers.get(name, ""), now=evidence.now) for name in names)
    return next((wait for wait in waits if wait), None)


def _describe(ruling: Ruling, evidence: _Evidence, status: int | None) -> str:
    said = evidence.text or _unsaid(evidence)
    where = f"HTTP {status}" if status is not None else "error in the stream"
    if ruling.code == WRONG_PATH:
        said = f"the endpoint's URL or api-version seems wrong: {said}"
    return clean_text(
        said if evidence.text and ruling.code is None else f"{where}: {said}", _MESSAGE_LIMIT
    )


def _unsaid(evidence: _Evidence) -> str:
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


# ---- rules: each gives a ruling or passes


def _always(kind: FailureKind, scope: Scope = Scope.TARGET) -> _Rule:
    ruling = Ruling(kind, scope)
    return lambda evidence: ruling


def _by_text(pattern: re.Pattern[str], kind: FailureKind, scope: Scope = Scope.TARGET) -> _Rule:
    ruling = Ruling(kind, scope)
    return lambda evidence: ruling if pattern.search(evidence.text) else None


def _by_code(evidence: _Evidence) -> Ruling | None:
    ruling = next((BY_CODE[name] for name in evidence.names if name in BY_CODE), None)
    if ruling is not None and ruling.kind is FailureKind.WRONG_DIALECT:
        return _dialect(evidence)
    return ruling


def _quota_code(evidence: _Evidence) -> Ruling | None:
    ruling = _by_code(evidence)
    return ruling if ruling and ruling.kind is FailureKind.QUOTA_EXHAUSTED else None


def _by_dialect_text(evidence: _Evidence) -> Ruling | None:
    return None if refused_member(evidence.text) is None else _dialect(evidence)


def _dialect(evidence: _Evidence) -> Ruling:
    """Name the refused member: the body's own word for it, else what the text says."""
    stated = evidence.error.param
    param = dotted_path(stated) if stated and stated.lower() not in NO_PARAMS else None
    said = refused_member(evidence.text) or None
    # Cerebras states "response_format" and names the keywords in words (claude-code-router#708),
    # pydantic states the message and names its role.
    better = said is not None and (said.startswith("messages.role.") or "." not in (param or ""))
    param = said if said and "." in said and better else param or said
    whole = param == "api-version" and WHOLE_API_VERSION.search(evidence.text)
    return Ruling(FailureKind.WRONG_DIALECT, _ENDPOINT if whole else _TARGET, param)


def _long_id(evidence: _Evidence) -> Ruling | None:
    """Tell OpenAI's refusal of an id over 40 characters (vercel/ai#5171) from too long a text."""
    param = dotted_path(evidence.error.param or "") or refused_member(evidence.text) or ""
    if "string_above_max_length" in evidence.names and param.endswith((".id", ".tool_call_id")):
        return _dialect(evidence)
    return None


def _history(evidence: _Evidence) -> Ruling | None:
    """Take what is refused of a conversation, or of a schema in it, for what can be mended."""
    param = dotted_path(evidence.error.param or "")
    said = refused_in_history(evidence.text, param, evidence.error.names)
    return None if said is None else Ruling(FailureKind.WRONG_DIALECT, param=said)


def _literal(evidence: _Evidence) -> Ruling | None:
    """Take a form of answer or choice that FastAPI's models do not list for a dialect's refusal."""
    param = dotted_path(evidence.error.param or "")
    known = param.startswith(("response_format", "tool_choice"))
    return _dialect(evidence) if known and "literal_error" in evidence.names else None


def _retired_code(evidence: _Evidence) -> Ruling | None:
    prefix = "github_models_" if evidence.status == 410 else "github_models_retire"
    if any(name.startswith(prefix) for name in evidence.names):
        return Ruling(FailureKind.ENDPOINT_GONE, _ENDPOINT)
    return None


def _retired_headers(evidence: _Evidence) -> Ruling | None:
    """Take an empty refusal for retirement once the announced end is past.

    GitHub Models refused some accounts so three weeks before its end; and the legacy host still
    answered long after its own sunset, so a refusal with a body is taken at its word.
    """
    if not evidence.empty:
        return None
    lifecycle = read_lifecycle(evidence.headers, now=evidence.now)
    if lifecycle is None or not lifecycle.has_ended(evidence.now):
        return None
    return Ruling(FailureKind.ENDPOINT_GONE, _ENDPOINT)


def _no_access(evidence: _Evidence) -> Ruling | None:
    if "no_access" in evidence.names or "model_not_found" in evidence.names:
        return Ruling(FailureKind.AUTH, _TARGET)  # another model may be allowed
    return None


def _wrong_path(evidence: _Evidence) -> Ruling:
    """Blame the settings for a path nobody serves; another endpoint need not share the mistake.

    Not ``REJECTED``, which would stop there; not a kind that lasts for the process, since one
    missing route (``/info``) must not take the endpoint's chat away.
    """
    return Ruling(FailureKind.UNAVAILABLE, _ENDPOINT, code=WRONG_PATH)


def _refused_with_500(evidence: _Evidence) -> Ruling | None:
    """Take the 500 of llama.cpp's servers for what it is where they refuse: no retry will help."""
    member = refused_member(evidence.text)
    refused = member == "image_url" or (member and "validation error" in evidence.text)
    return _dialect(evidence) if refused else _history(evidence)


def _other_status(evidence: _Evidence) -> Ruling:
    redirect = 300 <= evidence.status < 400
    return Ruling(FailureKind.UNAVAILABLE, _ENDPOINT if redirect else _TARGET)


_MODEL_GONE_RULE = _by_text(MODEL_GONE_TEXT, FailureKind.MODEL_GONE)
_OTHER_4XX: tuple[_Rule, ...] = (
    _retired_code,
    _long_id,
    _literal,
    _history,
    _by_code,
    _by_dialect_text,
    _by_text(TOO_LARGE_TEXT, FailureKind.TOO_LARGE),
    _MODEL_GONE_RULE,
    _by_text(AUTH_TEXT, FailureKind.AUTH, _ENDPOINT),
    _always(FailureKind.REJECTED),
)
_RULES: dict[int, tuple[_Rule, ...]] = {
    401: (_always(FailureKind.AUTH, _ENDPOINT),),
    402: (_always(FailureKind.QUOTA_EXHAUSTED, _ENDPOINT),),
    403: (
        _retired_code,
        _retired_headers,
        _no_access,
        _by_code,
        _by_text(QUOTA_TEXT, FailureKind.QUOTA_EXHAUSTED, _ENDPOINT),
        _by_text(FLAGGED_TEXT, FailureKind.CONTENT_FILTERED),
        _always(FailureKind.AUTH, _ENDPOINT),
    ),
    404: (
        _retired_code,
        _retired_headers,
        _history,
        _by_code,
        _by_dialect_text,
        _MODEL_GONE_RULE,
        _wrong_path,
    ),
    405: (_wrong_path,),
    408: (_other_status,),
    410: (_retired_code, _retired_headers, _always(FailureKind.MODEL_GONE)),
    413: (_always(FailureKind.TOO_LARGE),),
    429: (_quota_code, _always(FailureKind.RATE_LIMITED)),
}
_OTHER_STATUSES: tuple[_Rule, ...] = (_refused_with_500, _other_status)
