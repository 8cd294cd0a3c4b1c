"""Where the calls of a gateway may lead: endpoints that callers can name, and never back to it."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from ..._core.trust import BY_USER
from ...endpoints import Endpoint
from ...endpoints.presets import PRESETS
from ...policies.names import listed_target, named_target
from ...policies.options import FallbackSettings
from ...policies.outgoing import HOPS
from ...settings.model import Settings
from . import errors
from .errors import ErrorAnswer

_PORTS = {"http": 80, "https": 443}
_MOST_HOPS = 8
_HOP = re.compile(r"[0-9a-f]{16}")

Resolve = Callable[..., Iterable[tuple[Any, ...]]]
"""``socket.getaddrinfo``, or what stands in for it."""


def declared(settings: Settings) -> frozenset[str]:
    """Return the names of the endpoints that settings declare and callers may therefore name.

    A preset counts if the settings change it. What a file says that was found and not trusted
    does not count: who can put a file into a folder cannot open the gateway to an address.
    """
    by = settings.endpoints_by
    return frozenset(
        name
        for name, one in settings.endpoints.items()
        if one is not PRESETS.get(name) and not by.get(name, BY_USER).is_found
    )


class Reach:
    """The endpoints that a gateway asks of its own accord, and those that its callers can name.

    :param settings: those of the client that asks.
    :param model: the model that is asked for where a request names none.
    :param named: the names that callers can use beside those of the route.
    """

    def __init__(self, settings: FallbackSettings, model: str | None, named: Iterable[str]) -> None:
        self._settings, self._model = settings, model
        self.route = {_place(one): one for one in self._on_route()}
        self.named = {name: settings.endpoints[name] for name in named}

    @property
    def _own(self) -> Endpoint:
        own = self._settings.endpoint
        if own is None:  # pragma: no cover - clients always have one
            raise RuntimeError("the client has no endpoint")
        return own

    def refusal(self, model: str | None) -> ErrorAnswer | None:
        """Return why a caller's model is not asked for; ``None`` if it may be."""
        if model is None:
            return None
        own = self._own
        endpoint, _ = named_target(self._settings, own, model)
        if endpoint is own or _place(endpoint) in self.route or endpoint.name in self.named:
            return None
        if endpoint.on_github and own.on_github:  # one service under two addresses
            return None
        return errors.strange_endpoint(endpoint.name)

    def keep_off(self, host: str, port: int, resolve: Resolve = socket.getaddrinfo) -> list[str]:
        """See to it that no call leads to an address, which is the gateway's own.

        Names that lead there cannot be used any more; they are returned.

        :raises ValueError: if an endpoint of the route leads there.
        """
        for endpoint in self.route.values():
            if leads_to(endpoint.url, host, port, resolve):
                raise ValueError(
                    "The gateway would ask itself: its own settings send calls to "
                    f"{endpoint.origin}. Give it the endpoint behind it, and let only its "
                    "callers' settings (LLM_BASE_URL, GITHUB_MODELS_ENDPOINT) name the gateway."
                )
        gone = [n for n, one in self.named.items() if leads_to(one.url, host, port, resolve)]
        for name in gone:
            del self.named[name]
        return gone

    def _on_route(self) -> Iterator[Endpoint]:
        settings, own = self._settings, self._own
        yield own
        fallback = settings.fallback
        names = [self._model]
        if isinstance(fallback, dict):
            names += [name for name in fallback if name != "*"]
        for name in names:
            yield named_target(settings, own, name)[0]
        lists = fallback.values() if isinstance(fallback, dict) else [fallback]
        for targets in lists:
            for target in targets if isinstance(targets, tuple) else ():
                yield listed_target(settings, own, target)[0]


def _place(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.name, endpoint.url


def leads_to(url: str, host: str, port: int, resolve: Resolve = socket.getaddrinfo) -> bool:
    """Return whether a URL is an address of this machine, in whatever spelling.

    Names are looked up only if the port is the same.

    :param host: the numeric address that is listened on, or that which stands for all.
    """
    parts = urlsplit(url)
    if (parts.port or _PORTS.get(parts.scheme.lower())) != port:
        return False
    try:
        found = resolve(unquote(parts.hostname or ""), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # it cannot be asked either
        return False
    own = _address(host)
    return any(_is_at(_address(entry[4][0]), own) for entry in found)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> _Address:
    found = ipaddress.ip_address(text)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_at(address: _Address, own: _Address) -> bool:
    if address == own:
        return True
    if own.is_unspecified:
        return address.is_unspecified or address.is_loopback or _is_of_this_machine(address)
    # Whoever connects to 0.0.0.0 arrives at 127.0.0.1.
    return address.is_unspecified and own.is_loopback


def _is_of_this_machine(address: _Address) -> bool:
    """Return whether an address is one of this machine's: only then can it be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class Hops:
    """The header by which gateways tell each other, through any server, that they were passed.

    Each adds a number of its own, made at random; one that finds its own is in a circle.
    """

    def __init__(self, own: str | None = None) -> None:
        self._own = own or os.urandom(8).hex()

    def refusal(self, given: str) -> ErrorAnswer | None:
        """Return why a request is refused: it has been here, or passed too many."""
        if not given:
            return None
        passed = _split(given)
        sound = all(map(_HOP.fullmatch, passed)) and len(passed) < _MOST_HOPS
        return None if sound and self._own not in passed else errors.loop()

    def header(self, given: str) -> tuple[str, str]:
        """Return the header of the request upstream.

        :param given: what the caller sent in it, if anything.
        """
        return HOPS, ", ".join([*_split(given), self._own])


def _split(given: str) -> list[str]:
    return [part.strip() for part in given.split(",")] if given else []
