"""The program `llm`, with a model of its ``extra-openai-models.yaml`` at the gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from github_models_azure.server.gateway import Gateway
from tests.applications.conftest import FIRST, THIRD


@pytest.mark.parametrize("stream", [[], ["--no-stream"]])
def test_a_prompt_is_answered(gateway: Gateway, tmp_path: Path, stream: list[str]) -> None:
    """With the lines of the guide, streamed and whole."""
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: github\n  model_name: {FIRST}\n  api_base: {gateway.v1_url}\n"
        "  api_key_name: gateway\n",
        "utf-8",
    )
    (tmp_path / "keys.json").write_text('{"gateway": "anything"}', "utf-8")
    environ = {**os.environ, "LLM_USER_PATH": str(tmp_path)}
    command = [sys.executable, "-m", "llm", "-m", "github", "Hello", "--no-log", *stream]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"[emulated {THIRD}] Hello")


def test_its_model_variable_is_none_of_ours(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LLM_MODEL is the default model of `llm`, and does not change where a client asks."""
    from github_models_azure.settings.load import load_settings

    monkeypatch.setenv("LLM_MODEL", "github")
    settings = load_settings()
    assert (settings.endpoint, settings.model) == (None, None)
