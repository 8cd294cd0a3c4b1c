"""What an exception of the transport says about a target."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)

from .._core.failures import Failure, FailureKind, Scope, Window

NAME_RETRY = 300.0  # a name that does not resolve is asked again after this many seconds
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def fault_of(error: BaseException) -> Failure:
    """Classify an exception that was raised in place of an answer.

    A connection that could not be made speaks of the whole endpoint, one that broke only of the
    request that was under way.
    """
    kind, scope, wait = FailureKind.UNAVAILABLE, Scope.TARGET, None
    if isinstance(error, ClientAuthenticationError):
        kind, scope, what = FailureKind.AUTH, Scope.ENDPOINT, "no token"
    elif isinstance(error, ServiceRequestTimeoutError):
        scope, what = Scope.ENDPOINT, "no connection in time"
    elif isinstance(error, ServiceRequestError):
        scope, what = Scope.ENDPOINT, "no connection"
        if _name_not_found(error):
            kind, what, wait = FailureKind.ENDPOINT_GONE, "the name does not resolve", NAME_RETRY
    elif isinstance(error, ServiceResponseTimeoutError | TimeoutError):
        what = "no answer in time"
    else:
        what = "the connection broke"
    return Failure(
        kind=kind,
        scope=scope,
        message=f"{what} ({one_line(error)})",
        retry_after=wait,
        window=Window.UNKNOWN,
    )


def one_line(error: BaseException, length: int = 200) -> str:
    """Give an exception's text on one line, clipped."""
    message = error.message if isinstance(error, AzureError) else str(error)
    text = " ".join(message.split()) or type(error).__name__
    return text if len(text) <= length else text[: length - 3] + "..."


def _name_not_found(error: BaseException) -> bool:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return cause.errno in _NO_SUCH_NAME
    return False


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk every way in which the transports' libraries keep the cause of an exception."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None)]
        waiting += [getattr(found, "inner_exception", None), getattr(found, "os_error", None)]
        waiting += [argument for argument in found.args if isinstance(argument, BaseException)]
