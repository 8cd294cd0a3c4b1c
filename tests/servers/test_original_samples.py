"""The SDK's own samples, as its source distribution ships them, with only the import changed.

They are not kept here. GITHUB_MODELS_SDK_SAMPLES names their folder; ``nox -s servers_aimock``
downloads the source distribution of the pinned version and sets it.

Left out: what GitHub Models never had (``/info``, image embeddings, Entra ID, ``load_client``),
what needs other packages (tracing, prompty, numpy) or files that are not shipped (audio, the body
in bytes), and the bodies as dictionaries that name no model, as only a serverless endpoint allows.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from github_models_azure.server.emulator import Emulator
from tests.servers.aimock import Aimock
from tests.servers.litellm_proxy import Proxy
from tests.servers.sample_runner import run_sample, with_our_clients
from tests.servers.service import Service

VARIABLE = "GITHUB_MODELS_SDK_SAMPLES"
FOLDER = os.environ.get(VARIABLE, "")  # read here: the fixtures of every test clear it
pytestmark = pytest.mark.skipif(not FOLDER, reason=f"{VARIABLE} is not set: nox -s servers_aimock")

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
REQUESTS = {
    "async_samples/sample_chat_completions_async": 1,
    "async_samples/sample_chat_completions_streaming_async": 1,
    "async_samples/sample_chat_completions_streaming_azure_openai_async": 1,
    "async_samples/sample_embeddings_async": 1,
    "sample_chat_completions": 1,
    "sample_chat_completions_azure_openai": 1,
    "sample_chat_completions_from_input_prompt_string": 1,
    "sample_chat_completions_streaming": 1,
    "sample_chat_completions_streaming_with_tools": 2,
    "sample_chat_completions_with_defaults": 2,
    "sample_chat_completions_with_history": 2,
    "sample_chat_completions_with_image_data": 1,
    "sample_chat_completions_with_image_url": 1,
    "sample_chat_completions_with_model_extras": 1,
    "sample_chat_completions_with_structured_output": 1,
    "sample_chat_completions_with_structured_output_pydantic": 1,
    "sample_chat_completions_with_tools": 2,
    "sample_embeddings": 1,
    "sample_embeddings_azure_openai": 1,
    "sample_embeddings_with_defaults": 2,
}
# llama-cpp-python has no JSON schemas, and the sample with streamed tools fails itself, looking
# for a function without a name, where the model calls none.
NOT_FOR_NOISE = {
    "sample_chat_completions_streaming_with_tools",
    "sample_chat_completions_with_structured_output",
    "sample_chat_completions_with_structured_output_pydantic",
}


def run_original(name: str, url: str, key: str, model: str) -> str:
    """Run a sample in a folder that has the image it looks for; return what it printed."""
    path = Path(FOLDER, f"{name}.py")
    source = path.read_text(encoding="utf-8")
    assert with_our_clients(source).replace("github_models_azure", "azure.ai.inference") == source
    Path("sample1.png").write_bytes(PIXEL)
    return run_sample(path, variables(url, key, model)).printed


def variables(url: str, key: str, model: str) -> Mapping[str, str]:
    """Return the environment of the samples; most leave the model to the endpoint, so to us."""
    services = ["AI_CHAT", "AI_EMBEDDINGS", "OPENAI_CHAT", "OPENAI_EMBEDDINGS"]
    urls = {f"AZURE_{service}_ENDPOINT": url for service in services}
    keys = {f"AZURE_{service}_KEY": key for service in services}
    return {**urls, **keys, "GITHUB_MODELS_MODEL": model}


def check_printed(name: str, printed: str) -> None:
    assert printed.strip()
    if name.endswith("_with_tools"):
        assert printed.startswith("Calling function `get_flight_info` with arguments {")


@pytest.mark.parametrize("name", REQUESTS)
def test_the_originals_run_against_the_emulator(name: str) -> None:
    """Each gets what it asks for, by one request a call."""
    model = "openai/text-embedding-3-small" if "embeddings" in name else "openai/gpt-4o"
    with Emulator(plan="enterprise") as emulator:
        check_printed(name, run_original(name, emulator.inference_url, "any-key", model))
        assert [entry.status for entry in emulator.journal] == [200] * REQUESTS[name]


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - {"sample_embeddings_with_defaults"}))
def test_the_originals_run_against_aimock(name: str, aimock: Aimock) -> None:
    """The same against a server that other people wrote; it has vectors of one length only."""
    model = aimock.embeddings_model if "embeddings" in name else aimock.model
    check_printed(name, run_original(name, aimock.url, aimock.key, model))
    assert [entry.status for entry in aimock.journal] == [200] * REQUESTS[name]


@pytest.mark.parametrize("name", REQUESTS)
def test_the_originals_run_against_litellm(name: str, proxy: Proxy) -> None:
    """The same through a hop: as many requests arrive behind it."""
    model = proxy.embeddings_model if "embeddings" in name else proxy.model
    check_printed(name, run_original(name, proxy.url, proxy.key, model))
    assert [entry.status for entry in proxy.behind.journal] == [200] * REQUESTS[name]


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - NOT_FOR_NOISE))
def test_the_originals_run_against_llama_cpp(name: str, llama: Service) -> None:
    """The same against a model of noise: it calls no tool, and some of its answers are empty."""
    run_original(name, llama.url, llama.key, llama.model)
