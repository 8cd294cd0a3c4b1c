"""Models on the emulator of this test run."""

from __future__ import annotations

import itertools
from typing import Any

from github_models_azure.integrations.langchain import ChatGitHubModels, GitHubModelsEmbeddings
from github_models_azure.server.emulator import Emulator

EMULATOR = Emulator(plan="enterprise")
CHAT, SECOND, EMBEDDINGS = "openai/gpt-4.1", "openai/gpt-4o", "openai/text-embedding-3-small"

_numbers = itertools.count(1)


def place() -> dict[str, Any]:
    """Where the emulator is, and a token whose quotas nobody has used."""
    return {"base_url": EMULATOR.inference_url, "api_key": f"token-{next(_numbers)}"}


def chat(**fields: Any) -> ChatGitHubModels:
    return ChatGitHubModels(**{"model": CHAT, **place(), **fields})


def embeddings(**fields: Any) -> GitHubModelsEmbeddings:
    return GitHubModelsEmbeddings(**{"model": EMBEDDINGS, **place(), **fields})


def bodies() -> list[Any]:
    """The bodies that the emulator was sent, oldest first."""
    return [entry.body for entry in EMULATOR.journal]


def limit(model: str = CHAT) -> None:
    """Have the next request for a model meet its limit."""
    EMULATOR.reset()
    EMULATOR.fault("rate_limit", model=model, seconds=600)
