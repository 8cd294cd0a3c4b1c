"""The rules of trust: which settings files may be used, and where a secret may go by their word."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from .hosts import GITHUB_HOSTS

MOST_BYTES = 1_000_000
"""The largest settings file."""

_ROOT = 0
_EVERYBODY, _GROUP, _STICKY = 0o002, 0o020, 0o1000
_LOOPBACK = re.compile(r"//(?:127\.0\.0\.1|\[::1\])(?=:|$)")
_GITHUB_ORIGINS = frozenset(f"https://{host}" for host in GITHUB_HOSTS)


class Chooser(Enum):
    """Who says what a setting is, the most trusted first."""

    USER = "user"
    """Code, the command line, or the environment of the process."""
    NAMED = "named"
    """A file that the user names."""
    TRUSTED = "trusted"
    """A file that lies there, and that the user trusted as it is."""
    FOUND = "found"
    """A file that lies there."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who chose something, and in which file."""

    by: Chooser = Chooser.USER
    file: str = ""

    @property
    def is_found(self) -> bool:
        """Whether a file says it that nobody named or trusted."""
        return self.by is Chooser.FOUND


BY_USER = Chosen()
_ORDER = list(Chooser)


def weakest(*chosen: Chosen) -> Chosen:
    """Return the least trusted of those who have a part in a choice."""
    return max(chosen, key=lambda one: _ORDER.index(one.by), default=BY_USER)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of an open file and of the folder that holds it.

    Owners are user ids. ``own_group``: its group is the owner's own. ``link_owner`` is the owner of
    the symbolic link through which it was opened, if there is one.
    """

    is_regular: bool
    size: int
    owner: int = _ROOT
    mode: int = 0o600
    own_group: bool = True
    link_owner: int | None = None
    folder_owner: int = _ROOT
    folder_mode: int = 0o700


def why_unusable(facts: FileFacts) -> str | None:
    """Say why nobody may use a file, also one that was named; ``None`` if it may be used."""
    if not facts.is_regular:
        return "it is not a regular file"
    if facts.size > MOST_BYTES:
        return f"it is larger than {MOST_BYTES:,} bytes"
    return None


def who_else_writes(facts: FileFacts) -> str | None:
    """Say who but its owner can write a file; ``None`` if nobody can."""
    if facts.mode & _EVERYBODY:
        return f"everybody can write it (mode {facts.mode & 0o7777:04o})"
    if facts.mode & _GROUP and not facts.own_group:
        return f"a group other than its owner's own can write it (mode {facts.mode & 0o7777:04o})"
    return None


def why_refused(facts: FileFacts, user: int | None) -> str | None:
    """Say why a file that nobody named is refused; ``None`` if it may be used.

    A folder that others can change is as good as a file that they can write: they can put another
    file of the user's in its place.

    :param user: the id of the user, or ``None`` on a system whose files have no owners and modes.
    """
    unusable = why_unusable(facts)
    if unusable is not None or user is None:
        return unusable
    ours = (user, _ROOT)
    if facts.owner not in ours:
        return f"it belongs to another user (id {facts.owner})"
    if facts.link_owner is not None and facts.link_owner not in ours:
        return f"it is reached by a link of another user (id {facts.link_owner})"
    writes = who_else_writes(facts)
    if writes is not None:
        return writes
    if facts.folder_owner not in ours:
        return f"its folder belongs to another user (id {facts.folder_owner})"
    if facts.folder_mode & _EVERYBODY and not facts.folder_mode & _STICKY:
        return f"everybody can replace it: its folder has mode {facts.folder_mode & 0o7777:04o}"
    return None


@dataclass(frozen=True, slots=True)
class Secret:
    """What is known of a secret without its value.

    :param words: what it is, in words for a message.
    :param github: it is GitHub's token.
    :param home: the origin that it belongs to, if that is known.
    :param given: it was given in code or on the command line.
    """

    words: str
    github: bool = False
    home: str | None = None
    given: bool = False


def why_withheld(
    secret: Secret, origin: str, chosen: Chosen, known: Collection[str] = ()
) -> str | None:
    """Say why a secret is not sent to an origin; ``None`` if it may be sent.

    :param chosen: who says that the secret goes there: the least trusted of those who chose the
        address or the secret.
    :param known: the origins of the endpoints that are known by name.
    """
    if chosen.by is Chooser.USER:
        return None
    file = shown_path(chosen.file)
    if secret.github:
        if origin in _GITHUB_ORIGINS:
            return None
        return (
            f"{secret.words} is not sent to {origin}, as {file} wants it: a GitHub token goes to "
            "GitHub's hosts only, whatever a file says. Give that endpoint a key of its own"
        )
    if not chosen.is_found:
        return None
    homes = known if secret.given and secret.home is None else (secret.home,)
    if same_place(origin) in {same_place(one) for one in homes if one is not None}:
        return None
    return (
        f"{secret.words} is not sent to {origin}: {file} wants it, a file that was found and that "
        f"you neither named nor trusted. Read the file; if it may have the key, run: "
        f"{trust_command(chosen.file)}"
    )


def same_place(origin: str) -> str:
    """Return an origin with one spelling for this machine."""
    return _LOOPBACK.sub("//localhost", origin)


def trust_command(file: str) -> str:
    """Return the command that trusts a file as it is."""
    return f"github-models trust {shown_path(file, quoted=True)}"


def shown_path(file: str, *, quoted: bool = False) -> str:
    """Return a path as it can be shown: a name may hold what a terminal obeys."""
    if not file.isprintable():
        return ascii(file)
    return shlex.quote(file) if quoted else file
