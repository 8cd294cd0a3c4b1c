"""LiteLLM's Router over our models: its fallbacks, cooldowns and retries read our errors."""

from __future__ import annotations

import asyncio
from typing import Any

import litellm
import pytest

from github_models_azure.integrations.litellm import GitHubModelsLLM
from github_models_azure.server.emulator import Emulator
from tests.integrations.litellm.caller_helpers import ANSWER, OTHER, SMALL, TOOL, Caller, text_of

GROUPS = [
    {"model_name": "clever", "litellm_params": {"model": "github_models/openai/gpt-4.1"}},
    {"model_name": "cheap", "litellm_params": {"model": f"github_models/{OTHER}"}},
    {"model_name": "long", "litellm_params": {"model": "openai/any", "mock_response": "It fits."}},
    {"model_name": "vectors", "litellm_params": {"model": SMALL}},
]
LATER = ANSWER.replace("gpt-4.1", "gpt-4o")


@pytest.fixture
def router(llm: GitHubModelsLLM) -> litellm.Router:
    """Two groups, the one behind the other."""
    return litellm.Router(
        model_list=GROUPS,
        fallbacks=[{"clever": ["cheap"]}],
        context_window_fallbacks=[{"clever": ["long"]}],
        content_policy_fallbacks=[{"clever": ["cheap"]}],
        num_retries=0,
    )


def test_it_answers(caller: Caller, router: litellm.Router) -> None:
    """Chats, streams, tools and embeddings."""
    assert caller.completion("clever", router).choices[0].message.content == ANSWER
    assert text_of(caller.stream("clever", router)) == ANSWER
    stock = [{"role": "user", "content": 'Call find_stock("pears").'}]
    called = caller.completion("clever", router, messages=stock, tools=[TOOL])
    assert called.choices[0].message.tool_calls[0].function.name == "find_stock"
    assert len(caller.embedding("vectors", router, input=["a"]).data) == 1


@pytest.mark.parametrize(
    "fault",
    [
        ("rate_limit", {"seconds": 30}),
        ("status", {"status": 503}),
        ("html_error", {}),
        ("error_in_200", {}),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_its_fallbacks_answer(
    caller: Caller, router: litellm.Router, emulator: Emulator, fault: Any, stream: bool
) -> None:
    """Whatever our error was, and also where a stream never began."""
    kind, members = fault
    emulator.fault(kind, model="openai/gpt-4.1", times=None, **members)
    if stream:
        assert text_of(caller.stream("clever", router, max_retries=0)) == LATER
    else:
        response = caller.completion("clever", router, max_retries=0)
        assert response.choices[0].message.content == LATER


def test_its_special_fallbacks_answer(
    caller: Caller, router: litellm.Router, emulator: Emulator
) -> None:
    """Those for a refused prompt and for a full window are told apart by the class of the error."""
    long = [{"role": "user", "content": "word " * 200_000}]
    response = caller.completion("clever", router, messages=long)
    assert response.choices[0].message.content == "It fits."
    refused = [{"role": "user", "content": "emulate-content-filter"}]
    with pytest.raises(litellm.ContentPolicyViolationError):
        caller.completion("clever", router, messages=refused)
    assert [entry.model for entry in emulator.journal] == ["openai/gpt-4.1", OTHER]


def test_it_cools_a_limited_deployment_down(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """A limited deployment is not asked again while another of its group serves."""
    both = [
        {"model_name": "any", "litellm_params": {"model": f"github_models/{name}", "order": order}}
        for order, name in enumerate(("openai/gpt-4.1", OTHER), 1)
    ]
    router = litellm.Router(model_list=both, num_retries=1, retry_after=0, cooldown_time=60)
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=60, times=None)
    for _ in range(3):
        assert caller.completion("any", router).choices[0].message.content == LATER
    asked = [entry.model for entry in emulator.journal]
    assert asked.count("openai/gpt-4.1") == 1


def test_a_broken_stream_is_never_taken_for_whole(
    router: litellm.Router, emulator: Emulator
) -> None:
    """After its first content the Router tells our error; before it, another group answers."""
    seen: list[Any] = []

    async def ask() -> None:
        messages = [{"role": "user", "content": "What is the capital of France?"}]
        stream: Any = await router.acompletion("clever", messages, stream=True, max_retries=0)
        async for chunk in stream:
            seen.append(chunk)  # noqa: PERF401 - kept one by one, for the stream breaks

    emulator.fault("cut_stream", after=5, polite=True, model="openai/gpt-4.1", times=None)
    with pytest.raises(litellm.APIConnectionError, match="broke after its first content"):
        asyncio.run(ask())
    assert text_of(seen)
    assert ANSWER.startswith(text_of(seen))
    seen.clear()
    emulator.reset()
    emulator.fault("empty_stream", model="openai/gpt-4.1", times=None)
    asyncio.run(ask())
    assert text_of(seen) == LATER
