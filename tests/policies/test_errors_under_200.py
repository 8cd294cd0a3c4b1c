"""An error that a server states under a 200 is raised as the one that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceResponseError,
)

from github_models_azure import trail_of
from github_models_azure.exceptions import (
    FallbackExhaustedError,
    RateLimitedError,
    StreamInterruptedError,
)
from tests.harness import (
    DONE,
    FIRST,
    SECOND,
    Answer,
    Service,
    Twin,
    chat,
    delta,
    event,
    stream,
)
from tests.policies.test_error_members import both_ways, raised, refused

OK_BODIES = [
    pytest.param({"error": {"code": 401, "message": "no key"}}, ClientAuthenticationError, 401,
                 "401", id="401"),
    pytest.param({"error": {"code": "403", "message": "no"}}, HttpResponseError, 403, "403",
                 id="403"),
    pytest.param({"error": {"code": 404, "message": "no"}}, ResourceNotFoundError, 404, "404",
                 id="404"),
    pytest.param({"error": {"code": "x", "status": 409, "message": "no"}}, ResourceExistsError,
                 409, "x", id="409"),
    pytest.param({"error": {"code": 429, "message": "no"}}, RateLimitedError, 429, "429", id="429"),
    pytest.param({"error": {"code": 402, "message": "no"}}, RateLimitedError, 402, "402", id="402"),
    pytest.param({"error": {"code": "rate_limit_exceeded", "message": "no"}}, RateLimitedError,
                 None, "rate_limit_exceeded", id="a limit by name"),
    pytest.param({"error": {"code": "content_filter", "message": "no"}}, HttpResponseError, None,
                 "content_filter", id="by name"),
    pytest.param([{"error": {"code": 400, "message": "no"}}], HttpResponseError, 400, "400",
                 id="array"),
    pytest.param({"choices": [{"error": {"code": 502, "message": "no"}}]}, HttpResponseError, 502,
                 "502", id="in a choice"),
]  # fmt: skip


def in_each_way(body: Any, streamed: bool) -> Iterator[Answer]:
    """The ways in which a server states an error under a 200."""
    yield Answer(200, body)
    if streamed and isinstance(body, dict):
        yield stream(delta("", role="assistant"), event(**body), DONE)


@pytest.mark.parametrize(("body", "kind", "status", "code"), OK_BODIES)
@both_ways
def test_an_error_under_a_200_is_that_of_its_status(
    twin: Twin, streamed: bool, body: Any, kind: Any, status: int | None, code: str
) -> None:
    """Class, status and ``error`` are those stated; 200 only where none is."""
    for answer in in_each_way(body, streamed):
        error = raised(twin, streamed, answer)
        assert type(error) is kind
        assert error.status_code == (status or 200)
        assert error.error.code == code
        assert "no" in error.error.message
        assert getattr(error.response, "status_code", 200) == 200
        assert (error.response is None) is streamed


@both_ways
def test_a_limit_under_a_200_says_when_it_ends(twin: Twin, streamed: bool) -> None:
    """As one under a 429 does."""
    body = {"error": {"code": 429, "message": "Please try again in 5.5s"}}
    for answer in in_each_way(body, streamed):
        error = raised(twin, streamed, answer)
        assert error.retry_after == 5.5
        assert error.window == "unknown"


@pytest.mark.parametrize("body", [b"<html></html>", b"{broken", b"[]", b""])
def test_a_200_that_states_nothing_has_no_error_member(twin: Twin, body: bytes) -> None:
    """There is no code to compare; the message says what is wrong."""
    error = raised(twin, False, refused(200, body))
    assert type(error) is HttpResponseError
    assert (error.status_code, error.error) == (200, None)
    assert "Check that the endpoint URL" in error.message
    assert error.response.content == body


@pytest.mark.parametrize("choices", [[{"message": "Hi"}], [{"message": ["Hi"]}], ["Hi"], [None]])
def test_a_message_that_is_no_object_is_no_answer(twin: Twin, choices: Any) -> None:
    """The SDK would fail on it with an AttributeError somewhere in its models."""
    error = raised(twin, False, Answer(200, {"choices": choices}))
    assert type(error) is HttpResponseError
    assert "answered with a choice without a message" in error.message


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ([{"index": 0, "delta": "Hi"}], "a delta is not an object: str"),
        (["Hi"], "an event has choices that are not a list of objects"),
        ({"0": "Hi"}, "an event has choices that are not a list of objects"),
    ],
)
def test_a_delta_that_is_no_object_is_no_stream(twin: Twin, choices: Any, told: str) -> None:
    """Nothing of it was handed out, so that another target could answer."""
    error = raised(twin, True, stream(event(choices=choices), DONE))
    assert type(error) is ServiceResponseError
    assert told in str(error)


def test_streams_that_merely_break_stay_what_they_are(twin: Twin) -> None:
    """Nothing was stated before the end, or too late: these are no answers of a server."""
    cut = raised(twin, True, stream(delta("", role="assistant")))
    assert type(cut) is ServiceResponseError
    late = stream(delta("Hi"), event(error={"code": 401, "message": "no key"}))
    assert type(raised(twin, True, late)) is StreamInterruptedError


def test_a_200_at_the_end_of_a_route_is_no_response_of_the_whole(twin: Twin) -> None:
    """An exhausted route does not claim that it was answered with 200."""
    error = raised(twin, False, refused(503, {}), refused(200, {"error": {"message": "odd"}}))
    assert isinstance(error, FallbackExhaustedError)
    assert (error.response, error.status_code) == (None, None)


@both_ways
def test_the_answer_of_a_working_target_is_no_error(twin: Twin, streamed: bool) -> None:
    """An error under a 200 makes the next target answer."""
    first = Answer(200, {"error": {"code": 429, "message": "no"}})
    second = stream(delta("Hi", finish="stop"), DONE) if streamed else chat("m1", "Hi")
    answers = {"m0": first, "m1": second}
    client = twin.client(Service(lambda sent: answers[sent.model]), model="m0", fallback=["m1"])
    if streamed:
        assert twin.read(client)[0] == "Hi"
    else:
        assert twin.complete(client).choices[0].message.content == "Hi"


@pytest.mark.parametrize(
    "choices",
    ["abc", [None], [{"error": {"code": 502, "message": "down"}, "finish_reason": "error"}], 5],
)
def test_choices_that_are_none_are_no_answer(twin: Twin, choices: Any) -> None:
    """A 200 whose choices hold an error, or are no list of objects, falls back."""
    service = Service(
        lambda sent: Answer(200, {"choices": choices}) if sent.model == FIRST else chat("m")
    )
    trail = trail_of(twin.complete(twin.client(service, model=FIRST, fallback=[SECOND])))
    assert trail.attempts[0].failure is not None
    assert service.models == [FIRST, SECOND]


@pytest.mark.parametrize("choices", [{"a": 1}, [None], "abc"])
def test_odd_choices_in_a_stream_fall_back(twin: Twin, choices: Any) -> None:
    """The SDK's model classes never see them."""
    odd = b"data: " + json.dumps({"choices": choices}).encode() + b"\n\n"
    good = stream(delta("Hello", finish="stop"), b"data: [DONE]\n\n")
    service = Service(lambda sent: stream(odd) if sent.model == FIRST else good)
    assert twin.read(twin.client(service, model=FIRST, fallback=[SECOND]))[0] == "Hello"
