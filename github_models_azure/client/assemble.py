"""What the constructors of all clients share: from arguments and settings to a wired pipeline."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from azure.core.credentials import AzureKeyCredential

from ..credentials.entra import Entra, EntraCredential
from ..credentials.github import DEMO_TOKEN, GitHubTokenCredential
from ..credentials.keyring import entry_at
from ..credentials.keys import StoredKey
from ..endpoints import Endpoint, endpoint_for
from ..endpoints.endpoint import is_loopback
from ..exceptions import CredentialUnavailableError, SettingsError
from ..policies.options import CORE_NAMES, OPTION_NAMES
from ..policies.outgoing import TracePolicy
from ..registry import ModelRegistry, OverlayError, default_registry
from ..registry.refresh import refreshed_at
from ..settings.load import load_settings
from ..settings.model import Settings
from . import calls as _calls  # noqa: F401  # what every call needs loads with the first client
from .startup import AsyncStartupCheckPolicy, StartupCheck, StartupCheckPolicy
from .transport import async_transport, sync_transport

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
    """What the SDK's constructor is called with, and the credential that the client closes.

    ``policy`` is the fallback policy.
    """

    url: str
    credential: Any
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


def _parts(is_async: bool) -> Parts:
    if is_async:
        from ..aio._credentials import EntraCredential as AsyncEntraCredential
        from ..aio._credentials import GitHubTokenCredential as AsyncGitHubTokenCredential
        from ..policies import AsyncFallbackPolicy, AsyncTargetAuthenticationPolicy

        return Parts(
            AsyncFallbackPolicy,
            AsyncTargetAuthenticationPolicy,
            AsyncGitHubTokenCredential,
            AsyncEntraCredential,
            async_transport,
            AsyncStartupCheckPolicy,
        )
    from ..policies import FallbackPolicy, TargetAuthenticationPolicy

    return Parts(
        FallbackPolicy,
        TargetAuthenticationPolicy,
        GitHubTokenCredential,
        EntraCredential,
        sync_transport,
        StartupCheckPolicy,
    )


def wire(
    is_async: bool,
    endpoint: str | Endpoint | None,
    credential: Any,
    model: str | None,
    options: Mapping[str, Any],
    keywords: dict[str, Any],
    *,
    validate: bool = False,
    chats: bool = True,
) -> Wired:
    """Resolve what a client is made of.

    :param options: the keywords of the fallback policy that were given.
    :param keywords: what else the caller gave; goes on to the SDK.
    :param validate: whether the own endpoint is asked about its credential before anything else.
    :param chats: whether its calls are chat completions.
    """
    settings = load_settings(decided=endpoint is not None or credential is not None)
    parts, settings = _parts(is_async), settings if chats else settings.for_vectors()
    entra = parts.entra_credential()
    own = _own_endpoint(parts, settings, endpoint, credential)
    own = _with_key(own, entra)
    known = {**settings.endpoints, own.name: own}
    endpoints = {name: _with_key(endpoint, entra) for name, endpoint in known.items()}
    policy_options = {**settings.retries, **_policy_options(settings, options)}
    policy_options.update({name: keywords[name] for name in CORE_NAMES & keywords.keys()})
    fallback = policy_options.pop("fallback", "tier")
    endpoints = _share_token(parts, endpoints, own)
    policy = parts.fallback_policy(fallback, endpoint=own, endpoints=endpoints, **policy_options)
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
    if keywords.get("transport") is None:
        given = {name: keywords[name] for name in _TRANSPORT_OPTIONS if name in keywords}
        keywords["transport"] = parts.transport(**given)
    chosen = model or settings.model
    return Wired(own.url, signs, chosen, keywords, entra, check, policy)


def _own_endpoint(
    parts: Parts, settings: Settings, endpoint: str | Endpoint | None, credential: Any
) -> Endpoint:
    if isinstance(credential, str):
        if not credential.strip():
            raise ValueError("The credential is an empty text. Leave it out to have it looked up.")
        credential = AzureKeyCredential(credential.strip())
    if not isinstance(endpoint, str | Endpoint | None):
        raise TypeError(f"endpoint is a URL, a name or an Endpoint, not {type(endpoint).__name__}.")
    if not (
        credential is None or isinstance(credential, AzureKeyCredential) or _fetches(credential)
    ):
        raise TypeError(
            "credential is a key as text, an AzureKeyCredential or a token credential, not "
            f"{type(credential).__name__}."
        )
    given = endpoint if endpoint is not None else settings.endpoint
    own = endpoint_for(given, credential, known=settings.endpoints)
    if own.credential is None and settings.api_key and endpoint is None:
        own = replace(own, credential=AzureKeyCredential(settings.api_key))
    if own.credential is None and not own.anonymous and not _has_variable(own):
        own = replace(own, credential=settings.key_for(own))
    if own.credential is None and not own.anonymous and _takes_token(own, given):
        own = replace(own, credential=parts.github_credential())
    if own.on_github and _is_demo(own.credential):
        from ..server.emulator.runner import demo_endpoint  # starts the emulator of this process

        return demo_endpoint()
    return own


def _with_key(endpoint: Endpoint, entra: Any) -> Endpoint:
    """Give an endpoint without a credential the key of its environment variable.

    :param entra: takes the place of the settings' wish for Entra.
    """
    if isinstance(endpoint.credential, Entra):
        return replace(endpoint, credential=entra)
    variable = endpoint.key_variable
    if endpoint.credential is not None or variable is None:
        return endpoint
    key = os.environ.get(variable, "").strip()
    if key:
        return replace(endpoint, credential=AzureKeyCredential(key))
    if is_loopback(endpoint.url):  # a server of one's own may well ask for none
        return endpoint
    return replace(
        endpoint,
        credential=StoredKey(
            entry_at(endpoint.name, endpoint.origin),
            f"The endpoint {endpoint.name} has no key. Set {variable}, pass credential=, or "
            f"declare one in the settings, or store one: github-models login {endpoint.name}.",
        ),
    )


def _has_variable(endpoint: Endpoint) -> bool:
    variable = endpoint.key_variable
    return variable is not None and bool(os.environ.get(variable, "").strip())


def _fetches(credential: object) -> bool:
    return hasattr(credential, "get_token") or hasattr(credential, "get_token_info")


def _takes_token(own: Endpoint, given: str | Endpoint | None) -> bool:
    """Tell whether the GitHub token is meant for an endpoint that was given no credential.

    It is for GitHub's hosts, and for a bare URL of GitHub's shape: the emulator, on this machine.
    """
    bare_url = isinstance(given, str) and "://" in given
    return own.on_github or (bare_url and own.dialect.is_github)


def _share_token(
    parts: Parts, endpoints: Mapping[str, Endpoint], own: Endpoint
) -> dict[str, Endpoint]:
    """Give GitHub's endpoints without a credential the token of a client that is GitHub's."""
    shared = own.credential if own.on_github else None
    return {
        name: replace(endpoint, credential=shared or parts.github_credential())
        if endpoint.credential is None and not endpoint.anonymous and endpoint.on_github
        else endpoint
        for name, endpoint in endpoints.items()
    }


def _is_demo(credential: object) -> bool:
    if isinstance(credential, AzureKeyCredential):
        return credential.key == DEMO_TOKEN
    return getattr(credential, "demo", False) is True


def _policy_options(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    options = {**settings.options, **given}
    if options.get("registry") is None:
        options["registry"] = _registry(settings)
    return {name: value for name, value in options.items() if name in OPTION_NAMES}


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
