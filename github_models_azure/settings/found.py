"""Settings files on disk: where they are looked for, and how one is read and judged in one go."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from .._core.trust import (
    MOST_BYTES,
    Chooser,
    Chosen,
    FileFacts,
    shown_path,
    who_else_writes,
    why_refused,
    why_unusable,
)
from ..exceptions import SettingsError
from .model import CONFIG_VARIABLE

_LONGEST_SEARCH = 64 * MOST_BYTES
# A pipe must not keep the opener waiting, a terminal must not become the process's own.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)
_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)


def is_own_group(owner: int, group: int) -> bool:
    """Return whether a group is its owner's own: named like the user, and without other members.

    Where the system does not know the user, as in many containers, ids that are equal count.
    """
    import grp
    import pwd

    try:
        user, group_entry = pwd.getpwuid(owner), grp.getgrgid(group)
    except KeyError:
        return owner == group
    others = set(group_entry.gr_mem) - {user.pw_name}
    return user.pw_gid == group and group_entry.gr_name == user.pw_name and not others


@dataclass(frozen=True, slots=True)
class Machine:
    """What of the system a judgement rests on.

    ``user`` is the id of the user, ``None`` where files have no owners and modes (Windows).
    """

    user: int | None
    home: Path | None
    own_group: Callable[[int, int], bool] = is_own_group


def this_machine() -> Machine:
    """Return what this process runs on."""
    home = None
    with suppress(RuntimeError):
        home = Path(os.path.realpath(Path.home()))
    user: Callable[[], int] | None = getattr(os, "geteuid", None)
    return Machine(user() if user is not None else None, home)


def folders(directory: Path, home: Path | None) -> tuple[Path, ...]:
    """Return where settings are looked for, the nearest folder first.

    From the working directory up to the root of its repository (a folder with ``.git``), or up to
    the home folder, whichever comes first; outside both only the working directory.
    """
    here = Path(os.path.realpath(directory))
    found: list[Path] = []
    for folder in (here, *here.parents):
        found.append(folder)
        if folder == home or os.path.lexists(folder / ".git"):
            return tuple(found)
    return (here,)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file as it was read; ``refused`` says why it must not be used, if so.

    ``warning`` says that others can write a file that was named.
    """

    path: Path
    data: bytes = field(default=b"", repr=False)
    chosen: Chosen = field(default_factory=lambda: Chosen(Chooser.FOUND))
    refused: str | None = None
    warning: str | None = None

    def usable(self, *, by_name: bool = True) -> SettingsFile:
        """Return the file.

        :param by_name: whether ``GITHUB_MODELS_CONFIG`` can name it.
        :raises SettingsError: if it is refused; says why and what to do.
        """
        if self.refused is None:
            return self
        shown = shown_path(str(self.path))
        text = f"The settings file {shown} is refused: {self.refused}."
        if self.chosen.by is Chooser.NAMED:
            raise SettingsError(text)
        named = (
            f"name it: {CONFIG_VARIABLE}={shown_path(str(self.path), quoted=True)}"
            if by_name
            else "set what it says in the environment"
        )
        raise SettingsError(f"{text} Mend that, or remove the file, or {named}.")


def read_named(path: Path, machine: Machine) -> SettingsFile:
    """Read a file that the user names, whoever owns it.

    :raises FileNotFoundError: if there is none.
    """
    chosen = Chosen(Chooser.NAMED, str(path))
    try:
        with _open(path, machine) as (descriptor, facts):
            refused = why_unusable(facts)
            data = b"" if refused else _read(descriptor)
    except FileNotFoundError:
        raise
    except OSError as error:
        return SettingsFile(path, chosen=chosen, refused=_unreadable(error))
    if refused is None and len(data) > MOST_BYTES:  # it grew meanwhile
        data, refused = b"", why_unusable(FileFacts(is_regular=True, size=len(data)))
    writes = who_else_writes(facts) if machine.user is not None else None
    warning = writes and f"The settings file {shown_path(str(path))} is used, though {writes}."
    return SettingsFile(path, data, chosen, refused, warning)


def read_found(path: Path, machine: Machine, mentions: bytes = b"") -> SettingsFile | None:
    """Read a file that lies there; ``None`` if there is none.

    :param mentions: what a file of that name that may be anybody's has in it if it is a settings
        file; without it, and if it is a folder, there is none.
    """
    try:
        with _open(path, machine) as (descriptor, facts):
            if mentions and _is_folder(descriptor):
                return None
            refused = why_refused(facts, machine.user)
            unusable = why_unusable(facts)
            if unusable is not None and mentions and facts.is_regular:
                large = facts.size > _LONGEST_SEARCH
                unusable = unusable if large or _has(descriptor, mentions) else None
                return SettingsFile(path, refused=unusable) if unusable else None
            data = b"" if unusable else _read(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if mentions and path.is_dir():  # Windows opens no folders
            return None
        return SettingsFile(path, refused=_unreadable(error))
    if len(data) > MOST_BYTES:
        refused = why_unusable(FileFacts(is_regular=True, size=len(data)))
        return SettingsFile(path, refused=refused)
    if unusable is None and mentions not in data:
        return None
    return SettingsFile(path, data, refused=refused)


@contextmanager
def _open(path: Path, machine: Machine) -> Iterator[tuple[int, FileFacts]]:
    """Open a file once: what is judged is what is read, whatever is put in its place meanwhile."""
    if machine.user is None:
        descriptor = os.open(path, _FLAGS)
        try:
            yield descriptor, _plain_facts(os.fstat(descriptor))
        finally:
            os.close(descriptor)
        return
    try:
        folder = os.open(path.parent, _FOLDER_FLAGS)
    except PermissionError as error:  # nobody knows that there is a file
        raise FileNotFoundError(error.errno, error.strerror) from error
    try:
        link = _entry(path.name, folder)
        descriptor = os.open(path.name, _FLAGS, dir_fd=folder)
        try:
            yield descriptor, _facts(os.fstat(descriptor), link, os.fstat(folder), machine)
        finally:
            os.close(descriptor)
    finally:
        os.close(folder)


def _entry(name: str, folder: int) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except PermissionError as error:  # the folder cannot be searched
        raise FileNotFoundError(error.errno, error.strerror) from error


def _plain_facts(found: os.stat_result) -> FileFacts:
    return FileFacts(stat.S_ISREG(found.st_mode), found.st_size)


def _facts(
    found: os.stat_result, link: os.stat_result, folder: os.stat_result, machine: Machine
) -> FileFacts:
    by_group = bool(found.st_mode & stat.S_IWGRP)
    return FileFacts(
        is_regular=stat.S_ISREG(found.st_mode),
        size=found.st_size,
        owner=found.st_uid,
        mode=stat.S_IMODE(found.st_mode),
        own_group=not by_group or machine.own_group(found.st_uid, found.st_gid),
        link_owner=link.st_uid if stat.S_ISLNK(link.st_mode) else None,
        folder_owner=folder.st_uid,
        folder_mode=stat.S_IMODE(folder.st_mode),
    )


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        return stream.read(MOST_BYTES + 1)


def _has(descriptor: int, word: bytes) -> bool:
    """Return whether a large file has a word in it, which may lie across two pieces."""
    before = b""
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        while piece := stream.read(MOST_BYTES):
            if word in before + piece:
                return True
            before = piece[-len(word) :]
    return False


def _is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def _unreadable(error: OSError) -> str:
    return f"it cannot be read ({error.strerror or type(error).__name__})"
