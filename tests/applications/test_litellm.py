"""LiteLLM as LogAI and others call it, in a process of its own: the library is asked, unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from github_models_azure.server.gateway import Gateway
from tests.applications.conftest import FIRST, THIRD

PROGRAM = """
import asyncio, json, sys
import litellm

options = {"messages": [{"role": "user", "content": "Hello"}], **json.loads(sys.argv[1])}
answer = litellm.completion(**options).choices[0].message.content
stream = litellm.completion(stream=True, **options)
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
awaited = asyncio.run(litellm.acompletion(**options)).choices[0].message.content
print(json.dumps([answer, streamed, awaited]))
"""


@pytest.mark.parametrize(
    ("model", "path", "headers"),
    [
        (f"azure_ai/{FIRST}", "", {"X-GitHub-Api-Version": "2022-11-28"}),
        (f"openai/{FIRST}", "/v1", {}),
        (f"litellm_proxy/{FIRST}", "/v1", {}),
    ],
)
def test_a_model_of_litellm_is_answered_by_the_second_fallback(
    gateway: Gateway, model: str, path: str, headers: dict[str, str]
) -> None:
    """``completion``, streamed too, and ``acompletion``: ``base_url`` alone is changed."""
    options = {
        "model": model,
        "base_url": gateway.url + path,
        "api_key": "anything",
        "extra_headers": headers,
        "num_retries": 0,
    }
    for answer in _ask(options):
        assert answer.startswith(f"[emulated {THIRD}] Hello")


def test_azure_ai_takes_the_path_of_inference_for_models_of_others(gateway: Gateway) -> None:
    """LiteLLM asks for OpenAI's models at /openai/deployments, which only the bare URL has."""
    url = f"{gateway.url}/inference"
    for answer in _ask({"model": f"azure_ai/{THIRD}", "base_url": url, "api_key": "anything"}):
        assert answer.startswith(f"[emulated {THIRD}] Hello")


def _ask(options: dict[str, object]) -> list[str]:
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [sys.executable, "-c", PROGRAM, json.dumps(options)]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found
