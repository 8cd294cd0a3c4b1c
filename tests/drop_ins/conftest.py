"""Each folder is about one framework, and is collected where that framework is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from github_models_azure import Trail, trail_of
from github_models_azure.server.emulator import Emulator

FIRST, SECOND = "openai/gpt-4.1", "openai/gpt-4o"
QUESTION, PARIS = "What is the capital of France?", "The capital of France is Paris."
WEATHER = "What is the weather in Oslo?"

PACKAGES = {
    "autogen": "autogen_ext",
    "langchain_azure_ai": "langchain_azure_ai",
    "llama_index": "llama_index",
}
REQUIRED = os.environ.get("GITHUB_MODELS_INTEGRATION_REQUIRED", "")

collect_ignore = [
    folder
    for folder, package in PACKAGES.items()
    if folder != REQUIRED and find_spec(package.partition(".")[0]) is None
]


def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"sunny in {city}"


class Behind:
    """What stands behind a framework: the emulator, and the responses that a client received."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self.responses = emulator, list[Any]()
        self.options: dict[str, Any] = {
            "fallback": [SECOND],
            "raw_response_hook": self.responses.append,
        }

    @property
    def trail(self) -> Trail:
        """The trail of the last call."""
        trail = trail_of(self.responses[-1])
        assert trail is not None
        return trail

    @property
    def asked(self) -> list[str | None]:
        """The models in the order in which they were asked; LlamaIndex asks for /info as well."""
        return [entry.model for entry in self.emulator.journal if entry.model]


@pytest.fixture
def behind() -> Iterator[Behind]:
    """An emulator whose first model is limited for a day."""
    with Emulator() as emulator:
        emulator.fault("rate_limit", model=FIRST, times=None, seconds=5631, type="UserByModelByDay")
        yield Behind(emulator)
