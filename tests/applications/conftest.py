"""Programs and libraries of the field, unchanged, on the gateway; each where it is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import Program

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator
    from github_models_azure.server.gateway import Gateway

MODULES = {
    "test_litellm.py": ("litellm", "prometheus_client"),
    "test_llm.py": ("llm", "prometheus_client"),
    "test_openai.py": ("openai", "prometheus_client"),
    "test_openai_connectors.py": ("openai", "prometheus_client"),
    "test_openhands.py": ("openhands", "toml"),
}
FIRST, SECOND, THIRD = "openai/gpt-4.1", "openai/gpt-4o", "meta/llama-3.3-70b-instruct"
# The session `applications` sets it: what is not installed is then an error.
REQUIRED = bool(os.environ.get("APPLICATIONS_REQUIRED"))

collect_ignore = [
    module for module, needed in MODULES.items() if not (REQUIRED or all(map(find_spec, needed)))
]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """The service behind; its first two models are limited for a day."""
    from github_models_azure.server.emulator import Emulator

    with Emulator(plan="enterprise") as running:
        for model in (FIRST, SECOND):
            day = {"times": None, "type": "UserByModelByDay", "seconds": 80_000}
            running.fault("rate_limit", model=model, **day)
        yield running


@pytest.fixture
def gateway(emulator: Emulator) -> Iterator[Gateway]:
    """A gateway with two fallbacks."""
    from github_models_azure.server.gateway import Gateway

    options = {"model": FIRST, "fallback": [SECOND, THIRD]}
    with Gateway(emulator.inference_url, "upstream-key", **options) as running:
        yield running


@pytest.fixture(scope="session")
def emulated() -> Iterator[Emulator]:
    from github_models_azure.server.emulator import Emulator

    with Emulator(plan="enterprise") as running:
        yield running


@pytest.fixture
def service(emulated: Emulator) -> Emulator:
    """The service, of which nothing has been used yet."""
    emulated.reset()
    return emulated


@pytest.fixture
def demo() -> Iterator[Emulator]:
    """The demo's emulator, which the whole process shares, as if it had not been used."""
    from github_models_azure.server.emulator import runner

    runner.demo_endpoint()
    (running,) = runner._running
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(capsys)
