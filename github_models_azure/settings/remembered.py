"""What settings came to, kept for as long as nothing has changed that they were read from.

Frameworks make a client for each call. Between two of them the same folders are searched and the
same files read and checked; here it is only asked whether they are still the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from .found import Seen, witnessed
from .model import Settings

_SETTLED = 2_000_000_000
"""Nanoseconds: a file that changes again within them may show no other time, as on FAT."""
_MOST = 8

_Stamp = tuple[int, ...] | None
_kept: dict[Hashable, _Kept] = {}


@dataclass(frozen=True, slots=True)
class _Kept:
    """Settings, and what they rest on: the folders that were searched, and the files found there.

    A file that was not there cannot come without its folder showing another time. ``marks`` are
    what ends the search: of those only matters whether they are there.
    """

    settings: Settings
    folders: tuple[tuple[str, _Stamp], ...]
    files: tuple[tuple[str, _Stamp, _Stamp], ...]
    marks: tuple[tuple[str, bool], ...]

    def holds(self) -> bool:
        """Return whether all of it is as it was."""
        return (
            all(os.path.lexists(mark) is there for mark, there in self.marks)
            and all(_stamp(os.stat, one) == stamp for one, stamp in self.folders)
            and all(
                _stamp(os.lstat, one) == link and _stamp(os.stat, one) == stamp
                for one, link, stamp in self.files
            )
        )

    def is_settled(self, before: int) -> bool:
        """Return whether nothing of it changed within a moment before or at any time since."""
        stamps = [stamp for _, stamp in self.folders]
        stamps += [stamp for _, *both in self.files for stamp in both]
        return all(max(stamp[-2:]) < before - _SETTLED for stamp in stamps if stamp is not None)


def remembered(key: Hashable, read: Callable[[], Settings]) -> Settings:
    """Return what was read under a key, or read it now.

    :param key: all that the settings depend on beside files.
    :param read: reads them; what it raises is raised.
    """
    kept = _kept.get(key)
    if kept is not None and kept.holds():
        return kept.settings
    begun = time.time_ns()
    with witnessed() as seen:
        settings = read()
    made = _of(settings, seen)
    # What a keyring holds has no time that could be looked at.
    by_keyring = any(source.kind == "keyring" for source in settings.sources.values())
    if made.is_settled(begun) and not by_keyring:
        while len(_kept) >= _MOST:
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = made
    return settings


def forget() -> None:
    """Forget all settings that were kept."""
    _kept.clear()


def _of(settings: Settings, seen: Seen) -> _Kept:
    folders = {os.path.dirname(path) for path in seen.paths}
    files = [(path, _stamp(os.lstat, path), _stamp(os.stat, path)) for path in sorted(seen.paths)]
    return _Kept(
        settings,
        tuple((folder, _stamp(os.stat, folder)) for folder in sorted(folders)),
        tuple(one for one in files if one[1] is not None),
        tuple(seen.marks.items()),
    )


def _stamp(look: Callable[[str], os.stat_result], path: str) -> _Stamp:
    """Return what tells a file from another one, and from itself before a change."""
    try:
        found = look(path)
    except OSError:
        return None
    return (
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )
