"""The key of an attempt, taken out of what errors say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from azure.core.exceptions import HttpResponseError, ODataV4Format

from .._core.answer.stages import AnswerFault
from .._core.failure.kinds import Failure
from ..credentials.keys import key_of
from ..endpoints import Endpoint

HIDDEN = "***"
"""Stands where a server repeated the key that it was sent."""

_SHORTEST_KEY = 6  # what is shorter is a stand-in for servers without keys, and part of any word


@dataclass(frozen=True, slots=True)
class Secret:
    """The key that an attempt was signed with; ``None`` if there is nothing to hide."""

    key: str | None = None

    def out_of_failure(self, failure: Failure) -> Failure:
        """Return a failure whose code and message do not hold the key."""
        key, code = self.key, failure.code
        if key is None or key not in f"{failure.message} {code}":
            return failure
        message = failure.message.replace(key, HIDDEN)
        return replace(failure, message=message, code=code and code.replace(key, HIDDEN))

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
