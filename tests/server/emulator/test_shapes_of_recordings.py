"""The emulator's bodies against real answers of the same upstreams, member by member.

The recordings are third-party data that is not part of the project: ``GITHUB_MODELS_RECORDINGS``
names their folder, ``../shared/recordings`` beside the checkout is the default.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from emulator_helpers import WEATHER, Answer, Service, service

BESIDE = Path(__file__).parents[4] / "shared" / "recordings"
FOLDER = Path(os.environ.get("GITHUB_MODELS_RECORDINGS") or BESIDE)

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"no recordings at {FOLDER}: set GITHUB_MODELS_RECORDINGS to their folder",
)

# Members that came and went over the years, or that only say what happened upstream.
OPTIONAL = {"service_tier", "obfuscation", "latency_checkpoint", "system_fingerprint"}


class Loader(yaml.SafeLoader):
    """Reads Ruby's ``!binary``, which yaml does not know under that name."""


Loader.add_constructor("!binary", lambda loader, node: base64.b64decode(node.value))


def recorded(name: str) -> list[str]:
    """Return the bodies of the successful answers in a recording, as text."""
    path = FOLDER / name
    data = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        bodies = [e["ResponseBody"] for e in json.loads(data)["Entries"] if e["StatusCode"] == 200]
        return ["".join(b) if isinstance(b, list) else json.dumps(b) for b in bodies]
    loaded = yaml.load(data, Loader)
    interactions = loaded.get("interactions") or loaded["http_interactions"]
    texts = []
    for one in interactions:
        if one["response"]["status"]["code"] == 200:
            text = one["response"]["body"]["string"]
            texts.append(text.decode() if isinstance(text, bytes) else text)
    return texts


def events(text: str) -> list[Any]:
    parts = [part.strip().removeprefix("data: ") for part in text.split("\n\n")]
    return [json.loads(part) for part in parts if part and part != "[DONE]"]


def shape(value: Any, path: str = "") -> set[str]:
    """Return the paths of all members, arrays and filter severities taken together."""
    if isinstance(value, dict):
        members = [(name, inner) for name, inner in value.items() if name not in OPTIONAL]
        own = {f"{path}.{name}" for name, _ in members}
        return own.union(*(shape(inner, f"{path}.{name}") for name, inner in members))
    if isinstance(value, list):
        return set().union(*(shape(inner, f"{path}[]") for inner in value))
    return set()


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


def ask(emulated: Service, model: str, **body: Any) -> Answer:
    return emulated.chat("What is the weather in Oslo?", model=model, **body)


OPENAI, MISTRAL, GROK = "openai/gpt-4o-mini", "mistral-ai/mistral-large-2411", "xai/grok-3"
USAGE = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("name", "model", "body"),
    [
        ("crewai/async_chat.yaml", OPENAI, {}),
        ("crewai/parallel_tool_calls.yaml", "openai/gpt-5-nano", {"tools": [WEATHER]}),
        ("azure-sdk-assets/model_extras.json", MISTRAL, {}),
        ("ruby_llm/basic_conversation.yml", GROK, {}),
        ("ruby_llm/parallel_tool_calls.yml", GROK, {"tools": [WEATHER]}),
    ],
)
def test_plain_bodies_have_the_recorded_members(
    emulated: Service, name: str, model: str, body: Any
) -> None:
    """Every member of the recording is there, and no other."""
    real = shape(json.loads(recorded(name)[0]))
    assert shape(ask(emulated, model, **body).json) == real


@pytest.mark.parametrize(
    ("name", "model", "body"),
    [
        ("crewai/streaming_completion.yaml", OPENAI, USAGE),
        ("crewai/streaming_tool_call.yaml", OPENAI, {**USAGE, "tools": [WEATHER]}),
        (
            "azure-sdk-assets/function_call_streaming.json",
            MISTRAL,
            {"stream": True, "tools": [WEATHER]},
        ),
    ],
)
def test_streams_have_the_recorded_events(
    emulated: Service, name: str, model: str, body: Any
) -> None:
    """Event for event, repeated deltas taken together, the members are those of the recording."""

    def shapes(stream: list[Any]) -> list[set[str]]:
        found: list[set[str]] = []
        for event in stream:
            if (members := shape(event)) not in found[-1:]:
                found.append(members)
        return found

    real = shapes(events(recorded(name)[0]))
    assert shapes(ask(emulated, model, **body).events) == real


def test_a_grok_stream_has_the_recorded_members(emulated: Service) -> None:
    """No finish reason before the end, and usage in an event of its own."""
    real = events(recorded("ruby_llm/streaming_responses.yml")[0])
    ours = ask(emulated, GROK, **USAGE).events
    real[-1]["usage"].pop("cost_in_usd_ticks")
    ours[-1]["usage"].pop("audio_prompt_tokens", None)
    for place in (0, 1, -2, -1):
        assert shape(ours[place]) == shape(real[place])


def test_members_come_in_the_recorded_order(emulated: Service) -> None:
    """Even the order of the members is that of the recording."""
    real = json.loads(recorded("crewai/async_chat.yaml")[0])
    ours = ask(emulated, OPENAI).json
    assert list(ours) == list(real)
    assert list(ours["choices"][0]) == list(real["choices"][0])
    assert list(ours["usage"]) == list(real["usage"])


def test_embeddings_have_the_recorded_members(emulated: Service) -> None:
    """One item has the members of a recorded item."""
    real = json.loads(recorded("openllmetry/embeddings.yaml")[0])
    body = {"model": "openai/text-embedding-3-small", "input": "text"}
    ours = emulated.post("/inference/embeddings", body).json
    assert shape(ours) == shape(real)
