"""The secrets of a call: what its attempts were signed with, and where that could be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus
from urllib.request import getproxies

from azure.core.exceptions import AzureError, HttpResponseError, ODataV4Format
from azure.core.pipeline import PipelineRequest
from azure.core.rest import HttpRequest

from .._core.answer.stages import AnswerFault
from .._core.failure.kinds import Failure
from .._core.failure.redact import DEEPEST, SHORTEST_VALUE, Redactor, passwords_in
from ..credentials.keys import key_of
from ..endpoints import Endpoint
from ..endpoints.presets import PRESETS
from .errors import causes
from .responses import hidden_response

SECRETS_KEY = "github_models_azure.secrets"
"""The key of the pipeline context under which the :class:`.Redactor` of a call is found."""

SECRET_NAME = re.compile(r"(?i)auth|cookie|key|pass|secret|signature|token|\bsig\b")
_OURS = frozenset(value for preset in PRESETS.values() for value in preset.headers.values())
_TEXTS = ("message", "code", "param", "details")
_CARRIES = ("request", "response", "request_info", "history", "headers", "pool", "conn")
"""What libraries put on their exceptions, with the headers that were sent among it."""


class HiddenCause(Exception):
    """Stands for a cause whose own words cannot be changed; says what it was."""


def secrets_of(request: PipelineRequest[Any]) -> Redactor:
    """Return what hides the secrets of the call that a request belongs to."""
    known = request.context.get(SECRETS_KEY)
    if isinstance(known, Redactor):
        return known
    made = request.context[SECRETS_KEY] = Redactor()
    return made


def note_signed(request: PipelineRequest[Any]) -> None:
    """Remember what a request is signed with, as it stands now."""
    http: HttpRequest = request.http_request
    secrets = secrets_of(request)
    secrets.add(value for name, value in http.headers.items() if SECRET_NAME.search(name))
    secrets.add(_in_query(http.url), SHORTEST_VALUE)


def note_endpoint(secrets: Redactor, endpoint: Endpoint, own: Endpoint | None) -> None:
    """Remember what attempts at an endpoint are signed with.

    :param own: the client's own endpoint, whose key serves its whole origin.
    """
    if endpoint.credential is None and own is not None and own.origin == endpoint.origin:
        secrets.add(_key(own))
    secrets.add(_key(endpoint))
    secrets.add(set(endpoint.headers.values()) - _OURS, SHORTEST_VALUE)
    secrets.add(_in_query(endpoint.url), SHORTEST_VALUE)


def _key(endpoint: Endpoint) -> Iterable[str]:
    key = key_of(endpoint.credential)
    return () if key is None else (key,)


def _in_query(url: str) -> Iterator[str]:
    for part in url.partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        if name != "api-version":
            yield value
            yield unquote_plus(value)


def note_proxies(secrets: Redactor, options: Any) -> None:
    """Remember the passwords of the proxies that a call may have taken."""
    given = options.get("proxies") or {}
    for url in (*getproxies().values(), *given.values(), options.get("proxy")):
        secrets.add(passwords_in(str(url)))


def hide_in_failure(secrets: Redactor, failure: Failure) -> Failure:
    """Return a failure whose texts hold no secret."""
    said: dict[str, Any] = {name: getattr(failure, name) for name in _TEXTS}
    hidden: dict[str, Any] = {name: text and secrets.text(text) for name, text in said.items()}
    return failure if hidden == said else replace(failure, **hidden)


def hide_in_error(secrets: Redactor, error: BaseException) -> None:
    """Take the secrets out of an error and all its causes: texts, responses, what is pickled."""
    found = list(causes(error))
    for one in found:
        _hide_in_one(secrets, one)
    for one in found[1:]:
        if secrets.text(shown := f"{one!s} {one!r} {vars(one)!r}") != shown:
            made = HiddenCause(f"{type(one).__qualname__}: {secrets.text(str(one))}")
            for holder in found:
                _replace(holder, one, made)


def _hide_in_one(secrets: Redactor, error: BaseException) -> None:
    with suppress(AttributeError, TypeError):
        error.args = tuple(map(secrets.value, error.args))
    if isinstance(error, AzureError):
        error.exc_traceback, error.exc_value = None, None  # not even picklable
    for name, value in list(vars(error).items()):
        if isinstance(value, ODataV4Format):
            _hide_in_node(secrets, value)
        elif name == "response" and isinstance(error, HttpResponseError):
            error.response = hidden_response(value, secrets)
        elif not isinstance(error, AzureError | AnswerFault) and name in _CARRIES:
            _drop(error, name, value)
        elif (shown := secrets.value(value)) != value:
            setattr(error, name, shown)
    if isinstance(error, AnswerFault):
        error.failure = hide_in_failure(secrets, error.failure)


def _drop(error: BaseException, name: str, value: object) -> None:
    """Take an attribute off, unless the exception needs it to say what it is."""
    with suppress(AttributeError):
        setattr(error, name, None)
    try:
        str(error)
    except Exception:  # whatever its property raises
        setattr(error, name, value)


def _hide_in_node(secrets: Redactor, node: ODataV4Format, depth: int = DEEPEST) -> None:
    for name, value in list(vars(node).items()):
        if name != "details":
            setattr(node, name, secrets.value(value))
    if depth == 0:  # deeper ones could neither be shown nor pickled
        node.details = []
    for detail in node.details:
        _hide_in_node(secrets, detail, depth - 1)


def _replace(holder: BaseException, old: BaseException, new: BaseException) -> None:
    if holder.__cause__ is old:
        holder.__cause__ = new
    if holder.__context__ is old:
        holder.__context__ = new
    if any(argument is old for argument in holder.args):
        holder.args = tuple(new if argument is old else argument for argument in holder.args)
    for name, value in list(vars(holder).items()):
        if value is old:
            with suppress(AttributeError):
                setattr(holder, name, new)
