"""Where this package remembers things between two runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "github-models-azure"


def user_state_dir(
    environ: Mapping[str, str] | None = None, platform: str | None = None, home: Path | None = None
) -> Path:
    """Return the user's folder for what this package remembers; it need not exist yet.

    ``XDG_STATE_HOME`` if it is an absolute path, whatever the platform; else ``%LOCALAPPDATA%`` on
    Windows, ``~/Library/Application Support`` on macOS, ``~/.local/state`` elsewhere. The arguments
    default to those of the process.

    :raises RuntimeError: if the user has no home folder.
    """
    environ = os.environ if environ is None else environ
    platform = sys.platform if platform is None else platform
    named = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(named):
        return Path(named) / _NAME
    if platform == "win32" and (local := environ.get("LOCALAPPDATA")):
        return Path(local) / _NAME
    home = Path.home() if home is None else home
    if platform == "win32":
        return home / "AppData" / "Local" / _NAME
    if platform == "darwin":
        return home / "Library" / "Application Support" / _NAME
    return home / ".local" / "state" / _NAME
