"""Servers that people run themselves."""

from __future__ import annotations

from dataclasses import replace

from .compatible import COMPATIBLE

OLLAMA = replace(COMPATIBLE, name="ollama", tool_choice=False)
"""A forced tool call is silently ignored (ollama#17921, ollama#11171)."""

LLAMA_CPP = replace(COMPATIBLE, name="llama-cpp", tool_choice=False)
"""Without a tool template a named ``tool_choice`` comes back as plain text."""

LLAMA_CPP_PYTHON = replace(
    COMPATIBLE,
    name="llama-cpp-python",
    refuses=frozenset({"developer"}),
    text_roles=frozenset({"assistant"}),
    lacks=frozenset({"json_schema"}),
)
"""The role ``developer``, ``json_schema`` and a null content end in validation errors.

Its ``chatml-function-calling`` answers 500 to calls without a content (llama-cpp-python#1805).
"""

FOUNDRY_LOCAL = replace(COMPATIBLE, name="foundry-local", refuses=frozenset({"developer"}))
"""Its documents name the roles system, user and assistant alone."""

VLLM = replace(COMPATIBLE, name="vllm")
LM_STUDIO = replace(COMPATIBLE, name="lm-studio")
