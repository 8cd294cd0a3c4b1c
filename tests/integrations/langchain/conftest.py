"""The emulator that the suites speak to, and what they would download."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from . import download_helpers as downloads
from . import emulator_helpers as emulated
from .side_helpers import Side


@pytest.fixture(scope="session", autouse=True)
def emulator() -> Iterator[None]:
    """One emulator for all; a fresh token for each model keeps its quotas apart."""
    with emulated.EMULATOR:
        yield


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain's suites fetch a picture, a sound and a document; they get small ones of ours."""
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "nobody")
    monkeypatch.setattr(httpx, "get", downloads.get)


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting or tracing of the machine reaches a test."""
    for name in ("GITHUB_TOKEN", "GITHUB_MODELS_API_KEY", "GITHUB_MODELS_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LC_OUTPUT_VERSION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, bool]:
    """The emulator answers live: nothing is recorded."""
    return {"ignore_localhost": True}


@pytest.fixture(params=["sync", "aio"])
def side(request: pytest.FixtureRequest) -> Side:
    """Each test that takes this runs through both halves of LangChain's interface."""
    return Side(request.param)
