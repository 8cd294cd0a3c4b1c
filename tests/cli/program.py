"""Running the command line: in this process for breadth, as a process of its own for the truth."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import github_models_azure
from github_models_azure import ledger

ROOT = Path(github_models_azure.__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "github_models_azure"]
PATIENCE = 60  # seconds until a process counts as hung; no test waits for them


@dataclass(frozen=True)
class Outcome:
    """What one run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line that says what went wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


@dataclass(frozen=True)
class Program:
    """Runs `github-models` in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Outcome:
        from github_models_azure.cli import main

        ledger.reset()  # a process of its own would know of no earlier limit
        self.capsys.readouterr()
        code = main(arguments)
        captured = self.capsys.readouterr()
        return Outcome(code, captured.out, captured.err)


def environment(**extra: str) -> dict[str, str]:
    """The environment of a child: what the fixtures left of ours, and where the package is."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **extra}


def run(*arguments: str, stdin: bytes = b"", **extra: str) -> Outcome:
    """Run `github-models` as a process with pipes."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        env=environment(**extra),
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start `github-models` and leave it running, with the usual answer to Ctrl-C."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(),
        preexec_fn=_heed_interrupts,
        **{**pipes, **options},
    )


def finish(process: subprocess.Popen[bytes]) -> Outcome:
    """Wait for the end of a process."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Outcome(process.returncode, (out or b"").decode(), (err or b"").decode())


def _heed_interrupts() -> None:
    # A test run in the background passes on to its children that Ctrl-C is to be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
