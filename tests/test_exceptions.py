"""The errors of this package: their bases, what they say, and what they carry."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceResponseError,
)

from github_models_azure import Trail, exceptions, trail_of
from github_models_azure.exceptions import (
    CredentialScopeError,
    CredentialUnavailableError,
    EndpointRetiredError,
    FallbackExhaustedError,
    OutputValidationError,
    QuotaExceededError,
    RateLimitedError,
    SettingsError,
    StreamInterruptedError,
    ToolCallError,
)
from github_models_azure.trail import attach_trail

BASES = {
    CredentialScopeError: ClientAuthenticationError,
    CredentialUnavailableError: ClientAuthenticationError,
    EndpointRetiredError: HttpResponseError,
    FallbackExhaustedError: HttpResponseError,
    OutputValidationError: HttpResponseError,
    QuotaExceededError: AzureError,
    RateLimitedError: HttpResponseError,
    SettingsError: ValueError,
    StreamInterruptedError: ServiceResponseError,
    ToolCallError: AzureError,
}
MADE: list[Any] = [
    CredentialScopeError("what failed"),
    EndpointRetiredError("what failed"),
    FallbackExhaustedError("what failed", retry_after=3.5),
    OutputValidationError("what failed", text="{}", errors=[{"type": "missing"}]),
    QuotaExceededError("what failed"),
    RateLimitedError("what failed", retry_after=3.5, limit=50, window="day"),
    StreamInterruptedError("what failed", partial_text="Hel"),
    ToolCallError("what failed"),
    CredentialUnavailableError("what failed"),
]


class Response:
    """As much of an answer as azure-core's errors read."""

    status_code, reason = 429, "Too Many Requests"

    def text(self) -> str:
        return '{"error": {"code": "RateLimitReached", "message": "the server\'s words"}}'


def test_every_error_is_listed() -> None:
    """``__all__`` and the table of this test know all of them."""
    assert set(exceptions.__all__) == {made.__name__ for made in BASES}


@pytest.mark.parametrize(("made", "base"), BASES.items())
def test_each_error_has_its_base(made: type, base: type) -> None:
    """Code that catches azure-core's errors catches these too; settings are no call's business."""
    assert issubclass(made, base)
    assert issubclass(made, AzureError) is (made is not SettingsError)


@pytest.mark.parametrize("made", BASES)
def test_each_error_is_drawn_in_the_tree(made: type) -> None:
    """The docstring of the module shows the class where it stands."""
    assert f"─ {made.__name__}" in str(exceptions.__doc__)


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_says_its_message(error: Any) -> None:
    """``str``, ``message`` and ``args`` agree."""
    assert str(error) == error.message == error.args[0] == "what failed"


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("way", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_a_copy(error: Any, way: Any) -> None:
    """Workers hand errors to each other with all they carry, the trail included."""
    attach_trail(error, Trail("e/a"))
    again = way(error)
    assert type(again) is type(error)
    assert str(again) == "what failed"
    for name in ("retry_after", "limit", "window", "partial_text"):
        assert getattr(again, name, None) == getattr(error, name, None)
    assert trail_of(again) == Trail("e/a")


@pytest.mark.parametrize("made", [EndpointRetiredError, FallbackExhaustedError, RateLimitedError])
def test_an_answer_gives_its_status_and_not_its_words(made: Any) -> None:
    """azure-core would put the answer's text in front; here the message is the whole story."""
    response = Response()
    error = made("our own story", response=response)
    assert (error.status_code, error.reason) == (429, "Too Many Requests")
    assert error.response is response
    assert str(error) == error.message == "our own story"


@pytest.mark.parametrize("made", [EndpointRetiredError, FallbackExhaustedError, RateLimitedError])
def test_without_an_answer_there_is_no_status(made: Any) -> None:
    """What was known before anything was sent has no response."""
    error = made("nothing was sent")
    assert (error.response, error.status_code) == (None, None)


def test_a_limit_says_what_was_met() -> None:
    """Seconds, the number and its span; unknown ones are ``None``."""
    error = RateLimitedError("limited", retry_after=60.0, limit=10, window="minute")
    assert (error.retry_after, error.limit, error.window) == (60.0, 10, "minute")
    bare = RateLimitedError("limited")
    assert (bare.retry_after, bare.limit, bare.window) == (None, None, None)


def test_an_exhausted_route_says_when_the_first_target_returns() -> None:
    """``None`` where none is known to."""
    assert FallbackExhaustedError("x", retry_after=9.0).retry_after == 9.0
    assert FallbackExhaustedError("x").retry_after is None


def test_an_interrupted_stream_keeps_what_arrived() -> None:
    """And the cause, as azure-core's errors keep it."""
    cause = OSError("reset")
    error = StreamInterruptedError("broke", partial_text="Hel", error=cause)
    assert (error.partial_text, error.inner_exception) == ("Hel", cause)
    assert StreamInterruptedError("broke").partial_text == ""
