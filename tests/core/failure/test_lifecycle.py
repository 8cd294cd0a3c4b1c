from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.failure.lifecycle import Lifecycle, read_lifecycle

NOW = 1_795_221_000.0
SUNSET = 1785369600.0  # 2026-07-30


def test_the_headers_of_the_last_weeks_are_read() -> None:
    """GitHub Models announced its end with the headers of RFC 9745 and RFC 8594."""
    found = read_lifecycle(
        {
            "Deprecation": "@1777939200",
            "Sunset": "Thu, 30 Jul 2026 00:00:00 GMT",
            "Link": '<https://github.blog/changelog/2026-07-01-end>; rel="deprecation"',
        },
        now=NOW,
    )
    assert found == Lifecycle(
        deprecated_at=1777939200.0,
        sunset_at=SUNSET,
        links=(("deprecation", "https://github.blog/changelog/2026-07-01-end"),),
        deprecated=True,
    )


def test_the_malformed_date_and_the_joined_links_of_the_legacy_host_are_read() -> None:
    """It sent a full month name, a wrong weekday and two links (observed: deprecation_headers)."""
    found = read_lifecycle(
        {
            "deprecation": "Fri, 17 July 2025 00:00:00 GMT",
            "sunset": "Fri, 17 Oct 2025 00:00:00 GMT",
            "link": '<https://github.blog/x/>; rel="deprecation", '
            '<https://github.models.ai/inference>; rel="alternate"',
        },
        now=NOW,
    )
    assert found is not None
    assert (found.deprecated_at, found.sunset_at) == (1752710400.0, 1760659200.0)
    assert found.links == (
        ("deprecation", "https://github.blog/x/"),
        ("alternate", "https://github.models.ai/inference"),
    )


@pytest.mark.parametrize("value", ["true", "?1", "soon", "9" * 400])
def test_a_deprecation_without_a_readable_date_still_counts(value: str) -> None:
    """Older drafts of the standard sent a bare "true"."""
    assert read_lifecycle({"deprecation": value}, now=NOW) == Lifecycle(deprecated=True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"deprecation": "false"},
        {"deprecation": " "},
        {"link": '<https://api.example/page/2>; rel="next"'},
        {"link": "junk, <>; rel=sunset, <https://x.example>"},
    ],
)
def test_nothing_announced_is_none(headers: dict[str, str]) -> None:
    """Plain answers, denials and other links announce no end."""
    assert read_lifecycle(headers, now=NOW) is None


def test_a_link_alone_can_announce() -> None:
    """A link with one of the two relations is an announcement without a date."""
    found = read_lifecycle(
        {"link": '<https://a.example/b,c>; title="x; y"; REL="Sunset help" , <https://z>;rel=x'},
        now=NOW,
    )
    assert found == Lifecycle(
        links=(
            ("sunset", "https://a.example/b,c"),
            ("help", "https://a.example/b,c"),
            ("x", "https://z"),
        )
    )


@pytest.mark.parametrize(
    ("lifecycle", "ended"),
    [
        (Lifecycle(sunset_at=NOW - 1), True),
        (Lifecycle(sunset_at=NOW), True),
        (Lifecycle(sunset_at=NOW + 1, deprecated_at=NOW - 9, deprecated=True), False),
        (Lifecycle(deprecated_at=NOW - 1, deprecated=True), True),
        (Lifecycle(deprecated_at=NOW + 1, deprecated=True), False),
        (Lifecycle(deprecated=True), True),
        (Lifecycle(links=(("sunset", "https://x"),)), False),
    ],
)
def test_the_end_is_the_sunset_else_the_deprecation(lifecycle: Lifecycle, ended: bool) -> None:
    """A date in the future outweighs a deprecation in the past."""
    assert lifecycle.has_ended(NOW) is ended


@given(
    deprecation=st.text() | st.from_regex(r"@[0-9]{1,30}", fullmatch=True),
    sunset=st.text(),
    link=st.text() | st.text(alphabet='<>;="rel, \t'),
)
def test_any_headers_are_survived(deprecation: str, sunset: str, link: str) -> None:
    """Random values never raise."""
    read_lifecycle({"Deprecation": deprecation, "Sunset": sunset, "Link": link}, now=NOW)


def test_many_links_are_bounded() -> None:
    """A hostile header cannot fill the ledger."""
    found = read_lifecycle({"link": "<https://x>; rel=sunset," * 10_000}, now=NOW)
    assert found is not None
    assert len(found.links) == 16


PAGE = (("alternate", "https://new.example"), ("sunset", "https://why.example"))


@pytest.mark.parametrize(
    ("lifecycle", "words"),
    [
        (Lifecycle(1777939200.0, SUNSET, (), True),
         "deprecated as of 2026-05-05, sunset on 2026-07-30"),
        (Lifecycle(deprecated=True, links=PAGE), "deprecated, see https://why.example"),
        (Lifecycle(sunset_at=SUNSET), "sunset on 2026-07-30"),
        (Lifecycle(links=PAGE), "see https://why.example"),
        (Lifecycle(1e12, 1e18, deprecated=True), "deprecated"),
        (Lifecycle(), "without a readable date"),
    ],
)  # fmt: skip
def test_an_announcement_is_told_in_words(lifecycle: Lifecycle, words: str) -> None:
    """Days rather than seconds, for whoever reads a log."""
    assert str(lifecycle) == words
