"""Which entry of the keyring is meant: that of the GitHub token, or of an endpoint's key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..credentials.keyring import KEYRING_USER, entry_at
from ._errors import CommandFailedError, WrongUsageError

if TYPE_CHECKING:
    from ..endpoints import Endpoint
    from ..settings.model import Settings

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The endpoint whose key is meant: a service such as groq, or one of the settings. "
        "Left out: the GitHub token.",
    ),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the keyring; without an endpoint it is the GitHub token's.

    A key is kept for the origin of its endpoint. ``bare`` is the entry without one that the
    settings name, where somebody else may have put a key.
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
    if name is None:
        return Entry(KEYRING_USER)
    from ..settings.load import load_settings

    settings = load_settings()
    endpoint = settings.endpoints.get(name)
    if endpoint is None:
        names = ", ".join(sorted(settings.endpoints))
        raise WrongUsageError(f"There is no endpoint {name!r}. Known names: {names}.")
    source = settings.sources.get(name)
    if source is None and endpoint.on_github:
        return Entry(KEYRING_USER)
    if source is not None and source.kind == "keyring":
        return Entry(entry_at(source.name, endpoint.origin), endpoint, source.name)
    if source is None and _takes_stored_key(endpoint):
        return Entry(entry_at(name, endpoint.origin), endpoint)
    raise CommandFailedError(_refusal(settings, name))


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
