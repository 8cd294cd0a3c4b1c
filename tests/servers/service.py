"""What a test has to know of a server: where it is, which key it takes, which models it has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import pytest

KNOWN = frozenset({"aimock", "litellm", "llama-cpp-python"})
VARIABLE = "GITHUB_MODELS_SERVERS_REQUIRED"
# Read at import: the fixtures of every test clear the settings of this package.
REQUIRED = frozenset(os.environ.get(VARIABLE, "").replace(",", " ").split())
if REQUIRED - KNOWN:
    raise ValueError(f"{VARIABLE} names {sorted(REQUIRED - KNOWN)}; known are {sorted(KNOWN)}")


def absent(name: str, reason: str, required: frozenset[str] = REQUIRED) -> NoReturn:
    """Skip a test whose server is not installed, or fail it where the server is required."""
    if name in required:
        pytest.fail(f"{VARIABLE} requires {name}: {reason}", pytrace=False)
    pytest.skip(f"{name}: {reason}")


@dataclass(frozen=True)
class Service:
    """A running server.

    :param spare: a second model that answers, for what falls back.
    :param limited: a model that is always rate limited; empty where there is none.
    :param random: whether its answers are noise, so that a test may only look at shapes.
    :param reports_stream_usage: whether it honours ``stream_options.include_usage``.
    """

    url: str
    key: str
    model: str
    embeddings_model: str
    spare: str = ""
    limited: str = ""
    random: bool = False
    reports_stream_usage: bool = True

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment that the SDK's samples read."""
        return {
            "AZURE_AI_CHAT_ENDPOINT": self.url,
            "AZURE_AI_CHAT_KEY": self.key,
            "AZURE_AI_CHAT_MODEL": self.model,
            "AZURE_AI_EMBEDDINGS_ENDPOINT": self.url,
            "AZURE_AI_EMBEDDINGS_KEY": self.key,
            "AZURE_AI_EMBEDDINGS_MODEL": self.embeddings_model,
        }
