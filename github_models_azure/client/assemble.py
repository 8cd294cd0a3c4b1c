"""What the constructors of all clients share: from arguments and settings to a wired pipeline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..credentials.keys import Credential
from ..endpoints import Endpoint
from ..exceptions import CredentialUnavailableError, SettingsError
from ..policies.logged import HeadLoggingPolicy, TracePolicy
from ..policies.options import CLIENT_NAMES, CORE_NAMES
from ..registry import ModelRegistry, OverlayError, default_registry
from ..registry.refresh import refreshed_at
from ..settings.load import load_settings
from ..settings.model import Settings
from ..settings.own_endpoint import (
    Signing,
    own_endpoint,
    signed_endpoints,
    stand_in,
    warnings_of,
)
from . import calls as _calls  # noqa: F401  # what every call needs loads with the first client
from .startup import StartupCheck

_LOGGER = logging.getLogger(__name__)
_WARNED: set[str] = set()
_TRANSPORT_OPTIONS = (
    "connection_timeout", "read_timeout", "connection_verify", "connection_cert",
    "connection_data_block_size", "session", "session_owner", "use_env_settings", "loop",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parts:
    """The classes that the sync and the async clients differ in."""

    fallback_policy: Callable[..., Any]
    authentication_policy: Callable[..., Any]
    github_credential: Callable[..., Any]
    entra_credential: Callable[..., Any]
    transport: Callable[..., Any]
    check_policy: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Wired:
    """What a client is made of: what the SDK's constructor is called with, and more.

    ``entra`` is closed with the client; ``policy`` is the fallback policy.
    """

    url: str
    credential: object
    model: str | None
    keywords: dict[str, Any]
    entra: Any
    check: StartupCheck | None
    policy: Any


@dataclass(frozen=True, slots=True)
class NoCredential:
    """Takes the place of a credential in the SDK's constructor, which insists on one."""

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Never called: the authentication policy signs nothing for this endpoint."""
        raise CredentialUnavailableError("This endpoint was declared without a credential.")


def wire(
    parts: Parts,
    endpoint: str | Endpoint | None,
    credential: Credential | None,
    model: str | None,
    options: Mapping[str, Any],
    keywords: dict[str, Any],
    *,
    validate: bool = False,
    serves: str = "chat",
) -> Wired:
    """Resolve what a client is made of.

    :param options: the keywords of the fallback policy that were given.
    :param keywords: what else the caller gave; goes on to the SDK.
    :param validate: whether the own endpoint is asked about its credential before anything else.
    :param serves: the route that its calls take: ``chat``, ``embeddings``, ``image_embeddings``.
    """
    settings = load_settings(decided=endpoint is not None or credential is not None)
    if serves != "chat":
        settings = settings.for_vectors(texts=serves == "embeddings")
    warn_once(settings.warnings)
    entra = parts.entra_credential()
    signing = Signing(parts.github_credential, entra)
    signed = own_endpoint(settings, endpoint, credential, signing)
    warn_once(signed.warnings)
    signed = signed.started()
    known = signed_endpoints(settings, signed, signing)
    policy_options = {**settings.retries, **_policy_options(settings, options)}
    listed = _endpoints_in(policy_options.get("fallback"))
    warn_once(warnings_of(settings, listed))
    own = signed.endpoint
    endpoints = {
        name: (one.started() if name in listed else one).endpoint for name, one in known.items()
    }
    policy_options.update({name: keywords[name] for name in CORE_NAMES & keywords.keys()})
    fallback = policy_options.pop("fallback", "tier")
    policy = parts.fallback_policy(
        fallback, endpoint=own, endpoints=endpoints, stand_in=stand_in(known), **policy_options
    )
    keywords = dict(keywords)
    check = StartupCheck(own) if validate else None
    checks = [] if check is None else [parts.check_policy(check)]
    keywords["per_call_policies"] = [*_listed(keywords.get("per_call_policies")), *checks, policy]
    for name, value in settings.call.items():
        if keywords.get(name) is None:
            keywords[name] = value
    signs = own.credential or NoCredential()
    if keywords.get("authentication_policy") is not None:
        signs = NoCredential()  # or the SDK sends the key as api-key beside what the policy signs
    else:
        scopes = keywords.get("credential_scopes")
        keywords["authentication_policy"] = parts.authentication_policy(
            own, credential_scopes=scopes
        )
    if keywords.get("logging_policy") is None:
        keywords["logging_policy"] = TracePolicy(**keywords)
    if keywords.get("http_logging_policy") is None:
        keywords["http_logging_policy"] = HeadLoggingPolicy(**keywords)
    if keywords.get("transport") is None:
        given = {name: keywords[name] for name in _TRANSPORT_OPTIONS if name in keywords}
        keywords["transport"] = parts.transport(**given)
    chosen = model or settings.model
    return Wired(own.url, signs, chosen, keywords, entra, check, policy)


def warn_once(warnings: tuple[str, ...]) -> None:
    """Log each warning once in a process."""
    for text in warnings:
        if text not in _WARNED:
            _WARNED.add(text)
            _LOGGER.warning("%s", text)


def _policy_options(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    options = {**settings.options, **given}
    if options.get("registry") is None:
        options["registry"] = _registry(settings)
    return {name: value for name, value in options.items() if name in CLIENT_NAMES}


def _endpoints_in(fallback: object) -> set[str]:
    """Return the first parts of the targets, among them the names of endpoints."""
    lists = list(fallback.values()) if isinstance(fallback, Mapping) else [fallback]
    targets = [one for many in lists if isinstance(many, list | tuple) for one in many]
    return {one.partition("/")[0] for one in targets if isinstance(one, str)}


@lru_cache(maxsize=1)
def _refreshed_registry(moment: int) -> ModelRegistry:
    """Load the user's refreshed catalogue once for each time it was refreshed."""
    return ModelRegistry.load()


def _registry(settings: Settings) -> ModelRegistry:
    moment = refreshed_at()
    registry = default_registry() if moment is None else _refreshed_registry(moment)
    if settings.overlays or settings.tiers:
        try:
            registry = registry.with_overlay(settings.overlays, tiers=settings.tiers)
        except OverlayError as error:
            raise SettingsError(f"{error}\n(from {settings.file or 'the environment'})") from error
    return registry


def _listed(policies: Any) -> list[Any]:
    if policies is None:
        return []
    return list(policies) if isinstance(policies, list | tuple) else [policies]
