"""The endpoints that a client would use, and which of them can be used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..credentials.keyring import entry_at, read_key
from ._probe import Probe, probe_all

if TYPE_CHECKING:
    from ..endpoints import Endpoint
    from ..settings.model import Settings


API_KEY = "GITHUB_MODELS_API_KEY"


@dataclass(frozen=True, slots=True)
class Credential:
    """Where an endpoint's credential comes from, in words that hold no secret."""

    words: str
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One endpoint: whether it is the default one, has a credential, is retired, was reached.

    ``asked_when_retired`` is the setting ``allow_retired``.
    """

    endpoint: Endpoint
    default: bool
    credential: Credential
    retired: str | None
    asked_when_retired: bool = False
    probe: Probe | None = None

    @property
    def successor(self) -> Endpoint | None:
        """What is asked in its place, because it is retired and has moved."""
        url = self.endpoint.moved_to
        if url is None or self.retired is None or self.asked_when_retired:
            return None
        return replace(self.endpoint, url=url, moved_to=None)

    @property
    def given_up(self) -> bool:
        """Whether a client would not ask it at all."""
        gone = self.retired is not None and not self.asked_when_retired
        return gone and self.successor is None

    @property
    def usable(self) -> bool:
        """Whether a request sent there may be answered."""
        reached = self.probe is not None and self.probe.serves
        return reached and not self.credential.missing and not self.given_up

    @property
    def state(self) -> str:
        """What is known of it, in words."""
        parts = [self.retired] if self.retired is not None else []
        if self.successor is not None:
            parts.append(f"moved to {self.successor.base_url()}")
        if self.probe is not None:
            parts.append(str(self.probe))
        elif self.given_up:
            parts.append("not asked (--all asks)")
        return "; ".join(parts)


def known_endpoints(
    settings: Settings, token: str | None, *, demo: bool, everything: bool
) -> tuple[Checked, ...]:
    """List the endpoints that matter here, the default one first.

    These are the default one, those of the settings, those that its model or its fallback name, and
    the services whose key is set.

    :param token: where the GitHub token comes from; ``None`` where there is none.
    :param demo: the token is the switch to the emulator, which is started.
    :param everything: list all that are known by name, too.
    """
    from ..endpoints import endpoint_for

    own = endpoint_for(settings.endpoint, known=settings.endpoints)
    unsigned = own.credential is None and not settings.api_key
    if demo and unsigned and own.on_github:
        from ..server.emulator.runner import demo_endpoint

        own = demo_endpoint()
    names = set(settings.endpoints) if everything else set(_used(settings))
    today = datetime.now(timezone.utc).date()
    others = (e for e in settings.endpoints.values() if e.name != own.name and e.name in names)
    return tuple(
        Checked(
            endpoint=endpoint,
            default=endpoint is own,
            credential=_credential(endpoint, settings, token, default=endpoint is own),
            retired=endpoint.gone(today),
            asked_when_retired=settings.options.get("allow_retired") is True,
        )
        for endpoint in (own, *others)
    )


def check_all(known: Iterable[Checked], timeout: float, *, everything: bool) -> tuple[Checked, ...]:
    """Ask the endpoints that a client would ask, or all of them; one that moved at its new URL.

    :param timeout: seconds for each; all are asked at once.
    """
    listed = tuple(known)
    asked = [one.successor or one.endpoint for one in listed if everything or not one.given_up]
    probes = probe_all(asked, timeout)
    return tuple(replace(one, probe=probes.get(one.endpoint.name)) for one in listed)


def _used(settings: Settings) -> Iterator[str]:
    """Yield the names of the endpoints that somebody declared, named or has a key for."""
    from ..endpoints import parse_target
    from ..endpoints.presets import PRESETS

    for name, endpoint in settings.endpoints.items():
        if endpoint is not PRESETS.get(name) or _has_key(endpoint):
            yield name
    fallback = settings.options.get("fallback")
    listed = fallback.values() if isinstance(fallback, Mapping) else [fallback]
    texts = [text for targets in listed if isinstance(targets, list) for text in targets]
    if settings.model is not None:
        texts.append(settings.model)
    for text in texts:
        target = parse_target(text, settings.endpoints)
        if target.endpoint is not None:
            yield target.endpoint.name


def _credential(
    endpoint: Endpoint, settings: Settings, token: str | None, *, default: bool
) -> Credential:
    """Say where an endpoint's credential comes from, and whether one is missing."""
    source = settings.sources.get(endpoint.name)
    # A key that the settings name and nobody set says so itself.
    missing = getattr(endpoint.credential, "message", None)
    if missing is not None:
        return Credential(f"missing. {missing}", missing=True)
    if source is not None:
        return _entra() if source.kind == "entra" else Credential(str(source))
    if endpoint.credential is not None:
        return Credential("its own key")
    if default and settings.api_key:
        if _is_set(API_KEY):
            return Credential(f"the environment variable {API_KEY}")
        return Credential(f"api_key in {settings.file}")
    if endpoint.key_variable is not None:
        return _of_variable(endpoint)
    if endpoint.anonymous:
        return Credential("none")
    if endpoint.on_github or (default and endpoint.dialect.is_github):
        found = Credential(f"GitHub token from {token}")
        return found if token else Credential("no GitHub token", missing=True)
    return Credential("none")


def _of_variable(endpoint: Endpoint) -> Credential:
    from ..endpoints.endpoint import is_loopback

    variable = endpoint.key_variable
    if _is_set(variable):
        return Credential(f"the environment variable {variable}")
    if is_loopback(endpoint.url):
        return Credential(f"none ({variable} is not set)")
    entry = entry_at(endpoint.name, endpoint.origin)
    if read_key(entry) is not None:
        return Credential(f"the keyring entry {entry}")
    return Credential(f"missing. Set {variable}.", missing=True)


def _entra() -> Credential:
    try:
        installed = find_spec("azure.identity") is not None
    except (ModuleNotFoundError, ValueError):
        installed = False
    if installed:
        return Credential("entra")
    return Credential(
        'missing. entra wants: pip install "github-models-azure[entra]".', missing=True
    )


def _has_key(endpoint: Endpoint) -> bool:
    """Tell whether somebody set the variable of a service, or stored a key for it."""
    if endpoint.key_variable is None:
        return False
    stored = entry_at(endpoint.name, endpoint.origin)
    return _is_set(endpoint.key_variable) or read_key(stored) is not None


def _is_set(variable: str | None) -> bool:
    return variable is not None and bool(os.environ.get(variable, "").strip())
