"""What an exception in place of an answer says, and of whom."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from github_models_azure._core.failure.kinds import FailureKind, Scope
from github_models_azure.policies.errors import fault_of, one_line

K, S = FailureKind, Scope
NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
NO_ANSWER = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


class Pooled(Exception):
    """As urllib3 keeps the cause of a failed connection."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__("Max retries exceeded")
        self.reason = reason


class Connector(OSError):
    """As aiohttp keeps it."""

    def __init__(self, os_error: OSError) -> None:
        super().__init__("Cannot connect to host")
        self.os_error = os_error


def raised(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def within(error: BaseException, context: BaseException) -> BaseException:
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    ("error", "kind", "scope", "words"),
    [
        (ClientAuthenticationError("none found"), K.AUTH, S.ENDPOINT, "no token (none found)"),
        (ServiceRequestTimeoutError("x"), K.UNAVAILABLE, S.ENDPOINT, "no connection in time"),
        (ServiceRequestError("refused"), K.UNAVAILABLE, S.ENDPOINT, "no connection (refused)"),
        (ServiceResponseTimeoutError("x"), K.UNAVAILABLE, S.TARGET, "no answer in time"),
        (TimeoutError(), K.UNAVAILABLE, S.TARGET, "no answer in time (TimeoutError)"),
        (ServiceResponseError("reset"), K.UNAVAILABLE, S.TARGET, "the connection broke (reset)"),
        (AzureError("odd"), K.UNAVAILABLE, S.TARGET, "the connection broke (odd)"),
        (OSError("cut"), K.UNAVAILABLE, S.TARGET, "the connection broke (cut)"),
    ],
)
def test_each_exception_has_its_meaning(
    error: BaseException, kind: FailureKind, scope: Scope, words: str
) -> None:
    """A connection that was never made speaks of the endpoint, one that broke of the target."""
    failure = fault_of(error)
    assert (failure.kind, failure.scope) == (kind, scope)
    assert failure.retry_after == (60.0 if kind is K.AUTH else None)
    assert failure.message.startswith(words)


@pytest.mark.parametrize(
    "error",
    [
        ServiceRequestError("x", error=NO_NAME),
        raised(ServiceRequestError("x"), NO_NAME),
        within(ServiceRequestError("x"), NO_NAME),
        ServiceRequestError("x", error=Pooled(NO_NAME)),
        ServiceRequestError("x", error=raised(OSError("y"), Pooled(NO_NAME))),
        ServiceRequestError("x", error=Connector(NO_NAME)),
        ServiceRequestError("x", error=OSError(Pooled(NO_NAME))),
    ],
)
def test_a_name_that_does_not_resolve_may_do_so_again(error: BaseException) -> None:
    """However the transports' libraries keep the cause; the network may only have been away."""
    failure = fault_of(error)
    assert (failure.kind, failure.scope) == (K.UNAVAILABLE, S.ENDPOINT)
    assert failure.message.startswith("the name does not resolve")
    assert failure.retry_after is None


@pytest.mark.parametrize(
    "error",
    [
        ServiceRequestError("x", error=NO_ANSWER),
        ServiceRequestError("x", error=ConnectionRefusedError("refused")),
        ServiceResponseError("x", error=NO_NAME),
    ],
)
def test_other_trouble_with_a_connection_may_pass(error: BaseException) -> None:
    """A resolver that is down, or a closed port, is unavailable and no more."""
    assert fault_of(error).kind is K.UNAVAILABLE


def test_causes_in_a_circle_come_to_an_end() -> None:
    """Exceptions may name each other."""
    first, second = ServiceRequestError("a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert fault_of(first).kind is K.UNAVAILABLE


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a\n  b\tc"), "a b c"),
        (ValueError(), "ValueError"),
        (ServiceRequestError("said"), "said"),
        (ValueError("x" * 500), "x" * 197 + "..."),
        (ValueError("x" * 200), "x" * 200),
    ],
)
def test_an_exception_on_one_line(error: Any, text: str) -> None:
    """Clipped, so that a trail stays readable."""
    assert one_line(error) == text
