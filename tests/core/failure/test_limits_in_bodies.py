"""When a limit is over: quotas of a day, and resets that stand in the body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from github_models_azure._core.failure.classify import classify_response, classify_stream_error
from github_models_azure._core.failure.error_body import read_error_body
from github_models_azure._core.failure.kinds import Failure, FailureKind, Window

NOW = 1_795_221_000.0
K = FailureKind


def whole(status: int, body: object, headers: Mapping[str, str] | None = None) -> Failure:
    return classify_response(status, headers or {}, json.dumps(body).encode(), now=NOW)


GEMINI = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
GEMINI_MINUTE = "GenerateContentInputTokensPerModelPerMinute-FreeTier"


def gemini(*quotas: str, delay: str = "27s") -> list[Any]:
    violations = [{"quotaId": quota, "quotaValue": "20"} for quota in quotas]
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    message = "You exceeded your current quota. Please retry in 27.1s."
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message, "details": details}
    return [{"error": error}]


@pytest.mark.parametrize(
    ("body", "window", "wait"),
    [
        (gemini(GEMINI), Window.DAY, None),
        (gemini(GEMINI_MINUTE, GEMINI), Window.DAY, None),
        (gemini(GEMINI, delay="40000s"), Window.DAY, 40000.0),
        (gemini(GEMINI_MINUTE), Window.TOKENS_MINUTE, 27.0),
        (gemini("RequestsPerMinutePerProject"), Window.MINUTE, 27.0),
        (gemini("Whatever"), Window.UNKNOWN, 27.0),
    ],
)
def test_a_quota_of_a_day_is_not_back_in_seconds(
    body: Any, window: Window, wait: float | None
) -> None:
    """Gemini names seconds beside a day's quota (inspect_ai#5526)."""
    found = [whole(429, body), classify_stream_error(body)]
    for failure in found:
        assert (failure.kind, failure.window, failure.limit) == (K.RATE_LIMITED, window, 20)
        assert failure.retry_after == wait


@pytest.mark.parametrize(
    "error",
    [
        {"metadata": {"headers": {"X-RateLimit-Remaining": "0",
                                  "X-RateLimit-Reset": str(int(NOW + 7200) * 1000)}}},
        {"metadata": {"headers": {"Retry-After": 7200}}},
        {"resets_in_seconds": 7200},
        {"resets_at": int(NOW) + 7200},
        {"retry_after": "2h"},
        {"details": {"retry_after_ms": 7_200_000}},
    ],
)  # fmt: skip
def test_a_reset_may_stand_in_the_body(error: dict[str, Any]) -> None:
    """OpenRouter repeats the headers of the provider behind it; others have a member for it."""
    body = {"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-day", **error}}
    for failure in (whole(429, body), classify_stream_error(body, now=NOW)):
        assert (failure.window, failure.retry_after) == (Window.DAY, pytest.approx(7200, abs=1))


def test_a_servers_own_header_goes_before_what_a_body_repeats() -> None:
    """It is of the one that was asked."""
    body = {"error": {"code": 429, "metadata": {"headers": {"Retry-After": "9"}}}}
    assert whole(429, body, {"retry-after": "3"}).retry_after == 3.0


def test_headers_in_a_body_are_texts_or_numbers() -> None:
    """Anything else says nothing, and no more of them are kept than a server has."""
    many = {f"x-{number}": "1" for number in range(40)}
    headers = {"Retry-After": ["9"], "x-nested": {}, "x-none": None, **many}
    found = read_error_body({"error": {"metadata": {"headers": headers}}}).headers
    assert found == {f"x-{number}": "1" for number in range(32)}
