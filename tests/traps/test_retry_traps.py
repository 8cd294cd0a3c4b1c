"""Waits of azure-core's retry loop: too long, too few, or an exception of another kind.

Nobody sleeps here: both sides hand their sleeps to the test.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError

from github_models_azure.exceptions import RateLimitedError
from tests.harness import DONE, delta
from tests.traps.side_helpers import Side, trap
from tests.traps.wire_helpers import GOOD, Asked, Reply, Script, answer, sse

BODY = {"error": {"code": "no", "message": "not now"}}
DAY = 86400.0


def refusing(status: int, **headers: str) -> Script:
    """A server whose model "m" refuses with this status, while all others answer."""

    def script(asked: Asked) -> Reply:
        if asked.model == "m":
            return answer(BODY, status, **headers)
        return sse(delta("Hi", finish="stop"), DONE) if asked.body.get("stream") else answer(GOOD)

    return script


NOW = datetime.now(timezone.utc)
SOON = round((NOW + timedelta(days=2)).timestamp())  # the moment itself, where seconds are meant
IN_AN_HOUR = "the date of an hour from now"


def named(headers: dict[str, str]) -> dict[str, str]:
    """Put in the date of an hour from now."""
    moment = datetime.now(timezone.utc) + timedelta(hours=1)
    return {
        name: format_datetime(moment, usegmt=True) if value == IN_AN_HOUR else value
        for name, value in headers.items()
    }


# What azure-core's loop does: requests, sleeps in seconds, and whether it stumbles.
TABLE: list[Any] = [
    pytest.param(429, {"retry_after": "1"}, 4, [1] * 3, id="a second"),
    pytest.param(429, {"retry_after": "0.7"}, 4, [0.7] * 3, id="a fraction"),
    pytest.param(429, {"retry_after": "86400"}, 4, [DAY] * 3, id="a day"),
    pytest.param(429, {"retry_after": "0"}, 4, [1.6, 3.2], id="zero"),
    pytest.param(429, {"retry_after": "-5"}, 4, [1.6, 3.2], id="negative"),
    pytest.param(
        429, {"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 4, [1.6, 3.2], id="a past date"
    ),
    pytest.param(429, {"retry_after": IN_AN_HOUR}, 4, [3600] * 3, id="a coming date"),
    pytest.param(429, {"retry_after": f"{SOON:.0f}"}, 4, [SOON] * 3, id="an epoch"),
    pytest.param(
        429, {"retry_after": "1", "retry_after_ms": "300"}, 4, [1] * 3, id="milliseconds beside"
    ),
    pytest.param(503, {"retry_after": "5"}, 4, [5] * 3, id="503 with a time"),
    *(
        pytest.param(status, {"retry_after": "5"}, 4, [5] * 3, id=f"{status} with a time")
        for status in (410, 501)
    ),
    *(pytest.param(status, {}, 4, [1.6, 3.2], id=str(status)) for status in (500, 503, 504)),
]


@trap(14, 16)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("status", "headers", "requests", "sleeps"), TABLE)
def test_a_refusal_costs_one_request_and_no_sleep(
    plain: Side,
    ours: Side,
    status: int,
    headers: dict[str, str],
    requests: int,
    sleeps: list[float],
    streamed: bool,
) -> None:
    """Traps 14 and 16: the SDK sleeps inside its pipeline and asks again; ours asks the next.

    A policy outside that loop, as ours is, would otherwise see a refusal only after all sleeps.
    """
    script = refusing(status, **named(headers))
    stubborn = plain.ask(script, stream=streamed)
    assert isinstance(stubborn.error, HttpResponseError)
    assert len(stubborn.wire.asked) == requests
    assert stubborn.slept == pytest.approx(sleeps, abs=30 if sleeps == [3600] * 3 else 1e-6)
    served = ours.ask(script, made={"fallback": ["other"]}, stream=streamed)
    assert served.error is None
    assert (served.wire.models, served.slept) == (["m", "other"], [])


@trap(16, 17, 21)
@pytest.mark.parametrize(
    "options",
    [{}, {"retry_backoff_max": 5}, {"retry_mode": "fixed"}],
    ids=["default", "backoff max", "fixed"],
)
@pytest.mark.parametrize(
    "seconds", ["24367", "86400", str(SOON)], ids=["hours", "a day", "an epoch"]
)
def test_no_header_makes_a_call_wait_for_days(
    plain: Side, ours: Side, seconds: str, options: dict[str, Any]
) -> None:
    """Traps 17 and 21: nothing caps the SDK's wait; real day limits held callers for a day.

    24367 with this type is what GitHub Models sent. Ours is an error at once that says when.
    """
    if "retry_mode" in options:
        from azure.core.pipeline.policies import RetryMode

        options = {"retry_mode": RetryMode.Fixed}
    script = refusing(429, retry_after=seconds, x_ratelimit_type="UserByModelByDay")
    asleep = plain.ask(script, made=options)
    assert asleep.slept == [float(seconds)] * 3
    told = ours.ask(script)
    assert isinstance(told.error, RateLimitedError)
    assert (len(told.wire.asked), told.slept) == (1, [])
    if seconds == "24367":
        assert told.error.retry_after == pytest.approx(24367, abs=30)
        assert told.error.window == "day"


@trap(16)
def test_a_refused_credential_is_asked_once(plain: Side, ours: Side) -> None:
    """Trap 16: a 403 with a ``Retry-After`` is asked four times, for as long as it says."""
    script = refusing(403, retry_after="3600")
    assert plain.ask(script).slept == [3600] * 3
    told = ours.ask(script, made={"fallback": ["other"]})
    assert isinstance(told.error, HttpResponseError)
    assert (told.wire.models, told.slept) == (["m"], [])


@trap(18)
def test_a_timeout_cuts_waits_short(plain: Side, ours: Side) -> None:
    """Trap 18: the SDK looks at ``timeout`` between attempts alone, and sleeps two hours first."""
    script = refusing(429, retry_after="7200")
    assert plain.ask(script, timeout=5).slept[0] == 7200
    told = ours.ask(script, timeout=5, fallback_max_wait=10_000)
    assert isinstance(told.error, RateLimitedError)
    assert told.slept == []


@trap(16, 19)
@pytest.mark.parametrize(
    "junk", ["6m0s", "abc", "2026-01-01T00:00:00Z", "Wed, 41 Oct 2015", "1e3s", "soon, please"]
)
def test_a_header_of_junk_is_no_exception(plain: Side, ours: Side, junk: str) -> None:
    """Trap 19: what is no date ends the SDK's call with a ``ValueError``, the answer lost."""
    script = refusing(429, retry_after=junk)
    assert type(plain.ask(script).error) is ValueError
    told = ours.ask(script, fallback_max_wait=0)
    assert isinstance(told.error, RateLimitedError)
    assert told.error.status_code == 429


@trap(16, 20)
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(429, {}, id="429"),
        pytest.param(429, {"retry_after": ""}, id="429 with an empty time"),
        pytest.param(429, {"retry_after_ms": "300"}, id="429 in milliseconds"),
        pytest.param(429, {"x_ms_retry_after_ms": "300"}, id="429 in Azure's milliseconds"),
        pytest.param(429, {"x_ratelimit_timeremaining": "1"}, id="429 in GitHub's header"),
        pytest.param(429, {"x_ratelimit_reset_requests": "1s"}, id="429 in OpenAI's header"),
        pytest.param(502, {}, id="502"),
        pytest.param(408, {}, id="408"),
        pytest.param(410, {}, id="410"),
    ],
)
def test_what_the_sdk_gives_up_on_moves_on(
    plain: Side, ours: Side, status: int, headers: dict[str, str]
) -> None:
    """Trap 20: without a ``Retry-After`` the SDK asks once, for the commonest of all failures."""
    script = refusing(status, **headers)
    given_up = plain.ask(script)
    assert isinstance(given_up.error, HttpResponseError)
    assert len(given_up.wire.asked) == 1
    served = ours.ask(script, made={"fallback": ["other"]})
    assert (served.wire.models, served.slept) == (["m", "other"], [])


@trap(16, 20)
@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        pytest.param(429, {"retry_after_ms": "300"}, 0.3, id="429 in milliseconds"),
        pytest.param(429, {"retry_after": "2", "retry_after_ms": "300"}, 0.3, id="both"),
        pytest.param(429, {"x_ratelimit_timeremaining": "2"}, 2, id="429 in GitHub's header"),
        pytest.param(429, {"retry_after": "6m0s"}, None, id="longer than it may wait"),
    ],
)
def test_alone_it_waits_as_long_as_the_server_says(
    plain: Side, ours: Side, status: int, headers: dict[str, str], wait: float | None
) -> None:
    """Trap 20: with nobody to step in, a wait that fits is kept, and no other."""
    script = refusing(status, **headers)
    assert plain.ask(script).slept != [wait]
    told = ours.ask(script, fallback_max_attempts=2)
    assert isinstance(told.error, AzureError)
    if wait is None:
        assert (len(told.wire.asked), told.slept) == (1, [])
    else:
        assert len(told.wire.asked) == 2
        assert told.slept == pytest.approx([wait], abs=0.25)
