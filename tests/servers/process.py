"""Server processes: started on a free port of loopback, waited for, ended with all they started."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
PAUSE = 0.1
END_LIMIT = 15.0

_KEEPER = Path(__file__).with_name("process_keeper.py")
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
# A server that wants to reach the internet finds a proxy that refuses at once.
_NO_INTERNET = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), f"http://{HOST}:9")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(
    arguments: Sequence[str | Path],
    *,
    port: int,
    ready: str,
    folder: Path,
    limit: float,
    variables: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a server for as long as the block lasts; it sees none of our environment but PATH.

    :param ready: the path that answers once the server serves, with whatever status below 500.
    :param folder: where it runs, and keeps ``server.log``.
    :param limit: how long it may take to serve, in seconds.
    :raises RuntimeError: when it ends before that, or takes longer; with the end of its log.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment = {**inherited, **_NO_INTERNET, "no_proxy": HOST, "HOME": str(folder)}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, _KEEPER, *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**environment, **(variables or {})},
            start_new_session=True,
        )
    try:
        _wait(process, port, ready, limit, folder)
        yield
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a kept process: close its input, and insist after 15 seconds."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(
    process: subprocess.Popen[bytes], port: int, ready: str, limit: float, folder: Path
) -> None:
    deadline = time.monotonic() + limit
    while not _answers(port, ready):
        with suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE)
            raise RuntimeError(f"The server ended before it served:\n{_end_of_log(folder)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"No answer after {limit:g} s:\n{_end_of_log(folder)}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end_of_log(folder: Path) -> str:
    return (folder / "server.log").read_text(errors="replace")[-3000:]
