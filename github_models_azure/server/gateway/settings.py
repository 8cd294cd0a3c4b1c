"""What a gateway is set to, beside the settings of its clients."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

KEY_VARIABLE = "GITHUB_MODELS_GATEWAY_KEY"
MAX_BODY = 20_000_000
TIMEOUT = 600.0


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
        raise TypeError("api_key is a text, or several of them.")
    if any(not key.strip() for key in keys):
        raise ValueError("api_key is empty. Leave it out for a gateway without a key.")
    return tuple(key.strip() for key in keys)
