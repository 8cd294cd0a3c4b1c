"""Where this package may keep files that can be fetched or made again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "github-models-azure"
CATALOG_FILE = "catalog.json"
"""The name of the refreshed catalogue in the cache folder."""


def user_cache_dir(
    environ: Mapping[str, str] | None = None, platform: str | None = None, home: Path | None = None
) -> Path:
    """Return the user's cache folder for this package; it need not exist yet.

    ``XDG_CACHE_HOME`` where it is an absolute path, whatever the platform; else ``%LOCALAPPDATA%``
    on Windows, ``~/Library/Caches`` on macOS, ``~/.cache`` elsewhere. The arguments default to
    those of the process.

    :raises RuntimeError: where the user has no home folder.
    """
    environ = os.environ if environ is None else environ
    platform = sys.platform if platform is None else platform
    named = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named) / _NAME
    if platform == "win32" and (local := environ.get("LOCALAPPDATA")):
        return Path(local) / _NAME / "Cache"
    home = Path.home() if home is None else home
    if platform == "win32":
        return home / "AppData" / "Local" / _NAME / "Cache"
    if platform == "darwin":
        return home / "Library" / "Caches" / _NAME
    return home / ".cache" / _NAME


def refreshed_at() -> int | None:
    """Return when the user's catalogue was last refreshed, in nanoseconds; ``None`` for never."""
    try:
        return (user_cache_dir() / CATALOG_FILE).stat().st_mtime_ns
    except (OSError, RuntimeError):
        return None
