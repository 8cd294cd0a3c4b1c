"""Keys of endpoints: where one comes from, and what the system keyring keeps of them."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, NoReturn

from azure.core.credentials import (
    AccessToken,
    AzureKeyCredential,
    SupportsTokenInfo,
    TokenCredential,
)
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential

from ..exceptions import CredentialScopeError, CredentialUnavailableError

TokenSource = TokenCredential | SupportsTokenInfo | AsyncTokenCredential | AsyncSupportsTokenInfo
Credential = str | AzureKeyCredential | TokenSource
"""What a client may be given as its credential."""

_WORDS = {"github": "a GitHub token", "own": "its own key", "argument": "an argument"}
_LIFETIME = 3600.0  # a key does not say when it ends; azure-core asks for it again after an hour
KEYRING_SERVICE, KEYRING_USER = "github-models", "token"
TOKEN_ENTRY = f"{KEYRING_USER}@https://models.github.ai"
"""Where ``login`` keeps the GitHub token."""

_ELSEWHERE = (
    "A machine without a desktop often has none; set GITHUB_TOKEN, or the endpoint's own variable, "
    "instead."
)


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


class WithheldKey(MissingKey):
    """Stands for a key that is not sent where the settings say; says why when it is used."""

    def get_token(self, *scopes: str, **kwargs: Any) -> NoReturn:
        """Raise why.

        :raises CredentialScopeError: always.
        """
        raise CredentialScopeError(self.message)


class KeyringError(RuntimeError):
    """The keyring could not do it; the message says why and what to do instead."""


def read_key(entry: str) -> str | None:
    """Return what an entry holds; ``None`` where there is none, or no keyring to ask."""
    try:
        import keyring

        found = keyring.get_password(KEYRING_SERVICE, entry)
    except Exception:  # no package, or a backend that raises whatever it raises without a desktop
        return None
    return found.strip() or None if isinstance(found, str) else None


def entry_at(name: str, origin: str) -> str:
    """Name the entry of a key for one origin: under the same name no other URL finds it."""
    return f"{name}@{origin}"


def same_entry(name: str, other: str) -> bool:
    """Return whether two names may be one entry: some keyrings tell no case, width or blanks."""
    return _folded(name) == _folded(other)


def is_token_entry(name: str) -> bool:
    """Return whether a name, with an origin or without one, is that of the GitHub token."""
    return same_entry(name.partition("@")[0], KEYRING_USER)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name.partition("\0")[0]).strip().casefold()


def read_github_token() -> str | None:
    """Return the stored GitHub token: kept for its origin, else put under the bare name."""
    return read_key(TOKEN_ENTRY) or read_key(KEYRING_USER)


def read_declared(name: str, origin: str) -> str | None:
    """Return the key that settings name: stored for the origin, else put under the bare name.

    A name with an origin in it is not read bare, or settings could send a stored key elsewhere.
    """
    found = read_key(entry_at(name, origin))
    return found if found is not None or "://" in name else read_key(name)


def write_key(entry: str, key: str) -> str:
    """Keep a key and make sure that it is kept; return the keyring's name.

    :raises KeyringError: where no keyring works here; ImportError without the package.
    """
    keyring = _package()
    name = _name(keyring)
    try:
        keyring.set_password(KEYRING_SERVICE, entry, key)
        kept = keyring.get_password(KEYRING_SERVICE, entry)
    except Exception as error:
        raise _unable(name, error) from error
    if kept != key:  # the null backend takes everything and keeps nothing
        raise KeyringError(f"The keyring {name} did not keep it. {_ELSEWHERE}")
    return name


def delete_key(entry: str) -> bool:
    """Remove an entry; false where there is none.

    :raises KeyringError: where no keyring works here; ImportError without the package.
    """
    keyring = _package()
    try:
        if keyring.get_password(KEYRING_SERVICE, entry) is None:
            return False
        keyring.delete_password(KEYRING_SERVICE, entry)
    except Exception as error:
        raise _unable(_name(keyring), error) from error
    return True


def _package() -> ModuleType:
    try:
        import keyring
    except ImportError as error:
        raise ImportError(
            "Storing a key needs the keyring package: pip install 'github-models-azure[keyring]'."
        ) from error
    return keyring


def _name(keyring: ModuleType) -> str:
    try:
        kind = type(keyring.get_keyring())
    except Exception:
        return "unknown"
    return f"{kind.__module__}.{kind.__qualname__}"


def _unable(name: str, error: Exception) -> KeyringError:
    # The texts of backends are long and about Python packages; the class says what went wrong.
    return KeyringError(
        f"The keyring {name} does not work here ({type(error).__name__}). {_ELSEWHERE}"
    )
