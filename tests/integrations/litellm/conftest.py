"""The emulator, the provider before it, and LiteLLM left as it was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.litellm.caller_helpers import Caller

import litellm  # isort: skip - after the line that keeps it off the network

from github_models_azure.integrations.litellm import GitHubModelsLLM, register
from github_models_azure.integrations.litellm._requests import Call
from github_models_azure.server.emulator import Emulator

HERE = Path(__file__).parent
_NOT_OURS = (
    # Pydantic, of the types that LiteLLM declares when it is imported and used.
    r"ignore:Items? .* on TypedDict class .* `ReadOnly` qualifier:UserWarning"
    r":pydantic\._internal\._generate_schema",
    # LiteLLM looks at its answers by names that pydantic is about to drop.
    "ignore:Accessing the 'model_(computed_)?fields' attribute"
    r":pydantic.warnings.PydanticDeprecatedSince211:litellm\.litellm_core_utils\.model_response_utils",
    # The task of LiteLLM's logs that a loop leaves; told wherever it is collected, in any module.
    r"ignore:coroutine 'LoggingWorker\._worker_loop' was never awaited:RuntimeWarning",
    r"ignore:Exception ignored in. <coroutine object LoggingWorker\._worker_loop"
    ":pytest.PytestUnraisableExceptionWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let LiteLLM's own warnings pass; ours stay errors."""
    for item in items:
        if HERE in item.path.parents:
            for rule in _NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(rule))


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    with Emulator(plan="enterprise") as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: Emulator) -> Iterator[Emulator]:
    """An emulator that has met nobody yet."""
    _emulator.reset()
    yield _emulator
    _emulator.reset()


@pytest.fixture(autouse=True)
def _litellm_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "custom_provider_map", [])
    monkeypatch.setattr(litellm, "_custom_providers", [])
    monkeypatch.setattr(litellm, "provider_list", [*litellm.provider_list])
    monkeypatch.setattr(litellm, "callbacks", [])
    monkeypatch.setattr(litellm, "suppress_debug_info", True)


@pytest.fixture
def llm(emulator: Emulator) -> Iterator[GitHubModelsLLM]:
    """The registered provider; it knows no other target, and does not wait."""
    with GitHubModelsLLM(
        emulator.inference_url, "the-key", fallback=None, fallback_max_wait=0
    ) as made:
        yield register(made)


@pytest.fixture(params=["sync", "aio"])
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """LiteLLM's sync and async functions, one after the other."""
    made = Caller(request.param)
    yield made
    made.close()


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The bodies that are sent, as the clients get them."""
    seen: list[dict[str, Any]] = []
    of = Call._of.__func__  # type: ignore[attr-defined]

    def spied(kind: type[Call], *args: Any, **given: Any) -> Call:
        call: Call = of(kind, *args, **given)
        seen.append(call.body)
        return call

    monkeypatch.setattr(Call, "_of", classmethod(spied))
    return seen
