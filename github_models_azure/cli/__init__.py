"""The command line, ``github-models``; it needs the ``cli`` extra."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 where it did its work, 1 where it failed, 2 for wrong usage, 130 after Ctrl-C.

    :param arguments: those of the process by default, without the program's name.
    """
    try:
        from ._app import run

        return run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "typer":
            raise
        print("The command line needs: pip install 'github-models-azure[cli]'", file=sys.stderr)
        return 1
