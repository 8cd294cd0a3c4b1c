"""What an exception of the transport says about a target."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from .._core.answer.reader import StreamFault
from .._core.failure.kinds import Failure, FailureKind, Scope, Window
from ..exceptions import CredentialScopeError

BROKEN = (AzureError, StreamFault, EOFError, RecursionError, zlib.error)
"""What sending or reading raises for an answer that is broken; all else is a mistake of code."""

TOKEN_RETRY = 60.0  # a credential that gave no token is asked again after this many seconds
NAME_RETRY = 300.0  # a name that does not resolve is asked again after this many seconds
_MISTAKES = frozenset({"InvalidHeader", "InvalidSchema", "InvalidURL", "MissingSchema"})
"""What requests and aiohttp call the caller's own mistakes; azure-core calls them unsent."""

_CUT = (HttpResponseError, IncompleteReadError)
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def fault_of(error: BaseException) -> Failure:
    """Classify an exception that was raised in place of an answer.

    A connection that could not be made speaks of the whole endpoint, one that broke only of the
    request that was under way.
    """
    kind, scope, what, wait = FailureKind.UNAVAILABLE, Scope.TARGET, "the connection broke", None
    causes = list(_causes(error))
    if isinstance(error, ClientAuthenticationError):
        kind, scope, what, wait = FailureKind.AUTH, Scope.ENDPOINT, "no token", TOKEN_RETRY
    elif isinstance(error, ServiceRequestTimeoutError):
        scope, what = Scope.ENDPOINT, "no connection in time"
    elif any(isinstance(cause, ServiceResponseTimeoutError | TimeoutError) for cause in causes):
        what = "no answer in time"
    elif isinstance(error, ServiceRequestError) and not any(map(_was_connected, causes)):
        scope, what = Scope.ENDPOINT, "no connection"
        if any(map(_is_unknown_name, causes)):
            kind, what, wait = FailureKind.ENDPOINT_GONE, "the name does not resolve", NAME_RETRY
    return Failure(
        kind=kind,
        scope=scope,
        message=f"{what} ({one_line(error)})",
        retry_after=wait,
        window=Window.UNKNOWN,
    )


def is_callers_mistake(error: BaseException) -> bool:
    """Tell what no target could serve: a leak that was refused, a header or URL that is none."""
    if isinstance(error, CredentialScopeError):
        return True
    return any(type(cause).__name__ in _MISTAKES for cause in _causes(error))


def as_azure_error(error: Exception) -> Exception:
    """Give a broken connection the class that azure-core gives it elsewhere.

    Of one that broke in the middle its transports make an answer's error, without an answer.
    """
    if type(error) in _CUT and isinstance(error, HttpResponseError):
        cut = error.response is None and error.inner_exception is not None
    else:
        cut = not isinstance(error, AzureError | StreamFault)
    if not cut:
        return error
    return ServiceResponseError(one_line(error), error=error)


def one_line(error: BaseException, length: int = 200) -> str:
    """Give an exception's text on one line, clipped."""
    message = error.message if isinstance(error, AzureError) else str(error)
    text = " ".join(message.split()) or type(error).__name__
    return text if len(text) <= length else text[: length - 3] + "..."


def _is_unknown_name(cause: BaseException) -> bool:
    return isinstance(cause, socket.gaierror) and cause.errno in _NO_SUCH_NAME


def _was_connected(cause: BaseException) -> bool:
    """Tell a connection that was lost from one that was never made: azure-core calls both alike."""
    lost = isinstance(cause, ConnectionResetError | ConnectionAbortedError | BrokenPipeError)
    return lost or type(cause).__name__ == "ServerDisconnectedError"  # aiohttp's


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
