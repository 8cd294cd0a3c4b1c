"""What is known of codes and wordings: the tables by which answers are judged."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .kinds import FailureKind, Scope


@dataclass(frozen=True, slots=True)
class Ruling:
    """The part of a failure that the rules decide."""

    kind: FailureKind
    scope: Scope = Scope.TARGET
    param: str | None = None
    code: str | None = None
    guessed: bool = False
    max_output_tokens: int | None = None


BY_CODE: dict[str, Ruling] = {
    **dict.fromkeys(
        (
            "content_filter", "responsibleaipolicyviolation", "content_policy_violation",
            "data_inspection_failed", "datainspectionfailed", "prompt_blocked", "content_blocked",
        ),
        Ruling(FailureKind.CONTENT_FILTERED),
    ),
    **dict.fromkeys(
        (
            "tokens_limit_reached", "context_length_exceeded", "string_above_max_length",
            "exceed_context_size_error", "request_too_large",
        ),
        Ruling(FailureKind.TOO_LARGE),
    ),
    **dict.fromkeys(
        (
            "unknown_model", "unavailable_model", "deploymentnotfound", "model_not_found",
            "model_decommissioned", "model_not_available", "invalid_model", "modeldeprecated",
            "model_not_supported", "unsupported_model",
        ),
        Ruling(FailureKind.MODEL_GONE),
    ),
    **dict.fromkeys(
        (
            "unsupported_parameter", "unsupported_value", "extra_forbidden", "unknown_parameter",
            "wrong_api_format", "unsupported_api_for_model", "operationnotsupported",
            "unsupported_role", "unrecognized_parameter", "unexpected_keyword_argument",
            "value_error.extra", "tool_use_failed", "json_validate_failed", "output_parse_failed",
        ),
        Ruling(FailureKind.WRONG_DIALECT),
    ),
    **dict.fromkeys(
        (
            "insufficient_quota", "quota_exceeded", "billing_hard_limit_reached",
            "insufficient_balance", "insufficient_credits", "exceeded_current_quota_error",
            "arrearage", "allocationquota.freetieronly", "billing_not_active", "payment_required",
            "budget_exceeded",
        ),
        Ruling(FailureKind.QUOTA_EXHAUSTED, Scope.ENDPOINT),
    ),
    **dict.fromkeys(
        ("invalid_api_key", "api_key_invalid"), Ruling(FailureKind.AUTH, Scope.ENDPOINT)
    ),
}  # fmt: skip

NO_PARAMS = frozenset({"validation_error", "model"})
# A refused api-version concerns every model there, except where the model itself is named.
WHOLE_API_VERSION = re.compile(r"(?i)api[- ]version (?:query parameter )?(?:is )?not|Cannot bind")

# At most three words (a name, "is") between "model" and its end, and none that is about a member.
MODEL_GONE_TEXT = re.compile(
    r"(?i)\bmodel\b:?(?: (?!param|field|option|property|feature)\S{1,120}){0,3}? ?"
    r"\b(?:not found|does not exist|(?:has been|was) (?:deprecated|retired)"
    r"|decommissioned|no longer (?:available|supported))\b"
    r"|^(?:unknown|unavailable|unsupported) model\b|^models/\S{1,120} is not found\b"
    r"|^model not exist\b|\bmodel identifier is invalid\b|^this is not a chat model\b"
    r"|\binvalid model (?:name|id)\b|is not a valid model id\b"
    r"|^no endpoints found for\b"
)
_SENT = r"(?:prompts?|inputs?|requests?|messages|conversation|text)"
_PASSES = r"(?:exceed\w*|overflow\w*|greater than|longer than|larger than|more than|above|beyond)"
TOO_LARGE_TEXT = re.compile(
    rf"(?i)\b(?:maximum|max|available)\b.{{0,20}}\bcontext[ _-]?(?:length|size|window)\b"
    rf"|\bcontext[ _-]?(?:length|size|window|limit)\b.{{0,60}}\b(?:{_PASSES}|full|reached|too)\b"
    rf"|\b{_PASSES}\b.{{0,60}}\bcontext[ _-]?(?:length|size|window|limit)\b"
    rf"|\b{_SENT}\b(?: (?!image|file|audio|url|array|list)\S+){{0,3}}? too (?:long|large|big)\b"
    rf"|\b{_SENT}\b.{{0,60}}\b{_PASSES}.{{0,60}}\b(?:tokens?|max\w*(?: \w+)? length|limit of \d)"
    rf"|\b{_SENT}\b.{{0,40}}\blonger than (?:the|this|what the) model\b"
    rf"|\b{_SENT}\b.{{0,20}}\b(?:less|fewer) than \d+ tokens\b"
    rf"|\btotal (?:number of )?tokens\b.{{0,30}}\b{_PASSES}"
    rf"|\b{_SENT}\b.{{0,40}}\btokens?\b.{{0,60}}(?:\b{_PASSES}|<=|>|\blimit\b|\bmaximum\b)"
    rf"|\bmax\w* (?:prompt|input) length\b|\brange of input length\b"
    rf"|\btoo many (?:input |prompt )?tokens\b|\binput token limit\b"
    rf"|\breduce (?:the (?:length|size) of )?(?:the|your) (?:prompt|messages|input)\b"
)
INPUT_CAPS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bmax size: (\d{1,9}) tokens",
        r"\bmaximum context length (?:is|of) (\d{1,9})",
        r"\bwith (\d{1,9}) maximum context length",
        r"\bmaximum number of tokens allowed \((\d{1,9})\)",
        r"\bavailable context size \((\d{1,9}) tokens",
        r"\blimit (\d{1,9}), requested",
        r"\b(?:longer|greater|larger) than the max\w*(?: \w+)? length of (\d{1,9})",
        r"\b(?:less|fewer) than (\d{1,9}) tokens",
        r"> ?(\d{1,9}) maximum\b",
        r"\bmax\w* (?:prompt|input) length (?:is|of) (\d{1,9})",
        r"\bcontext (?:length|size|window) (?:is|of)(?: only)? (\d{1,9})",
        r"\blimit (?:of|is) (\d{1,9})",
        r"\btoken limit: ?(\d{1,9})",
        r"\binput length should be \[\d+, ?(\d{1,9})\]",
        r"\bmust be <= ?(\d{1,9})",
        r"\b(?:cannot|not) exceed (\d{1,9})",
    )
)
AUTH_TEXT = re.compile(
    r"(?i)\bpersonal access tokens are not supported\b|^no connected db\b|\bAPI key not valid\b"
)
QUOTA_TEXT = re.compile(r"(?i)\bquota\b")

CALLERS_CODES = frozenset(
    {
        "empty_array", "invalid_json", "json_invalid", "missing", "missing_required_field",
        "missing_required_parameter", "value_error.jsondecode", "value_error.missing",
    }
)  # fmt: skip
"""What no other server would take either, unless it is about a message of the history."""

TELLS_NOTHING = frozenset(
    {
        "api_error",
        "bad_request",
        "badrequest",
        "badrequesterror",
        "error",
        "invalid_argument",
        "invalid_request",
        "invalid_request_error",
        "unprocessable_entity",
        "validation_error",
    }
)
"""Codes and types beside which the others, or else the words, decide."""

# The status that an error without one stands for, by its code or type.
STATUS_OF_NAME = {
    **dict.fromkeys(
        (
            "ratelimitreached", "rate_limit_exceeded", "rate_limit_error", "rate_limited",
            "too_many_requests", "toomanyrequests", "resource_exhausted",
        ),
        429,
    ),
    **dict.fromkeys(("unauthorized", "authentication_error", "unauthenticated"), 401),
    **dict.fromkeys(("no_access", "permission_error", "permission_denied"), 403),
    **dict.fromkeys(("invalid_request_error", "badrequesterror", "invalid_argument"), 400),
    **dict.fromkeys(
        ("server_error", "internal_error", "internal_server_error", "api_error", "internal"), 500
    ),
    **dict.fromkeys(("overloaded_error", "service_unavailable", "unavailable", "timeout"), 503),
}  # fmt: skip
