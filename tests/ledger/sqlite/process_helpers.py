"""Python processes that tests start, talk to line by line, and kill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.source_tree import ROOT

_BEGIN = """
import os, signal, sys
sys.path.insert(0, {root!r})
from github_models_azure._core.quota.permits import Permit
from github_models_azure._core.quota.windows import Unit, Window
from github_models_azure.ledger.errors import LedgerStoreError
from github_models_azure.ledger.sqlite.store import SQLiteWindows
LONG = Window("m", "long", 20, Unit.REQUESTS, 1e6)
AT_ONCE = Window("m", "at once", 1, Unit.CONCURRENT, 30.0)
store = SQLiteWindows({path!r}, margin=0.0, timeout=60.0)

def say(*words):
    print(*words, flush=True)

"""


class Process:
    """A process with a store of quotas, ``store``, that runs a program."""

    def __init__(self, path: Path, program: str) -> None:
        code = _BEGIN.format(root=str(ROOT), path=str(path)) + program
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def hear(self) -> str:
        """Return the next line that it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, line: str = "") -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it as ``kill -9`` does, and wait until it has ended."""
        self._process.kill()
        self.end()

    def end(self) -> int:
        """Wait until it has ended; return how."""
        self._process.communicate()
        return self._process.returncode
