"""OpenAI, and the services that stand in front of many providers."""

from __future__ import annotations

from dataclasses import replace

from .compatible import COMPATIBLE

OPENAI = replace(COMPATIBLE, name="openai", tool_ids="max40")
"""Tool call ids over 40 characters are refused (vercel/ai#5171, openclaw#875)."""

OPENROUTER = replace(COMPATIBLE, name="openrouter")
TOGETHER = replace(COMPATIBLE, name="together")
LITELLM = replace(COMPATIBLE, name="litellm")

# Unsupported by its vendor outside its own tools; the header says who asks, and only the user can
# say that (github/copilot-cli#4337, litellm#23332).
COPILOT = replace(
    COMPATIBLE,
    name="copilot",
    required_headers=("Copilot-Integration-Id",),
    routes={"embeddings": "", "image_embeddings": ""},
)
