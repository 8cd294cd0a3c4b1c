"""Every test here plays a cassette; `nox -s record` records them again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport, HttpTransport

from tests.cassettes.deck import (
    GITHUB,
    GITHUB_AZURE,
    IN_SERVICE,
    Deck,
    Origin,
    cassette_at,
    unplayed,
)
from tests.harness import Twin

HERE = Path(__file__).parent
LIBRARY = HERE.parents[1] / "cassettes"
TWINS = ("sync", "aio")

# Read before the tests' own surroundings are cleaned of settings.
LIVE_URL = os.environ.get("GITHUB_MODELS_RECORD_URL", "").rstrip("/")
LIVE_KEY = os.environ.get("GITHUB_MODELS_RECORD_KEY", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take effect where this folder is named on the command line, as `nox -s record` does."""
    parser.addoption(
        "--record-mode",
        choices=["none", "rewrite"],
        default="none",
        help="none: play the cassettes, offline; rewrite: record them again",
    )


@pytest.fixture
def records(request: pytest.FixtureRequest) -> bool:
    """Whether cassettes are recorded; never so in a run that cannot know the option."""
    return bool(request.config.getoption("record_mode", "none") == "rewrite")


@pytest.fixture(autouse=True)
def _loopback_only(request: pytest.FixtureRequest, records: bool) -> None:
    if not (records and LIVE_URL):
        request.getfixturevalue("_loopback_only")  # the one of all tests


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(self: Any, seconds: float) -> None:
        raise AssertionError(f"a client wanted to wait {seconds} seconds; these tests do not")

    monkeypatch.setattr(HttpTransport, "sleep", sleep)
    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)


@pytest.fixture
def deck(request: pytest.FixtureRequest, twin: Twin, records: bool) -> Iterator[Deck]:
    """The clients of one twin, with the cassette of this test; both twins share it."""
    path = _cassette_of(request)
    if not records:
        if not path.exists():
            pytest.fail(f"there is no cassette at {path}; record it with `nox -s record`")
        with _playing(path, twin) as player:
            yield player
        return
    with _origin() as origin, cassette_at(path, origin):
        recorder = Deck(twin, origin)
        yield recorder
        recorder.close()


@contextmanager
def _playing(path: Path, twin: Twin) -> Iterator[Deck]:
    with cassette_at(path, None) as cassette:
        player = Deck(twin, None)
        yield player
        player.close()
    left = unplayed(cassette)
    assert not left, f"nobody asked for what {path.name} holds: {left}"


@contextmanager
def _origin() -> Iterator[Origin]:
    if LIVE_URL:
        if not LIVE_KEY:
            pytest.fail("GITHUB_MODELS_RECORD_URL is set; set GITHUB_MODELS_RECORD_KEY too")
        yield Origin({GITHUB: LIVE_URL}, LIVE_KEY)
        return
    from github_models_azure.server.emulator import Emulator

    with Emulator(clock=lambda: IN_SERVICE) as emulator:
        stands_in = {GITHUB: emulator.inference_url, GITHUB_AZURE: emulator.legacy_url}
        yield Origin(stands_in, "token", emulator)


def _cassette_of(request: pytest.FixtureRequest) -> Path:
    """Return ``cassettes/<area>/<test>.yaml``, with what else the test is parametrised by."""
    node = request.node
    cases = [part for part in node.callspec.id.split("-") if part not in TWINS]
    name = "-".join([node.originalname.removeprefix("test_"), *cases])
    return LIBRARY / request.path.stem.removeprefix("test_") / f"{name}.yaml"
