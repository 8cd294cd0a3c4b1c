"""What the tests of the command line share; all of them need the extra `cli`."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import Program

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

NEEDED = ("typer", "starlette", "uvicorn")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]


@pytest.fixture(autouse=True)
def _bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("GH_CONFIG_DIR", str(tmp_path / "gh"))
    for name in os.environ:
        if name.lower().endswith(("_proxy", "_api_key")) or name == "NO_COLOR":
            monkeypatch.delenv(name)


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    """`github-models` in this process."""
    return Program(capsys)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on the standard input."""

    def put(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A running emulator that the settings point at."""
    from github_models_azure.server.emulator import Emulator

    with Emulator() as running:
        monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", running.inference_url)
        monkeypatch.setenv("GITHUB_MODELS_API_KEY", "some-key")
        yield running


@dataclass(frozen=True)
class Silent:
    """A server that takes a request and never answers; `asked` is set once one arrives."""

    url: str
    asked: threading.Event


@pytest.fixture
def silent() -> Iterator[Silent]:
    """A server that stalls."""
    asked = threading.Event()
    held: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            connection.recv(65536)
            asked.set()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield Silent(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", asked)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in held:
            connection.close()
