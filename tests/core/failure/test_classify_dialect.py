"""What a dialect says of its own error codes and headers goes before what is known of all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure._core.failure.classify import classify_response
from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope
from github_models_azure._core.request.dialect import Dialect

K = FailureKind
MINE = Dialect(
    name="mine",
    error_codes={
        "E1": K.RATE_LIMITED, "E2": K.AUTH, "E3": K.QUOTA_EXHAUSTED, "E4": K.ENDPOINT_GONE,
        "E5": K.MODEL_GONE, "E6": K.WRONG_DIALECT, "content_filter": K.UNAVAILABLE,
    },
    reset_headers=("X-Mine-Reset", "x-mine-other"),
)  # fmt: skip


def classify(code: str | None, status: int = 400, dialect: Any = MINE, **headers: str) -> Failure:
    body = json.dumps({"error": {"code": code, "message": "no", "param": "seed"}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify_response(status, named, body, now=1_800_000_000.0, dialect=dialect)


@pytest.mark.parametrize(
    ("code", "kind", "scope"),
    [
        ("E1", K.RATE_LIMITED, Scope.TARGET),
        ("e1", K.RATE_LIMITED, Scope.TARGET),
        ("E2", K.AUTH, Scope.ENDPOINT),
        ("E3", K.QUOTA_EXHAUSTED, Scope.ENDPOINT),
        ("E4", K.ENDPOINT_GONE, Scope.ENDPOINT),
        ("E5", K.MODEL_GONE, Scope.TARGET),
        ("E6", K.WRONG_DIALECT, Scope.TARGET),
        ("content_filter", K.UNAVAILABLE, Scope.TARGET),
        ("E7", K.UNCLEAR, Scope.TARGET),
        ("unknown_model", K.MODEL_GONE, Scope.TARGET),
    ],
)
def test_a_code_of_its_own_decides(code: str, kind: FailureKind, scope: Scope) -> None:
    """Whatever the status, and before the codes that are known of other servers."""
    failure = classify(code)
    assert (failure.kind, failure.scope) == (kind, scope)
    if code not in ("E7", "unknown_model"):
        assert classify(code, 503).kind is kind


def test_a_refusal_by_its_own_code_names_the_member() -> None:
    """So that the request can be mended."""
    assert classify("E6").param == "seed"
    assert classify("E5").param is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X_Mine_Reset": "7", "Retry_After": "3"}, 7.0),
        ({"x_mine_reset": "1m30s"}, 90.0),
        ({"X_Mine_Other": "9", "X_Mine_Reset": "junk"}, 9.0),
        ({"X_Mine_Other": "9", "X_Mine_Reset": "0", "Retry_After": "3"}, 9.0),
        ({"X_Mine_Reset": "junk", "Retry_After": "3"}, 3.0),
        ({"X_Mine_Reset": "-1"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize(("code", "status"), [("E1", 400), (None, 429), (None, 503)])
def test_its_own_headers_say_how_long_to_wait(
    headers: dict[str, str], wait: float | None, code: str | None, status: int
) -> None:
    """The most trusted that says something; then what all servers say."""
    assert classify(code, status, **headers).retry_after == wait


def test_other_servers_headers_mean_nothing() -> None:
    """Without the dialect neither its codes nor its headers are known."""
    for dialect in (None, Dialect(name="other")):
        assert classify("E1", 429, dialect, X_Mine_Reset="7").retry_after is None
        assert classify("E1", 400, dialect).kind is K.UNCLEAR
