"""Agents, filters and telemetry of the kernel around our service."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from semantic_kernel import Kernel
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.contents.chat_history import ChatHistory
from semantic_kernel.contents.chat_message_content import ChatMessageContent
from semantic_kernel.contents.function_result_content import FunctionResultContent
from semantic_kernel.contents.utils.author_role import AuthorRole
from semantic_kernel.filters import AutoFunctionInvocationContext, FilterTypes
from semantic_kernel.functions.kernel_arguments import KernelArguments
from semantic_kernel.utils.telemetry.model_diagnostics import decorators

from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from github_models_azure.server.emulator import Emulator

from .conftest import SECOND, Weather, auto, chat_settings, history

TWO = "What is the weather in Oslo and Paris?"


async def test_an_agent_goes_on_where_it_was(
    service: GitHubModelsChatCompletion, weather: Weather, limited: Emulator
) -> None:
    """Whole, then streamed in the same thread, with its name at what it said."""
    agent = ChatCompletionAgent(
        service=service, name="Teller", instructions="Be brief.", plugins=[weather]
    )
    answer = await agent.get_response("What is the weather in Oslo?")
    assert str(answer) == f"[emulated {SECOND}] Weather-get_weather says: sunny in Oslo"
    pieces = [
        str(piece)
        async for piece in agent.invoke_stream("What is the weather in Rome?", thread=answer.thread)
    ]
    assert "".join(pieces).endswith("sunny in Rome")
    assert weather.asked == ["Oslo", "Rome"]
    said = [(m["role"], m.get("name")) for m in limited.journal[-1].body["messages"]]
    assert said[:5] == [
        ("system", "Teller"),
        ("user", None),
        ("assistant", "Teller"),
        ("tool", None),
        ("assistant", "Teller"),
    ]


async def test_who_said_it_is_sent_along(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """Agents that talk with each other are told apart by name."""
    asked = ChatHistory()
    asked.add_message(ChatMessageContent(role=AuthorRole.USER, content="Hello", name="Ada"))
    await service.get_chat_message_content(asked, chat_settings())
    assert emulator.journal[-1].body["messages"] == [
        {"role": "user", "content": "Hello", "name": "Ada"}
    ]


@pytest.mark.parametrize("how", ["whole", "streamed"])
async def test_a_filter_may_end_the_calls(
    kernel: Kernel, emulator: Emulator, weather: Weather, how: str
) -> None:
    """It sees each call, changes its result, and the model is not asked again."""
    seen: list[tuple[str, int, bool]] = []

    @kernel.filter(FilterTypes.AUTO_FUNCTION_INVOCATION)
    async def shout(
        context: AutoFunctionInvocationContext,
        next: Callable[[AutoFunctionInvocationContext], Awaitable[None]],  # so the kernel names it
    ) -> None:
        await next(context)
        assert context.function_result is not None
        seen.append((context.function.name, context.function_count, context.is_streaming))
        context.function_result.value = str(context.function_result).upper()
        context.terminate = True

    arguments = KernelArguments(settings=auto())
    items: list[Any]
    if how == "whole":
        result = await kernel.invoke_prompt(TWO, arguments=arguments)
        assert result is not None
        items = result.value[0].items
    else:
        pieces = [p async for p in kernel.invoke_prompt_stream(TWO, arguments=arguments)]
        items = pieces[-1][0].items
    results = [item.result for item in items if isinstance(item, FunctionResultContent)]
    assert results == ["SUNNY IN OSLO", "SUNNY IN PARIS"]
    assert seen == [("get_weather", 2, how == "streamed")] * 2
    assert len(emulator.journal) == 1


async def test_the_telemetry_of_the_kernel_reads_the_answers(
    service: GitHubModelsChatCompletion,
    kernel: Kernel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With sensitive events on: whole, streamed, several at once, and after function calls."""
    settings = decorators.MODEL_DIAGNOSTICS_SETTINGS
    monkeypatch.setattr(settings, "enable_otel_diagnostics_sensitive", True)
    caplog.set_level(logging.INFO, decorators.logger.name)
    await service.get_chat_message_contents(history(TWO), auto(), kernel=kernel)
    several = chat_settings(number_of_responses=2)
    async for _ in service.get_streaming_chat_message_contents(history("Hello"), several):
        pass
    told = [r.getMessage() for r in caplog.records if r.name == decorators.logger.name]
    assert any("weather-get_weather" in text for text in told)
    assert sum("Hello! How can I help you" in text for text in told) == 2
