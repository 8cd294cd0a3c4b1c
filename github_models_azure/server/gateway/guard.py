"""Who may ask, and how much: keys and limits, and the judgement of a request's headers."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import errors
from .errors import ErrorAnswer
from .pages import is_own_host, is_own_origin, is_preflight

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
        self.local = not self._digests
        """Whether only peers of this machine are served; also where a loopback address is bound."""

    def refusal(
        self, method: str, path: str, headers: dict[bytes, bytes], peer: str | None
    ) -> ErrorAnswer | None:
        """Return why a request is refused; ``None`` where it may pass.

        :param peer: the address that it came from; ``None`` where there is none, as on a socket of
            the file system.
        """
        if self.local and peer is not None and _is_elsewhere(peer):
            return errors.strange_peer(peer)
        if not self._digests:
            return _refusal_of_strangers(headers)
        # A browser shows no key where it only asks what its page may send.
        if path in OPEN_PATHS or is_preflight(method, headers) or self._has_key(headers):
            return None
        return errors.wrong_key()

    def origin(self, path: str, headers: dict[bytes, bytes]) -> str | None:
        """Return the origin whose pages may read the answer; ``None`` where no page may.

        With a key it is any: a page that shows the key may ask, and all others read a refusal.
        """
        given = headers.get(b"origin", b"").decode("latin-1")
        if not given or path in OPEN_PATHS:
            return None
        return given if self._digests or is_own_origin(given) else None

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
    if not is_own_host(host):
        return errors.strange_host(host)
    if b"origin" in headers:
        origin = headers[b"origin"].decode("latin-1")
        if not is_own_origin(origin):
            return errors.strange_origin(origin)
    return None


def _is_elsewhere(peer: str) -> bool:
    """Return whether an address is another machine's; what is no address is nobody's."""
    try:
        found = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return not (mapped or found).is_loopback
