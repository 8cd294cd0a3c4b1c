"""What guides and programs of the field tell people to write for GitHub Models, as it stands.

Only a key and, where a test says so, the address of the emulator are put in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.harness import HELLO, Twin

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator
    from tests.cli.program import Outcome, Program

HOST, LEGACY_HOST = "https://models.github.ai", "https://models.inference.ai.azure.com"
TOKEN = "github_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz"
FIRST, SECOND = "openai/gpt-4.1", "meta/llama-3.3-70b-instruct"
THIRD, HEIR = "mistral-ai/mistral-large-2411", "mistral-ai/mistral-medium-2505"

# OpenHands' page on GitHub Models
MAIN = """[llm]
model = "github/openai/gpt-4.1"
api_key = "your-github-token-here"
base_url = "https://models.github.ai"
custom_llm_provider = "openai"
num_retries = 3
retry_min_wait = 5
retry_max_wait = 30
"""
TUNING = """timeout = 60
retry_multiplier = 2
temperature = 0.1
max_output_tokens = 4096
top_p = 0.95
"""
FALLBACKS = """
[llm.fallback1]
model = "github/meta/llama-3.3-70b-instruct"
api_key = "your-github-token"
base_url = "https://models.github.ai"
custom_llm_provider = "openai"

[llm.fallback2]
model = "github/mistral-ai/mistral-large-2411"
api_key = "your-github-token"
base_url = "https://models.github.ai"
custom_llm_provider = "openai"
"""
FILES = {
    "the main block": MAIN,
    "the main block, tuned": MAIN + TUNING,
    "with its fallbacks": MAIN + FALLBACKS,
    "all of it": MAIN + TUNING + FALLBACKS,
}
ENVIRONMENT = {
    "LLM_MODEL": "github/openai/gpt-4.1",
    "LLM_API_KEY": "your-github-token-here",
    "LLM_BASE_URL": HOST,
    "LLM_CUSTOM_LLM_PROVIDER": "openai",
}
DEBUGGING = {"LOG_ALL_EVENTS": "true", "OPENHANDS_LOG_LEVEL": "DEBUG"}
# Its list of variables, with its defaults or a value of each one's kind
LISTED = {
    "LLM_NUM_RETRIES": "8",
    "LLM_RETRY_MIN_WAIT": "15",
    "LLM_RETRY_MAX_WAIT": "120",
    "LLM_RETRY_MULTIPLIER": "2",
    "LLM_API_VERSION": "2024-12-01-preview",
    "LLM_EMBEDDING_MODEL": "openai/text-embedding-3-small",
    "LLM_EMBEDDING_DEPLOYMENT_NAME": "openai/text-embedding-3-large",
    "LLM_DROP_PARAMS": "true",
    "LLM_DISABLE_VISION": "true",
    "LLM_CACHING_PROMPT": "true",
}
ENVIRONMENTS = {
    "the environment block": ENVIRONMENT,
    "the list of variables": {**ENVIRONMENT, **LISTED},
    "debugging": {**ENVIRONMENT, **DEBUGGING},
}
# LogAI, and the form of LiteLLM that it hands its calls on in
LOGAI = {
    "LOGAI_LLM_PROVIDER": "github",
    "LOGAI_GITHUB_TOKEN": TOKEN,
    "LOGAI_GITHUB_MODEL": "gpt-4o",
}
LITELLM = {"LLM_MODEL": "azure_ai/gpt-4o", "LLM_BASE_URL": LEGACY_HOST, "LLM_API_KEY": TOKEN}
SHAPES = ["", "/inference"]  # the bare host, as the page has it, and the service's own path
DAY = {"times": None, "type": "UserByModelByDay", "seconds": 80_000}


def written(text: str, key: str | None = TOKEN, address: str = HOST) -> None:
    """Write the file that a guide shows, with this key or without any."""
    lines = [line for line in text.splitlines() if key or not line.startswith("api_key")]
    text = "\n".join(lines).replace("your-github-token-here", key or "")
    text = text.replace("your-github-token", key or "").replace(f'"{HOST}"', f'"{address}"')
    Path("config.toml").write_text(text, "utf-8")


def exported(
    monkeypatch: pytest.MonkeyPatch,
    variables: Mapping[str, str],
    key: str | None = TOKEN,
    address: str | None = None,
) -> None:
    """Set the variables that a guide shows, with this key or without any."""
    for name, value in variables.items():
        if name.endswith(("_API_KEY", "_TOKEN")):
            if key:
                monkeypatch.setenv(name, key)
        elif name == "LLM_BASE_URL" and address:
            monkeypatch.setenv(name, address)
        else:
            monkeypatch.setenv(name, value)


def ask(twin: Twin, kind: str = "ChatCompletionsClient", **options: Any) -> Any:
    """Ask over a real connection, with nothing but what the settings say."""
    client = getattr(twin.package, kind)(**options)
    method, said = ("complete", {"messages": HELLO})
    if kind == "EmbeddingsClient":
        method, said = "embed", {"input": ["Hello"]}
    if not twin.is_async:
        with client:
            return getattr(client, method)(**said)

    async def asked() -> Any:
        async with client:
            return await getattr(client, method)(**said)

    return asyncio.run(asked())


def ask_gateway(
    path: str = "chat/completions", *, texts: list[str] | None = None, **options: Any
) -> requests.Response:
    """Ask the gateway as a program that knows its URL and no model of its own."""
    from github_models_azure.server.gateway import Gateway

    with Gateway(**options) as gateway:
        body: dict[str, Any] = {"messages": HELLO} if texts is None else {"input": texts}
        return requests.post(f"{gateway.v1_url}/{path}", json=body, timeout=30)


def ask_program(program: Program, *arguments: str) -> Outcome:
    """Ask on the command line, and have the trail printed."""
    return program("chat", "Hello", "--no-stream", "--trail", *arguments)


def text_of(answer: Any) -> str:
    text = answer.choices[0].message.content
    assert isinstance(text, str)
    return text


def limit(service: Emulator, *models: str) -> None:
    """Limit models for a day, under whatever name they are asked."""
    for model in models:
        service.fault("rate_limit", model=model, **DAY)
