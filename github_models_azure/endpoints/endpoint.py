"""One endpoint: a base URL, the dialect it speaks and the credential that belongs to it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL that answers inference requests.

    :param name: how targets name it: ``name/model-id``.
    :param url: the base URL, without ``/chat/completions``.
    :param credential: a key, a token credential, or ``None`` for an endpoint that needs none; only
        GitHub's own hosts are then sent the GitHub token.
    :param dialect: ``github`` where GitHub Models' tiers and caps are known to hold,
        ``github-legacy`` where moreover models go by their old bare names, ``openai-v1`` where the
        query ``api-version`` is refused, else ``unknown``.
    :param retired_on: the day from which it is known to be gone.
    :param successor: what to use in its place, one sentence.
    :param anonymous: send no credential, not even the GitHub token to GitHub's hosts.
    :raises ValueError: for a URL without ``http(s)://`` and a host.
    """

    name: str
    url: str
    credential: Any = field(default=None, repr=False)
    dialect: str = "unknown"
    retired_on: date | None = None
    successor: str | None = None
    anonymous: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if "@" in parts.netloc:
            raise ValueError(
                f"The URL of the endpoint {self.name!r} on {parts.hostname} carries a user name or "
                "password. Pass the key as credential instead."
            )
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not _has_valid_port(parts):
            raise ValueError(
                f"The endpoint URL {self.url!r} has no http(s) scheme and host, or a wrong port. "
                "Give a base URL such as https://models.github.ai/inference."
            )

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a credential belongs to."""
        return origin_of(self.url)

    def base_url(self) -> str:
        """Give the URL without trailing slashes, fragment and query."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")

    def gone(self, today: date) -> str | None:
        """Say why the endpoint is not asked any more; ``None`` while it may answer."""
        if self.retired_on is None or today < self.retired_on:
            return None
        return f"{self.origin} was retired on {self.retired_on.isoformat()}"


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


@lru_cache(maxsize=512)  # asked several times a call, of the same few URLs
def origin_of(url: str) -> str:
    """Give scheme, host and port of a URL, the default port left out, in lower case."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    try:
        port = parts.port
    except ValueError:
        port = None
    if port is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{shown}"
    return f"{scheme}://{shown}:{port}"


@lru_cache(maxsize=512)
def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine, so that a key on cleartext goes nowhere."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
