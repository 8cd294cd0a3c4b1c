"""All tests of the gateway need the server extra: marked so, and left out where it is absent."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator
    from github_models_azure.server.gateway import Gateway

NEEDED = ("aiohttp", "prometheus_client", "starlette", "uvicorn")

collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """The service behind the gateway; its first model is limited for a day."""
    from github_models_azure.server.emulator import Emulator

    with Emulator(plan="enterprise") as running:
        limit = {"times": None, "type": "UserByModelByDay", "seconds": 80_000}
        running.fault("rate_limit", model="openai/gpt-4.1", **limit)
        yield running


@pytest.fixture
def gateway(emulator: Emulator) -> Iterator[Gateway]:
    """A gateway that falls back from the limited model."""
    from github_models_azure.server.gateway import Gateway

    options = {"model": "openai/gpt-4.1", "fallback": ["openai/gpt-4o"]}
    with Gateway(emulator.inference_url, "upstream-key", **options) as running:
        yield running
