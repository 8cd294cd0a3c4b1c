"""What the exceptions of a call say: as a failure for the plan, and as an error for the caller."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
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

from .._core.answer.stages import AnswerFault, StatedErrors
from .._core.failure.classify import classify_response
from .._core.failure.error_body import ErrorBody, read_error_body
from .._core.failure.kinds import WRONG_PATH, Failure, FailureKind, Scope, Window
from .._core.request.dialect import Dialect
from .._core.request.fit import SDK
from ..credentials.keys import key_of
from ..endpoints import Endpoint, origin_of
from ..exceptions import CredentialScopeError

BROKEN = (AzureError, AnswerFault, EOFError, RecursionError, zlib.error)
"""What sending or reading raises for an answer that is broken; all else is a mistake of code."""

TOKEN_RETRY = 60.0  # a credential that gave no token is asked again after this many seconds
_MISTAKES = frozenset({"InvalidHeader", "InvalidSchema", "InvalidURL", "MissingSchema"})
"""What requests and aiohttp call the caller's own mistakes; azure-core calls them unsent."""

_CUT = (HttpResponseError, IncompleteReadError)
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def judge_error(error: BaseException, now: float, dialect: Dialect = SDK) -> Failure:
    """Judge an exception that came in place of an answer."""
    if isinstance(error, AnswerFault):
        return error.failure
    http = answer_in(error)
    return fault_of(error) if http is None else refusal_in(http, now, dialect)


def refusal_in(http: Any, now: float, dialect: Dialect = SDK) -> Failure:
    """Return what an answer means that was read and is not one; of a 200, whose body was broken."""
    body = http.content if isinstance(http.content, bytes) else b""
    if http.status_code == 200:
        content_type = http.headers.get("content-type")
        stated = StatedErrors(
            dialect=dialect, content_type=content_type, headers=http.headers, now=now
        )
        return stated.failure_of(body.decode("utf-8", "replace"))
    return classify_response(http.status_code, http.headers, body, now=now, dialect=dialect)


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
    return any(type(cause).__name__ in _MISTAKES for cause in _causes(error))


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


HIDDEN = "***"
"""Stands where a server repeated the key that it was sent."""

_SHORTEST_KEY = 6  # what is shorter is a stand-in for servers without keys, and part of any word


@dataclass(frozen=True, slots=True)
class Secret:
    """The key that an attempt was signed with; ``None`` if there is nothing to hide."""

    key: str | None = None

    def out_of_failure(self, failure: Failure) -> Failure:
        """Return a failure whose texts do not hold the key."""
        key, code, details = self.key, failure.code, failure.details
        if key is None or key not in f"{failure.message} {code} {details}":
            return failure
        return replace(
            failure,
            message=failure.message.replace(key, HIDDEN),
            code=code and code.replace(key, HIDDEN),
            details=details and details.replace(key, HIDDEN),
        )

    def out_of_error(self, error: BaseException) -> None:
        """Take the key out of what an error says; its ``response`` stays as it came."""
        if self.key is None:
            return
        if isinstance(error, HttpResponseError):
            _hide(error, self.key)
        elif isinstance(error, AnswerFault):  # seen in tracebacks, as a cause
            error.args = (str(error).replace(self.key, HIDDEN),)


def secret_of(endpoint: Endpoint, own: Endpoint | None) -> Secret:
    """Return the key that attempts at an endpoint are signed with.

    :param own: the client's own endpoint, whose key serves its whole origin.
    """
    if endpoint.credential is None and own is not None and own.origin == endpoint.origin:
        endpoint = own
    key = key_of(endpoint.credential)
    return Secret(key if key is not None and len(key) >= _SHORTEST_KEY else None)


def _hide(error: HttpResponseError, key: str) -> None:
    error.message = error.message.replace(key, HIDDEN)
    error.args = (error.message, *error.args[1:])
    if error.error is not None:
        _hide_in(error.error, key)
    if key in str(error):  # azure-core shows a body that it could not read
        error.error = ODataV4Format({"message": error.message})


def _hide_in(node: ODataV4Format, key: str) -> None:
    for name in ("code", "message", "target"):
        value = getattr(node, name)
        if isinstance(value, str):
            setattr(node, name, value.replace(key, HIDDEN))
    for detail in node.details:
        _hide_in(detail, key)
