from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.failure.classify import classify_response
from github_models_azure._core.failure.kinds import WRONG_PATH, Failure, FailureKind, Scope, Window

NOW = 1_795_221_000.0
PAST = "Thu, 30 Jul 2026 00:00:00 GMT"
FUTURE = "Thu, 30 Jul 2027 00:00:00 GMT"
K = FailureKind


def error(code: object, message: str, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "details": message, **more}}


def classify(status: int, body: object = b"", **headers: str) -> Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify_response(status, named, raw, now=NOW)


WAIT = "Please wait {} seconds before retrying."


@pytest.mark.parametrize(
    ("limit", "per", "named", "wait", "window", "scope"),
    [  # observed.json: rate_limit_429
        (10, 60, "UserByModelByMinute", 46, Window.MINUTE, Scope.TARGET),
        (50, 86400, "UserByModelByDay", 5631, Window.DAY, Scope.TARGET),
        (50, 86400, "UserByModelByDay", 52220, Window.DAY, Scope.TARGET),
        (2, 0, "UserConcurrentRequests", 0, Window.CONCURRENCY, Scope.TARGET),
        (24, 60, "UserByMinute", 9, Window.MINUTE, Scope.ENDPOINT),
        (40000, 60, "UserByModelByMinuteTokens", 30, Window.TOKENS_MINUTE, Scope.TARGET),
        (1, 60, "UserByModelByMinute", 0, Window.MINUTE, Scope.TARGET),
    ],
)
def test_the_limits_of_github_models(
    limit: int, per: int, named: str, wait: int, window: Window, scope: Scope
) -> None:
    """Number, window, wait and scope come out of the body alone."""
    message = f"Rate limit of {limit} per {per}s exceeded for {named}. {WAIT.format(wait)}"
    assert classify(429, error("RateLimitReached", message)) == Failure(
        K.RATE_LIMITED,
        scope,
        status=429,
        code="RateLimitReached",
        message=message,
        retry_after=float(wait),
        window=window,
        limit=limit,
    )


def test_headers_alone_tell_a_limit() -> None:
    """A 429 may come without a body (observed.json: UserByDay in headers only)."""
    failure = classify(
        429, X_Ms_Error_Code="RateLimitReached", X_Ratelimit_Type="UserByDay", Retry_After="24367"
    )
    assert (failure.kind, failure.scope) == (K.RATE_LIMITED, Scope.ENDPOINT)
    assert (failure.code, failure.window) == ("ratelimitreached", Window.DAY)
    assert failure.retry_after == 24367.0
    assert failure.message == "HTTP 429: the server gave no reason"


def test_the_header_wins_over_the_sentence() -> None:
    """One sighting says 28 in the header, another 46 in the body: the header is fresher."""
    message = f"Rate limit of 10 per 60s exceeded for UserByModelByMinute. {WAIT.format(46)}"
    failure = classify(429, error("RateLimitReached", message), x_ratelimit_timeremaining="28")
    assert failure.retry_after == 28.0


@pytest.mark.parametrize(
    ("headers", "body", "retry_after", "window"),
    [
        ({}, b"", None, Window.UNKNOWN),
        ({"Retry-After": "1", "Retry-After-Ms": "0"}, b"", 1.0, Window.UNKNOWN),
        ({"Retry-After": "86400"}, b"", 86400.0, Window.DAY),
        ({"Retry-After": "junk"}, b"", None, Window.UNKNOWN),
        (
            {},
            b'{"error": {"code": "rate_limit_exceeded", "message": "on tokens per day (TPD): Limit '
            b'100000, Used 99336. Please try again in 15m25.344s."}}',
            925.344,
            Window.DAY,
        ),
        (
            {},
            b'[{"error": {"code": 429, "message": "You exceeded your current quota",'
            b' "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "57.23s"}]}}]',
            57.23,
            Window.UNKNOWN,
        ),
    ],
)
def test_the_limits_of_others(
    headers: dict[str, str], body: bytes, retry_after: float | None, window: Window
) -> None:
    """Foundry, Groq, Gemini and nobody in particular."""
    failure = classify_response(429, headers, body, now=NOW)
    assert failure.kind is K.RATE_LIMITED
    assert failure.window is window
    assert failure.retry_after == (None if retry_after is None else pytest.approx(retry_after))


CASES: list[tuple[int, object, FailureKind, Scope]] = [
    # quota
    (
        429,
        error("insufficient_quota", "You exceeded your quota"),
        K.QUOTA_EXHAUSTED,
        Scope.ENDPOINT,
    ),
    (402, error(402, "Insufficient credits"), K.QUOTA_EXHAUSTED, Scope.ENDPOINT),
    (403, error(None, "You have no quota left"), K.QUOTA_EXHAUSTED, Scope.ENDPOINT),
    (400, error("billing_hard_limit_reached", "x"), K.QUOTA_EXHAUSTED, Scope.ENDPOINT),
    # outages
    *((status, b"", K.UNAVAILABLE, Scope.TARGET) for status in (408, 500, 501, 502, 503, 504, 599)),
    *((status, b"", K.UNAVAILABLE, Scope.TARGET) for status in (100, 201, 204, 0, 700)),
    *((status, b"", K.UNAVAILABLE, Scope.ENDPOINT) for status in (301, 307, 304)),
    # the end of an endpoint
    (
        410,
        error("github_models_retirement_brownout", "temporarily"),
        K.ENDPOINT_GONE,
        Scope.ENDPOINT,
    ),
    (410, error("github_models_whatever", "x"), K.ENDPOINT_GONE, Scope.ENDPOINT),
    (400, error("github_models_retired", "x"), K.ENDPOINT_GONE, Scope.ENDPOINT),
    (403, error("github_models_retired", "x"), K.ENDPOINT_GONE, Scope.ENDPOINT),
    # the end of a model
    (400, error("unknown_model", "Unknown model: gpt-3.5-turbo"), K.MODEL_GONE, Scope.TARGET),
    (404, error("unknown_model", "Unknown model: /gpt-5.2"), K.MODEL_GONE, Scope.TARGET),
    (400, error("unavailable_model", "Unavailable model: gpt-5"), K.MODEL_GONE, Scope.TARGET),
    (404, error("DeploymentNotFound", "The API deployment"), K.MODEL_GONE, Scope.TARGET),
    (404, error("model_not_found", "x"), K.MODEL_GONE, Scope.TARGET),
    (
        400,
        b"Model not found; expected format: {publisher}/{model_name}. Valid models can be found by"
        b" calling /catalog/models.\n",
        K.MODEL_GONE,
        Scope.TARGET,
    ),
    (404, error(None, "model 'x' not found", type="not_found_error"), K.MODEL_GONE, Scope.TARGET),
    (404, error(404, "The model `x` does not exist."), K.MODEL_GONE, Scope.TARGET),
    (404, error(None, "The model `gpt-4-32k` has been deprecated"), K.MODEL_GONE, Scope.TARGET),
    (
        404,
        [{"error": {"code": 404, "message": "This model models/g-1 is no longer available."}}],
        K.MODEL_GONE,
        Scope.TARGET,
    ),
    (
        400,
        error(None, "The model `llama3` has been decommissioned and is no longer supported."),
        K.MODEL_GONE,
        Scope.TARGET,
    ),
    (400, error("400", "Invalid model name passed in model=x"), K.MODEL_GONE, Scope.TARGET),
    (410, {"type": "about:blank", "title": "Gone", "status": 410}, K.MODEL_GONE, Scope.TARGET),
    (410, b"", K.MODEL_GONE, Scope.TARGET),
    # size
    (413, b"", K.TOO_LARGE, Scope.TARGET),
    (400, error("context_length_exceeded", "too long"), K.TOO_LARGE, Scope.TARGET),
    (400, error("string_above_max_length", "too long"), K.TOO_LARGE, Scope.TARGET),
    (
        400,
        error("string_above_max_length", "too long", param="messages[0].content"),
        K.TOO_LARGE,
        Scope.TARGET,
    ),
    (500, error(None, "property 'x' is unsupported"), K.UNAVAILABLE, Scope.TARGET),
    # credentials
    (401, error("unauthorized", "Bad credentials"), K.AUTH, Scope.ENDPOINT),
    (401, error("401", "Access denied"), K.AUTH, Scope.ENDPOINT),
    (401, {"statusCode": 401, "message": "Auth token validation failed."}, K.AUTH, Scope.ENDPOINT),
    (403, error("no_access", "No access to model: openai/gpt-4o-mini"), K.AUTH, Scope.TARGET),
    (403, error("model_not_found", "Project has no access to model"), K.AUTH, Scope.TARGET),
    (403, b"", K.AUTH, Scope.ENDPOINT),
    (403, b"Forbidden", K.AUTH, Scope.ENDPOINT),
    (
        400,
        b"bad request: Personal Access Tokens are not supported for this endpoint",
        K.AUTH,
        Scope.ENDPOINT,
    ),
    (400, error(None, "No connected db."), K.AUTH, Scope.ENDPOINT),
    (
        400,
        [{"error": {"message": "x", "details": [{"reason": "API_KEY_INVALID"}]}}],
        K.AUTH,
        Scope.ENDPOINT,
    ),
    # content
    (400, error("content_filter", "filtered"), K.CONTENT_FILTERED, Scope.TARGET),
    (
        403,
        error(403, "requires moderation; your input was flagged"),
        K.CONTENT_FILTERED,
        Scope.TARGET,
    ),
    # the caller's errors
    (400, error("empty_array", "Invalid 'messages': empty array"), K.REJECTED, Scope.TARGET),
    (422, {"detail": [{"type": "missing", "loc": ["body", "messages"]}]}, K.REJECTED, Scope.TARGET),
    # limits and parameters of the model
    (400, error("invalid_value", "max_tokens is too large: 50000"), K.WRONG_DIALECT, Scope.TARGET),
    (
        400,
        error(None, "For this model parameter 'x' has been deprecated"),
        K.WRONG_DIALECT,
        Scope.TARGET,
    ),
    # nobody knows whose fault
    (422, {"error": ["Input should be 'tool'", "Field required"]}, K.UNCLEAR, Scope.TARGET),
    (418, b"", K.UNCLEAR, Scope.TARGET),
    # not now
    (409, b"", K.UNAVAILABLE, Scope.TARGET),
    # paths
    (404, b"404 page not found\n", K.UNAVAILABLE, Scope.ENDPOINT),
    (404, error("404", "Resource not found"), K.UNAVAILABLE, Scope.ENDPOINT),
    (404, {"detail": "Not Found"}, K.UNAVAILABLE, Scope.ENDPOINT),
    (404, error(404, "File Not Found", type="not_found_error"), K.UNAVAILABLE, Scope.ENDPOINT),
    (405, b"", K.UNAVAILABLE, Scope.ENDPOINT),
]


@pytest.mark.parametrize(("status", "body", "kind", "scope"), CASES)
def test_answers_have_a_kind_and_a_scope(
    status: int, body: object, kind: FailureKind, scope: Scope
) -> None:
    """The table of the design, row by row."""
    failure = classify(status, body)
    assert (failure.kind, failure.scope, failure.status) == (kind, scope, status)


@pytest.mark.parametrize(
    ("status", "body", "param", "scope"),
    [
        (
            400,
            error(
                "unsupported_parameter",
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                type="invalid_request_error",
                param="max_tokens",
            ),
            "max_tokens",
            Scope.TARGET,
        ),
        (
            400,
            error("unsupported_value", "x", param="messages[0].role"),
            "messages.0.role",
            Scope.TARGET,
        ),
        (400, error("unsupported_parameter", "x"), None, Scope.TARGET),
        (400, error("unsupported_api_for_model", "x", param="model"), None, Scope.TARGET),
        (
            400,
            {
                "message": "messages.1: property 'reasoning_content' is unsupported",
                "param": "validation_error",
                "code": "wrong_api_format",
            },
            "reasoning_content",
            Scope.TARGET,
        ),
        (
            422,
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "user"], "msg": "Extra"}]},
            "user",
            Scope.TARGET,
        ),
        (400, error(None, "property 'store' is unsupported"), "store", Scope.TARGET),
        (400, b"API version not supported", "api-version", Scope.ENDPOINT),
        (
            400,
            error("BadRequest", "api-version query parameter is not allowed when using /v1 path"),
            "api-version",
            Scope.ENDPOINT,
        ),
        (
            400,
            [{"error": {"code": 400, "status": "INVALID_ARGUMENT",
                        "message": 'Unknown name "api-version": Cannot bind query parameter.'}}],
            "api-version",
            Scope.ENDPOINT,
        ),
        (
            400,
            error(None, "Model o4-mini is enabled only for api versions 2024-12-01 and later"),
            "api-version=2024-12-01",
            Scope.TARGET,
        ),
        (
            400,
            error("wrong_api_format", "Unsupported JSON schema fields: ['b', 'a']", param="tools"),
            "json_schema.a,b",
            Scope.TARGET,
        ),
        (
            400,
            error(
                "string_above_max_length", "string too long", param="messages[1].tool_calls[0].id"
            ),
            "messages.1.tool_calls.0.id",
            Scope.TARGET,
        ),
        (
            500,
            error(None, "1 validation error: {'type': 'literal_error', 'loc': ('body', 'x', 'y')"),
            "x.y",
            Scope.TARGET,
        ),
        (
            400,
            {"object": "error", "code": 4, "message": '"auto" tool choice requires '
             "--enable-auto-tool-choice and --tool-call-parser to be set"},
            "tools",
            Scope.TARGET,
        ),
        (500, error(500, "image input is not supported"), "image_url", Scope.TARGET),
        (404, error("unsupported_api_for_model", "x"), None, Scope.TARGET),
    ],
)  # fmt: skip
def test_refused_members_are_named(
    status: int, body: object, param: str | None, scope: Scope
) -> None:
    """A dialect's refusal can be repaired only if the member is known."""
    failure = classify(status, body)
    assert (failure.kind, failure.param, failure.scope) == (K.WRONG_DIALECT, param, scope)


@pytest.mark.parametrize(
    ("status", "message", "cap"),
    [
        (413, "Request body too large for gpt-4o model. Max size: 8000 tokens.", 8000),
        (413, "Request too large on TPM: Limit 6000, Requested 9000", 6000),
        (413, "Payload too large", None),
        (400, "This model's maximum context length is 4096 tokens. However", 4096),
        (
            400,
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
            32768,
        ),
        (400, "The input token count (12) exceeds the maximum number of tokens allowed (10).", 10),
        (400, "the request exceeds the available context size (512 tokens)", 512),
        (413, "Max size: 0 tokens", None),
    ],
)
def test_the_cap_of_a_too_large_request_is_read(status: int, message: str, cap: int | None) -> None:
    """It tells which other targets are worth a try."""
    failure = classify(status, error(None, message))
    assert (failure.kind, failure.max_input_tokens) == (K.TOO_LARGE, cap)


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (403, {"Sunset": PAST}, K.ENDPOINT_GONE),
        (403, {"Sunset": FUTURE, "Deprecation": "@1777939200"}, K.AUTH),
        (403, {"Deprecation": "@1777939200"}, K.ENDPOINT_GONE),
        (403, {"Deprecation": "@1895221000"}, K.AUTH),
        (403, {"Deprecation": "true"}, K.ENDPOINT_GONE),
        (403, {}, K.AUTH),
        (404, {"Sunset": PAST}, K.ENDPOINT_GONE),
        (410, {"Sunset": PAST}, K.ENDPOINT_GONE),
        (401, {"Sunset": PAST}, K.AUTH),
    ],
)
def test_an_empty_refusal_after_the_sunset_is_the_end(
    status: int, headers: dict[str, str], kind: FailureKind
) -> None:
    """Before the sunset the same answer is about the account."""
    assert classify_response(status, headers, b"\n", now=NOW).kind is kind


def test_a_refusal_with_a_body_is_taken_at_its_word_after_the_sunset() -> None:
    """The legacy host answered for months after its own sunset."""
    failure = classify(403, error("no_access", "No access to model: x"), Sunset=PAST)
    assert failure.kind is K.AUTH


def test_an_exceeded_allowance_in_a_header_is_a_quota() -> None:
    """Copilot tells it so, with a wait of days."""
    failure = classify(429, X_Ratelimit_Exceeded="quota_exceeded", Retry_After="465000")
    assert (failure.kind, failure.retry_after) == (K.QUOTA_EXHAUSTED, 465000.0)


def test_outages_keep_the_wait_they_state() -> None:
    """A 503 with Retry-After is believed."""
    assert classify(503, Retry_After="7").retry_after == 7.0


def test_refusals_state_no_wait() -> None:
    """A Retry-After on the caller's error means nothing: azure-core would sleep on it."""
    assert classify(400, Retry_After="5").retry_after is None


def test_a_wrong_path_says_so() -> None:
    """The message sends the user to the setting that is wrong."""
    failure = classify(404, b"404 page not found\n")
    assert failure.code == WRONG_PATH
    assert failure.message == (
        "HTTP 404: the endpoint's URL or api-version seems wrong: 404 page not found"
    )


def test_messages_are_short_clean_lines() -> None:
    """They end in logs and trails."""
    failure = classify(400, error("c" * 500, "Bearer abcdef\n" + "x " * 500))
    assert failure.message.startswith("Bearer [redacted] x x")
    assert len(failure.message) <= 300
    assert failure.code is not None
    assert len(failure.code) <= 100


@given(
    status=st.integers(0, 999).filter(lambda status: status != 200),
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "Sunset", "Deprecation", "x-ratelimit-type", "Link"])
        | st.text(),
        st.text(),
    ),
    body=st.binary() | st.sampled_from([json.dumps(body).encode() for _, body, *_ in CASES
                                        if not isinstance(body, bytes)]),
    now=st.floats(0, 4e9),
)  # fmt: skip
def test_any_answer_is_classified(
    status: int, headers: dict[str, str], body: bytes, now: float
) -> None:
    """Random answers never raise, and the result keeps its promises."""
    failure = classify_response(status, headers, body, now=now)
    assert failure.status == status
    assert 0 < len(failure.message) <= 300
    assert failure.message.isprintable()
