"""Which names of a host are this machine speaking to itself."""

from __future__ import annotations

import ipaddress

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` is this machine speaking to itself."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def numeric(host: str) -> str:
    """Return the address to bind for a host; a name could be resolved to several."""
    return "127.0.0.1" if host == "localhost" else host
