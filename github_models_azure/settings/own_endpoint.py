"""Which endpoint is a client's own, and which key each endpoint is asked with.

Clients, ``doctor``, ``chat``, ``plan`` and ``migrate`` all ask here, so that they tell one story.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import urlsplit

from azure.core.credentials import AzureKeyCredential

from .._core.trust import BY_USER, Chosen, shown_path, trust_command, weakest
from ..credentials.entra import Entra
from ..credentials.github import DEMO_TOKEN, GitHubTokenCredential, TokenFinder
from ..credentials.keys import Credential, KeySource, StoredKey, WithheldKey, entry_at
from ..endpoints import PRESETS, Endpoint, endpoint_for
from ..endpoints.endpoint import is_loopback, with_credential
from .binding import why_api_key_withheld, why_key_withheld
from .model import API_KEY, Settings


@dataclass(frozen=True, slots=True)
class Signed:
    """An endpoint with the credential that it is asked with, and where that comes from.

    ``demo``: the GitHub token is the switch to the emulator, which answers instead.
    ``warnings`` tell of a file that was found and chose the address of a client's own endpoint.
    """

    endpoint: Endpoint
    source: KeySource
    demo: bool = False
    warnings: tuple[str, ...] = ()

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
    keyed = credential is not None or (endpoint is None and bool(settings.api_key))
    place = address_of(settings, endpoint, keyed=keyed)
    found, chosen = place.endpoint, place.chosen
    if credential is not None:
        why = why_key_withheld(credential, found.origin, chosen)
        signed = Signed(_with(found, credential, why), KeySource("argument"))
    elif found.credential is None and settings.api_key and endpoint is None:
        key, own = settings.api_key, settings.api_key_by.file
        theirs = bool(own) and own == chosen.file  # a file's own key, for its own address
        why = None if theirs else why_api_key_withheld(key, found.origin, chosen)
        signed = Signed(_with(found, AzureKeyCredential(key), why), api_key_source(settings))
    else:
        # Of GitHub's shape is the emulator, too; on the word of a file a token goes to GitHub only.
        by_user = chosen == BY_USER
        bare = isinstance(place.given, str) and "://" in place.given and by_user
        takes_token = found.on_github or (bare and found.dialect.is_github)
        borrowed = settings.key_for(found, stand_in=by_user)
        signed = _signed(settings, found, signing, takes_token=takes_token, borrowed=borrowed)
    return replace(signed, demo=_asks_demo(signed), warnings=place.warnings)


@dataclass(frozen=True, slots=True)
class Address:
    """The endpoint that is meant, and who chose it, before anything is known of a key.

    ``given`` is what stands for it, ``warnings`` what is to be said of the file that chose it.
    """

    endpoint: Endpoint
    chosen: Chosen
    given: str | Endpoint | None = None
    warnings: tuple[str, ...] = ()


def address_of(
    settings: Settings, endpoint: str | Endpoint | None = None, *, keyed: bool = False
) -> Address:
    """Find the endpoint that an argument, else the settings name.

    :param keyed: there is a key for it: under the name of a preset it goes to the preset's own
        address, whatever a file says that was found.
    :raises ValueError: for an endpoint that is not known.
    """
    given, chosen = endpoint, BY_USER
    if endpoint is None:
        given, chosen = settings.endpoint, settings.endpoint_by
    found = endpoint_for(given, known=settings.endpoints)
    name = given if isinstance(given, str) and given in settings.endpoints else None
    declared = settings.endpoints_by.get(name, BY_USER) if name is not None else BY_USER
    preset = PRESETS.get(name) if name is not None else None
    moved = name is not None and declared.is_found and _is_moved(name, found)
    file = shown_path(declared.file if moved else chosen.file)
    if moved and preset is not None and keyed and not chosen.is_found:
        text = (
            f"The key for {name} goes to {preset.origin}, not to {found.origin} as {file} wants "
            f"it, a file that was found. To let it: {trust_command(declared.file)}"
        )
        return Address(preset, chosen, given, (text,))
    if not (moved or chosen.is_found):
        return Address(found, weakest(chosen, declared), given)
    return Address(found, weakest(chosen, declared), given, (_chosen_by(found, file),))


def warnings_of(settings: Settings, listed: Iterable[str]) -> tuple[str, ...]:
    """Say which endpoints of a route a file chose that was found.

    :param listed: their names; what is no endpoint's is passed over.
    """
    by, known = settings.endpoints_by, settings.endpoints
    return tuple(
        _chosen_by(known[name], shown_path(by[name].file))
        for name in sorted(by.keys() & known.keys() & set(listed))
        if by[name].is_found and _is_moved(name, known[name])
    )


def _is_moved(name: str, endpoint: Endpoint) -> bool:
    preset = PRESETS.get(name)
    return preset is None or preset.origin != endpoint.origin


def _chosen_by(endpoint: Endpoint, file: str) -> str:
    return (
        f"The endpoint {endpoint.name} at {urlsplit(endpoint.url).netloc} was chosen by {file}, "
        "a file that was found and that nobody named or trusted."
    )


def _with(endpoint: Endpoint, credential: object, why: str | None) -> Endpoint:
    if why is not None:
        credential = WithheldKey(f"The endpoint {endpoint.name} is not asked: {why}")
    return with_credential(endpoint, credential)


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
            if demo:
                signed = own if emulated else replace(signed, demo=True)
            found[name] = signed
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
    if settings.api_key_by.file:
        return KeySource("file", f"api_key in {settings.api_key_by.file}")
    return KeySource("env", API_KEY)


def _signed(
    settings: Settings,
    endpoint: Endpoint,
    signing: Signing,
    *,
    takes_token: bool,
    borrowed: tuple[AzureKeyCredential, KeySource] | None = None,
) -> Signed:
    """Give an endpoint the key that it has, or that was set or stored for it.

    :param takes_token: the GitHub token is meant for it.
    :param borrowed: another application's key that may be used.
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
        if borrowed is not None:
            return Signed(with_credential(endpoint, borrowed[0]), borrowed[1])
        if takes_token:
            return Signed(with_credential(endpoint, signing.github()), KeySource("github"))
    if variable is None or is_loopback(endpoint.url):  # a local server may well ask for none
        return Signed(endpoint, KeySource("none"))
    source, message = _in_keyring(endpoint.name, endpoint.origin, variable)
    # An object of its own: a key that was read is kept there, and may be another one next time.
    return Signed(with_credential(endpoint, StoredKey(source.name, message)), source)


@lru_cache(maxsize=128)  # every client asks, for every service that is known
def _in_keyring(name: str, origin: str, variable: str) -> tuple[KeySource, str]:
    """Return the entry of an endpoint's key, and what to do if there is none."""
    return (
        KeySource("keyring", entry_at(name, origin)),
        f"The endpoint {name} has no key. Set {variable}, pass credential=, or "
        f"declare one in the settings, or store one: github-models login {name}.",
    )


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
