"""Which secret a setting names, and why it is not sent where the settings say, if it is not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from azure.core.credentials import AzureKeyCredential

from .._core.trust import Chosen, Secret, why_withheld
from ..credentials.github import DEMO_TOKEN, ENVIRONMENT
from ..credentials.keys import KeySource, is_token_entry, same_entry
from ..endpoints import Endpoint
from ..endpoints.presets import PRESETS
from .model import API_KEY, LOGAI_TOKEN

_TOKENS = (*ENVIRONMENT, LOGAI_TOKEN)
_HOMES: Mapping[str, str] = MappingProxyType(
    {one.key_variable: one.origin for one in PRESETS.values() if one.key_variable is not None}
)
_KNOWN = frozenset(one.origin for one in PRESETS.values())


def why_source_withheld(
    source: KeySource, origin: str, chosen: Chosen, environ: Mapping[str, str]
) -> str | None:
    """Say why a secret that settings name is not sent to their endpoint; ``None`` if it may be.

    Whether the secret is there does not matter. Its value does only if it is that of a GitHub
    token, under whatever name.

    :param source: a variable, an entry of the keyring, or Entra.
    """
    return why_withheld(_named(source, environ), origin, chosen)


def why_value_withheld(
    source: KeySource, key: str, origin: str, chosen: Chosen, environ: Mapping[str, str]
) -> str | None:
    """Say why a key that was read is not sent: it is GitHub's token under another name."""
    if not is_github_token(key, environ):
        return None
    words = str(source)
    secret = Secret(f"{words[0].upper()}{words[1:]}", github=True)
    return why_withheld(secret, origin, chosen)


def why_key_withheld(
    credential: object, origin: str, chosen: Chosen, environ: Mapping[str, str] | None = None
) -> str | None:
    """Say why a credential that was given in code is not sent where the settings say."""
    github = getattr(credential, "github_only", False) is True
    if isinstance(credential, AzureKeyCredential):
        github = is_github_token(credential.key, os.environ if environ is None else environ)
    words = "The GitHub token that was given" if github else "The key that was given"
    secret = Secret(words, github=github, given=True)
    return why_withheld(secret, origin, chosen, _KNOWN)


def why_api_key_withheld(key: str, origin: str, chosen: Chosen) -> str | None:
    """Say why the key of ``GITHUB_MODELS_API_KEY`` is not sent where a file says."""
    secret = Secret(API_KEY, github=is_github_token(key, os.environ))
    return why_withheld(secret, origin, chosen)


def is_github_token(value: str, environ: Mapping[str, str]) -> bool:
    """Return whether a value is that of a variable of GitHub tokens; the demo's is no secret."""
    tokens = {environ.get(name, "").strip() for name in _TOKENS} - {"", DEMO_TOKEN}
    return value.strip() in tokens


def _named(source: KeySource, environ: Mapping[str, str]) -> Secret:
    if source.kind == "env":
        name = source.name.upper()  # Windows knows one variable under both spellings
        github = name in _TOKENS or is_github_token(environ.get(source.name, ""), environ)
        return Secret(f"The variable {source.name}", github=github, home=_HOMES.get(name))
    if source.kind == "keyring":
        name = source.name.partition("@")[0]
        home = next((one.origin for one in _keyed() if same_entry(name, one.name)), None)
        return Secret(f"The keyring entry {source.name}", github=is_token_entry(name), home=home)
    return Secret("An Entra token")


def _keyed() -> list[Endpoint]:
    return [one for one in PRESETS.values() if one.key_variable is not None]
