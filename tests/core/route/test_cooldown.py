"""How long a target is left out, and how that reads."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope
from github_models_azure._core.route.cooldown import (
    LONGEST_DOUBLED,
    Cooldown,
    cooldown_for,
    covers_endpoint,
    format_seconds,
)

NOW = 1_800_000_000.0
K = FailureKind
ABOUT_THE_REQUEST = [
    K.TOO_LARGE, K.WRONG_DIALECT, K.CONTENT_FILTERED, K.REJECTED, K.UNCLEAR,
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "stated", "seconds", "soft"),
    [
        (K.RATE_LIMITED, None, 60.0, False),
        (K.RATE_LIMITED, 86_400.0, 86_400.0, False),
        (K.RATE_LIMITED, 0.25, 0.25, False),
        (K.RATE_LIMITED, 0.0, 1.0, False),
        (K.UNAVAILABLE, None, 5.0, True),
        (K.UNAVAILABLE, 0.0, 5.0, True),
        (K.UNAVAILABLE, 30.0, 30.0, False),
        (K.BAD_STREAM, None, 5.0, True),
        (K.QUOTA_EXHAUSTED, None, 3600.0, False),
        (K.QUOTA_EXHAUSTED, 0.0, 3600.0, False),
        (K.QUOTA_EXHAUSTED, 9000.0, 9000.0, False),
        (K.ENDPOINT_GONE, None, inf, False),
        (K.ENDPOINT_GONE, 300.0, 300.0, True),
        (K.MODEL_GONE, None, inf, True),
        (K.AUTH, None, inf, True),
    ],
)
def test_the_first_failure(kind: K, stated: float | None, seconds: float, soft: bool) -> None:
    """The server's own figure counts; where it states none, each kind has its own time."""
    failure = Failure(kind, message="why", retry_after=stated)
    found = cooldown_for(failure, now=NOW, strikes=0)
    assert found == Cooldown(NOW + seconds, kind, "why", soft, strikes=1)


@pytest.mark.parametrize("kind", ABOUT_THE_REQUEST)
def test_what_is_about_the_request_cools_nothing(kind: K) -> None:
    """Another request to the same target may well be answered."""
    assert cooldown_for(Failure(kind, retry_after=5.0), now=NOW, strikes=3) is None


@pytest.mark.parametrize(
    ("kind", "stated", "times"),
    [
        (K.UNAVAILABLE, None, [5, 10, 20, 30, 30, 30]),
        (K.BAD_STREAM, None, [5, 10, 20, 30, 30, 30]),
        (K.RATE_LIMITED, 0.0, [1, 2, 4, 8, 16, 32, 60, 60]),
        (K.RATE_LIMITED, None, [60, 60, 60]),
        (K.RATE_LIMITED, 7.0, [7, 7, 7]),
    ],
)
def test_failures_in_a_row(kind: K, stated: float | None, times: list[float]) -> None:
    """Our own figures double up to a minute; a server's stay as they are."""
    failure = Failure(kind, retry_after=stated)
    found = [cooldown_for(failure, now=NOW, strikes=number) for number in range(len(times))]
    assert [made.until - NOW for made in found if made is not None] == times
    assert [made.strikes for made in found if made is not None] == list(range(1, len(times) + 1))


@given(
    kind=st.sampled_from(FailureKind),
    stated=st.none() | st.floats(0, 1e9),
    strikes=st.integers(0, 10**9),
)
def test_no_cooldown_lies_in_the_past(kind: K, stated: float | None, strikes: int) -> None:
    """However often something failed: it ends after now, and a guess of ours within a minute."""
    found = cooldown_for(Failure(kind, retry_after=stated), now=NOW, strikes=strikes)
    if found is None:
        return
    assert found.until >= NOW
    assert found.strikes == strikes + 1
    if stated is None and found.soft and found.until != inf:
        assert found.until <= NOW + LONGEST_DOUBLED


@pytest.mark.parametrize(("scope", "whole"), [(Scope.TARGET, False), (Scope.ENDPOINT, True)])
def test_a_failure_may_cover_an_endpoint(scope: Scope, whole: bool) -> None:
    """The scope of the failure decides what is left out."""
    assert covers_endpoint(Failure(K.UNAVAILABLE, scope)) is whole


@pytest.mark.parametrize(
    ("cooldown", "reason"),
    [
        (Cooldown(NOW + 90, K.RATE_LIMITED), "rate limited, returns in 1 min 30 s"),
        (Cooldown(inf, K.ENDPOINT_GONE, "410 gone"), "endpoint gone: 410 gone"),
        (Cooldown(inf, K.AUTH), "auth"),
        (Cooldown(NOW, K.UNAVAILABLE), "unavailable; being probed by another call"),
        (Cooldown(NOW - 5, K.UNAVAILABLE), "unavailable; being probed by another call"),
    ],
)
def test_the_reason_is_one_for_people(cooldown: Cooldown, reason: str) -> None:
    """It says what happened and when the target returns."""
    assert cooldown.reason(NOW) == reason


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 s"),
        (0.254, "0.25 s"),
        (1.0, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60.0, "1 min"),
        (150.0, "2 min 30 s"),
        (3599.0, "59 min 59 s"),
        (3600.0, "1 h 0 min"),
        (86_399.0, "23 h 59 min"),
        (86_400.0, "24 h 0 min"),
        (172_800.0, "2 days"),
        (1_000_000.0, "11 days"),
    ],
)
def test_lengths_of_time_read_as_people_write_them(seconds: float, text: str) -> None:
    """Two units at most, and never sixty of one."""
    assert format_seconds(seconds) == text
