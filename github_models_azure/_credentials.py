"""Where a GitHub token comes from."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from azure.core.credentials import AccessToken, AccessTokenInfo

from .exceptions import CredentialUnavailableError

__all__ = ["GitHubTokenCredential", "TokenFinder"]

ENVIRONMENT = ("GITHUB_MODELS_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
KEYRING_SERVICE, KEYRING_USER = "github-models", "token"
DEMO_TOKEN = "demo_token"  # noqa: S105 - the documented switch to the emulator, not a secret

_LIFETIME = 3600.0  # GitHub tokens do not say when they end; a cached one is looked up again
_GH_TIMEOUT = 10.0


class TokenFinder:
    """Finds a GitHub token once and keeps it for an hour.

    Looks at an explicit token, ``GITHUB_MODELS_TOKEN``, ``GITHUB_TOKEN``, ``GH_TOKEN``, the system
    keyring (where the ``keyring`` package is installed) and ``gh auth token``, in this order.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        run_gh: Callable[[], str | None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if token is not None and not token.strip():
            raise ValueError("The GitHub token is empty. Leave it out to have it looked up.")
        self._token = token.strip() if token is not None else None
        self._environ = os.environ if environ is None else environ
        self._run_gh = run_gh or _ask_gh
        self._clock = clock
        self._lock = threading.Lock()
        self._found: tuple[str, str, float] | None = None

    def find(self) -> tuple[str, float]:
        """Return the token and until when (seconds since the epoch) it is kept.

        :raises CredentialUnavailableError: where there is none.
        """
        with self._lock:
            now = self._clock()
            if self._found is not None and self._found[2] > now:
                return self._found[0], self._found[2]
            for source, token in self._sources():
                if token:
                    self._found = (token, source, now + _LIFETIME)
                    return token, now + _LIFETIME
        raise CredentialUnavailableError(
            "No GitHub token was found. Tried: an explicit token, "
            f"{', '.join(ENVIRONMENT)}, the system keyring, 'gh auth token'. Set GITHUB_TOKEN to a "
            "fine-grained token with the permission models:read "
            "(https://github.com/settings/personal-access-tokens/new), or pass credential=."
        )

    def source(self) -> str | None:
        """Say where the token comes from; ``None`` where there is none."""
        try:
            self.find()
        except CredentialUnavailableError:
            return None
        return self._found[1] if self._found else None

    @property
    def demo(self) -> bool:
        """Whether the token is the documented switch to the embedded emulator."""
        named = (self._environ.get(name, "").strip() for name in ENVIRONMENT)
        return (self._token or next(filter(None, named), "")) == DEMO_TOKEN

    def forget(self) -> None:
        """Look the token up anew the next time it is needed."""
        self._found = None

    def _sources(self) -> Iterator[tuple[str, str | None]]:
        if self._token is not None:
            yield "an explicit token", self._token
        else:
            for name in ENVIRONMENT:
                yield name, self._environ.get(name, "").strip()
            yield "the system keyring", _from_keyring()
            yield "gh auth token", self._run_gh()

    def __repr__(self) -> str:
        if self._token is not None:
            return "from an explicit token"
        return f"from {self._found[1]}" if self._found else "not looked up yet"


class GitHubTokenCredential:
    """A GitHub token as a credential of azure-core.

    :param token: the token itself; left out, it is looked up in ``GITHUB_MODELS_TOKEN``,
        ``GITHUB_TOKEN``, ``GH_TOKEN``, the system keyring and ``gh auth token`` when first needed,
        and again after an hour.
    :raises CredentialUnavailableError: when asked for a token and there is none.
    :raises ValueError: for an empty ``token``.
    """

    github_only = True
    """Its token is sent to GitHub's hosts and to this machine, nowhere else."""

    def __init__(self, token: str | None = None, **kwargs: Any) -> None:
        self._finder = TokenFinder(token, **kwargs)

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return the token; scopes mean nothing to GitHub and are ignored."""
        token, until = self._finder.find()
        return AccessToken(token, int(until))

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return the token in the newer form of azure-core."""
        token, until = self._finder.find()
        return AccessTokenInfo(token, int(until))

    @property
    def demo(self) -> bool:
        """Whether the token is ``demo_token``: the embedded emulator answers."""
        return self._finder.demo

    @property
    def source(self) -> str | None:
        """Where the token comes from, such as ``GITHUB_TOKEN``; ``None`` where there is none."""
        return self._finder.source()

    def close(self) -> None:
        """Forget the token that was looked up."""
        self._finder.forget()

    def __enter__(self) -> GitHubTokenCredential:
        return self

    def __exit__(self, *exc_details: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"GitHubTokenCredential({self._finder!r})"


def _from_keyring() -> str | None:
    try:
        import keyring
    except ImportError:
        return None
    try:
        found = keyring.get_password(KEYRING_SERVICE, KEYRING_USER)
    except Exception:  # a keyring without a desktop raises whatever its backend raises
        return None
    return found if isinstance(found, str) else None


def _ask_gh() -> str | None:
    import shutil
    import subprocess

    program = shutil.which("gh")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the user's own gh, no shell
            [program, "auth", "token"],
            capture_output=True,
            text=True,
            timeout=_GH_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the settings take an endpoint's key from; ``str`` says it in words, without the key.

    ``name`` is that of the environment variable or of the keyring's entry; of a key that stands in
    a file, its place there.
    """

    kind: Literal["env", "keyring", "file", "entra", "none"]
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "env":
            return f"the environment variable {self.name}"
        if self.kind == "file":
            return self.name
        return f"the keyring entry {self.name}" if self.kind == "keyring" else self.kind


@dataclass(frozen=True, slots=True)
class MissingKey:
    """Stands for a key that the settings name and that is not there; says so when it is used."""

    message: str

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Raise what is missing.

        :raises CredentialUnavailableError: always.
        """
        raise CredentialUnavailableError(self.message)
