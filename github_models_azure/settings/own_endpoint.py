"""Which endpoint is a client's own, and which key each endpoint is asked with.

Clients, ``doctor``, ``chat``, ``plan`` and ``migrate`` all ask here, so that they tell one story.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from azure.core.credentials import AzureKeyCredential

from ..credentials.entra import Entra
from ..credentials.github import DEMO_TOKEN, GitHubTokenCredential, TokenFinder
from ..credentials.keys import Credential, KeySource, StoredKey, entry_at
from ..endpoints import Endpoint, endpoint_for
from ..endpoints.endpoint import is_loopback, with_credential
from .model import API_KEY, Settings


@dataclass(frozen=True, slots=True)
class Signed:
    """An endpoint with the credential that it is asked with, and where that comes from.

    ``demo``: the GitHub token is the switch to the emulator, which answers instead.
    """

    endpoint: Endpoint
    source: KeySource
    demo: bool = False

    def started(self) -> Signed:
        """Return what is asked: the emulator, which is started, for the demo token.

        :raises ImportError: if the extra that the emulator needs is not installed.
        """
        if not self.demo:
            return self
        from ..server.emulator.runner import demo_endpoint

        return Signed(demo_endpoint(), KeySource("own"))


@dataclass(frozen=True, slots=True)
class Signing:
    """What a client signs with if no key is named: its kind of GitHub token, its Entra credential.

    As it stands here it suits those who only ask where a key would come from.
    """

    github: Callable[[], object] = GitHubTokenCredential
    entra: object = field(default_factory=Entra)


_ASKING = Signing()


def own_endpoint(
    settings: Settings,
    endpoint: str | Endpoint | None = None,
    credential: Credential | None = None,
    signing: Signing = _ASKING,
) -> Signed:
    """Find the endpoint of a client: the one it was given, else that of the settings.

    :raises ValueError: for an endpoint that is not known, and for an empty credential.
    :raises TypeError: for an endpoint or a credential of a wrong type.
    """
    credential = _checked(credential, endpoint)
    given = endpoint if endpoint is not None else settings.endpoint
    found = endpoint_for(given, credential, known=settings.endpoints)
    if credential is not None:
        signed = Signed(found, KeySource("argument"))
    elif found.credential is None and settings.api_key and endpoint is None:
        key = AzureKeyCredential(settings.api_key)
        signed = Signed(with_credential(found, key), api_key_source(settings))
    else:
        # Of GitHub's shape is the emulator, too; a token goes to GitHub or this machine only.
        bare = isinstance(given, str) and "://" in given
        takes_token = found.on_github or (bare and found.dialect.is_github)
        signed = _signed(settings, found, signing, takes_token=takes_token, borrows=True)
    return replace(signed, demo=_asks_demo(signed))


def signed_endpoints(
    settings: Settings, own: Signed, signing: Signing = _ASKING
) -> dict[str, Signed]:
    """Return all endpoints that are known by name, the client's own among them.

    GitHub's other endpoints are asked with the credential of a client that is GitHub's. Those that
    would get the demo token are the emulator if the client's own endpoint is.
    """
    emulated = own.endpoint.dialect.is_github and not own.endpoint.on_github
    shared = own.endpoint.credential if own.endpoint.on_github else None
    found: dict[str, Signed] = {}
    for name, endpoint in {**settings.endpoints, own.endpoint.name: own.endpoint}.items():
        wants_token = endpoint.on_github and endpoint.credential is None and not endpoint.anonymous
        if endpoint is own.endpoint:
            found[name] = own
        elif wants_token and shared is not None:
            found[name] = Signed(with_credential(endpoint, shared), own.source)
        else:
            signed = _signed(settings, endpoint, signing, takes_token=wants_token)
            demo = _asks_demo(signed)
            found[name] = own if demo and emulated else replace(signed, demo=demo)
    return found


def stand_in(known: Mapping[str, Signed]) -> Callable[[Endpoint], Endpoint]:
    """Return what gives for GitHub's endpoints in the demo the emulator, which it starts.

    A call may name one that nothing has named before; nobody else's endpoint is changed.

    :param known: the endpoints as they are signed.
    """

    def asked(endpoint: Endpoint) -> Endpoint:
        if not endpoint.on_github:
            return endpoint
        one = known.get(endpoint.name)
        if one is None or not one.demo or one.endpoint.url != endpoint.url:
            return endpoint
        unsigned = endpoint.credential is None
        same = (
            not endpoint.anonymous if unsigned else endpoint.credential is one.endpoint.credential
        )
        return one.started().endpoint if same else endpoint

    return asked


def api_key_source(settings: Settings) -> KeySource:
    """Say where ``api_key`` of the settings comes from."""
    if os.environ.get(API_KEY, "").strip():
        return KeySource("env", API_KEY)
    return KeySource("file", f"api_key in {settings.file}")


def _signed(
    settings: Settings,
    endpoint: Endpoint,
    signing: Signing,
    *,
    takes_token: bool,
    borrows: bool = False,
) -> Signed:
    """Give an endpoint the key that it has, or that was set or stored for it.

    :param takes_token: the GitHub token is meant for it.
    :param borrows: another application's key for its origin may be used.
    """
    if isinstance(endpoint.credential, Entra):
        return Signed(with_credential(endpoint, signing.entra), KeySource("entra"))
    if endpoint.credential is not None:
        return Signed(endpoint, _declared(settings, endpoint))
    variable = endpoint.key_variable
    key = os.environ.get(variable, "").strip() if variable is not None else ""
    if variable is not None and key:
        return Signed(
            with_credential(endpoint, AzureKeyCredential(key)), KeySource("env", variable)
        )
    if not endpoint.anonymous:
        lent = settings.key_for(endpoint) if borrows else None
        if lent is not None:
            return Signed(with_credential(endpoint, lent[0]), lent[1])
        if takes_token:
            return Signed(with_credential(endpoint, signing.github()), KeySource("github"))
    if variable is None or is_loopback(endpoint.url):  # a local server may well ask for none
        return Signed(endpoint, KeySource("none"))
    entry = entry_at(endpoint.name, endpoint.origin)
    stored = StoredKey(
        entry,
        f"The endpoint {endpoint.name} has no key. Set {variable}, pass credential=, or "
        f"declare one in the settings, or store one: github-models login {endpoint.name}.",
    )
    return Signed(with_credential(endpoint, stored), KeySource("keyring", entry))


def _declared(settings: Settings, endpoint: Endpoint) -> KeySource:
    known = settings.endpoints.get(endpoint.name)
    if known is None or known.credential is not endpoint.credential:
        return KeySource("own")
    return settings.sources.get(endpoint.name, KeySource("own"))


def _checked(credential: Credential | None, endpoint: str | Endpoint | None) -> Credential | None:
    if isinstance(credential, str):
        if not credential.strip():
            raise ValueError(
                "The credential is an empty string. Leave it out to have it looked up."
            )
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
    return credential


def _fetches(credential: object) -> bool:
    return hasattr(credential, "get_token") or hasattr(credential, "get_token_info")


def _asks_demo(signed: Signed) -> bool:
    """Return whether the emulator answers for an endpoint, which is one of GitHub's then.

    A key that settings hold gives way to a GitHub token that is the switch: guides show a key in
    each block, and the service that it is for is gone. One that the code passes does not.
    """
    credential = signed.endpoint.credential
    if not signed.endpoint.on_github:
        return False
    if not isinstance(credential, AzureKeyCredential):
        return getattr(credential, "demo", False) is True
    from_settings = signed.source.kind in ("env", "file")
    return credential.key == DEMO_TOKEN or (from_settings and TokenFinder().demo)
