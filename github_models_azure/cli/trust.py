"""``trust``: let a settings file that was found say where secrets go, as it is now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._console import Console
from ._errors import CommandFailedError, WrongUsageError, console_of, guarded
from ._options import Debug, Json

if TYPE_CHECKING:
    from ..settings.found import SettingsFile
    from ..settings.trusted import TrustStore

ENV_FILE = ".env"
NAMES = ("github-models.toml", "pyproject.toml", "config.toml", ENV_FILE)
EXAMPLES = """\b
Examples:
  github-models trust
  github-models trust ../github-models.toml
  github-models trust --list
  github-models trust --forget ../github-models.toml
"""


@guarded
def trust(
    ctx: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="A settings file, or a folder. By default, the file that is found from here.",
        ),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="List the files that are trusted.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Trust a file no longer.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Trust a settings file as it is now.

    A file that lies in a folder may come with somebody else's project, so it cannot say where your
    keys go until you name it (GITHUB_MODELS_CONFIG) or trust it here. Read it first. What is
    remembered is its path and its content: after any change it is not trusted any more.
    """
    from ..settings.trusted import read_store

    console = console_of(ctx)
    if listing and forget:
        raise WrongUsageError("--list and --forget exclude each other.")
    store = read_store()
    if store.problem is not None:
        console.warn(store.problem)
    if listing:
        if path is not None:
            raise WrongUsageError("--list takes no PATH.")
        _list(console, store, as_json=as_json)
        return
    file = None if forget else _file_at(path)
    target = file.path if file is not None else _remembered(store, path)
    changed = store.with_file(file) if file is not None else store.without(target)
    changed.save()
    if as_json:
        console.json({"path": str(target), "trusted": file is not None})
        return
    if file is not None:
        for line in _says(file):
            console.note(line)
    words = "is trusted as it is now" if file is not None else "is not trusted any more"
    console.out(f"{target} {words}.")


def _list(console: Console, store: TrustStore, *, as_json: bool) -> None:
    states = {one: _state(store, one) for one in sorted(store.digests)}
    if as_json:
        console.json({"files": states})
        return
    if not states:
        console.note("No file is trusted.")
    for one, state in states.items():
        console.out(f"{one}: {state}")


def _state(store: TrustStore, path: str) -> str:
    """Say what has become of a file that was trusted."""
    from ..settings.found import read_found, this_machine

    file = read_found(Path(path), this_machine())
    if file is None:
        return "missing"
    if file.refused is not None:
        return f"refused: {file.refused}"
    return "trusted" if store.trusts(file) else "changed, and not trusted any more"


def _remembered(store: TrustStore, path: Path | None) -> Path:
    """Return the file that is to be forgotten.

    :raises CommandFailedError: if it is not trusted.
    """
    from ..settings.trusted import key_of

    places = [path] if path is not None and not path.is_dir() else _places(path)
    for place in places:
        if key_of(place) in store.digests:
            return Path(key_of(place))
    shown = path if path is not None else "The file that is found from here"
    raise CommandFailedError(f"{shown} is not trusted. 'github-models trust --list' shows what is.")


def _places(path: Path | None) -> list[Path]:
    from ..settings.found import folders, this_machine

    start = path if path is not None else Path.cwd()
    return [folder / name for folder in folders(start, this_machine().home) for name in NAMES]


def _file_at(path: Path | None) -> SettingsFile:
    """Read the file that is to be trusted.

    :raises WrongUsageError: if there is none, or if no settings are looked for under its name.
    :raises SettingsError: if it is refused.
    """
    from ..settings.found import read_found, this_machine
    from ..settings.load import nearest_files
    from ..settings.model import CONFIG_VARIABLE

    machine = this_machine()
    if path is None or path.is_dir():
        found = nearest_files(path if path is not None else Path.cwd(), machine)
        if not found:
            raise WrongUsageError("No settings file is found from here. Give its PATH.")
        return found[0]
    if path.name not in NAMES:
        raise WrongUsageError(
            f"Only files called {', '.join(NAMES)} are found without being named. Name {path} "
            f"with {CONFIG_VARIABLE}."
        )
    file = read_found(Path(os.path.abspath(path)), machine)
    if file is None:
        raise WrongUsageError(f"There is no file {path}.")
    return file.usable(by_name=path.name != ENV_FILE)


def _says(file: SettingsFile) -> Iterator[str]:
    """Yield what a file says of addresses and keys: that is what is trusted.

    :raises SettingsError: if it cannot be read as settings.
    """
    from ..endpoints.presets import PRESETS
    from ..settings.load import load_settings

    if file.path.name == ENV_FILE:
        return
    settings = load_settings({}, named=file)
    for name, endpoint in settings.endpoints.items():
        source = settings.sources.get(name)
        if endpoint is not PRESETS.get(name):
            key = f" with {source}" if source is not None and source.kind != "none" else ""
            yield f"It declares {name} at {endpoint.origin}{key}."
    if settings.endpoint is not None:
        yield f"It chooses the endpoint {settings.endpoint.partition('?')[0]}."
