"""``login`` and ``logout``: a token or key goes into the system keyring, or out of it."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .._core.request.fit import is_sendable
from ..credentials.check import KeyCheck, KeyStatus, check_github_token, check_key
from ..credentials.keys import (
    KEYRING_USER,
    TOKEN_ENTRY,
    delete_key,
    entry_at,
    is_token_entry,
    write_key,
)
from ._console import Console, is_terminal
from ._errors import CommandFailedError, WrongUsageError, console_of, guarded
from ._options import Debug, Json

if TYPE_CHECKING:
    from ..credentials.keys import KeySource
    from ..endpoints import Endpoint
    from ..settings.model import Settings

EXAMPLES = """\b
Examples:
  github-models login
  gh auth token | github-models login --with-token
  github-models login groq
"""
LOGOUT_EXAMPLES = """\b
Examples:
  github-models logout
  github-models logout groq
"""
_MOST = 10_000  # characters; what is longer is a file by mistake

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The endpoint that the key belongs to: a service such as groq, or one from the "
        "settings. By default, the GitHub token.",
    ),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the keyring; without an endpoint it is the GitHub token's.

    What it holds is kept for an origin. ``bare`` is the entry without one, where somebody else may
    have put it.
    """

    name: str
    endpoint: Endpoint | None = None
    bare: str | None = None

    @property
    def what(self) -> str:
        """What it holds, in words."""
        return "GitHub token" if self.endpoint is None else f"key of {self.endpoint.name}"

    @property
    def outranked_by(self) -> str | None:
        """The environment variable that is set and counts in its place."""
        from ..credentials.github import ENVIRONMENT

        variables = ENVIRONMENT if self.endpoint is None else (self.endpoint.key_variable,)
        return next((name for name in variables if name and os.environ.get(name, "").strip()), None)


def entry_of(name: str | None) -> Entry:
    """Find the entry that a name stands for; ``None`` is the GitHub token's.

    :raises WrongUsageError: for a name that is not known.
    :raises CommandFailedError: for an endpoint that takes no key from the keyring.
    """
    token = Entry(TOKEN_ENTRY, bare=KEYRING_USER)
    if name is None:
        return token
    from ..settings.binding import why_key_withheld
    from ..settings.load import load_settings
    from ..settings.own_endpoint import address_of

    settings = load_settings()
    if name not in settings.endpoints:
        names = ", ".join(sorted(settings.endpoints))
        raise WrongUsageError(f"There is no endpoint {name!r}. Known names: {names}.")
    address = address_of(settings, name, keyed=True)
    endpoint, source = address.endpoint, settings.sources.get(name)
    if endpoint is not settings.endpoints[name]:  # a file that was found moves a known name
        source = None
    if endpoint.on_github and (source is None or _is_token(source)):
        return token
    if source is not None and source.kind == "keyring":
        entry = Entry(entry_at(source.name, endpoint.origin), endpoint, source.name)
    elif source is None and _takes_stored_key(endpoint):
        entry = Entry(entry_at(name, endpoint.origin), endpoint)
    else:
        raise CommandFailedError(_refusal(settings, name))
    if (why := why_key_withheld(None, endpoint.origin, address.chosen)) is not None:
        raise CommandFailedError(why)
    return entry


def _is_token(source: KeySource) -> bool:
    return source.kind == "keyring" and is_token_entry(source.name)


def _takes_stored_key(endpoint: Endpoint) -> bool:
    from ..endpoints.endpoint import is_loopback

    return endpoint.key_variable is not None and not is_loopback(endpoint.url)


def _refusal(settings: Settings, name: str) -> str:
    source = settings.sources.get(name)
    now = f"takes its credential from {source}" if source else "takes no key from the keyring"
    return (
        f"The endpoint {name} {now}. To keep one there, write under [endpoints.{name}] in the "
        f'settings: credential = {{ keyring = "{name}" }}'
    )


@guarded
def login(
    ctx: typer.Context,
    name: Name = None,
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read it from the standard input.")
    ] = False,
    validate: Annotated[
        bool, typer.Option("--validate/--no-validate", help="First check that it is accepted.")
    ] = True,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Store a GitHub token, or an endpoint's key, in the system keyring.

    The input is not shown, and is checked before it is stored: a GitHub token by asking
    api.github.com, which needs no permission for that, a key by asking its endpoint for the list of
    models. If it is refused or cannot be checked, it is not stored; --no-validate skips the check.
    """
    console = console_of(ctx)
    entry = entry_of(name)
    key = _read(entry, piped=with_token)
    if not is_sendable(key):
        raise CommandFailedError(
            f"The {entry.what} has a line end or another character that a header cannot carry; "
            "nothing was stored. Give nothing else, and on one line."
        )
    check = _check(console, entry, key) if validate else None
    keyring = write_key(entry.name, key)
    if as_json:
        console.json(
            {
                "stored": True,
                "entry": entry.name,
                "endpoint": entry.endpoint.name if entry.endpoint is not None else None,
                "keyring": keyring,
                "checked": check is not None,
                "outranked_by": entry.outranked_by,
            }
        )
    else:
        checked = f"; {check.reason}" if check is not None else ", unchecked"
        console.out(f"The {entry.what} is stored in {keyring}{checked}.")
    if entry.outranked_by is not None:
        console.warn(f"{entry.outranked_by} is set, and is used instead.")
    if entry.endpoint is None:
        _say_what_it_is_worth(console)


@guarded
def logout(
    ctx: typer.Context, name: Name = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Remove the GitHub token, or an endpoint's key, from the system keyring.

    It stays valid until you revoke it where it was made. Exits with 1 if none was stored.
    """
    console = console_of(ctx)
    entry = entry_of(name)
    removed = [name for name in (entry.name, entry.bare) if name and delete_key(name)] != []
    if as_json:
        endpoint = entry.endpoint.name if entry.endpoint is not None else None
        console.json({"removed": removed, "entry": entry.name, "endpoint": endpoint})
    if not removed:
        raise CommandFailedError(f"The keyring has no {entry.what}.")
    if not as_json:
        console.out(f"The {entry.what} is removed from the keyring.")
    if entry.outranked_by is not None:
        console.warn(f"{entry.outranked_by} is set, and is still used.")


def _read(entry: Entry, *, piped: bool) -> str:
    """Read a key from a pipe or from a prompt that shows nothing.

    :raises WrongUsageError: where neither has one.
    """
    if piped:
        found = "" if sys.stdin is None else _piped(entry)
        if not found:
            raise WrongUsageError(f"The standard input has no {entry.what}.")
        return found
    if sys.stdin is None or not is_terminal(sys.stdin):
        raise WrongUsageError(
            f"There is no terminal to ask for the {entry.what}. Pipe it in: --with-token."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            found = getpass.getpass(f"{entry.what} (not shown): ", stream=sys.stderr).strip()
        except getpass.GetPassWarning as error:
            raise CommandFailedError(
                "This terminal cannot hide what is typed. Pipe it in: --with-token."
            ) from error
        except EOFError:
            found = ""
    if not found:
        raise WrongUsageError(f"No {entry.what} was given; nothing was stored.")
    return found


def _piped(entry: Entry) -> str:
    """Read the standard input.

    :raises WrongUsageError: for what is no text, or a file by mistake.
    """
    try:
        found = sys.stdin.read(_MOST + 1)
    except UnicodeDecodeError as error:
        raise WrongUsageError(
            f"The standard input is not text, so it cannot be a {entry.what}."
        ) from error
    if len(found) > _MOST:
        raise WrongUsageError(
            f"The standard input is longer than {_MOST:,} characters, so it cannot be a "
            f"{entry.what}."
        )
    return found.strip()


def _check(console: Console, entry: Entry, key: str) -> KeyCheck:
    """Check a key.

    :raises CommandFailedError: where it is refused, or where that cannot be found out.
    """
    with console.waiting(f"checking the {entry.what}"):
        if entry.endpoint is None:
            found = check_github_token(key)
        else:
            found = check_key(entry.endpoint, key)
    if found.status is KeyStatus.ACCEPTED:
        return found
    if found.status is KeyStatus.REFUSED:
        raise CommandFailedError(
            f"The {entry.what} is not valid: {found.reason}. Nothing was stored.{_advice(entry)}"
        )
    raise CommandFailedError(
        f"The {entry.what} could not be checked: {found.reason}. Nothing was stored; "
        "--no-validate stores it unchecked."
    )


def _advice(entry: Entry) -> str:
    from ..credentials.github import NEW_TOKEN

    return f" Make a new one at {NEW_TOKEN}." if entry.endpoint is None else ""


def _say_what_it_is_worth(console: Console) -> None:
    from ..endpoints.presets import GITHUB

    console.note(
        f"GitHub Models itself was retired on {GITHUB.retired_on}: no model answers there any "
        "more. 'github-models doctor' shows which endpoints can answer."
    )
