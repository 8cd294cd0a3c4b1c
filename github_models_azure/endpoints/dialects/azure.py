"""Azure's three ways of serving chat completions."""

from __future__ import annotations

from dataclasses import replace

from ..._core.request.dialect import Dialect
from .compatible import COMPATIBLE

# Any api-version is a 400 there, of two different wordings (goai#54, pydantic-ai#5066); the scope
# is that of learn.microsoft.com, "Migrate from Azure AI Inference to OpenAI". Ids of tool calls
# have OpenAI's limit (vercel/ai#5171).
FOUNDRY = replace(
    COMPATIBLE, name="openai-v1", scope="https://ai.azure.com/.default", tool_ids="max40"
)

# The SDK's own version is too old for json_schema (2024-08-01-preview) and the o-series
# (2024-12-01-preview): azure-sdk-for-python#40759, flink-agents#931.
AZURE_OPENAI = replace(
    FOUNDRY,
    name="azure-openai",
    api_version="2024-12-01-preview",
    auth="api-key",
    scope="https://cognitiveservices.azure.com/.default",
)

AZURE_MODELS = Dialect(name="azure-models", scope="https://ml.azure.com/.default")
"""The ``/models`` route, for which the SDK was made."""
