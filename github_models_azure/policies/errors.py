"""What the exceptions of a call say: as a failure for the plan, and as an error for the caller."""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ODataV4Format,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from .._core.answer.bounds import USUAL, Bounds
from .._core.answer.stages import AnswerFault, StatedErrors
from .._core.failure.classify import classify_response
from .._core.failure.error_body import ErrorBody, read_error_body
from .._core.failure.kinds import WRONG_PATH, Failure, FailureKind, Scope, Window
from .._core.request.dialect import Dialect
from .._core.request.fit import SDK
from ..endpoints import origin_of
from ..exceptions import CredentialScopeError

BROKEN = (AzureError, AnswerFault, EOFError, RecursionError, zlib.error)
"""What sending or reading raises for an answer that is broken; all else is a mistake of code."""

TOKEN_RETRY = 60.0  # a credential that gave no token is asked again after this many seconds
_MISTAKES = frozenset(
    {"InvalidHeader", "InvalidSchema", "InvalidURL", "LocationParseError", "MissingSchema"}
)
"""What requests and aiohttp call the caller's own mistakes; azure-core calls them unsent."""

_NO_FILES = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
_OF_FILES = frozenset({"PEM", "X509"})  # what a server sends is read by the part called SSL
_REASON, _PEM = 0xFFF, 9  # OpenSSL's ERR_R_PEM_LIB, which Python has no name for

_CUT = (HttpResponseError, IncompleteReadError)
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class AnswerTooLargeError(ServiceResponseError):
    """An answer is larger than it may be; the rest of it was not read."""


def judge_error(
    error: BaseException, now: float, dialect: Dialect = SDK, bounds: Bounds = USUAL
) -> Failure:
    """Judge an exception that came in place of an answer."""
    if isinstance(error, AnswerFault):
        return error.failure
    http = answer_in(error)
    return fault_of(error) if http is None else refusal_in(http, now, dialect, bounds)


def refusal_in(http: Any, now: float, dialect: Dialect = SDK, bounds: Bounds = USUAL) -> Failure:
    """Return what an answer means that was read and is not one; of a 200, whose body was broken."""
    body = http.content if isinstance(http.content, bytes) else b""
    if http.status_code == 200:
        content_type = http.headers.get("content-type")
        stated = StatedErrors(
            dialect=dialect, content_type=content_type, headers=http.headers, now=now
        )
        return stated.failure_of(body.decode("utf-8", "replace"))
    is_cut = len(body) > bounds.error
    return classify_response(
        http.status_code,
        http.headers,
        body[: bounds.error],
        now=now,
        dialect=dialect,
        is_cut=is_cut,
    )


def unless_redirected(failure: Failure, http: Any, place: str) -> Failure:
    """Tell a refused credential from one that was left behind by a redirect elsewhere."""
    if failure.kind is not FailureKind.AUTH:
        return failure
    url = getattr(getattr(http, "request", None), "url", "")
    if not url or origin_of(url) == place:
        return failure
    return replace(
        failure,
        kind=FailureKind.UNAVAILABLE,
        scope=Scope.ENDPOINT,
        code=WRONG_PATH,
        message=f"{place} redirects to {origin_of(url)}, where its credential does not go",
    )


def answer_in(error: BaseException) -> Any:
    """Give the answer that an exception carries, if it was read; ``None`` otherwise."""
    response = error.response if isinstance(error, HttpResponseError) else None
    return response if getattr(response, "content", None) is not None else None


def fault_of(error: BaseException) -> Failure:
    """Classify an exception that was raised in place of an answer.

    A connection that could not be made speaks of the whole endpoint, one that broke only of the
    request that was under way.
    """
    kind, scope, what, wait = FailureKind.UNAVAILABLE, Scope.TARGET, "the connection broke", None
    found = list(causes(error))
    if isinstance(error, AnswerTooLargeError):
        what = "too much"
    elif isinstance(error, ClientAuthenticationError):
        kind, scope, what, wait = FailureKind.AUTH, Scope.ENDPOINT, "no token", TOKEN_RETRY
    elif isinstance(error, ServiceRequestTimeoutError):
        scope, what = Scope.ENDPOINT, "no connection in time"
    elif any(isinstance(cause, ServiceResponseTimeoutError | TimeoutError) for cause in found):
        what = "no answer in time"
    elif isinstance(error, ServiceRequestError) and not any(map(_was_connected, found)):
        scope, what = Scope.ENDPOINT, "no connection"
        if any(map(_is_unknown_name, found)):
            what = "the name does not resolve"
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
    found = list(causes(error))
    if any(_MISTAKES & {kind.__name__ for kind in type(cause).__mro__} for cause in found):
        return True
    if any(map(_names_no_host, found)):
        return True
    # Of a file that may not be read the class alone does not tell: firewalls refuse alike.
    in_tls = any(type(cause).__name__ == "SSLError" for cause in found)
    return any(
        isinstance(cause, OSError)
        and is_about_a_file(cause)
        and (in_tls or not isinstance(cause, PermissionError))
        for cause in found
    )


def is_about_a_file(error: OSError) -> bool:
    """Return whether a certificate or key could not be read from its file, or is none."""
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None)  # which errors of aiohttp lack
        pem = reason is None and (error.errno or 0) & _REASON == _PEM
        return pem or getattr(error, "library", None) in _OF_FILES
    return isinstance(error, _NO_FILES)


def _names_no_host(cause: BaseException) -> bool:
    """Return whether a host name cannot be written in a request."""
    return isinstance(cause, UnicodeError) and not isinstance(cause, UnicodeDecodeError)


def as_azure_error(error: Exception) -> Exception:
    """Give a broken connection the class that azure-core gives it elsewhere.

    Of one that broke in the middle its transports make an answer's error, without an answer.
    """
    if type(error) in _CUT and isinstance(error, HttpResponseError):
        cut = error.response is None and error.inner_exception is not None
    else:
        cut = not isinstance(error, AzureError | AnswerFault)
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


def complete_error(error: HttpResponseError) -> None:
    """Fill in ``error.error`` and the message, from the body, where azure-core left them empty.

    Codes become text. What azure-core read well stays as it is.
    """
    known, before = error.error, str(error.error)
    said = _said(error.response)
    if known is not None:
        _make_text_of_codes(known)
        if said is not None:
            known.target = known.target or said.param  # azure-core reads no "param"
        message: object = known.message
        if message is None or isinstance(message, str):
            return
    if said is None:
        return
    members = {"code": said.code, "message": said.message, "target": said.param}
    made = ODataV4Format({**members, "innererror": said.innererror})
    generic = f"Operation returned an invalid status '{error.reason}'"
    is_generic = error.message in (generic, before)
    error.error = made
    if is_generic:
        error.message = str(made) if said.code else f"HTTP {error.status_code}: {said.message}"
        error.args = (error.message, *error.args[1:])


def _said(response: Any) -> ErrorBody | None:
    """Read the body of a refusal; ``None`` where there is none, or where it says nothing."""
    try:
        body = getattr(response, "content", None)
    except AzureError:  # it was never read
        return None
    if not isinstance(body, bytes) or response.status_code == 200:
        return None
    said = read_error_body(body, response.headers.get("content-type"))
    return said if said.code or said.message else None


def _make_text_of_codes(node: ODataV4Format) -> None:
    code: object = node.code
    if not isinstance(code, str):
        node.code = str(code) if isinstance(code, int) and not isinstance(code, bool) else None
    for detail in node.details:
        _make_text_of_codes(detail)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Walk an exception and all that it was caused by, itself first, each once."""
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
