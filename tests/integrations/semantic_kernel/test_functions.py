"""Functions that a kernel calls, through our service and through the kernel's own connector."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.contents.function_call_content import FunctionCallContent
from semantic_kernel.contents.function_result_content import FunctionResultContent
from semantic_kernel.exceptions.service_exceptions import ServiceInvalidExecutionSettingsError
from semantic_kernel.functions import kernel_function
from semantic_kernel.functions.kernel_arguments import KernelArguments

from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, SECOND, Weather, auto, chat_settings, history

ONE = "What is the weather in Oslo?"
TWO = "What is the weather in Oslo and Paris?"
SUNNY_IN_BOTH = "weather-get_weather says: sunny in Oslo weather-get_weather says: sunny in Paris"


async def test_a_kernel_with_a_plugin_completes_an_auto_function_call(
    kernel: Kernel, weather: Weather, limited: Emulator
) -> None:
    """The model asks, the kernel calls, the model answers; the limited model is left out."""
    arguments = KernelArguments(settings=auto())
    result = await kernel.invoke_prompt(ONE, arguments=arguments)
    assert weather.asked == ["Oslo"]
    assert str(result) == f"[emulated {SECOND}] weather-get_weather says: sunny in Oslo"
    trail = result.value[0].metadata["trail"]
    assert trail.fell_back
    assert "rate limited" in trail.skipped[0].reason
    assert [entry.status for entry in limited.journal] == [429, 200, 200]
    called, answered = limited.journal[1].body, limited.journal[2].body
    assert called["tool_choice"] == "auto"
    assert called["tools"][0]["function"]["name"] == "weather-get_weather"
    assert [message["role"] for message in answered["messages"]] == ["user", "assistant", "tool"]


async def test_functions_are_called_side_by_side(
    service: GitHubModelsChatCompletion,
) -> None:
    """Two calls of one answer run at the same time."""
    here, both = 0, asyncio.Event()

    class Meeting:
        @kernel_function(name="get_weather", description="Get the weather in a city")
        async def get_weather(self, city: str) -> str:
            nonlocal here
            here += 1
            if here == 2:
                both.set()
            await asyncio.wait_for(both.wait(), 10)  # the first cannot end before the second began
            return f"sunny in {city}"

    kernel = Kernel()
    kernel.add_service(service)
    kernel.add_plugin(Meeting(), "weather")
    result = await kernel.invoke_prompt(TWO, arguments=KernelArguments(settings=auto()))
    assert "sunny in Oslo" in str(result)
    assert "sunny in Paris" in str(result)


async def test_a_streamed_answer_calls_each_function_once(
    service: GitHubModelsChatCompletion, kernel: Kernel, weather: Weather, limited: Emulator
) -> None:
    """The pieces of two calls stay two calls, and the answer follows in the same stream."""
    asked = history(TWO)
    text, results = "", []
    async for message in service.get_streaming_chat_message_content(asked, auto(), kernel=kernel):
        assert message is not None
        text += str(message)
        results += [item for item in message.items if isinstance(item, FunctionResultContent)]
    assert weather.asked == ["Oslo", "Paris"]
    assert [item.result for item in results] == ["sunny in Oslo", "sunny in Paris"]
    assert text == f"[emulated {SECOND}] {SUNNY_IN_BOTH}"
    assert message is not None
    assert message.metadata["trail"].fell_back


async def test_a_required_function_is_called_and_then_explained(
    service: GitHubModelsChatCompletion, kernel: Kernel, weather: Weather, emulator: Emulator
) -> None:
    """``Required`` demands one call; the request after it offers none."""
    settings = chat_settings(function_choice_behavior=FunctionChoiceBehavior.Required())
    message = await service.get_chat_message_content(
        history("Hello from Oslo"), settings, kernel=kernel
    )
    assert len(weather.asked) == 1
    assert str(message).startswith(f"[emulated {FIRST}]")
    first, second = (entry.body for entry in emulator.journal)
    assert first["tool_choice"] == "required"
    assert "tools" not in second
    assert "tool_choice" not in second


async def test_functions_may_be_shown_and_not_called(
    service: GitHubModelsChatCompletion, kernel: Kernel, weather: Weather, emulator: Emulator
) -> None:
    """``NoneInvoke`` sends the functions and forbids them."""
    settings = chat_settings(function_choice_behavior=FunctionChoiceBehavior.NoneInvoke())
    message = await service.get_chat_message_content(history(ONE), settings, kernel=kernel)
    assert message is not None
    assert not [item for item in message.items if isinstance(item, FunctionCallContent)]
    assert emulator.journal[-1].body["tool_choice"] == "none"
    assert weather.asked == []


async def test_the_caller_may_call_the_functions(
    service: GitHubModelsChatCompletion, kernel: Kernel, weather: Weather
) -> None:
    """Without auto-invoke the calls are handed over, and their results taken back."""
    settings = chat_settings(function_choice_behavior=FunctionChoiceBehavior.Auto(False))
    asked = history(TWO)
    message = await service.get_chat_message_content(asked, settings, kernel=kernel)
    assert message is not None
    asked.add_message(message)
    calls = [item for item in message.items if isinstance(item, FunctionCallContent)]
    assert [call.parse_arguments() for call in calls] == [{"city": "Oslo"}, {"city": "Paris"}]
    for call in calls:
        await kernel.invoke_function_call(call, asked)
    message = await service.get_chat_message_content(asked, settings, kernel=kernel)
    assert str(message).endswith(SUNNY_IN_BOTH)
    assert weather.asked == ["Oslo", "Paris"]


async def test_calls_may_be_asked_for_one_by_one(
    service: GitHubModelsChatCompletion, kernel: Kernel, emulator: Emulator
) -> None:
    """``parallel_tool_calls`` goes along with tools, and only with them."""
    settings = auto(parallel_tool_calls=False)
    await service.get_chat_message_content(history(TWO), settings, kernel=kernel)
    assert emulator.journal[0].body["parallel_tool_calls"] is False
    assert len(emulator.journal) == 3
    await service.get_chat_message_content(
        history("Hello"), chat_settings(parallel_tool_calls=False)
    )
    assert "parallel_tool_calls" not in emulator.journal[-1].body


async def test_functions_are_called_for_one_response_only(
    service: GitHubModelsChatCompletion, kernel: Kernel, emulator: Emulator
) -> None:
    """Two responses could ask for different calls; nothing is sent."""
    for several in (auto(number_of_responses=2), auto(extra_parameters={"n": 2})):
        with pytest.raises(ServiceInvalidExecutionSettingsError, match="one response"):
            await service.get_chat_message_content(history(ONE), several, kernel=kernel)
    assert list(emulator.journal) == []


REFUSALS: list[dict[str, Any]] = [
    {"object": "error", "message": "[{'type': 'value_error', 'loc': ('body',), 'msg': 'Value "
     "error, Currently only named tools are supported.'}]", "type": "BadRequestError",
     "param": None, "code": 400},
    {"error": {"code": "Bad Request", "message": '"auto" tool choice requires '
     "--enable-auto-tool-choice and --tool-call-parser to be set", "status": 400}},
]  # fmt: skip


@pytest.mark.parametrize("body", REFUSALS, ids=["named only", "no parser"])
async def test_a_server_that_cannot_choose_a_function_is_passed_over(
    kernel: Kernel, weather: Weather, emulator: Emulator, body: dict[str, Any]
) -> None:
    """What users of the kernel's own connector met as an error is a fallback here."""
    emulator.fault("status", model=FIRST, status=400, body=json.dumps(body), times=None)
    result = await kernel.invoke_prompt(ONE, arguments=KernelArguments(settings=auto()))
    assert weather.asked == ["Oslo"]
    assert str(result).startswith(f"[emulated {SECOND}]")
