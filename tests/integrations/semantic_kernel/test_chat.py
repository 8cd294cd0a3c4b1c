"""The chat service: whole answers, streams, and what both say of themselves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.contents.chat_history import ChatHistory
from semantic_kernel.contents.streaming_chat_message_content import StreamingChatMessageContent
from semantic_kernel.contents.utils.author_role import AuthorRole
from semantic_kernel.contents.utils.finish_reason import FinishReason
from semantic_kernel.functions.kernel_arguments import KernelArguments

from github_models_azure import trail_of
from github_models_azure.aio import ChatCompletionsClient
from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, SECOND, chat_settings, history, nothing_left

QUESTION = "What is the capital of France?"


async def streamed(
    service: GitHubModelsChatCompletion, asked: ChatHistory, settings: Any, **more: Any
) -> StreamingChatMessageContent:
    """Read a stream and add its messages up, as the kernel does."""
    total: StreamingChatMessageContent | None = None
    async for message in service.get_streaming_chat_message_content(asked, settings, **more):
        assert message is not None
        total = message if total is None else total + message
    assert total is not None
    return total


async def test_an_answer_says_where_it_comes_from(service: GitHubModelsChatCompletion) -> None:
    """Text, role, finish reason, model, usage and trail are where the kernel keeps them."""
    message = await service.get_chat_message_content(history(QUESTION), chat_settings())
    assert message is not None
    assert str(message) == f"[emulated {FIRST}] The capital of France is Paris."
    assert (message.role, message.finish_reason) == (AuthorRole.ASSISTANT, FinishReason.STOP)
    assert message.ai_model_id == service.service_id == FIRST
    assert message.metadata["model"].startswith("gpt-4.1")
    assert message.metadata["usage"].prompt_tokens > 0
    assert message.metadata["usage"].completion_tokens > 0
    assert message.metadata["usage"].prompt_tokens_details.cached_tokens == 0
    assert message.metadata["trail"].served_by.endswith(FIRST)
    assert trail_of(message.inner_content) == message.metadata["trail"]


async def test_a_limited_model_is_replaced(
    service: GitHubModelsChatCompletion, limited: Emulator
) -> None:
    """The second model answers, in the first one's place."""
    message = await service.get_chat_message_content(history(QUESTION), chat_settings())
    assert message is not None
    assert str(message).startswith(f"[emulated {SECOND}]")
    assert message.ai_model_id == FIRST
    trail = message.metadata["trail"]
    assert trail.fell_back
    assert [attempt.status for attempt in trail.attempts] == [429, 200]


async def test_a_stream_is_the_same_answer_in_pieces(
    service: GitHubModelsChatCompletion, limited: Emulator
) -> None:
    """Its messages add up to the whole one; usage and trail come with the last."""
    whole = await streamed(service, history(QUESTION), chat_settings())
    assert str(whole) == f"[emulated {SECOND}] The capital of France is Paris."
    assert whole.finish_reason is FinishReason.STOP
    assert whole.ai_model_id == FIRST
    assert whole.metadata["usage"].completion_tokens > 0
    assert whole.metadata["trail"].fell_back
    assert limited.journal[-1].body["stream_options"] == {"include_usage": True}


async def test_the_caller_may_leave_the_usage_out(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """What the settings say of ``stream_options`` holds, and the stream still ends with a trail."""
    settings = chat_settings(extra_parameters={"stream_options": {"include_usage": False}})
    whole = await streamed(service, history(QUESTION), settings)
    assert "usage" not in whole.metadata
    assert whole.metadata["trail"].served_by.endswith(FIRST)
    assert emulator.journal[-1].body["stream_options"] == {"include_usage": False}


async def test_several_responses_are_kept_apart(service: GitHubModelsChatCompletion) -> None:
    """Each choice is a message, and each choice of a stream has its own last message."""
    settings = chat_settings(number_of_responses=2)
    messages = await service.get_chat_message_contents(history(QUESTION), settings)
    assert len(messages) == 2
    ends = [
        pieces
        async for pieces in service.get_streaming_chat_message_contents(history(QUESTION), settings)
    ][-1]
    assert [piece.choice_index for piece in ends] == [0, 1]
    assert all(piece.metadata["trail"].served_by for piece in ends)


async def test_a_stream_may_be_left_early(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """Who breaks off leaves no task behind and can ask again."""
    for _ in range(3):
        async for message in service.get_streaming_chat_message_content(
            history(QUESTION), chat_settings()
        ):
            assert message is not None
            if str(message):
                break
        await nothing_left()
    message = await service.get_chat_message_content(history(QUESTION), chat_settings())
    assert str(message).endswith("Paris.")


async def test_who_leaves_a_stream_gives_its_connection_back(
    service: GitHubModelsChatCompletion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and not when its last reference goes."""
    streams, closed = [], []
    complete = service.client.complete

    async def kept(**keywords: Any) -> Any:
        stream = await complete(**keywords)
        streams.append(stream)
        close = stream.aclose

        async def aclose() -> None:
            await close()
            closed.append(stream)

        monkeypatch.setattr(stream, "aclose", aclose)
        return stream

    monkeypatch.setattr(service.client, "complete", kept)
    async for _ in service.get_streaming_chat_message_content(history(QUESTION), chat_settings()):
        break
    await nothing_left()
    assert closed == streams
    assert len(streams) == 1


async def test_a_stream_that_is_cancelled_lets_go(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """A task that is cancelled while it waits for the stream ends, and takes all with it."""
    emulator.fault("stall", after=6, seconds=30)
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in service.get_streaming_chat_message_content(
            history(QUESTION), chat_settings()
        ):
            begun.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    await nothing_left()


async def test_settings_of_any_kind_become_the_request(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """Generic settings are understood, and everything reaches the body under its own name."""
    generic = PromptExecutionSettings(
        extension_data={
            "temperature": 1.5,
            "max_tokens": 50,
            "stop": "END",
            "number_of_responses": 1,
            "user": "somebody",
            "extra_parameters": {"logit_bias": {"50256": -100}},
            "seed": 3,
        }
    )
    await service.get_chat_message_content(history(QUESTION), generic)
    body = emulator.journal[-1].body
    assert body == {
        "messages": [{"role": "user", "content": QUESTION}],
        "model": FIRST,
        "temperature": 1.5,
        "max_tokens": 50,
        "stop": ["END"],
        "n": 1,
        "user": "somebody",
        "logit_bias": {"50256": -100},
        "seed": 3,
    }


async def test_a_prompt_may_name_its_own_model_and_options(
    service: GitHubModelsChatCompletion, limited: Emulator
) -> None:
    """``ai_model_id`` and ``call_options`` are for one prompt."""
    settings = chat_settings(ai_model_id=SECOND)
    message = await service.get_chat_message_content(history(QUESTION), settings)
    assert message is not None
    assert (message.ai_model_id, limited.journal[-1].model) == (SECOND, SECOND)
    third = chat_settings(call_options={"fallback": ["openai/gpt-4o-mini"]})
    message = await service.get_chat_message_content(history(QUESTION), third)
    assert message is not None
    assert message.metadata["trail"].served_by.endswith("openai/gpt-4o-mini")


async def test_a_kernel_answers_a_prompt(kernel: Kernel) -> None:
    """Templates, whole and streamed, through a kernel that chooses the service itself."""
    arguments = KernelArguments(land="France")
    prompt = "What is the capital of {{$land}}?"
    assert str(await kernel.invoke_prompt(prompt, arguments=arguments)).endswith("Paris.")
    pieces = [str(one[0]) async for one in kernel.invoke_prompt_stream(prompt, arguments=arguments)]
    assert "".join(pieces).endswith("Paris.")


async def test_system_messages_take_the_role_for_instructions(emulator: Emulator) -> None:
    """``instruction_role`` is for models that know developers only."""
    asked = ChatHistory(system_message="Be brief.")
    asked.add_user_message("Hello")
    async with GitHubModelsChatCompletion(
        FIRST,
        endpoint=emulator.inference_url,
        api_key="any-key",
        instruction_role="developer",
        fallback=None,
    ) as service:
        await service.get_chat_message_content(asked, chat_settings())
    roles = [message["role"] for message in emulator.journal[-1].body["messages"]]
    assert roles == ["developer", "user"]


async def test_a_client_that_was_given_stays_open(emulator: Emulator) -> None:
    """The service closes only what it made."""
    async with ChatCompletionsClient(emulator.inference_url, "any-key") as client:
        async with GitHubModelsChatCompletion(FIRST, service_id="mine", client=client) as service:
            assert service.service_id == "mine"
            assert service.service_url() is None
        message = await service.get_chat_message_content(history(QUESTION), chat_settings())
        assert str(message).endswith("Paris.")


async def test_a_history_with_answers_can_be_stored(service: GitHubModelsChatCompletion) -> None:
    """The metadata, trail included, is no obstacle to ``serialize``."""
    asked = history(QUESTION)
    message = await service.get_chat_message_content(asked, chat_settings())
    assert message is not None
    asked.add_message(message)
    restored = ChatHistory.restore_chat_history(asked.serialize())
    assert str(restored.messages[-1]) == str(message)
    assert restored.messages[-1].metadata["trail"]["served_by"].endswith(FIRST)


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": "few", "completion_tokens": 2}, (None, 2)),
        ({"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": "none"}, (1, 2)),
        ([1, 2], None),
    ],
)
async def test_an_odd_usage_costs_no_answer(
    service: GitHubModelsChatCompletion, emulator: Emulator, usage: Any, counted: Any
) -> None:
    """What a server has in place of a number is left out."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "Hi"}}
    body = json.dumps({"model": "m", "choices": [choice], "usage": usage})
    emulator.fault("status", status=200, body=body)
    message = await service.get_chat_message_content(history("Hello"), chat_settings())
    assert str(message) == "Hi"
    told = message.metadata.get("usage")
    assert (told and (told.prompt_tokens, told.completion_tokens)) == counted
