"""The kinds of failure, and the table of what follows from each, which a page tells as well."""

from __future__ import annotations

import dataclasses
from math import inf
from pathlib import Path

import pytest

from github_models_azure._core.failure.kinds import (
    RULES,
    Failure,
    FailureKind,
    RequestError,
    Rule,
    Scope,
    Window,
)
from github_models_azure._core.route.cooldown import cooldown_for

ROOT = Path(__file__).resolve().parents[3]
TABLE = "github_models_azure/_core/failure/kinds.py"
PAGE = "docs/fallback.md"


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
        "unclear",
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


def test_every_kind_has_a_row() -> None:
    """What follows from a kind is decided in one place, and for every kind."""
    missing = sorted(kind.name for kind in set(FailureKind) - set(RULES))
    assert not missing, f"add a row to RULES in {TABLE} for {', '.join(missing)}"
    assert set(RULES) == set(FailureKind)


def documented() -> dict[str, dict[str, str]]:
    """The rows of the page's table, by kind."""
    page = (ROOT / PAGE).read_text("utf-8").partition("## What happens on what")[2]
    lines = [line for line in page.partition("\n## ")[0].splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0].strip("`"): dict(zip(head, row, strict=True)) for row in rows}


def cooldown_words(kind: FailureKind, rule: Rule) -> list[str]:
    """What has to stand in the last cell of a row."""
    if rule.cooldown is None:
        return []
    words = ["that was stated"] if rule.reads_wait else []
    words += ["soft"] if rule.soft or rule.soft_if_stated else []
    words += ["the whole endpoint"] if rule.wide else []
    if rule.after_zero is not None:
        words.append(f"{series(kind, 0.0, 3, ' ... ')} after `Retry-After: 0`")
    if rule.cooldown == inf:
        return [*words, "until a key changes" if kind is FailureKind.AUTH else "for the process"]
    if rule.doubles:
        return [*words, series(kind, None, 3, ", ")]
    if rule.day_cooldown is not None:
        words.append(f"{rule.day_cooldown / 3600:g} h for a limit of a day")
    hours = rule.cooldown / 3600
    return [*words, f"{hours:g} h" if hours >= 1 else f"{rule.cooldown:g} s"]


def series(kind: FailureKind, stated: float | None, shown: int, gap: str) -> str:
    """The lengths of cooldowns in a row: the first few, then the longest."""
    failure = Failure(kind, retry_after=stated)
    made = [cooldown_for(failure, now=0.0, strikes=strikes) for strikes in (*range(shown), 99)]
    *first, longest = [f"{one.until:g}" for one in made if one is not None]
    return f"{', '.join(first)}{gap}{longest} s"


@pytest.mark.parametrize("kind", FailureKind)
def test_the_page_tells_what_the_table_says(kind: FailureKind) -> None:
    """Who is asked after a failure and how long its target is left out; no row is out of date."""
    row, rule = documented().get(kind.value), kind.rule
    assert row is not None, f"add a row for {kind.value} to the table of {PAGE}"
    again, moves, cooldown = (
        row[name] for name in ("same target again", "next target", "cooldown")
    )
    problem = f"the row {kind.value} of {PAGE} and that of RULES in {TABLE} differ"
    repaired = rule.request_error is RequestError.UNSUPPORTED
    assert (again != "never") is (rule.waitable or repaired), problem
    assert again.startswith("once, adapted") is repaired, problem
    assert (moves != "never") is rule.moves_on, problem
    assert moves.startswith("one, ") is rule.doubtful, problem
    wanted = cooldown_words(kind, rule)
    assert [words for words in wanted if words not in cooldown] == [], problem
    assert cooldown.startswith("none") is (rule.cooldown is None), problem
    flags = {"that was stated", "soft", "the whole endpoint", "for the process"}
    assert [words for words in flags - set(wanted) if words in cooldown] == [], problem


K, R = FailureKind, RequestError


@pytest.mark.parametrize(
    ("kind", "limit", "request_error", "http", "statuses"),
    [
        (K.RATE_LIMITED, True, None, 429, {None: 429, 429: 429, 503: 429}),
        (K.UNAVAILABLE, False, None, None, {None: 502, 500: 502, 408: 504, 503: 503, 504: 504}),
        (K.QUOTA_EXHAUSTED, True, None, 429, {None: 429, 402: 429, 403: 429}),
        (K.ENDPOINT_GONE, False, None, 404, {None: 502, 404: 502, 410: 410}),
        (K.MODEL_GONE, False, None, 404, {None: 404, 400: 404, 410: 404}),
        (K.TOO_LARGE, False, R.TOO_LONG, None, {None: 400, 200: 400, 413: 413}),
        (K.WRONG_DIALECT, False, R.UNSUPPORTED, None, {None: 400, 422: 422, 500: 400}),
        (K.AUTH, False, None, 401, {None: 502, 401: 502, 403: 403}),
        (K.CONTENT_FILTERED, False, R.FILTERED, None, {None: 400, 400: 400, 403: 403}),
        (K.REJECTED, False, R.INVALID, None, {None: 400, 422: 422, 499: 499, 500: 400}),
        (K.BAD_STREAM, False, None, None, {None: 502, 200: 502, 503: 502}),
        (K.UNCLEAR, False, R.INVALID, None, {None: 400, 200: 400, 422: 422, 500: 400}),
    ],
)
def test_what_others_are_told(
    kind: K, limit: bool, request_error: R | None, http: int | None, statuses: dict[int | None, int]
) -> None:
    """The error, the fault of the request and the statuses that callers and connectors act upon."""
    rule = kind.rule
    assert (rule.limit, rule.request_error, rule.http) == (limit, request_error, http)
    told = {status: rule.gateway_status(status) for status in statuses}
    assert told == statuses
