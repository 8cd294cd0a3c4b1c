from __future__ import annotations

import dataclasses

import pytest

from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope, Window


def test_kinds_are_the_words_of_the_design() -> None:
    """The values are written into trails, settings and ledgers, so they are a contract."""
    assert [kind.value for kind in FailureKind] == [
        "rate_limited",
        "unavailable",
        "quota_exhausted",
        "endpoint_gone",
        "model_gone",
        "too_large",
        "wrong_dialect",
        "auth",
        "content_filtered",
        "rejected",
        "bad_stream",
    ]


def test_a_failure_speaks_of_its_target_unless_told_otherwise() -> None:
    """Nothing but the kind is needed; everything else starts as unknown."""
    failure = Failure(FailureKind.UNAVAILABLE)
    assert (failure.scope, failure.window) == (Scope.TARGET, Window.UNKNOWN)
    assert failure.retry_after is None


def test_a_failure_cannot_be_changed() -> None:
    """Failures are shared between threads and kept in trails."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Failure(FailureKind.AUTH).status = 401  # type: ignore[misc]
