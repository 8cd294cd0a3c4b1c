"""The emulator's headers against those of real answers: none that no recording has.

About `server/emulator/front.py`. ``GITHUB_MODELS_RECORDINGS`` names the folder of the recordings.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from emulator_helpers import Service, service
from test_shapes_of_recordings import FOLDER, Loader

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"no recordings at {FOLDER}: set GITHUB_MODELS_RECORDINGS to their folder",
)

MARK = "x-emulated-by"  # which says that the answer is made up, as every one has to
# GitHub's own, of which no recording is known: public captures of its 429 have them.
OF_LIMITS = {"retry-after", "x-ratelimit-timeremaining", "x-ratelimit-type", "x-ms-error-code"}


FRAMING = {"content-length", "transfer-encoding"}
# Which recordings are of the deployments that serve a family.
FAMILIES = {
    "openai/gpt-4o": (
        "crewai/*", "dd-trace-py/*", "openllmetry/*", "azure-sdk-assets/structured_output.json",
    ),
    "openai/gpt-5-mini": ("crewai/*", "dd-trace-py/*", "openllmetry/*"),
    "mistral-ai/mistral-medium-2505": ("azure-sdk-assets/[fm]*",),
    "meta/llama-3.3-70b-instruct": ("azure-sdk-assets/[fm]*",),
    "xai/grok-3": ("ruby_llm/*",),
}  # fmt: skip


def recorded_headers(*patterns: str) -> set[str]:
    """Return the names of all response headers in some recordings."""
    names: set[str] = set()
    for path in (one for pattern in patterns for one in FOLDER.glob(pattern)):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if path.suffix == ".json":
            for entry in json.loads(text)["Entries"]:
                names |= entry["ResponseHeaders"].keys()
        elif path.suffix in (".yaml", ".yml"):
            loaded = yaml.load(text, Loader)
            for one in loaded.get("interactions") or loaded["http_interactions"]:
                names |= (one["response"]["headers"] or {}).keys()
    return {name.lower() for name in names}


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    names = recorded_headers("*/*")
    assert len(names) > 30
    return names


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize("body", [{}, {"stream": True}, {"temperature": "hot"}])
def test_no_header_is_made_up(emulated: Service, model: str, body: Any) -> None:
    """Whole, streamed and refused: no more than the recordings of its family, and the mark."""
    request = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **body}
    sent = {"x-ms-client-request-id": "1"}
    answer = emulated.post("/inference/chat/completions", request, headers=sent)
    names = answer.headers.keys() - FRAMING
    assert names - {MARK} <= recorded_headers(*FAMILIES[model])
    assert MARK in names


@pytest.mark.parametrize("path", ["/inference/embeddings", "/embeddings", "/catalog/models", "/x"])
def test_other_paths_make_no_header_up(emulated: Service, recorded: set[str], path: str) -> None:
    """Embeddings, lists, and a path that is none."""
    model = "text-embedding-3-small" if path == "/embeddings" else "openai/text-embedding-3-small"
    method = "GET" if path.startswith("/catalog") else "POST"
    answer = emulated.request(method, path, body={"model": model, "input": "x"})
    assert answer.headers.keys() - {MARK} <= recorded


def test_limits_have_githubs_own_headers(recorded: set[str]) -> None:
    """No more than the public captures of its 429 show."""
    emulated = service(plan="free")
    while (answer := emulated.chat("Hello")).status == 200:
        pass
    assert answer.status == 429
    assert answer.headers.keys() - {MARK} - OF_LIMITS <= recorded
