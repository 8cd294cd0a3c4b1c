"""Reading waits and moments: every way in which a server says when to come back.

The formats and the order of trust come from observed answers of GitHub Models, Azure, OpenAI,
Groq, Cerebras, Mistral, Gemini and others. Junk is unknown (``None``), never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from .kinds import Scope, Window

MAX_WAIT = 400 * 86400.0
"""Seconds; a longer wait is taken for junk. No window of any known service exceeds a year."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EPOCH_SECONDS = 1e9  # as a wait this is 31 years, so a larger number is a moment
_EPOCH_MILLISECONDS = 1e11
_TEXT_LIMIT = 65536

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{0,18})?")
_UNITS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3,
    "millisecond": 1e-3, "milliseconds": 1e-3,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0,
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_PART = rf"[0-9]{{1,12}}(?:\.[0-9]{{0,20}})? ?(?:{_UNIT})(?![a-z])"
_AMOUNT = re.compile(rf"{_PART}(?:[ ,]{{0,2}}(?:and )?{_PART}){{0,5}}")
_AMOUNT_PART = re.compile(rf"([0-9]{{1,12}}(?:\.[0-9]{{0,20}})?) ?({_UNIT})(?![a-z])")
_IN_TEXT = re.compile(
    r"(?:\bwait|\b(?:again|retry|retrying|retried|resets?|available) (?:in|after)|^in|^after)"
    rf" (?:for |at least |about |approximately |another )?({_AMOUNT.pattern})"
)

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,20})?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))?"
)
# Lenient on purpose: a retired host sent "Fri, 17 July 2025 00:00:00 GMT" (a Thursday).
_HTTP_DATE = re.compile(
    r"(?:[A-Za-z]{3,9},? )?([0-9]{1,2})[ -]([A-Za-z]{3,9})[ -]([0-9]{4}|[0-9]{2})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) ?(?:GMT|UTC|Z|[+-]0000)?"
)
_ASCTIME = re.compile(
    r"[A-Za-z]{3} ([A-Za-z]{3}) ([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})"
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december",
)  # fmt: skip

_WAIT_HEADERS: tuple[tuple[str, Literal["s", "ms"]], ...] = (
    ("x-ratelimit-timeremaining", "s"),
    ("retry-after-ms", "ms"),
    ("x-ms-retry-after-ms", "ms"),
    ("retry-after", "s"),
    ("x-ratelimit-user-retry-after", "s"),
    ("llm_provider-retry-after", "s"),  # what a LiteLLM proxy was told by the provider behind it
)
_RETRY_DELAY = re.compile(r'"retryDelay"\s{0,8}:\s{0,8}"([0-9.]{1,32}s)"')
# Mistral names the two halves differently; everyone else swaps one word.
_REMAINING_OF = {"ratelimitbysize-reset": "x-ratelimitbysize-remaining-minute"}

# Nobody waits longer for a minute window: a longer wait of unnamed type is a day limit.
LONGEST_MINUTE_WAIT = 120.0
_LIMIT_TYPES: dict[str, tuple[Window, Scope]] = {
    "userbymodelbyminute": (Window.MINUTE, Scope.TARGET),
    "userbymodelbyday": (Window.DAY, Scope.TARGET),
    "userbymodelbyminutetokens": (Window.TOKENS_MINUTE, Scope.TARGET),
    "userconcurrentrequests": (Window.CONCURRENCY, Scope.TARGET),
    "userbyminute": (Window.MINUTE, Scope.ENDPOINT),  # counts the calls to all models
    "userbyday": (Window.DAY, Scope.ENDPOINT),
}
_LIMIT_TEXT = re.compile(r"Rate limit of ([0-9]{1,9}) per [0-9]{1,9}s exceeded for (\w{1,64})")
_LIMIT_NUMBER = re.compile(r"\bLimit:? ([0-9]{1,9})\b")
_WINDOW_TEXTS = (
    (re.compile(r"(?i)\btokens[ _]per[ _]minute\b|\bTPM\b"), Window.TOKENS_MINUTE),
    (
        re.compile(
            r"(?i)\bper[ _-]day\b|\bdaily\b|\b[TR]PD\b|\bper 86400s|\b(?:per|in|every) 24 ?h"
            r"|\b(?:for|per) today\b"
        ),
        Window.DAY,
    ),
    (re.compile(r"(?i)\bper[ _-]minute\b|\bRPM\b|\bper 60s"), Window.MINUTE),
    (re.compile(r"(?i)\bconcurren(?:t|cy)\b|\bper 0s"), Window.CONCURRENCY),
)


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """How long a server asks to wait.

    ``seconds`` is ``None`` when nothing usable was said. ``stated_zero`` tells an explicit 0 from
    silence. ``source`` names the header, or ``body`` or ``text``; empty when there is none.
    """

    seconds: float | None = None
    stated_zero: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """Which limit a 429 speaks of; ``number`` is ``None`` when the answer does not state it."""

    window: Window = Window.UNKNOWN
    scope: Scope = Scope.TARGET
    number: int | None = None


def fold_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers under lower-case names, the first of several spellings winning."""
    folded: dict[str, str] = {}
    for name, value in headers.items():
        folded.setdefault(name.lower(), str(value))
    return folded


def parse_instant(value: str, *, now: float) -> float | None:
    """Return the moment that an HTTP date or RFC 3339 text names, in epoch seconds.

    Full month names, wrong weekdays and two-digit years are understood, the latter relative to
    ``now`` as RFC 9110 (5.6.7) asks. Without an offset the time is UTC. Anything else is ``None``.
    """
    text = " ".join(value[:128].split())
    try:
        if match := _RFC3339.fullmatch(text):
            return _rfc3339(match)
        if match := _HTTP_DATE.fullmatch(text):
            day, month, year, *clock = match.groups()
            return _moment(_full_year(year, now), _month(month), int(day), clock)
        if match := _ASCTIME.fullmatch(text):
            month, day, *clock, year = match.groups()
            return _moment(int(year), _month(month), int(day), clock)
    except ValueError:  # a 31 February, an hour 25, an unknown month
        return None
    return None


def parse_wait(value: str, *, now: float, unit_hint: Literal["s", "ms"] = "s") -> float | None:
    """Return the seconds from ``now`` that a header or a sentence asks to wait.

    Takes plain numbers (``unit_hint`` says of what; epoch seconds or milliseconds are told by their
    size), Go and protobuf durations, HTTP dates, RFC 3339 and English sentences. Negative, past,
    unreadable or absurd (over :data:`MAX_WAIT`) values are ``None``.
    """
    seconds = _read_seconds(" ".join(value[:_TEXT_LIMIT].split()), now, unit_hint)
    return seconds if seconds is not None and 0 <= seconds <= MAX_WAIT else None


def read_retry_after(
    headers: Mapping[str, str],
    body_text: str | None,
    *,
    now: float,
    retry_delay: str | None = None,
) -> RetryAfter:
    """Return the wait that an answer asks for, from its most trusted source.

    In order: ``x-ratelimit-timeremaining``, the millisecond headers, ``retry-after``,
    ``x-ratelimit-user-retry-after``, ``retryDelay`` in the body (or the ``retry_delay`` that the
    caller already found there), a sentence in the body, the reset of an exhausted resource. The
    first positive one wins; a stated 0 yields to any positive wait except resets, because Foundry
    sends ``Retry-After-Ms: 0`` beside ``Retry-After: 1``.
    """
    folded = fold_headers(headers)
    zero_from = ""
    for source, seconds in _stated_waits(folded, body_text or "", now, retry_delay):
        if seconds:
            return RetryAfter(seconds, source=source)
        if seconds == 0 and not zero_from:
            zero_from = source
    if zero_from:
        return RetryAfter(0.0, stated_zero=True, source=zero_from)
    resets = list(_exhausted_resets(folded, now))
    if not resets:
        return RetryAfter()
    seconds, source = max(resets)  # every exhausted resource must have come back
    return RetryAfter(seconds, source=source)


def read_limit(
    headers: Mapping[str, str],
    message: str,
    *,
    retry_after: float | None,
    quotas: Sequence[str] = (),
) -> Limit:
    """Return the limit that a 429 names: by ``x-ratelimit-type``, else by its message.

    Without either, a ``retry_after`` above two minutes means a day limit.

    :param quotas: the names of the quotas in its body, such as Gemini's; the longest counts.
    """
    said = _LIMIT_TEXT.search(message)
    named = fold_headers(headers).get("x-ratelimit-type") or (said[2] if said else "")
    window, scope = _LIMIT_TYPES.get(named.strip().lower(), (Window.UNKNOWN, Scope.TARGET))
    if window is Window.UNKNOWN:
        window = _quota_window(quotas) or _guess_window(message, retry_after)
    number = said or _LIMIT_NUMBER.search(message)
    return Limit(window, scope, int(number[1]) if number else None)


def _quota_window(quotas: Sequence[str]) -> Window | None:
    named = " ".join(quotas).lower()
    if "perday" in named:
        return Window.DAY
    if "perminute" in named:
        return Window.TOKENS_MINUTE if "token" in named else Window.MINUTE
    return None


def _guess_window(message: str, retry_after: float | None) -> Window:
    for pattern, window in _WINDOW_TEXTS:
        if pattern.search(message):
            return window
    if retry_after is not None and retry_after > LONGEST_MINUTE_WAIT:
        return Window.DAY
    return Window.UNKNOWN


def _stated_waits(
    headers: Mapping[str, str], body_text: str, now: float, retry_delay: str | None
) -> Iterator[tuple[str, float | None]]:
    for name, unit in _WAIT_HEADERS:
        yield name, parse_wait(headers.get(name, ""), now=now, unit_hint=unit)
    body_text = body_text[:_TEXT_LIMIT]
    if retry_delay is None and (match := _RETRY_DELAY.search(body_text)):
        retry_delay = match[1]
    yield "body", parse_wait(retry_delay or "", now=now)
    sentence = _sentence_seconds(" ".join(body_text.split()))
    yield "text", None if sentence is None or sentence > MAX_WAIT else sentence


def _exhausted_resets(headers: Mapping[str, str], now: float) -> Iterator[tuple[float, str]]:
    for name, value in headers.items():
        if "ratelimit" not in name or "reset" not in name:
            continue
        counterpart = _REMAINING_OF.get(name, name.replace("reset", "remaining"))
        remaining = headers.get(counterpart, "").strip()
        if not _NUMBER.fullmatch(remaining) or float(remaining) != 0:
            continue
        if seconds := parse_wait(value, now=now):  # 0 means unknown on a reset header
            yield seconds, name


def _read_seconds(text: str, now: float, unit: Literal["s", "ms"]) -> float | None:
    if _NUMBER.fullmatch(text):
        return _number_to_seconds(float(text), now, unit)
    instant = parse_instant(text, now=now)
    if instant is not None:
        return instant - now
    lowered = text.lower()
    return _sum_units(lowered) if _AMOUNT.fullmatch(lowered) else _sentence_seconds(text)


def _number_to_seconds(number: float, now: float, unit: Literal["s", "ms"]) -> float:
    if number >= _EPOCH_MILLISECONDS:
        return number / 1000 - now
    if unit == "ms":
        return number / 1000
    return number - now if number >= _EPOCH_SECONDS else number


def _sentence_seconds(text: str) -> float | None:
    match = _IN_TEXT.search(text.lower())
    return _sum_units(match[1]) if match else None


def _sum_units(amount: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in _AMOUNT_PART.findall(amount))


def _rfc3339(match: re.Match[str]) -> float:
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    seconds = _moment(int(year), int(month), int(day), [hour, minute, second])
    if sign:
        offset = int(off_hours) * 3600 + int(off_minutes) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds + float(fraction or 0)


def _moment(year: int, month: int, day: int, clock: list[str]) -> float:
    hour, minute, second = (int(part) for part in clock)
    leap = second == 60  # a leap second is written, but datetime does not know it
    at = datetime(year, month, day, hour, minute, second - leap, tzinfo=timezone.utc)
    return (at - _EPOCH).total_seconds() + leap


def _month(name: str) -> int:
    for number, full in enumerate(_MONTHS, start=1):
        if full.startswith(name.lower()):
            return number
    raise ValueError(name)


def _full_year(digits: str, now: float) -> int:
    if len(digits) == 4:
        return int(digits)
    this_year = (_EPOCH + timedelta(seconds=max(0.0, min(now, 1e11)))).year
    year = this_year - this_year % 100 + int(digits)
    return year - 100 if year > this_year + 50 else year
