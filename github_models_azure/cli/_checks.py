"""The endpoints that a client would know, and which of them can be used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ._probe import Probe, probe_all

if TYPE_CHECKING:
    from .._settings import Settings
    from ..endpoints import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One endpoint: whether it is the default one, has a credential, is retired, was reached.

    ``credential`` says in words where the credential comes from; it holds no secret.
    ``asked_when_retired`` is the setting ``allow_retired``.
    """

    endpoint: Endpoint
    default: bool
    credential: str
    missing: bool
    retired: str | None
    asked_when_retired: bool = False
    probe: Probe | None = None

    @property
    def usable(self) -> bool:
        """Whether a request sent there may be answered."""
        given_up = self.retired is not None and not self.asked_when_retired
        return self.probe is not None and self.probe.serves and not self.missing and not given_up

    @property
    def state(self) -> str:
        """What is known of it, in words."""
        parts = [self.retired] if self.retired is not None else []
        if self.probe is not None:
            parts.append(str(self.probe))
        elif self.retired is not None:
            parts.append("not asked (--all asks)")
        return "; ".join(parts)


def known_endpoints(settings: Settings, token: str | None, *, demo: bool) -> tuple[Checked, ...]:
    """List the endpoints of the settings, the default one first.

    :param token: where the GitHub token comes from; ``None`` where there is none.
    :param demo: the token is the switch to the emulator, which is started.
    """
    from ..endpoints import endpoint_for
    from ..endpoints.presets import GITHUB_HOSTS

    own = endpoint_for(settings.endpoint, known=settings.endpoints)
    given = "GITHUB_MODELS_API_KEY or api_key" if settings.api_key else None
    if demo and own.credential is None and given is None and _host(own) in GITHUB_HOSTS:
        from ..server.emulator.demo import demo_endpoint

        own = demo_endpoint()
    today = datetime.now(timezone.utc).date()
    allow = settings.options.get("allow_retired") is True
    listed = []
    for endpoint in (own, *(e for e in settings.endpoints.values() if e.name != own.name)):
        default = endpoint is own
        words, missing = _credential(endpoint, token, given if default else None, default=default)
        listed.append(
            Checked(
                endpoint=endpoint,
                default=default,
                credential=words,
                missing=missing,
                retired=endpoint.gone(today),
                asked_when_retired=allow,
            )
        )
    return tuple(listed)


def check_all(known: Iterable[Checked], timeout: float, *, everything: bool) -> tuple[Checked, ...]:
    """Ask the endpoints that are alive as far as is known, or all of them.

    :param timeout: seconds for each; all are asked at once.
    """
    listed = tuple(known)
    asked = (one for one in listed if everything or one.asked_when_retired or not one.retired)
    probes = probe_all([one.endpoint for one in asked], timeout)
    return tuple(replace(one, probe=probes.get(one.endpoint.name)) for one in listed)


def _credential(
    endpoint: Endpoint, token: str | None, given: str | None, *, default: bool
) -> tuple[str, bool]:
    """Say where an endpoint's credential comes from, and whether one is missing."""
    from ..endpoints.presets import GITHUB_HOSTS

    own: Any = endpoint.credential
    if own is not None:
        message = getattr(own, "message", None)  # a key that the settings name and nobody set
        return (f"missing. {message}", True) if message else ("its own key", False)
    if given is not None:
        return given, False
    if _host(endpoint) in GITHUB_HOSTS or (default and endpoint.dialect.startswith("github")):
        return (f"GitHub token from {token}", False) if token else ("no GitHub token", True)
    return "none", False


def _host(endpoint: Endpoint) -> str:
    return endpoint.origin.partition("://")[2]
