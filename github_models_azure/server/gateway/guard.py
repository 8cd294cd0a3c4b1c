"""Who may ask, and how much: keys and limits, and the judgement of a request's headers."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..._core.hosts import is_loopback_host
from . import errors
from .errors import ErrorAnswer

KEY_VARIABLE = "GITHUB_MODELS_GATEWAY_KEY"
MAX_BODY = 20_000_000
TIMEOUT = 600.0
OPEN_PATHS = frozenset({"/healthz"})
"""What a load balancer asks for; it has no key."""

_BEARER = b"bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Keys and limits; every value is checked here.

    ``keys`` are those that callers may show; none at all serves callers of this machine only.
    ``timeout`` is in seconds and bounds a whole call, streams included. ``max_body`` is in bytes.
    ``max_concurrent`` bounds the calls that run at once; ``None`` sets no bound.
    """

    keys: tuple[str, ...] = field(default=(), repr=False)
    timeout: float = TIMEOUT
    max_body: int = MAX_BODY
    max_concurrent: int | None = None

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ValueError(f"timeout is more than 0 seconds, not {self.timeout!r}.")
        if self.max_body < 1:
            raise ValueError(f"max_body is at least 1 byte, not {self.max_body!r}.")
        if self.max_concurrent is not None and self.max_concurrent < 1:
            raise ValueError(f"max_concurrent is at least 1 call, not {self.max_concurrent!r}.")


def keys_of(api_key: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the keys that callers may show.

    :param api_key: one or several; ``None`` for that of the environment, if it is set there.
    :raises ValueError: for an empty key, which everybody would know.
    """
    if api_key is None:
        found = os.environ.get(KEY_VARIABLE, "").strip()
        return (found,) if found else ()
    keys = (api_key,) if isinstance(api_key, str) else tuple(api_key)
    if any(not isinstance(key, str) for key in keys):
        raise TypeError("api_key is a string, or several of them.")
    if any(not key.strip() for key in keys):
        raise ValueError("api_key is empty. Leave it out for a gateway without a key.")
    return tuple(key.strip() for key in keys)


class Guard:
    """Judges a request by its headers: who has a key may ask, or without any key this machine.

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
