from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.failure.kinds import Scope, Window
from github_models_azure._core.failure.resets import (
    MAX_WAIT,
    Limit,
    RetryAfter,
    fold_headers,
    parse_instant,
    parse_wait,
    read_limit,
    read_retry_after,
)

NOW = 1_795_221_000.0  # 2026-11-21T00:30:00Z


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("46", 46.0),
        ("0", 0.0),
        ("0.7", 0.7),
        ("5.", 5.0),
        (" 28 ", 28.0),
        ("33011.38", 33011.38),
        ("465000", 465000.0),
        ("12ms", 0.012),
        ("1s", 1.0),
        ("7.66s", 7.66),
        ("6m0s", 360.0),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723.0),
        ("1d2h", 93600.0),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("250μs", 0.00025),
        ("5ns", 5e-9),
        ("57.23s", 57.23),
        ("46 seconds", 46.0),
        ("Sat, 21 Nov 2026 00:31:00 GMT", 60.0),
        ("Sat, 21 November 2026 00:31:00 GMT", 60.0),
        ("Mon, 21 Nov 2026 00:31:00 GMT", 60.0),
        ("21 Nov 2026 00:31:00", 60.0),
        ("Saturday, 21-Nov-26 00:31:00 GMT", 60.0),
        ("Sat Nov 21 00:31:00 2026", 60.0),
        ("2026-11-21T00:31:00Z", 60.0),
        ("2026-11-21T00:31:00.25Z", 60.25),
        ("2026-11-21t00:31:00z", 60.0),
        ("2026-11-21 00:31:00", 60.0),
        ("2026-11-21T02:31:00+02:00", 60.0),
        ("2026-11-20T19:31:00-0500", 60.0),
        ("2026-11-21T00:30:60Z", 60.0),
        ("1795221226", 226.0),
        ("1795221226000", 226.0),
        ("Please wait 46 seconds before retrying.", 46.0),
        ("Please try again in 5.289s", 5.289),
        ("in 2m59.56s", 179.56),
        ("Please retry after 7 seconds.", 7.0),
        ("Try again in 1 minute and 20 seconds.", 80.0),
        ("10 requests in 60 seconds is too much. Please wait 9 seconds.", 9.0),
        ("Your limit resets in 2 hours, 5 mins", 7500.0),
    ],
)
def test_every_known_form_is_read(value: str, seconds: float) -> None:
    """Each form was seen on a wire; one parser takes them all."""
    parsed = parse_wait(value, now=NOW)
    assert parsed is not None
    assert math.isclose(parsed, seconds, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("300", 0.3), ("0", 0.0), ("5000000000", 5_000_000.0), ("1795221226000", 226.0), ("1s", 1.0)],
)
def test_the_unit_hint_makes_plain_numbers_milliseconds(value: str, seconds: float) -> None:
    """A header that ends in -ms counts so, but a unit or an epoch in it still speaks for itself."""
    assert parse_wait(value, now=NOW, unit_hint="ms") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-1",
        "-5s",
        "nan",
        "inf",
        "-inf",
        "1e3",
        "abc",
        "٣",
        "0x10",
        "9" * 19,
        "9" * 5000,
        "9" * 5000 + "s",
        "999999999999h",
        "40000000",  # 463 days
        "1s2",
        "5 bananas",
        "1795220000",  # an epoch in the past
        "Sat, 21 Nov 2026 00:29:00 GMT",
        "Fri, 17 July 2025 00:00:00 GMT",
        "Fri, 31 Feb 2027 00:00:00 GMT",
        "Fri, 17 Foo 2027 00:00:00 GMT",
        "2026-11-21T25:00:00Z",
        "2999-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "Rate limit of 10 per 60s exceeded for UserByModelByMinute.",
        "X-RATELIMIT-REMAINING-TOKENS-XXX",
    ],
)
def test_junk_is_unknown(value: str) -> None:
    """Negative, past, absurd and unreadable values are unknown, never an exception."""
    assert parse_wait(value, now=NOW) is None


@given(
    value=st.text() | st.from_regex(r"[0-9a-zA-Z:.,+\- ]{1,40}", fullmatch=True),
    now=st.floats(allow_nan=False, allow_infinity=False),
    unit=st.sampled_from(["s", "ms"]),
)
def test_any_text_gives_a_bounded_wait_or_none(value: str, now: float, unit: str) -> None:
    """Whatever is sent, the result is a usable number of seconds or unknown."""
    parsed = parse_wait(value, now=now, unit_hint="ms" if unit == "ms" else "s")
    assert parsed is None or 0 <= parsed <= MAX_WAIT


@given(hours=st.integers(0, 99), minutes=st.integers(0, 59), millis=st.integers(0, 59_999))
def test_go_durations_add_up(hours: int, minutes: int, millis: int) -> None:
    """A duration as Go prints it means the sum of its parts."""
    text = f"{hours}h{minutes}m{millis / 1000}s"
    assert parse_wait(text, now=NOW) == pytest.approx(hours * 3600 + minutes * 60 + millis / 1000)


@pytest.mark.parametrize(
    ("value", "epoch"),
    [
        ("Fri, 17 July 2025 00:00:00 GMT", 1752710400.0),
        ("Fri, 17 Oct 2025 00:00:00 GMT", 1760659200.0),
        ("Thu, 30 Jul 2026 00:00:00 GMT", 1785369600.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
        ("Sun Nov  6 08:49:37 1994", 784111777.0),
        ("1970-01-01T00:00:00Z", 0.0),
        ("17 July", None),
        ("", None),
    ],
)
def test_moments_are_read_strictly_enough(value: str, epoch: float | None) -> None:
    """Dates of services and of the RFC are understood, a date without a year is not guessed."""
    assert parse_instant(value, now=NOW) == epoch


def test_a_two_digit_year_far_ahead_is_the_past_century() -> None:
    """RFC 9110 wants more than fifty years ahead to mean the past."""
    near = parse_instant("Sunday, 06-Nov-60 08:49:37 GMT", now=NOW)
    far = parse_instant("Sunday, 06-Nov-99 08:49:37 GMT", now=NOW)
    assert near is not None
    assert far is not None
    assert near > NOW > far


def test_header_names_are_folded_and_the_first_spelling_wins() -> None:
    """Lookups need one spelling whatever mapping a transport hands over."""
    assert fold_headers({"Retry-After": "1", "retry-after": "2"}) == {"retry-after": "1"}


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, None, RetryAfter()),
        ({"Retry-After": "55"}, None, RetryAfter(55.0, source="retry-after")),
        (
            {"Retry-After": "55", "X-RateLimit-TimeRemaining": "28"},
            "Please wait 46 seconds before retrying.",
            RetryAfter(28.0, source="x-ratelimit-timeremaining"),
        ),
        (
            {"retry-after": "55"},
            "Rate limit of 24 per 60s exceeded for UserByMinute. Please wait 9 seconds before",
            RetryAfter(55.0, source="retry-after"),
        ),
        (
            {"retry-after-ms": "300", "retry-after": "1"},
            "",
            RetryAfter(0.3, source="retry-after-ms"),
        ),
        ({"x-ms-retry-after-ms": "1500"}, "", RetryAfter(1.5, source="x-ms-retry-after-ms")),
        (
            {"x-ratelimit-user-retry-after": "465000"},
            "",
            RetryAfter(465000.0, source="x-ratelimit-user-retry-after"),
        ),
        ({"retry-after": "junk"}, "Please wait 46 seconds", RetryAfter(46.0, source="text")),
        (
            {},
            '[{"error": {"details": [{"retryDelay": "57.23s"}]}}]',
            RetryAfter(57.23, source="body"),
        ),
        ({}, "Please try again in 999999999 hours", RetryAfter()),
        ({}, "429", RetryAfter()),
        ({"retry-after": "-5"}, None, RetryAfter()),
        ({"retry-after": "0"}, None, RetryAfter(0.0, stated_zero=True, source="retry-after")),
        (
            {"retry-after": "0", "x-ratelimit-timeremaining": "0"},
            "Rate limit of 2 per 0s exceeded for UserConcurrentRequests. Please wait 0 seconds",
            RetryAfter(0.0, stated_zero=True, source="x-ratelimit-timeremaining"),
        ),
        # Foundry sends both of these in one answer.
        ({"Retry-After": "1", "Retry-After-Ms": "0"}, None, RetryAfter(1.0, source="retry-after")),
    ],
)
def test_the_most_trusted_source_wins(
    headers: dict[str, str], body: str | None, expected: RetryAfter
) -> None:
    """Where sources disagree the order of trust decides; a stated zero is kept apart."""
    assert read_retry_after(headers, body, now=NOW) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"},
            RetryAfter(360.0, source="x-ratelimit-reset-tokens"),
        ),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, RetryAfter()),
        ({"x-ratelimit-reset-tokens": "6m0s"}, RetryAfter()),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "0"}, RetryAfter()),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "-1"}, RetryAfter()),
        (
            {
                "x-ratelimit-remaining-requests-day": "0",
                "x-ratelimit-reset-requests-day": "33011.38",
                "x-ratelimit-remaining-tokens-minute": "0",
                "x-ratelimit-reset-tokens-minute": "12.5",
            },
            RetryAfter(33011.38, source="x-ratelimit-reset-requests-day"),
        ),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795221226000"},
            RetryAfter(226.0, source="x-ratelimit-reset"),
        ),
        (
            {"x-ratelimitbysize-remaining-minute": "0", "ratelimitbysize-reset": "40"},
            RetryAfter(40.0, source="ratelimitbysize-reset"),
        ),
        (
            {
                "x-ratelimit-remaining-tokens": "X-RATELIMIT-REMAINING-TOKENS-XXX",
                "x-ratelimit-reset-tokens": "X-RATELIMIT-RESET-TOKENS-XXX",
            },
            RetryAfter(),
        ),
    ],
)
def test_resets_count_for_exhausted_resources_only(
    headers: dict[str, str], expected: RetryAfter
) -> None:
    """A reset header says when a window turns, which is a wait only if nothing remains."""
    assert read_retry_after(headers, None, now=NOW) == expected


def test_a_delay_found_by_the_caller_is_used() -> None:
    """A caller that has parsed the body already need not hand over its text."""
    expected = RetryAfter(57.23, source="body")
    assert read_retry_after({}, None, now=NOW, retry_delay="57.23s") == expected


HEADER_NAMES = st.sampled_from(
    [
        "Retry-After",
        "retry-after-ms",
        "x-ratelimit-timeremaining",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
        "ratelimit-reset",
    ]
)


@given(headers=st.dictionaries(HEADER_NAMES | st.text(), st.text()), body=st.none() | st.text())
def test_any_headers_give_a_bounded_wait_or_none(headers: dict[str, str], body: str | None) -> None:
    """Random headers never raise and never give an unusable number."""
    seconds = read_retry_after(headers, body, now=NOW).seconds
    assert seconds is None or 0 <= seconds <= MAX_WAIT


@pytest.mark.parametrize(
    ("named", "window", "scope"),
    [
        ("UserByModelByMinute", Window.MINUTE, Scope.TARGET),
        ("UserByModelByDay", Window.DAY, Scope.TARGET),
        ("UserByModelByMinuteTokens", Window.TOKENS_MINUTE, Scope.TARGET),
        ("UserConcurrentRequests", Window.CONCURRENCY, Scope.TARGET),
        ("UserByMinute", Window.MINUTE, Scope.ENDPOINT),
        ("UserByDay", Window.DAY, Scope.ENDPOINT),
    ],
)
def test_every_limit_type_is_known_from_header_and_message(
    named: str, window: Window, scope: Scope
) -> None:
    """The six types of GitHub Models, in the header or in the sentence."""
    by_header = read_limit({"X-RateLimit-Type": named}, "", retry_after=None)
    message = f"Rate limit of 24 per 60s exceeded for {named}. Please wait 9 seconds."
    by_message = read_limit({}, message, retry_after=None)
    assert by_header == Limit(window, scope)
    assert by_message == Limit(window, scope, 24)


@pytest.mark.parametrize(
    ("message", "retry_after", "expected"),
    [
        ("", None, Limit()),
        ("", 120.0, Limit()),
        ("", 5631.0, Limit(Window.DAY)),
        (
            "Rate limit of 7 per 86400s exceeded for UserByWhatever.",
            None,
            Limit(Window.DAY, number=7),
        ),
        (
            "Rate limit of 7 per 60s exceeded for UserByWhatever.",
            None,
            Limit(Window.MINUTE, number=7),
        ),
        (
            "Rate limit of 7 per 0s exceeded for Whatever.",
            None,
            Limit(Window.CONCURRENCY, number=7),
        ),
        (
            "Rate limit reached on tokens per minute (TPM): Limit 6000, Used 5465, Requested 1215.",
            5.2,
            Limit(Window.TOKENS_MINUTE, number=6000),
        ),
        ("on requests per day (RPD): Limit 1000", 60.0, Limit(Window.DAY, number=1000)),
    ],
)
def test_windows_of_unknown_types_are_guessed(
    message: str, retry_after: float | None, expected: Limit
) -> None:
    """The seconds of the message, the usual abbreviations, else the length of the wait."""
    assert read_limit({}, message, retry_after=retry_after) == expected
