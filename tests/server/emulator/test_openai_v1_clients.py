"""The strict mode over real connections: it refuses the plain SDK and serves these clients."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from github_models_azure import ChatCompletionsClient, Target, trail_of
from github_models_azure.endpoints import endpoint_for
from github_models_azure.server.emulator import Emulator, EmulatorSettings
from tests.cli.program import finish, start
from tests.harness import HELLO, Twin, text_of

SETTINGS = EmulatorSettings(deployments={"my-chat": "openai/gpt-5-mini"})


@pytest.fixture
def foundry() -> Iterator[Emulator]:
    with Emulator(strict_api_version=True, settings=SETTINGS) as running:
        yield running


def call(twin: Twin, client: Any, method: str = "complete", **keywords: Any) -> Any:
    """Call and close a client; a stream is read to its end and comes back beside its text."""
    streamed = keywords.get("stream", False)
    if method == "complete":
        keywords.setdefault("messages", HELLO)
    if not twin.is_async:
        with client:
            result = getattr(client, method)(**keywords)
            return ("".join(map(text_of, result)), result) if streamed else result

    async def called() -> Any:
        async with client:
            result = await getattr(client, method)(**keywords)
            if not streamed:
                return result
            return "".join([text_of(update) async for update in result]), result

    return asyncio.run(called())


def plain(twin: Twin, url: str, kind: str = "ChatCompletionsClient") -> Any:
    """The SDK's own client."""
    package = azure.ai.inference.aio if twin.is_async else azure.ai.inference
    return getattr(package, kind)(url, AzureKeyCredential("key"))


def ours(twin: Twin, url: str, kind: str = "ChatCompletionsClient", **options: Any) -> Any:
    """The client of this package, in the same words."""
    return getattr(twin.package, kind)(url, AzureKeyCredential("key"), **options)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("model", "words"),
    [("gpt-4o", "API version not supported"), ("Mistral-Nemo", "is not allowed when using /v1")],
)
def test_the_plain_sdk_is_refused_and_this_client_is_not(
    twin: Twin, foundry: Emulator, model: str, words: str, stream: bool
) -> None:
    """400 to the one, 200 to the other, with the same arguments."""
    url = foundry.openai_v1_url
    with pytest.raises(HttpResponseError) as caught:
        call(twin, plain(twin, url), model=model, stream=stream)
    assert caught.value.status_code == 400
    assert words in caught.value.message
    answer = call(twin, ours(twin, url, fallback=None), model=model, stream=stream)
    text = answer[0] if stream else answer.choices[0].message.content
    assert text.endswith("Hello! How can I help you today?")
    assert [(entry.status, entry.query) for entry in foundry.journal] == [
        (400, "api-version=2024-05-01-preview"),
        (200, ""),
    ]


def test_embeddings_go_the_same_way(twin: Twin, foundry: Emulator) -> None:
    """The embeddings client is as much at home there."""
    given: dict[str, Any] = {"input": ["one"], "model": "text-embedding-3-small"}
    url = foundry.openai_v1_url
    with pytest.raises(HttpResponseError, match="API version not supported"):
        call(twin, plain(twin, url, "EmbeddingsClient"), "embed", **given)
    result = call(twin, ours(twin, url, "EmbeddingsClient"), "embed", **given)
    assert len(result.data[0].embedding) == 1536


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_max_tokens_is_repaired_and_declared(twin: Twin, foundry: Emulator, stream: bool) -> None:
    """The refusal is met once, the body mended, and the trail says how."""
    client = ours(twin, foundry.openai_v1_url, fallback=None, model="my-chat")
    answer = call(twin, client, max_tokens=300, stream=stream)
    trail = trail_of(answer[1] if stream else answer)
    assert [attempt.status for attempt in trail.attempts] == [400, 200]
    assert [(one.change, one.lossy) for one in trail.adaptations] == [
        ("max_tokens sent as max_completion_tokens", False)
    ]
    sent: list[Any] = [entry.body for entry in foundry.journal]
    assert [body.get("max_tokens") for body in sent] == [300, None]
    assert sent[1]["max_completion_tokens"] == 300


def test_the_repair_is_remembered(foundry: Emulator) -> None:
    """A client asks in the right words from then on, and still declares what it changed."""
    with ChatCompletionsClient(foundry.openai_v1_url, "key", model="my-chat") as client:
        client.complete(messages=HELLO, max_tokens=300)
        second = trail_of(client.complete(messages=HELLO, max_tokens=300))
    assert [entry.status for entry in foundry.journal] == [400, 200, 200]
    assert second is not None
    assert len(second.adaptations) == 1


def test_a_resource_takes_over_from_the_retired_service(twin: Twin) -> None:
    """GitHub's path answers 410, the same emulator's Foundry path serves the fallback."""
    with Emulator(strict_api_version=True, retired="410") as emulator:
        foundry = endpoint_for(emulator.openai_v1_url, AzureKeyCredential("key"))
        client = ours(
            twin,
            emulator.inference_url,
            model="openai/gpt-4o",
            fallback=[Target("gpt-4o", foundry)],
        )
        answer = call(twin, client)
        statuses = [(entry.path, entry.status) for entry in emulator.journal]
    assert answer.choices[0].message.content.startswith("[emulated openai/gpt-4o]")
    assert statuses == [
        ("/inference/chat/completions", 410),
        ("/openai/v1/chat/completions", 200),
    ]


def test_the_address_is_there_only_in_the_mode() -> None:
    """Whoever asks for the URL without the mode is told how to get it."""
    with (
        Emulator() as emulator,
        pytest.raises(RuntimeError, match="strict_api_version=True"),
    ):
        _ = emulator.openai_v1_url


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
def test_the_command_serves_it_too() -> None:
    """`--strict-api-version` announces the address, and it is strict."""
    process = start("emulate", "--port", "0", "--json", "--strict-api-version")
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["openai_v1_url"]
    key = AzureKeyCredential("key")
    with (
        azure.ai.inference.ChatCompletionsClient(url, key) as client,
        pytest.raises(HttpResponseError, match="API version not supported"),
    ):
        client.complete(messages=HELLO, model="gpt-4o")
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert outcome.code == 0
    assert f"/openai/v1  {url}" in outcome.err
