"""The servers, each started once for all tests that need it; all of these tests need extras."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.servers.aimock import Aimock, aimock_running
from tests.servers.litellm_proxy import Proxy, proxy_running
from tests.servers.llama_cpp import llama_running
from tests.servers.service import Service

needed = ("aiohttp", "starlette", "uvicorn")
collect_ignore_glob = [] if all(map(find_spec, needed)) else ["test_*.py"]


@pytest.fixture(scope="session")
def _aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    with aimock_running(tmp_path_factory.mktemp("aimock"), "key-of-aimock") as running:
        yield running


@pytest.fixture
def aimock(_aimock: Aimock) -> Aimock:
    """An aimock that has seen nothing yet."""
    _aimock.forget()
    return _aimock


@pytest.fixture(scope="session")
def _disconnecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    folder, flags = tmp_path_factory.mktemp("disconnecting"), ["--chaos-disconnect", "1"]
    with aimock_running(folder, "key-of-the-disconnecting", flags) as running:
        yield running


@pytest.fixture
def disconnecting(_disconnecting: Aimock) -> Aimock:
    """An aimock that drops every connection, and has seen nothing yet."""
    _disconnecting.forget()
    return _disconnecting


@pytest.fixture(scope="session")
def _malformed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    folder, flags = tmp_path_factory.mktemp("malformed"), ["--chaos-malformed", "1"]
    with aimock_running(folder, "key-of-the-malformed", flags) as running:
        yield running


@pytest.fixture
def malformed(_malformed: Aimock) -> Aimock:
    """An aimock that answers 200 with broken JSON, and has seen nothing yet."""
    _malformed.forget()
    return _malformed


@pytest.fixture(scope="session")
def _proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    from github_models_azure.server.emulator import Emulator

    with (
        Emulator(plan="enterprise") as upstream,
        proxy_running(tmp_path_factory.mktemp("litellm"), upstream) as running,
    ):
        yield running


@pytest.fixture
def proxy(_proxy: Proxy) -> Proxy:
    """A LiteLLM proxy whose upstream has seen nothing yet and works."""
    _proxy.behind.reset()
    return _proxy


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A llama-cpp-python server with a model of noise."""
    with llama_running(tmp_path_factory.mktemp("llama")) as running:
        yield running


@pytest.fixture(scope="session")
def calling_llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One whose chat format lets its model choose the calls, and a model that makes two."""
    with llama_running(tmp_path_factory.mktemp("calling"), calling=True) as running:
        yield running
