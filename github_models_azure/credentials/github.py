"""Where a GitHub token comes from."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError

from ..exceptions import CredentialUnavailableError
from .check import KeyCheck, KeyStatus, check_github_token
from .keys import read_github_token

__all__ = ["GitHubTokenCredential", "TokenFinder"]

ENVIRONMENT = ("GITHUB_MODELS_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
DEMO_TOKEN = "demo_token"  # noqa: S105 - the documented switch to the emulator, not a secret

_LOGGER = logging.getLogger(__name__)
NEW_TOKEN = "https://github.com/settings/personal-access-tokens/new"  # noqa: S105 - a page
_LIFETIME = 3600.0  # GitHub tokens do not say when they end; a cached one is looked up again
_GH_TIMEOUT = 10.0


class TokenFinder:
    """Finds a GitHub token once and keeps it for an hour.

    Looks at an explicit token, ``GITHUB_MODELS_TOKEN``, ``GITHUB_TOKEN``, ``GH_TOKEN``, the system
    keyring (where the ``keyring`` package is installed) and ``gh auth token``, in this order.

    :param validate: ask GitHub about each token that is found, before it is used.
    :param check: asks it; left out, ``api.github.com`` is asked.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        run_gh: Callable[[], str | None] | None = None,
        clock: Callable[[], float] = time.time,
        validate: bool = False,
        check: Callable[[str], KeyCheck] | None = None,
    ) -> None:
        if token is not None and not token.strip():
            raise ValueError("The GitHub token is empty. Leave it out to have it looked up.")
        self._token = token.strip() if token is not None else None
        self._environ = os.environ if environ is None else environ
        self._run_gh = run_gh or _ask_gh
        self._clock = clock
        self._validates, self._check = validate, check or check_github_token
        self._accepted: str | None = None
        self._lock = threading.Lock()
        self._found: tuple[str, str, float] | None = None

    def find(self) -> tuple[str, float]:
        """Return the token and until when (seconds since the epoch) it is kept.

        :raises CredentialUnavailableError: where there is none.
        :raises ClientAuthenticationError: where it is checked, and GitHub refuses it.
        """
        with self._lock:
            token, source, until = self._look_up()
            if self._validates:
                self._ask_github(token, source)
            return token, until

    def check(self) -> bool:
        """Ask GitHub about the token; false where it could not be asked.

        :raises CredentialUnavailableError: where there is none.
        :raises ClientAuthenticationError: where GitHub refuses it.
        """
        with self._lock:
            token, source, _ = self._look_up()
            return self._ask_github(token, source)

    def _ask_github(self, token: str, source: str) -> bool:
        if token in (self._accepted, DEMO_TOKEN):  # the latter never leaves this machine
            return True
        found = self._check(token)
        if found.status is KeyStatus.REFUSED:
            self._found = None  # it may be replaced where it came from
            raise ClientAuthenticationError(
                f"The GitHub token from {source} is not valid: {found.reason}. Replace it "
                f"({NEW_TOKEN}, permission models:read); nothing was sent to a model."
            )
        if found.status is KeyStatus.UNKNOWN:
            _LOGGER.warning(
                "The GitHub token from %s could not be checked: %s. It is used anyway.",
                source,
                found.reason,
            )
            return False
        self._accepted = token
        return True

    def _look_up(self) -> tuple[str, str, float]:
        now = self._clock()
        if self._found is not None and self._found[2] > now:
            return self._found
        for source, token in self._sources():
            if token:
                self._found = (token, source, now + _LIFETIME)
                return self._found
        raise CredentialUnavailableError(
            "No GitHub token was found. Tried: an explicit token, "
            f"{', '.join(ENVIRONMENT)}, the system keyring, 'gh auth token'. Set GITHUB_TOKEN to a "
            "fine-grained token with the permission models:read "
            f"({NEW_TOKEN}), or pass credential=."
        )

    def source(self) -> str | None:
        """Say where the token comes from; ``None`` where there is none."""
        try:
            with self._lock:
                return self._look_up()[1]
        except CredentialUnavailableError:
            return None

    @property
    def demo(self) -> bool:
        """Whether the token is the documented switch to the embedded emulator."""
        return self.stated == DEMO_TOKEN

    @property
    def stated(self) -> str:
        """The token that was given or stands in the environment, which needs no looking up."""
        named = (self._environ.get(name, "").strip() for name in ENVIRONMENT)
        return self._token or next(filter(None, named), "")

    def forget(self) -> None:
        """Look the token up anew the next time it is needed."""
        self._found = None

    def _sources(self) -> Iterator[tuple[str, str | None]]:
        if self._token is not None:
            yield "an explicit token", self._token
        else:
            for name in ENVIRONMENT:
                yield name, self._environ.get(name, "").strip()
            yield "the system keyring", read_github_token()
            yield "gh auth token", self._run_gh()

    def __repr__(self) -> str:
        if self._token is not None:
            return "from an explicit token"
        return f"from {self._found[1]}" if self._found else "not looked up yet"


class GitHubToken:
    """What the sync and the async credential share: a token that is found when first needed."""

    github_only = True
    """Its token is sent to GitHub's hosts and to this machine, nowhere else."""

    def __init__(self, token: str | None = None, *, validate: bool = False, **kwargs: Any) -> None:
        self._finder = TokenFinder(token, validate=validate, **kwargs)

    @property
    def demo(self) -> bool:
        """Whether the token is ``demo_token``: the embedded emulator answers."""
        return self._finder.demo

    @property
    def source(self) -> str | None:
        """Where the token comes from, such as ``GITHUB_TOKEN``; ``None`` if there is none."""
        return self._finder.source()

    def __repr__(self) -> str:
        return f"GitHubTokenCredential({self._finder!r})"


def finder_of(credential: object) -> TokenFinder | None:
    """Return what finds the token of a GitHub credential; ``None`` for any other credential."""
    return credential._finder if isinstance(credential, GitHubToken) else None


class GitHubTokenCredential(GitHubToken):
    """A GitHub token as a credential of azure-core.

    :param token: the token itself; left out, it is looked up in ``GITHUB_MODELS_TOKEN``,
        ``GITHUB_TOKEN``, ``GH_TOKEN``, the system keyring and ``gh auth token`` when first needed,
        and again after an hour.
    :keyword validate: ask GitHub whether it knows the token, once, before it is first used. A token
        that GitHub refuses is never sent to a model; where GitHub cannot be asked, a warning is
        logged and the token is used.
    :raises CredentialUnavailableError: when asked for a token and there is none.
    :raises ClientAuthenticationError: when asked for a token that is refused by the check.
    :raises ValueError: for an empty ``token``.
    """

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return the token; scopes mean nothing to GitHub and are ignored."""
        token, until = self._finder.find()
        return AccessToken(token, int(until))

    def get_token_info(self, *scopes: str, options: object = None) -> AccessTokenInfo:
        """Return the token in the newer form of azure-core."""
        token, until = self._finder.find()
        return AccessTokenInfo(token, int(until))

    def check(self) -> bool:
        """Ask GitHub now whether it knows the token; false where GitHub could not be asked.

        :raises CredentialUnavailableError: where there is no token.
        :raises ClientAuthenticationError: where GitHub refuses it; says where it came from.
        """
        return self._finder.check()

    def close(self) -> None:
        """Forget the token that was looked up."""
        self._finder.forget()

    def __enter__(self) -> GitHubTokenCredential:
        return self

    def __exit__(self, *exc_details: object) -> None:
        self.close()


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
