"""What every test starts from: no settings, no tokens, no network but loopback."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.harness import Clock, Twin

# How fast a busy machine is proves nothing.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        read = name.startswith(("GITHUB_MODELS_", "LLM_", "LOGAI_"))
        ours = read and name != "GITHUB_MODELS_RECORDINGS"
        if ours or name.endswith("_API_KEY"):  # the vendors' keys make endpoints usable
            monkeypatch.delenv(name)
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            raise RuntimeError(f"a test tried to reach {address[0]}; tests stay on loopback")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(params=["sync", "aio"])
def twin(request: pytest.FixtureRequest) -> Twin:
    """The sync and the async client, one after the other."""
    if request.param == "aio":
        pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    return Twin(request.param)


@pytest.fixture
def clock() -> Clock:
    """Seconds since the epoch, moved by hand."""
    return Clock()
