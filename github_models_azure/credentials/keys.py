"""Keys that are not at hand as text: where one comes from, is kept, or is missing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from azure.core.credentials import (
    AccessToken,
    AzureKeyCredential,
    SupportsTokenInfo,
    TokenCredential,
)
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential

from ..exceptions import CredentialUnavailableError
from .keyring import read_key

TokenSource = TokenCredential | SupportsTokenInfo | AsyncTokenCredential | AsyncSupportsTokenInfo
Credential = str | AzureKeyCredential | TokenSource
"""What a client may be given as its credential."""

_WORDS = {"github": "a GitHub token", "own": "its own key", "argument": "an argument"}
_LIFETIME = 3600.0  # a key does not say when it ends; azure-core asks for it again after an hour


def key_of(credential: object) -> str | None:
    """Return the text of a key; ``None`` for credentials that fetch tokens, and for none."""
    key: object = credential.key if isinstance(credential, AzureKeyCredential) else credential
    key = key.found if isinstance(key, StoredKey) else key
    return key if isinstance(key, str) else None


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where an endpoint's key comes from; ``str`` says it in words, without the key.

    ``name`` is that of the environment variable or of the keyring's entry; of a key that stands in
    a file, its place there. ``own`` is the key of an :class:`.Endpoint`, ``argument`` a client's.
    """

    kind: Literal["env", "keyring", "file", "entra", "github", "own", "argument", "none"]
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "env":
            return f"the environment variable {self.name}"
        if self.kind == "file":
            return self.name
        if self.kind == "keyring":
            return f"the keyring entry {self.name}"
        return _WORDS.get(self.kind, self.kind)


class StoredKey:
    """The key that ``github-models login NAME`` put into the keyring, read when first needed.

    ``message`` says what to do where there is none. ``found`` is the key, once it was read.
    """

    def __init__(self, entry: str, message: str) -> None:
        self.entry, self.message = entry, message
        self.found: str | None = None

    def read(self) -> str:
        """Return the key.

        :raises CredentialUnavailableError: where the keyring has none.
        """
        if self.found is None:
            self.found = read_key(self.entry)
        if self.found is None:
            raise CredentialUnavailableError(self.message)
        return self.found

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return the key in the form of a token."""
        return AccessToken(self.read(), int(time.time() + _LIFETIME))

    def __repr__(self) -> str:
        return f"StoredKey({self.entry!r})"


@dataclass(frozen=True, slots=True)
class MissingKey:
    """Stands for a key that the settings name and that is not there; says so when it is used."""

    message: str

    def get_token(self, *scopes: str, **kwargs: Any) -> NoReturn:
        """Raise what is missing.

        :raises CredentialUnavailableError: always.
        """
        raise CredentialUnavailableError(self.message)
