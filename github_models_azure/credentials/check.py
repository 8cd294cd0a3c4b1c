"""Whether a token or key is accepted by whom it is for, found out before anything depends on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlsplit

from .._core.failure.error_body import clean_text, read_error_body
from .._core.failure.redact import Redactor
from .._core.hosts import GITHUB_HOSTS
from .._core.request.fit import is_sendable, key_headers
from ..endpoints import Endpoint
from ..endpoints.endpoint import is_loopback, no_proxies_for
from ..exceptions import CredentialScopeError

if TYPE_CHECKING:
    import requests

GITHUB_API = "https://api.github.com"
CHECK_SECONDS = 10.0

_BODY, _PIECE = 65_536, 1_024
_AGENT = "github-models-azure"
_SHORTEST = 6  # of values in a query: shorter ones are no secrets, and part of any word
_KEY_PATHS = {"openrouter": "key"}  # its list of models is shown to everybody


@dataclass(frozen=True, slots=True)
class Asked:
    """What one GET brought: a status, headers and the beginning of a body, or why there is none."""

    status: int | None = None
    seconds: float = 0.0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    problem: str | None = None


class KeyStatus(str, Enum):
    """What a check found out."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A status, and what it rests on, in words without the key."""

    status: KeyStatus
    reason: str


def check_github_token(
    token: str, *, base_url: str = GITHUB_API, timeout: float = CHECK_SECONDS
) -> KeyCheck:
    """Ask GitHub whether it knows a token.

    ``/rate_limit`` wants no permission, costs nothing, and answers to every kind of token: personal
    ones, those of apps, and that of Actions, to which ``/user`` is closed.

    :param base_url: GitHub's API, or a server on this machine.
    :raises CredentialScopeError: for any other place.
    """
    host = (urlsplit(base_url).hostname or "").lower()
    if not is_loopback(base_url) and host not in GITHUB_HOSTS:
        raise CredentialScopeError(
            f"A GitHub token belongs to GitHub's hosts and would go to {host}; nothing was sent."
        )
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return _check(f"{base_url}/rate_limit", token, headers, timeout, "GitHub", "resources")


def check_key(endpoint: Endpoint, key: str, *, timeout: float = CHECK_SECONDS) -> KeyCheck:
    """Ask an endpoint for its models, which it shows to its own users.

    :raises CredentialScopeError: where the key would travel in clear text to another machine.
    """
    headers = {**endpoint.headers, **key_headers(endpoint.dialect.auth, key)}
    path = _KEY_PATHS.get(endpoint.dialect.name, "models")
    query = urlsplit(endpoint.url).query
    url = f"{endpoint.base_url()}/{path}" + (f"?{query}" if query else "")
    return _check(url, key, headers, timeout, endpoint.name, "data")


def ask(
    url: str,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    *,
    agent: str = _AGENT,
    errors_only: bool = False,
) -> Asked:
    """Ask for a URL, without following redirects: what is sent goes nowhere else.

    :param timeout: seconds for connecting and for each read.
    :param errors_only: whether the body is read of errors alone.
    """
    import requests

    sent = {"Accept": "application/json", "User-Agent": agent, **(headers or {})}
    started = time.monotonic()
    try:
        with requests.get(
            url,
            timeout=timeout,
            stream=True,
            allow_redirects=False,
            proxies=no_proxies_for(url),
            auth=_unsigned,  # or requests would look into the user's .netrc
            headers=sent,
        ) as answer:
            seconds = time.monotonic() - started
            wanted = answer.status_code >= 400 or not errors_only
            body = _beginning(answer.iter_content(_PIECE), started + timeout) if wanted else b""
            return Asked(answer.status_code, seconds, dict(answer.headers), body)
    except requests.exceptions.Timeout:
        return Asked(problem=f"no answer within {timeout:g} s")
    except requests.exceptions.SSLError as error:
        return Asked(problem=f"TLS failed: {_root(error)}")
    except (requests.exceptions.RequestException, OSError) as error:
        return Asked(problem=_root(error))


def _beginning(pieces: Iterator[bytes], until: float) -> bytes:
    """Read what a check needs of a body; one that drips is cut."""
    body = b""
    for piece in pieces:
        body += piece
        if len(body) >= _BODY or time.monotonic() > until:
            break
    return body


def _check(
    url: str, key: str, headers: Mapping[str, str], timeout: float, who: str, member: str
) -> KeyCheck:
    if not (url.lower().startswith("https://") or is_loopback(url)):
        raise CredentialScopeError(
            f"The key of {who} would travel in clear text; nothing was sent. Use https."
        )
    if not is_sendable(key):
        return KeyCheck(
            KeyStatus.REFUSED, "it has a line end or another character that a header cannot carry"
        )
    found = _judge(ask(url, timeout, headers), who, member)
    reason, query = found.reason, urlsplit(url).query
    written = [part.partition("=")[2] for part in query.split("&")]
    secrets = Redactor((key, *headers.values()))
    secrets.add((*written, *map(unquote_plus, written)), _SHORTEST)
    return KeyCheck(found.status, secrets.text(reason))


def _judge(asked: Asked, who: str, member: str) -> KeyCheck:
    """Judge an answer; only what is surely one of theirs accepts or refuses."""
    if asked.status is None:
        return KeyCheck(KeyStatus.UNKNOWN, f"{who} could not be asked: {asked.problem}")
    answered = f"{who} answered {asked.status}"
    if asked.status == 200:
        if _has(asked.body, member):
            return KeyCheck(KeyStatus.ACCEPTED, f"{who} accepted it")
        return KeyCheck(
            KeyStatus.UNKNOWN, f"{answered}, with something other than what was asked for"
        )
    said = read_error_body(asked.body, (asked.headers or {}).get("content-type")).message
    words = f"{answered}: {clean_text(said, 160)}" if said else answered
    limited = (asked.headers or {}).get("x-ratelimit-remaining") == "0"
    refused = asked.status in (401, 403) and not (asked.status == 403 and limited)
    return KeyCheck(KeyStatus.REFUSED if refused else KeyStatus.UNKNOWN, words)


def _has(body: bytes, member: str) -> bool:
    """Tell whether a body, which may have been cut, is an object with a member."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return len(body) >= _BODY and body.lstrip().startswith(b"{") and member.encode() in body
    return isinstance(value, dict) and member in value


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _root(error: BaseException) -> str:
    """Find the words of the operating system below those of the libraries."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]
    return " ".join(str(error).split())[:160] or type(error).__name__
