"""Reading what an answer says about its own end: ``Deprecation``, ``Sunset`` and ``Link``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from .resets import fold_headers, parse_instant

_AT_EPOCH = re.compile(r"@([0-9]{1,12})")
_DENIALS = frozenset({"", "false", "?0"})
_RELATIONS = frozenset({"deprecation", "sunset"})
_LINK = re.compile(
    r"<([^<>\x00-\x20]{1,2048})>((?:\s{0,8};\s{0,8}[\w*-]{1,64}(?:\s{0,8}=\s{0,8}"
    r'(?:"[^"]{0,1024}"|[^\s;,"]{0,1024}))?){0,16})'
)
_REL = re.compile(
    r';\s{0,8}rel\s{0,8}=\s{0,8}(?:"([^"]{0,1024})"|([^\s;,"]{1,1024}))', re.IGNORECASE
)
_MAX_HEADER = 8192
_MAX_LINKS = 16


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What an endpoint's headers announce.

    Times are epoch seconds, ``None`` when not stated or not readable. ``links`` are pairs of
    relation and URL, in the order sent. ``deprecated`` is also true for a ``Deprecation`` header
    without a readable date.
    """

    deprecated_at: float | None = None
    sunset_at: float | None = None
    links: tuple[tuple[str, str], ...] = ()
    deprecated: bool = False

    def __str__(self) -> str:
        """Say it in words: ``deprecated as of 2026-05-05, sunset on 2026-07-30, see https://...``.

        Days are those of UTC.
        """
        since, end = _day(self.deprecated_at), _day(self.sunset_at)
        parts = []
        if since or self.deprecated:
            parts.append(f"deprecated as of {since}" if since else "deprecated")
        if end:
            parts.append(f"sunset on {end}")
        parts += [f"see {url}" for relation, url in self.links if relation in _RELATIONS][:1]
        return ", ".join(parts) or "without a readable date"

    def has_ended(self, now: float) -> bool:
        """Tell whether the end has come: the sunset, else the deprecation where no sunset is set.

        A host may go on answering after its sunset (one did for six months), so this explains a
        refusal; it does not predict one.
        """
        if self.sunset_at is not None:
            return self.sunset_at <= now
        if self.deprecated_at is not None:
            return self.deprecated_at <= now
        return self.deprecated


def read_lifecycle(headers: Mapping[str, str], *, now: float) -> Lifecycle | None:
    """Return what ``Deprecation`` (RFC 9745), ``Sunset`` (RFC 8594) and ``Link`` announce.

    ``None`` when the answer announces nothing: links alone count only with the relations
    ``deprecation`` or ``sunset``. Malformed dates seen in the wild are understood; ``now`` (epoch
    seconds) is needed for two-digit years only.
    """
    folded = fold_headers(headers)
    deprecation = folded.get("deprecation", "").strip()
    sunset = folded.get("sunset", "").strip()
    links = tuple(_links(folded.get("link", "")))[:_MAX_LINKS]
    deprecated = deprecation.lower() not in _DENIALS
    if not deprecated and not sunset and not any(rel in _RELATIONS for rel, _ in links):
        return None
    return Lifecycle(
        deprecated_at=_instant(deprecation, now),
        sunset_at=_instant(sunset, now),
        links=links,
        deprecated=deprecated,
    )


def _day(instant: float | None) -> str | None:
    if instant is None:
        return None
    try:
        return datetime.fromtimestamp(instant, timezone.utc).date().isoformat()
    except (ValueError, OverflowError, OSError):  # past the year 9999
        return None


def _instant(value: str, now: float) -> float | None:
    if match := _AT_EPOCH.fullmatch(value):
        return float(match[1])
    return parse_instant(value, now=now)


def _links(value: str) -> Iterator[tuple[str, str]]:
    for url, parameters in _LINK.findall(value[:_MAX_HEADER]):
        if match := _REL.search(parameters):
            for relation in (match[1] or match[2] or "").lower().split():
                yield relation, url
