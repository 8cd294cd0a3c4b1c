"""In the demo GitHub's models are answered by the emulator, whoever names them, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.credentials.keys import KeySource
from github_models_azure.endpoints import GITHUB, GITHUB_AZURE, PRESETS
from github_models_azure.settings.own_endpoint import Signed, stand_in
from tests.harness import HELLO, Twin

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _fresh_demo() -> Iterator[None]:
    """Leave the demo's emulator, which the whole process shares, as if it had not been used."""
    yield
    from github_models_azure.server.emulator import runner

    for running in runner._running:
        running.reset()


def ask(twin: Twin, **said: Any) -> Any:
    """Ask a client of a server that is not there, over a real connection."""
    client = twin.package.ChatCompletionsClient(NOWHERE, "key", model="m", fallback=None)
    if not twin.is_async:
        with client:
            return client.complete(messages=HELLO, **said)

    async def asked() -> Any:
        async with client:
            return await client.complete(messages=HELLO, **said)

    return asyncio.run(asked())


@pytest.mark.extras
@pytest.mark.parametrize(
    "target",
    ["github/openai/gpt-4o", "github-azure/gpt-4o", Target("openai/gpt-4o", GITHUB)],
    ids=str,
)
def test_a_fallback_of_one_call_is_answered_by_the_emulator(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, target: Any
) -> None:
    """On a client whose own endpoint is elsewhere; nothing had named GitHub's before."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    answer = ask(twin, fallback=[target])
    assert "[emulated openai/gpt-4o]" in answer.choices[0].message.content
    trail = trail_of(answer)
    assert trail is not None
    assert trail.served_by == "emulator/openai/gpt-4o"


@pytest.mark.parametrize("token", ["github_pat_real", None])
def test_without_the_demo_token_it_is_retired(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    """Nothing is sent to GitHub."""
    if token is not None:
        monkeypatch.setenv("GITHUB_TOKEN", token)
    client = twin.package.ChatCompletionsClient(NOWHERE, "key", fallback=None)
    plan = twin.run(client.plan_route(messages=HELLO, model="m", fallback=["github/openai/gpt-4o"]))
    (skipped,) = plan.skipped
    assert "was retired on" in skipped.reason


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("mine", NOWHERE),
        Endpoint("other", GITHUB.url),
        Endpoint("github", GITHUB.url, "own key"),
        Endpoint("github", GITHUB.url, anonymous=True),
        Endpoint("github", f"{GITHUB.url}/x"),
        GITHUB_AZURE,
    ],
)
def test_only_what_the_demo_token_would_sign_is_replaced(endpoint: Endpoint) -> None:
    """Another's endpoint, another key and another address stay what they are."""
    signed = Signed(PRESETS["github"], KeySource("github"), demo=True)
    known = {"github": signed, "github-azure": Signed(GITHUB_AZURE, KeySource("github"))}
    assert stand_in(known)(endpoint) is endpoint
