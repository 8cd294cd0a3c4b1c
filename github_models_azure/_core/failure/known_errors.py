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


BY_CODE: dict[str, Ruling] = {
    **dict.fromkeys(
        ("content_filter", "responsibleaipolicyviolation", "content_policy_violation"),
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
        ),
        Ruling(FailureKind.MODEL_GONE),
    ),
    **dict.fromkeys(
        (
            "unsupported_parameter", "unsupported_value", "extra_forbidden", "unknown_parameter",
            "wrong_api_format", "unsupported_api_for_model", "operationnotsupported",
            "unsupported_role",
        ),
        Ruling(FailureKind.WRONG_DIALECT),
    ),
    **dict.fromkeys(
        ("insufficient_quota", "quota_exceeded", "billing_hard_limit_reached"),
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
    r"|^(?:unknown|unavailable) model\b|\binvalid model (?:name|id)\b|is not a valid model id\b"
    r"|^no endpoints found for\b"
)
TOO_LARGE_TEXT = re.compile(
    r"(?i)\bmaximum context length\b|\bexceeds the available context size\b"
    r"|\binput token count\b.{0,80}\bexceeds\b"
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
    )
)
AUTH_TEXT = re.compile(
    r"(?i)\bpersonal access tokens are not supported\b|^no connected db\b|\bAPI key not valid\b"
)
QUOTA_TEXT = re.compile(r"(?i)\bquota\b|\binsufficient (?:credits?|balance|funds)\b")
FLAGGED_TEXT = re.compile(r"(?i)\binput was flagged\b")

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
