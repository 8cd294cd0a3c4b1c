"""What every test starts from: no settings, no tokens, no network but loopback."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from github_models_azure.ledger import reset
from tests.harness import Clock, Twin

# How fast a busy machine is proves nothing. The gate says the same of a commit each time it is
# asked; what chance finds is for those who run the tests while they work.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("house")

# Folders all of whose tests need extras, which their modules may import at the top. Anywhere else
# such a test carries the mark `extras` and imports inside the test or fixture.
NEED_EXTRAS = ["applications", "cassettes", "cli", "drop_ins", "integrations", "server", "servers"]
collect_ignore = [] if find_spec("starlette") else NEED_EXTRAS

_PROPERTY = "hypothesis"  # the mark that Hypothesis gives to its tests
_LOOPBACK = ("127.", "::1", "localhost")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs extras, and run the properties first: no worker is left alone with them."""
    folders = tuple(f"tests/{folder}/" for folder in NEED_EXTRAS)
    for item in items:
        if item.nodeid.startswith(folders):
            item.add_marker(pytest.mark.extras)
    items.sort(key=lambda item: item.get_closest_marker(_PROPERTY) is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure no coverage in a property: that it runs a line is no proof that a test means to."""
    coverage = _coverage()
    if coverage is None or item.get_closest_marker(_PROPERTY) is None:
        return (yield)
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()


def pytest_sessionfinish() -> None:
    """Save what a worker measured: pytest-xdist waits 10 seconds for it to exit, then kills it."""
    if coverage := _coverage():
        coverage.stop()
        coverage.save()


def _coverage() -> Any:
    module = sys.modules.get("coverage")
    return module.Coverage.current() if module else None


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        read = name.startswith(("GITHUB_MODELS_", "LLM_", "LOGAI_"))
        ours = read and name != "GITHUB_MODELS_RECORDINGS"
        if ours or name.endswith("_API_KEY"):  # the vendors' keys make endpoints usable
            monkeypatch.delenv(name)
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "LOG_ALL_EVENTS", "OPENHANDS_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # programs run unmeasured
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _fresh_ledger() -> None:
    reset()


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
