"""`count_tokens`: what a prompt counts, in whatever objects it is written."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from azure.ai.inference import models
from pydantic import BaseModel

from github_models_azure import count_tokens
from github_models_azure._core.route.needs import IMAGE_TOKENS, MESSAGE_OVERHEAD
from github_models_azure.tools import Tool
from tests.harness import FIRST, Service, Twin, chat

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}
DICTS: list[dict[str, Any]] = [
    {"role": "system", "content": "You are helpful."},
    {"role": "user", "content": [{"type": "text", "text": "What is this?"}, IMAGE, SOUND]},
    {
        "role": "assistant",
        "tool_calls": [
            {"id": "1", "function": {"name": "look", "arguments": "{}"}, "type": "function"}
        ],
    },
    {"role": "tool", "content": "A cat.", "tool_call_id": "1"},
]
TOOLS = [
    {
        "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}},
        "type": "function",
    }
]


def of_the_sdk() -> list[Any]:
    """The same messages as the SDK's objects."""
    call = models.FunctionCall(name="look", arguments="{}")
    return [
        models.SystemMessage(content="You are helpful."),
        models.UserMessage(
            content=[
                models.TextContentItem(text="What is this?"),
                models.ImageContentItem(image_url=models.ImageUrl(url="data:image/png;base64,AA")),
                models.AudioContentItem(
                    input_audio=models.InputAudio(data="AA", format=models.AudioContentFormat.WAV)
                ),
            ]
        ),
        models.AssistantMessage(tool_calls=[models.ChatCompletionsToolCall(id="1", function=call)]),
        models.ToolMessage(content="A cat.", tool_call_id="1"),
    ]


def sdk_tools() -> list[Any]:
    function = models.FunctionDefinition(
        name="look", description="Looks.", parameters={"type": "object"}
    )
    return [models.ChatCompletionsToolDefinition(function=function)]


@pytest.mark.parametrize("tools", [None, TOOLS])
def test_it_counts_as_the_router_does(twin: Twin, tools: Any) -> None:
    """The same prompt has the same tokens in `plan_route`, from dicts and from objects."""
    client = twin.client(Service(lambda sent: chat(sent.model)), model=FIRST)
    given = {} if tools is None else {"tools": sdk_tools()}
    routed = twin.run(client.plan_route(messages=of_the_sdk(), **given)).input_tokens
    assert count_tokens(messages=DICTS, tools=tools) == routed
    assert count_tokens(messages=of_the_sdk(), **given) == routed
    assert count_tokens(json.loads(json.dumps(DICTS)), **given) == routed


def test_a_tokenizer_counts_instead(twin: Twin) -> None:
    """For the function and for the client, in the same forms."""
    client = twin.client(Service(lambda sent: chat(sent.model)), model=FIRST, tokenizer=str.split)
    routed = twin.run(client.plan_route(messages=DICTS, tools=TOOLS)).input_tokens
    assert count_tokens(DICTS, tools=TOOLS, tokenizer=str.split) == routed
    encoder = SimpleNamespace(encode=str.split)
    assert count_tokens(DICTS, tools=TOOLS, tokenizer=encoder) == routed
    assert count_tokens([{"role": "user", "content": "a b c"}], tokenizer=str.split) == 3 + 4


def test_parts_count_by_one_rule() -> None:
    """Each image the same, sound nothing, and nothing at all for no prompt."""
    assert count_tokens([{"role": "user", "content": [IMAGE, IMAGE, SOUND]}]) == (
        MESSAGE_OVERHEAD + 2 * IMAGE_TOKENS
    )
    assert count_tokens() == count_tokens(messages=[], tools=[]) == 0
    assert count_tokens(message for message in DICTS) == count_tokens(tuple(DICTS))


class Message(BaseModel):
    """Like a message of OpenAI's SDK."""

    role: str
    content: str
    refusal: str | None = None


class Plain:
    """Like a message of an SDK with `as_dict`."""

    def as_dict(self) -> dict[str, Any]:
        return {"role": "user", "content": [Message(role="part", content="x"), {"text": "Hello"}]}


def test_objects_of_other_sdks_count() -> None:
    """Those of pydantic, and those that give a dictionary of themselves."""
    said = [{"role": "user", "content": "Hello"}]
    assert count_tokens([Message(role="user", content="Hello")]) == count_tokens(said)
    assert count_tokens([Plain()]) == count_tokens(said)


def test_tools_made_of_functions_count() -> None:
    """As the definition that is sent for them."""

    def look(at: str) -> str:
        """Look at something."""
        return at

    tool = Tool.of(look)
    definition = tool.definition().as_dict()
    assert count_tokens(tools=[tool]) == count_tokens(tools=[definition]) > 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"messages": "Hello"}, "messages is a list of messages, not 'Hello'; put it into a list."),
        ({"messages": DICTS[0]}, "messages is a list of messages, not "),
        ({"messages": 3}, "messages is a list of messages, not 3"),
        ({"messages": ["Hello"]}, "A message is a dict or an object of an SDK, not 'Hello'."),
        ({"tools": [len]}, "A tool is a dict or an object of an SDK, not <built-in"),
        ({"tools": [Message]}, "A tool is a dict or an object of an SDK, not <class"),
        ({"tools": TOOLS[0]}, "tools is a list of tools, not "),
        ({"tokenizer": "gpt2"}, "tokenizer is a function from a text to its tokens, not 'gpt2'."),
    ],
)
def test_what_is_no_prompt_is_named(given: dict[str, Any], words: str) -> None:
    """A count of something else would be a wrong count."""
    with pytest.raises(TypeError) as caught:
        count_tokens(**given)
    assert words in str(caught.value)


def test_it_is_offered_by_both_packages() -> None:
    """It is the same function: nothing in it waits."""
    import github_models_azure.aio

    assert github_models_azure.aio.count_tokens is github_models_azure.count_tokens
