"""The rules by which an answer that is no answer is judged, one list for each status.

By status first, by the server's code second; by text only where servers send no usable code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..request.dialect import Dialect
from .error_body import ErrorBody, dotted_path, refused_member
from .history_errors import refused_in_history
from .kinds import WRONG_PATH, FailureKind, Scope
from .known_errors import (
    AUTH_TEXT,
    BY_CODE,
    CALLERS_CODES,
    MODEL_GONE_TEXT,
    NO_PARAMS,
    QUOTA_TEXT,
    TELLS_NOTHING,
    TOO_LARGE_TEXT,
    WHOLE_API_VERSION,
    Ruling,
)
from .lifecycle import read_lifecycle
from .wordings import (
    BUSY_TEXT,
    FAILED_GENERATION_TEXT,
    FLAGGED_TEXT,
    MONEY_TEXT,
    RATE_TEXT,
    is_callers_fault,
    lacking_capability,
    output_cap,
    refused_in_words,
)

_TARGET, _ENDPOINT = Scope.TARGET, Scope.ENDPOINT


@dataclass(frozen=True, slots=True)
class Evidence:
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


_Rule = Callable[[Evidence], Ruling | None]


def decide(evidence: Evidence) -> Ruling:
    """Return what an answer means: by its dialect's own codes, then by the rules of its status."""
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


def by_itself(evidence: Evidence) -> Ruling | None:
    """Judge an error without a status by its code, or by words that leave no doubt."""
    rules = (_by_code, *_WORDS)
    return next((ruling for rule in rules if (ruling := rule(evidence)) is not None), None)


# Each rule gives a ruling or passes


def _always(kind: FailureKind, scope: Scope = Scope.TARGET, *, guessed: bool = False) -> _Rule:
    ruling = Ruling(kind, scope, guessed=guessed)
    return lambda evidence: ruling


def _by_text(
    pattern: re.Pattern[str],
    kind: FailureKind,
    scope: Scope = Scope.TARGET,
    *,
    guessed: bool = False,
) -> _Rule:
    ruling = Ruling(kind, scope, guessed=guessed)
    return lambda evidence: ruling if pattern.search(evidence.text) else None


def _by_code(evidence: Evidence) -> Ruling | None:
    ruling = next((BY_CODE[name] for name in evidence.names if name in BY_CODE), None)
    if ruling is not None and ruling.kind is FailureKind.WRONG_DIALECT:
        return _dialect(evidence)
    return ruling


def _quota_code(evidence: Evidence) -> Ruling | None:
    ruling = _by_code(evidence)
    return ruling if ruling and ruling.kind is FailureKind.QUOTA_EXHAUSTED else None


def _output_limit(evidence: Evidence) -> Ruling | None:
    """Take more tokens than a model writes for a limit of the model: another may write more."""
    param = evidence.error.param or ""  # which pydantic's words leave out
    cap = output_cap(f"{param}: {evidence.text}" if param.startswith("max_") else evidence.text)
    if cap is None:
        return None
    return Ruling(FailureKind.WRONG_DIALECT, max_output_tokens=cap or None)


def _capability(evidence: Evidence) -> Ruling | None:
    member = lacking_capability(evidence.text)
    return None if member is None else Ruling(FailureKind.WRONG_DIALECT, param=member or None)


def _in_words(evidence: Evidence) -> Ruling | None:
    return None if refused_in_words(evidence.text) is None else _dialect(evidence)


def _callers_own(evidence: Evidence) -> Ruling | None:
    telling = [n for n in evidence.names if n not in TELLS_NOTHING and not n.isdecimal()]
    if telling and CALLERS_CODES.issuperset(telling):
        in_history = dotted_path(evidence.error.param or "").startswith("messages.")
        return None if in_history else Ruling(FailureKind.REJECTED)
    return Ruling(FailureKind.REJECTED) if is_callers_fault(evidence.text) else None


def _not_now(evidence: Evidence) -> Ruling | None:
    """Take a refusal that asks to be tried again for an outage."""
    again = evidence.headers.get("x-should-retry", "").strip().lower() == "true"
    return Ruling(FailureKind.UNAVAILABLE) if again else None


def _by_dialect_text(evidence: Evidence) -> Ruling | None:
    return None if refused_member(evidence.text) is None else _dialect(evidence)


def _dialect(evidence: Evidence) -> Ruling:
    """Name the refused member: the body's own word for it, else what the text says."""
    stated = evidence.error.param
    param = dotted_path(stated) if stated and stated.lower() not in NO_PARAMS else None
    said = refused_member(evidence.text) or refused_in_words(evidence.text)
    # Cerebras states "response_format" and names the keywords in words (claude-code-router#708),
    # pydantic states the message and names its role.
    better = said is not None and (said.startswith("messages.role.") or "." not in (param or ""))
    param = said if said and "." in said and better else param or said
    whole = param == "api-version" and WHOLE_API_VERSION.search(evidence.text)
    return Ruling(FailureKind.WRONG_DIALECT, _ENDPOINT if whole else _TARGET, param)


def _long_id(evidence: Evidence) -> Ruling | None:
    """Tell OpenAI's refusal of an id over 40 characters (vercel/ai#5171) from too long a text."""
    param = dotted_path(evidence.error.param or "") or refused_member(evidence.text) or ""
    if "string_above_max_length" in evidence.names and param.endswith((".id", ".tool_call_id")):
        return _dialect(evidence)
    return None


def _history(evidence: Evidence) -> Ruling | None:
    """Take what is refused of a conversation, or of a schema in it, for what can be mended."""
    param = dotted_path(evidence.error.param or "")
    said = refused_in_history(evidence.text, param, evidence.error.names)
    return None if said is None else Ruling(FailureKind.WRONG_DIALECT, param=said)


def _literal(evidence: Evidence) -> Ruling | None:
    """Take a form of answer or choice that FastAPI's models do not list for a dialect's refusal."""
    param = dotted_path(evidence.error.param or "")
    known = param.startswith(("response_format", "tool_choice"))
    return _dialect(evidence) if known and "literal_error" in evidence.names else None


def _retired_code(evidence: Evidence) -> Ruling | None:
    prefix = "github_models_" if evidence.status == 410 else "github_models_retire"
    if any(name.startswith(prefix) for name in evidence.names):
        return Ruling(FailureKind.ENDPOINT_GONE, _ENDPOINT)
    return None


def _retired_headers(evidence: Evidence) -> Ruling | None:
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


def _no_access(evidence: Evidence) -> Ruling | None:
    if "no_access" in evidence.names or "model_not_found" in evidence.names:
        return Ruling(FailureKind.AUTH, _TARGET)  # another model may be allowed
    return None


def _wrong_path(evidence: Evidence) -> Ruling:
    """Blame the settings for a path nobody serves; another endpoint need not share the mistake.

    Not ``REJECTED``, which would stop there; not a kind that lasts for the process, since one
    missing route (``/info``) must not take the endpoint's chat away.
    """
    return Ruling(FailureKind.UNAVAILABLE, _ENDPOINT, code=WRONG_PATH, guessed=True)


def _refused_with_500(evidence: Evidence) -> Ruling | None:
    """Take the 500 of llama.cpp's servers for what it is where they refuse: no retry will help."""
    member = refused_member(evidence.text)
    if member == "image_url" or (member and "validation error" in evidence.text):
        return _dialect(evidence)
    told = refused_in_words(evidence.text) or ""
    if told.startswith("messages.role."):
        return _dialect(evidence)
    return _history(evidence) or _capability(evidence)


def _too_large_with_500(evidence: Evidence) -> Ruling | None:
    return _TOO_LARGE_RULE(evidence) if evidence.status == 500 else None


def _other_status(evidence: Evidence) -> Ruling:
    redirect = 300 <= evidence.status < 400
    return Ruling(FailureKind.UNAVAILABLE, _ENDPOINT if redirect else _TARGET)


_MODEL_GONE_RULE = _by_text(MODEL_GONE_TEXT, FailureKind.MODEL_GONE)
_TOO_LARGE_RULE = _by_text(TOO_LARGE_TEXT, FailureKind.TOO_LARGE)
_MONEY_RULE = _by_text(MONEY_TEXT, FailureKind.QUOTA_EXHAUSTED, _ENDPOINT, guessed=True)
_RATE_RULE = _by_text(RATE_TEXT, FailureKind.RATE_LIMITED)
_WORDS: tuple[_Rule, ...] = (
    _output_limit,
    _TOO_LARGE_RULE,
    _MODEL_GONE_RULE,
    _capability,
    _MONEY_RULE,
    _by_text(FLAGGED_TEXT, FailureKind.CONTENT_FILTERED),
    _by_text(FAILED_GENERATION_TEXT, FailureKind.WRONG_DIALECT),
)
_OTHER_4XX: tuple[_Rule, ...] = (
    _retired_code,
    _long_id,
    _literal,
    _history,
    _by_code,
    _by_dialect_text,
    _by_text(AUTH_TEXT, FailureKind.AUTH, _ENDPOINT),
    *_WORDS,
    _in_words,
    _RATE_RULE,
    _by_text(BUSY_TEXT, FailureKind.UNAVAILABLE),
    _callers_own,
    _not_now,
    _always(FailureKind.UNCLEAR),
)
_BUSY: tuple[_Rule, ...] = (_by_code, _TOO_LARGE_RULE, _always(FailureKind.UNAVAILABLE))
_LIMITED: tuple[_Rule, ...] = (_quota_code, _MONEY_RULE, _always(FailureKind.RATE_LIMITED))
_RULES: dict[int, tuple[_Rule, ...]] = {
    401: (_always(FailureKind.AUTH, _ENDPOINT),),
    402: (_always(FailureKind.QUOTA_EXHAUSTED, _ENDPOINT, guessed=True),),
    403: (
        _retired_code,
        _retired_headers,
        _no_access,
        _by_code,
        _by_text(QUOTA_TEXT, FailureKind.QUOTA_EXHAUSTED, _ENDPOINT),
        _MONEY_RULE,
        _RATE_RULE,
        _by_text(FLAGGED_TEXT, FailureKind.CONTENT_FILTERED),
        _always(FailureKind.AUTH, _ENDPOINT),
    ),
    404: (
        _retired_code,
        _retired_headers,
        _history,
        _by_code,
        _by_dialect_text,
        *_WORDS,
        _wrong_path,
    ),
    405: (_wrong_path,),
    408: (_other_status,),
    409: _BUSY,
    410: (_retired_code, _retired_headers, _always(FailureKind.MODEL_GONE)),
    413: (_always(FailureKind.TOO_LARGE),),
    420: _LIMITED,
    424: _BUSY,
    425: _BUSY,
    429: _LIMITED,
    498: _LIMITED,  # Groq's flex tier at capacity (laravel/ai#925)
    499: _BUSY,
}
_OTHER_STATUSES: tuple[_Rule, ...] = (_refused_with_500, _too_large_with_500, _other_status)
