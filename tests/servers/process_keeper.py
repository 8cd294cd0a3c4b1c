"""Runs a command until standard input ends, then ends it with all that it started.

A test run that is killed cannot clean up after itself, but the end of its pipe still gets here.
Must be started as the leader of a process group of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import FrameType

GRACE = 5.0
"""Seconds between asking the group to end and ending it."""


def keep(arguments: Sequence[str]) -> None:
    """Run the command; never returns, because the group that is ended includes this process."""
    signal.signal(signal.SIGTERM, _stay)
    child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_after, args=(child,), daemon=True).start()
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE)
    os.killpg(0, signal.SIGKILL)


def _stay(number: int, frame: FrameType | None) -> None:
    """Outlive the signal to the group; a handler, unlike an ignored signal, is not inherited."""


def _end_after(child: subprocess.Popen[bytes]) -> None:
    child.wait()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    keep(sys.argv[1:])
