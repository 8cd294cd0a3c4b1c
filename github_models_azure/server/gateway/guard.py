"""Who may ask: callers with a key, or without any key the programs of this machine."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..._core.hosts import is_loopback_host
from . import errors
from .errors import ErrorAnswer

OPEN_PATHS = frozenset({"/healthz"})
"""What a load balancer asks for; it has no key."""

_BEARER = b"bearer "


class Guard:
    """Judges a request by its headers.

    Without a key a web page must not reach the gateway through its reader's browser: neither from
    its own origin, nor under a name of its own that was made to mean 127.0.0.1.

    :param keys: those that callers may show.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [_digest(key.encode()) for key in keys]

    def refusal(self, path: str, headers: dict[bytes, bytes]) -> ErrorAnswer | None:
        """Return why a request is refused; ``None`` where it may pass."""
        if not self._digests:
            return _refusal_of_strangers(headers)
        if path in OPEN_PATHS or self._has_key(headers):
            return None
        return errors.wrong_key()

    def _has_key(self, headers: dict[bytes, bytes]) -> bool:
        given = [headers.get(b"api-key", b"")]
        authorization = headers.get(b"authorization", b"")
        if authorization[: len(_BEARER)].lower() == _BEARER:
            given.append(authorization[len(_BEARER) :])
        digests = [_digest(key.strip()) for key in given]
        # Every pair is compared, each in constant time: how long it takes tells nothing.
        found = [hmac.compare_digest(own, one) for own in self._digests for one in digests]
        return any(found)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _refusal_of_strangers(headers: dict[bytes, bytes]) -> ErrorAnswer | None:
    host = headers.get(b"host", b"").decode("latin-1")
    if not is_loopback_host(_name(f"//{host}")):
        return errors.strange_host(host)
    if b"origin" in headers:
        origin = headers[b"origin"].decode("latin-1")
        if not is_loopback_host(_name(origin)):
            return errors.strange_origin(origin)
    return None


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
