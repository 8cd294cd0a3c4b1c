"""Where URLs and hosts lead: to this machine, to GitHub, or elsewhere."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from .bounded import LONGEST_URL

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
GITHUB_HOSTS = frozenset({"models.github.ai", "models.inference.ai.azure.com", "api.github.com"})
"""The hosts that a GitHub token may be sent to."""


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine, so that a key on cleartext goes nowhere.

    Names below ``localhost`` do not count: what they lead to is up to whoever resolves them.
    """
    return _is_loopback(url) if len(url) <= LONGEST_URL else _is_loopback.__wrapped__(url)


@lru_cache(maxsize=512)
def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    if "\\" in parts.netloc:  # another host to requests than to us
        return False
    return is_loopback_host((parts.hostname or "").lower())


def is_loopback_host(host: str) -> bool:
    """Return whether a host, such as that of a request, is this machine; a strict reading."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
