from __future__ import annotations

import pytest

from github_models_azure._core.failure.classify import classify_ok_body, classify_stream_error
from github_models_azure._core.failure.kinds import MALFORMED_ANSWER, FailureKind, Scope

NOW = 1_795_221_000.0
K = FailureKind


def error(code: object, message: str, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "hi"}}]},
        {"choices": [{"finish_reason": "stop"}], "error": None},
        {"data": [{"embedding": [0.1]}]},
        {"model_name": "gpt", "model_type": "chat-completion"},
    ],
)
def test_answers_are_no_failures(body: object) -> None:
    """Completions, embeddings and model information pass."""
    assert classify_ok_body(body, content_type="application/json") is None


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (error(429, "Rate limited"), K.RATE_LIMITED, 429, "429"),
        (error("429", "Rate limited"), K.RATE_LIMITED, 429, "429"),
        (error("rate_limit_exceeded", "x"), K.RATE_LIMITED, 200, "rate_limit_exceeded"),
        (error(402, "no credits"), K.QUOTA_EXHAUSTED, 402, "402"),
        (error(503, "No instances"), K.UNAVAILABLE, 503, "503"),
        (error("content_filter", "x"), K.CONTENT_FILTERED, 200, "content_filter"),
        (error(None, "x", type="invalid_request_error"), K.UNCLEAR, 200, "invalid_request_error"),
        ([error(429, "Rate limited")], K.RATE_LIMITED, 429, "429"),
        ({"choices": [error(502, "Provider")]}, K.UNAVAILABLE, 502, "502"),
        (error("odd", "odd things"), K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ({"error": True}, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ({"object": "error", "message": "no", "code": 4}, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ({"detail": "x", "status": 100}, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ({}, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ({"choices": []}, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ({"choices": [], "data": []}, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ([], K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ([1], K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ([[[[[{"error": "deep"}]]]]], K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        ("text", K.UNAVAILABLE, 200, MALFORMED_ANSWER),
        (None, K.UNAVAILABLE, 200, MALFORMED_ANSWER),
    ],
)
def test_a_200_without_an_answer_is_a_failure(
    body: object, kind: FailureKind, status: int, code: str
) -> None:
    """The SDK hands out an object without choices, or an error as if it were an answer."""
    failure = classify_ok_body(body, content_type="application/json")
    assert failure is not None
    assert (failure.kind, failure.status, failure.code) == (kind, status, code)


def test_html_instead_of_an_answer_is_the_endpoints_fault() -> None:
    """A portal or a wrong URL answers 200 with a page."""
    failure = classify_ok_body("<html>", content_type="Text/HTML; charset=utf-8")
    assert failure is not None
    assert (failure.kind, failure.scope) == (K.UNAVAILABLE, Scope.ENDPOINT)
    assert "HTML" in failure.message


def test_an_error_in_a_200_reads_the_waits_of_its_headers() -> None:
    """Headers and clock may be given; without them only durations in the body count."""
    body = error(429, "Please try again in 5.289s")
    by_body = classify_ok_body(body, content_type=None)
    by_header = classify_ok_body(body, content_type=None, headers={"Retry-After": "9"}, now=NOW)
    assert by_body is not None
    assert by_header is not None
    assert (by_body.retry_after, by_header.retry_after) == (5.289, 9.0)


@pytest.mark.parametrize(
    ("value", "kind", "status"),
    [
        (error(429, "Rate limited"), K.RATE_LIMITED, 429),
        (error("server_error", "x"), K.UNAVAILABLE, None),
        (error("content_filter", "x"), K.CONTENT_FILTERED, None),
        (error("odd", "odd things"), K.BAD_STREAM, None),
        ("text", K.BAD_STREAM, None),
        (None, K.BAD_STREAM, None),
    ],
)
def test_errors_inside_streams_have_a_kind(
    value: object, kind: FailureKind, status: int | None
) -> None:
    """A stream that breaks with a known error is that error; any other is a bad stream."""
    failure = classify_stream_error(value)
    assert (failure.kind, failure.status) == (kind, status)
    assert failure.message


def test_a_silent_error_event_has_a_message() -> None:
    """Even an empty error says where it happened."""
    message = classify_stream_error({"error": {}}).message
    assert message == "error in the stream: the server gave no reason"
