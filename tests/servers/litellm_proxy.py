"""The LiteLLM proxy as a hop of its own between our client and the emulator.

https://github.com/BerriAI/litellm; the Python package ``litellm[proxy]``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.process import HOST, free_port, running
from tests.servers.service import Service, absent

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

COMMAND = "litellm"
START_LIMIT = 300.0  # two slow cores took 90 s after a fresh installation
KEY = "sk-" + "key-of-the-proxy-" * 3  # it refuses to start with a short one
UPSTREAM_KEY = "key-of-the-upstream"


@dataclass(frozen=True)
class Proxy(Service):
    """A running proxy, and the emulator behind it."""

    upstream: Emulator | None = None

    @property
    def behind(self) -> Emulator:
        """The emulator that it forwards to."""
        assert self.upstream is not None
        return self.upstream


def configuration(upstream_url: str) -> dict[str, Any]:
    """Return the configuration: two models and embeddings elsewhere, and one that is limited."""

    def forwarded(model: str) -> dict[str, Any]:
        # "openai/" says which protocol to speak; the rest is the model as the upstream knows it.
        parameters = {"model": f"openai/{model}", "api_base": upstream_url, "api_key": UPSTREAM_KEY}
        return {"model_name": model, "litellm_params": parameters}

    limited = {"model": "openai/any", "api_key": "any", "mock_response": "litellm.RateLimitError"}
    models = ["openai/gpt-4o-mini", "openai/gpt-4o", "openai/text-embedding-3-small"]
    return {
        "model_list": [
            *map(forwarded, models),
            {"model_name": "limited", "litellm_params": limited},
        ],
        "litellm_settings": {"num_retries": 0},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "general_settings": {"master_key": KEY},
    }


@contextmanager
def proxy_running(folder: Path, upstream: Emulator) -> Iterator[Proxy]:
    """Run the proxy in front of an emulator."""
    command = shutil.which(COMMAND)
    if command is None:
        absent("litellm", f"the command {COMMAND} is not on PATH: nox -s servers")
    settings = folder / "config.yaml"
    settings.write_text(json.dumps(configuration(upstream.inference_url)))  # JSON is YAML
    port = free_port()
    arguments = [command, "--config", settings, "--host", HOST, "--port", str(port)]
    with running(
        [*arguments, "--telemetry", "False"],
        port=port,
        ready="/health/liveliness",
        folder=folder,
        limit=START_LIMIT,
        variables={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    ):
        yield Proxy(
            url=f"http://{HOST}:{port}",
            key=KEY,
            model="openai/gpt-4o-mini",
            spare="openai/gpt-4o",
            limited="limited",
            embeddings_model="openai/text-embedding-3-small",
            upstream=upstream,
        )
