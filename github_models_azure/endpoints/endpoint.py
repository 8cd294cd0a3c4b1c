"""One endpoint: a base URL, the dialect it speaks and the credential that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .._core.bounded import LONGEST_URL
from .._core.failure.redact import without_login
from .._core.hosts import GITHUB_HOSTS
from .._core.hosts import is_loopback as is_loopback
from .._core.request.defaults import NO_DEFAULTS, Defaults
from .._core.request.extras import checked_members, checked_seconds
from .._core.request.fit import SDK
from .dialects import Dialect, dialect_of

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CREDENTIAL_HEADERS = frozenset({"authorization", "api-key", "cookie", "proxy-authorization"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, init=False)
class Endpoint:
    """A base URL that answers inference requests.

    :param name: how targets name it: ``name/model-id``.
    :param url: the base URL, without ``/chat/completions``.
    :param credential: a key, a token credential, or ``None`` for an endpoint that needs none; only
        GitHub's own hosts are then sent the GitHub token.
    :param dialect: what its wire format needs: a name of :data:`DIALECTS` or a :class:`Dialect`;
        left out, nothing is known and the SDK's own requests are sent.
    :param retired_on: the day from which it is known to be gone.
    :param successor: what to use in its place, one sentence.
    :param anonymous: send no credential, not even the GitHub token to GitHub's hosts.
    :param headers: sent with every request to its origin, and to no other.
    :param moved_to: the base URL on the same origin that serves once this one is gone.
    :param key_variable: the environment variable from which clients take a key when no credential
        is given.
    :param defaults: what calls to it say unless the caller says otherwise.
    :param extra_body: members of every body that is sent there, such as
        ``{"safe_prompt": True}``; a caller's own member goes before.
    :param timeout: seconds that one attempt there may take; a smaller limit of the call rules.
    :raises ValueError: for a URL without ``http(s)://`` and a host, an unknown dialect, a header
        that the dialect requires and that is not there, a member that no settings may say.
    :raises TypeError: for a member that is not JSON, or a timeout that is not a number.
    """

    name: str
    url: str
    credential: Any = field(default=None, repr=False)
    dialect: Dialect = SDK
    retired_on: date | None = None
    successor: str | None = None
    anonymous: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    moved_to: str | None = None
    key_variable: str | None = None
    defaults: Defaults = NO_DEFAULTS
    extra_body: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)
    timeout: float | None = None
    origin: str = field(init=False, repr=False, compare=False)
    """Scheme, host and port: what a credential belongs to."""

    def __init__(  # a name is taken for a dialect, which a generated one could not say
        self,
        name: str,
        url: str,
        credential: object = None,
        dialect: str | Dialect = SDK,
        retired_on: date | None = None,
        successor: str | None = None,
        anonymous: bool = False,
        headers: Mapping[str, str] = _NO_HEADERS,
        moved_to: str | None = None,
        key_variable: str | None = None,
        defaults: Defaults = NO_DEFAULTS,
        extra_body: Mapping[str, object] = _NO_HEADERS,
        timeout: float | None = None,
    ) -> None:
        values = {
            "name": name,
            "url": url,
            "credential": credential,
            "dialect": dialect_of(dialect),
            "retired_on": retired_on,
            "successor": successor,
            "anonymous": anonymous,
            "headers": dict(headers),
            "moved_to": moved_to,
            "key_variable": key_variable,
            "defaults": defaults,
            "extra_body": _checked(name, checked_members, extra_body),
            "timeout": None if timeout is None else _checked(name, checked_seconds, timeout),
            "origin": origin_of(url),
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)
        _check_url(name, url)
        _check_headers(self)
        if moved_to is not None and origin_of(moved_to) != self.origin:
            raise ValueError(
                f"The endpoint {name!r} moves to {without_query(moved_to)!r}, another origin than "
                "its own, where its credential must not go. Declare an endpoint for that one."
            )

    def __repr__(self) -> str:
        """Show what tells it apart; a query may hold a key as well as the credential is one."""
        return f"Endpoint({self.name!r}, {self.base_url()!r}, dialect={self.dialect.name!r})"

    @property
    def terms(self) -> Defaults:
        """All that the settings say of calls to it."""
        if not self.extra_body and self.timeout is None:
            return self.defaults
        return replace(self.defaults, extra_body=self.extra_body, timeout=self.timeout)

    @property
    def on_github(self) -> bool:
        """Whether it is on one of GitHub's own hosts, which take the GitHub token."""
        return self.origin.partition("://")[2] in GITHUB_HOSTS

    def base_url(self) -> str:
        """Give the URL without trailing slashes, fragment and query."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")

    def gone(self, today: date) -> str | None:
        """Say why the endpoint is not asked any more; ``None`` while it may answer."""
        if self.retired_on is None or today < self.retired_on:
            return None
        return f"{self.origin} was retired on {self.retired_on.isoformat()}"


def with_credential(endpoint: Endpoint, credential: object) -> Endpoint:
    """Return an endpoint with another credential; the rest of it was checked before."""
    made = copy(endpoint)
    object.__setattr__(made, "credential", credential)
    return made


def _checked(name: str, check: Callable[[object], object], value: object) -> object:
    try:
        return check(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"The endpoint {name!r}: {error}") from error


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address
        parts = SplitResult("", "", "", "", "")
    if "@" in parts.netloc or _has_login(url, parts):
        place = f" on {parts.hostname}" if "@" in parts.netloc else ""
        raise ValueError(
            f"The URL of the endpoint {name!r}{place} carries a user name or "
            "password. Pass the key as credential instead."
        )
    host = parts.hostname or "\\"
    if parts.scheme not in _DEFAULT_PORTS or "\\" in host or not _has_valid_port(parts):
        raise ValueError(
            f"The endpoint URL {without_query(url)!r} has no http(s) scheme and host, or a wrong "
            "port. "
            "Give a base URL such as https://models.github.ai/inference."
        )


def _check_headers(endpoint: Endpoint) -> None:
    headers: Mapping[str, object] = endpoint.headers
    for name, value in headers.items():
        sound = isinstance(value, str) and value.isascii() and value.isprintable()
        if not (sound and _HEADER_NAME.fullmatch(name)):
            raise ValueError(
                f"The header {name!r:.60} of the endpoint {endpoint.name!r} cannot be sent: names "
                "are letters, digits and dashes, values printable ASCII."
            )
        if name.lower() in _CREDENTIAL_HEADERS:
            raise ValueError(
                f"The header {name!r} of the endpoint {endpoint.name!r} is a credential. "
                "Pass it as credential, so that it can be bound to its origin."
            )
    given = {name.lower() for name, value in endpoint.headers.items() if value.strip()}
    for name in endpoint.dialect.required_headers:
        if name.lower() not in given:
            raise ValueError(
                f"The endpoint {endpoint.name!r} speaks {endpoint.dialect}, which needs the header "
                f"{name}. Give it as headers={{{name!r}: ...}}; only you know its value."
            )


def _has_login(url: str, parts: SplitResult) -> bool:
    """Tell a password with a slash in it, whose head looks like a port, from an @ in a path."""
    if without_login(url) == url:
        return False
    host = parts.hostname or ""
    return not _has_valid_port(parts) or not ("." in host or ":" in host or host == "localhost")


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def without_query(url: str) -> str:
    """Give what may be shown of a URL: its query may hold a key, and a login a password."""
    return without_login(url).partition("?")[0]


def origin_of(url: str) -> str:
    """Give scheme, host and port of a URL, the default port left out, in lower case.

    What libraries read in two ways, or in none, has an origin that no endpoint has.
    """
    return _origin_of(url) if len(url) <= LONGEST_URL else _origin_of.__wrapped__(url)


@lru_cache(maxsize=512)  # asked several times a call, of the same few URLs
def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address
        return without_query(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    # To requests a backslash ends the host, to urlsplit whatever follows its @ is the host.
    if "\\" in parts.netloc:
        return f"{scheme}://{parts.netloc}"
    shown = f"[{host}]" if ":" in host else host
    try:
        port = parts.port
    except ValueError:
        port = None
    if port is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{shown}"
    return f"{scheme}://{shown}:{port}"


def no_proxies_for(url: str) -> dict[str, Any] | None:
    """Give what keeps requests from asking a proxy of the environment for this machine.

    A key may go there in clear text, and must not pass another machine on its way.
    """
    return dict.fromkeys(("http", "https", "all")) if is_loopback(url) else None
