"""The endpoints that a client would use, and which of them can be used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..credentials.keys import MissingKey, StoredKey, entry_at, read_key
from ._probe import Probe, probe_all

if TYPE_CHECKING:
    from ..endpoints import Endpoint
    from ..settings.model import Settings
    from ..settings.own_endpoint import Signed


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
    settings: Settings, token: str | None, *, everything: bool
) -> tuple[Checked, ...]:
    """List the endpoints that matter here, the default one first.

    These are the default one, those of the settings, those that its model or its fallback name, and
    the services whose key is set. The emulator is started for the demo token.

    :param token: where the GitHub token comes from; ``None`` if there is none.
    :param everything: list all that are known by name, too.
    """
    from ..settings.own_endpoint import own_endpoint, signed_endpoints

    own = own_endpoint(settings).started()
    names = set(settings.endpoints) if everything else set(_used(settings))
    today = datetime.now(timezone.utc).date()
    known = signed_endpoints(settings, own)
    others = (one for name, one in known.items() if one is not own and name in names)
    return tuple(
        Checked(
            endpoint=one.endpoint,
            default=one is own,
            credential=_credential(one, token),
            retired=one.endpoint.gone(today),
            asked_when_retired=settings.options.get("allow_retired") is True,
        )
        for one in (own, *others)
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


def _credential(signed: Signed, token: str | None) -> Credential:
    """Say where an endpoint's credential comes from, and whether one is missing."""
    credential, source = signed.endpoint.credential, signed.source
    variable = signed.endpoint.key_variable
    if isinstance(credential, MissingKey):  # the settings name it, and it is not set
        return Credential(f"missing. {credential.message}", missing=True)
    if isinstance(credential, StoredKey) and read_key(credential.entry) is None:
        return Credential(f"missing. Set {variable}.", missing=True)
    if source.kind == "entra":
        return _entra()
    if source.kind == "github":
        found = Credential(f"GitHub token from {token}")
        return found if token else Credential("no GitHub token", missing=True)
    if source.kind == "none" and variable is not None:
        return Credential(f"none ({variable} is not set)")
    return Credential(str(source))


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
