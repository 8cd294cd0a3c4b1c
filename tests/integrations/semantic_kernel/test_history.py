"""What becomes of a chat history in the request, item by item."""

from __future__ import annotations

import json
from typing import Any

import pytest
from semantic_kernel.contents.annotation_content import AnnotationContent
from semantic_kernel.contents.audio_content import AudioContent
from semantic_kernel.contents.chat_history import ChatHistory
from semantic_kernel.contents.chat_message_content import ChatMessageContent
from semantic_kernel.contents.function_call_content import FunctionCallContent
from semantic_kernel.contents.function_result_content import FunctionResultContent
from semantic_kernel.contents.image_content import ImageContent
from semantic_kernel.contents.reasoning_content import ReasoningContent
from semantic_kernel.contents.text_content import TextContent
from semantic_kernel.contents.utils.author_role import AuthorRole
from semantic_kernel.exceptions.service_exceptions import ServiceInvalidRequestError

from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, chat_settings

PIXEL = "iVBORw0KGgo="


async def sent(
    service: GitHubModelsChatCompletion, emulator: Emulator, *messages: ChatMessageContent
) -> list[dict[str, Any]]:
    """Return the messages as they reached the server."""
    await service.get_chat_message_content(ChatHistory(messages=list(messages)), chat_settings())
    return list(emulator.journal[-1].body["messages"])


def message(role: AuthorRole, *items: Any) -> ChatMessageContent:
    return ChatMessageContent(role=role, items=list(items))


async def test_images_go_along_with_texts(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """Data and addresses, in the order of the items."""
    asked = message(
        AuthorRole.USER,
        TextContent(text="Which is larger?"),
        ImageContent(data=PIXEL, data_format="base64", mime_type="image/png"),
        ImageContent(uri="https://example.com/cat.png"),
    )
    assert await sent(service, emulator, asked) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Which is larger?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
            ],
        }
    ]


def test_sound_goes_along_as_data() -> None:
    """With the name that chat/completions has for its format."""
    from github_models_azure.integrations.semantic_kernel._history import request_messages

    sounds = [AudioContent(data="QUJD", data_format="base64", mime_type=kind)
              for kind in ("audio/wav", "audio/mpeg", "audio/x-wav")]  # fmt: skip
    (made,) = request_messages(ChatHistory(messages=[message(AuthorRole.USER, *sounds)]), "system")
    parts = [part["input_audio"] for part in made["content"]]
    assert [part["format"] for part in parts] == ["wav", "mp3", "wav"]
    assert {part["data"] for part in parts} == {"QUJD"}


async def test_calls_and_results_go_back_whole(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """Arguments as text, several results as several messages, and what a server added to a call."""
    calls = message(
        AuthorRole.ASSISTANT,
        TextContent(text="Let me look."),
        FunctionCallContent(
            id="a", name="w-get", arguments={"city": "Århus"},
            metadata={"tool_call": {"extra_content": {"google": {"thought_signature": "s"}}}},
        ),
        FunctionCallContent(id="b", name="w-get", arguments=""),
    )  # fmt: skip
    results = message(
        AuthorRole.TOOL,
        FunctionResultContent(id="a", name="w-get", result={"sky": "blå"}),
        FunctionResultContent(id="b", name="w-get", result=3),
    )
    question = message(AuthorRole.USER, TextContent(text="Is it sunny?"))
    assert (await sent(service, emulator, question, calls, results))[1:] == [
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "extra_content": {"google": {"thought_signature": "s"}},
                    "id": "a",
                    "type": "function",
                    "function": {"name": "w-get", "arguments": '{"city": "Århus"}'},
                },
                {"id": "b", "type": "function", "function": {"name": "w-get", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": '{"sky": "blå"}'},
        {"role": "tool", "tool_call_id": "b", "content": "3"},
    ]


class Sky:
    def __repr__(self) -> str:
        return "blue"


async def test_remarks_and_thoughts_stay_here(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """No model is told what only people are to read; objects say themselves what they are."""
    said = message(
        AuthorRole.ASSISTANT,
        ReasoningContent(text="hm"),
        TextContent(text="Paris."),
        AnnotationContent(quote="p", file_id="f"),
        TextContent(text="Sure."),
    )
    call = message(AuthorRole.ASSISTANT, FunctionCallContent(id="a", name="look"))
    result = message(AuthorRole.TOOL, FunctionResultContent(id="a", name="look", result=[Sky()]))
    question = message(AuthorRole.USER, TextContent(text="Is it?"))
    messages = await sent(service, emulator, question, said, question, call, result)
    assert messages[1] == {"role": "assistant", "content": "Paris.\nSure."}
    assert "content" not in messages[3]
    assert messages[4]["content"] == "[blue]"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (message(AuthorRole.SYSTEM, ImageContent(uri="https://example.com/a.png")), "ImageContent"),
        (message(AuthorRole.USER, FunctionCallContent(id="a", name="f")), "FunctionCallContent"),
        (message(AuthorRole.USER, AudioContent(uri="https://example.com/a.mp3")), "AudioContent"),
        (message(AuthorRole.TOOL, TextContent(text="12")), "FunctionResultContent"),
    ],
)
async def test_nothing_is_left_out_unsaid(
    service: GitHubModelsChatCompletion,
    emulator: Emulator,
    wrong: ChatMessageContent,
    words: str,
) -> None:
    """An item that its message cannot carry is an error, and nothing is sent."""
    with pytest.raises(ServiceInvalidRequestError, match=words):
        await sent(service, emulator, wrong)
    assert list(emulator.journal) == []


async def test_what_a_server_adds_to_a_call_comes_back_to_it(
    service: GitHubModelsChatCompletion, emulator: Emulator
) -> None:
    """Whole and streamed: Gemini refuses the next turn without its signature."""
    signature = {"google": {"thought_signature": "abc"}}
    call = {"id": "a", "type": "function", "function": {"name": "w-get", "arguments": "{}"}}
    choice = {
        "index": 0, "finish_reason": "tool_calls",
        "message": {"role": "assistant", "tool_calls": [{**call, "extra_content": signature}]},
    }  # fmt: skip
    body = {"id": "1", "created": 1, "model": "m", "choices": [choice]}
    emulator.fault("status", status=200, body=json.dumps(body), model=FIRST)
    question = message(AuthorRole.USER, TextContent(text="Is it sunny?"))
    said = await service.get_chat_message_content(ChatHistory(messages=[question]), chat_settings())
    assert said is not None
    result = message(AuthorRole.TOOL, FunctionResultContent(id="a", name="w-get", result="yes"))
    messages = await sent(service, emulator, question, said, result)
    assert messages[1]["tool_calls"] == [{**call, "extra_content": signature}]
