"""Which hosts and origins a request may name, and what the pages of an allowed origin are told."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..._core.hosts import is_loopback_host

_PORT = r"(?::(?P<port>[0-9]{1,5}))?"
_NAME = r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)"
_HOST = re.compile(_NAME + _PORT, re.IGNORECASE)
_ORIGIN = re.compile(r"https?://" + _NAME + _PORT, re.IGNORECASE)
_HEADERS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_SHOWN = ", ".join(
    (
        "retry-after", "x-emulated-by", "x-github-models-attempts", "x-github-models-fell-back",
        "x-github-models-requested", "x-github-models-served-by", "x-request-id", "x-should-retry",
    )
)  # fmt: skip
_SECONDS = 600


def is_own_host(value: str) -> bool:
    """Return whether a ``Host`` header is a loopback name or address, and nothing besides.

    Its port may be another one than the gateway's: a tunnel or a container has its own.
    """
    return _is_loopback(_HOST.fullmatch(value))


def is_own_origin(value: str) -> bool:
    """Return whether an ``Origin`` header is that of a page of this machine, and nothing besides.

    An origin is a scheme, a host and perhaps a port (RFC 6454): no user, no path.
    """
    return _is_loopback(_ORIGIN.fullmatch(value))


def _is_loopback(found: re.Match[str] | None) -> bool:
    if found is None or int(found["port"] or 0) > 65535:
        return False
    name = found["host"].lower()
    # Only an address in brackets is IPv6, and no other stands in them.
    return (name[0] == "[") == (":" in name) and is_loopback_host(name.strip("[]"))


def origin_headers(origin: str) -> list[tuple[str, str]]:
    """Return the headers that let the pages of an allowed origin read an answer."""
    return [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", _SHOWN),
        ("vary", "Origin"),
    ]


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a browser asks what a page may send (Fetch Standard, "CORS protocol")."""
    wanted = b"origin" in headers and b"access-control-request-method" in headers
    return method == "OPTIONS" and wanted


def preflight_headers(headers: Mapping[bytes, bytes]) -> list[tuple[str, str]]:
    """Return what a browser is told: its page may send what the gateway takes."""
    told = [
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-max-age", str(_SECONDS)),
    ]
    wanted = headers.get(b"access-control-request-headers", b"").decode("latin-1").strip()
    if _HEADERS.fullmatch(wanted):
        told.append(("access-control-allow-headers", wanted))
    # What Chrome asks before a page of the Internet may reach a private network.
    if headers.get(b"access-control-request-private-network") == b"true":
        told.append(("access-control-allow-private-network", "true"))
    return told
