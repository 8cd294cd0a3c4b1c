"""``logout``: a token or key leaves the system keyring."""

from __future__ import annotations

import typer

from ..credentials.keyring import delete_key
from ._entries import Name, entry_of
from ._errors import CommandFailedError, console_of, guarded
from ._options import Debug, Json

EXAMPLES = """\b
Examples:
  github-models logout
  github-models logout groq
"""


@guarded
def logout(
    ctx: typer.Context, name: Name = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Remove the GitHub token, or an endpoint's key, from the system keyring.

    It stays valid until it is revoked where it was made. The exit code is 1 where none was stored.
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
        console.warn(f"{entry.outranked_by} is set, and still counts.")
