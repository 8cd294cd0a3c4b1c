"""The dialects that are known: one short module for each family, all of them pure values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..._core.request.dialect import Dialect
from ..._core.request.fit import SDK
from .azure import AZURE_MODELS, AZURE_OPENAI, FOUNDRY
from .compatible import COMPATIBLE
from .github import GITHUB_DIALECT, GITHUB_LEGACY
from .local import FOUNDRY_LOCAL, LLAMA_CPP, LLAMA_CPP_PYTHON, LM_STUDIO, OLLAMA, VLLM
from .openai import COPILOT, LITELLM, OPENAI, OPENROUTER, TOGETHER
from .strict import CEREBRAS, GEMINI, GROQ, MISTRAL
from .table import read_dialect

__all__ = ["DIALECTS", "Dialect", "dialect_of", "read_dialect"]

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            SDK, GITHUB_DIALECT, GITHUB_LEGACY, AZURE_MODELS, AZURE_OPENAI, FOUNDRY, COMPATIBLE,
            OPENAI, OPENROUTER, TOGETHER, LITELLM, COPILOT, GROQ, CEREBRAS, MISTRAL, GEMINI,
            OLLAMA, LLAMA_CPP, LLAMA_CPP_PYTHON, VLLM, LM_STUDIO, FOUNDRY_LOCAL,
        )
    }
)  # fmt: skip
"""The dialects by name; ``unknown`` is what the SDK itself speaks."""


def dialect_of(value: str | Dialect) -> Dialect:
    """Return the dialect that a name stands for.

    :raises ValueError: for an unknown name; TypeError for something else than a name.
    """
    if isinstance(value, Dialect):
        return value
    if not isinstance(value, str):
        raise TypeError(f"dialect is a name or a Dialect, not {type(value).__name__}.")
    if value not in DIALECTS:
        raise ValueError(f"{value!r} is no dialect. Known: {', '.join(sorted(DIALECTS))}.")
    return DIALECTS[value]
