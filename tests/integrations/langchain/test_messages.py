"""What LangChain's messages become on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from tests.harness import Service, chat

from .side_helpers import Side

PDF = "data:application/pdf;base64,AA=="
CALL = {"name": "find", "args": {"what": "r\u00f8d"}, "id": "c1", "type": "tool_call"}


@pytest.fixture
def service() -> Service:
    return Service(lambda sent: chat(sent.model))


def sent(side: Side, service: Service, *messages: Any) -> list[Any]:
    """Send messages as LangChain does, and return them as the service got them."""
    side.invoke(side.chat(service), list(messages))
    got: list[Any] = service.sent[-1].body["messages"]
    return got


def content(side: Side, service: Service, *blocks: Any) -> Any:
    (message,) = sent(side, service, HumanMessage(list(blocks)))
    return message["content"]


def test_each_message_has_its_role(side: Side, service: Service) -> None:
    """System, developer, user, assistant, function and free roles; names go along."""
    messages = sent(
        side,
        service,
        SystemMessage("Be kind."),
        SystemMessage("Be brief.", additional_kwargs={"__openai_role__": "developer"}),
        HumanMessage("Hello", name="ada"),
        AIMessage("Hi"),
        FunctionMessage("3", name="add"),
        ChatMessage("What?", role="critic"),
    )
    assert messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Hello", "name": "ada"},
        {"role": "assistant", "content": "Hi"},
        {"role": "function", "content": "3", "name": "add"},
        {"role": "critic", "content": "What?"},
    ]


def test_a_message_without_a_role_is_refused(side: Side, service: Service) -> None:
    """What is meant for LangGraph's memory is not sent to a model."""
    with pytest.raises(ValueError, match="RemoveMessage"):
        sent(side, service, RemoveMessage(id="1"))


def test_calls_and_their_results(side: Side, service: Service) -> None:
    """Arguments are JSON with its letters kept, broken ones go back as they came."""
    broken = {"name": "find", "args": "{what", "id": "c2", "error": "no JSON"}
    answer = AIMessage("", tool_calls=[CALL], invalid_tool_calls=[broken])
    result = ToolMessage("found", tool_call_id="c1", status="error", artifact={"big": 1})
    _, called, found = sent(side, service, HumanMessage("?"), answer, result)
    assert called["content"] is None
    assert [call["id"] for call in called["tool_calls"]] == ["c1", "c2"]
    first, second = (call["function"] for call in called["tool_calls"])
    assert first == {"name": "find", "arguments": '{"what": "r\u00f8d"}'}
    assert second["arguments"] == "{what"
    assert found == {"role": "tool", "tool_call_id": "c1", "content": "found"}


def test_calls_in_blocks_of_anthropic_are_calls(side: Side, service: Service) -> None:
    """They are sent once, whether or not LangChain has read them too."""
    block = {"type": "tool_use", "id": "c1", "name": "find", "input": {"what": "it"}}
    text = {"type": "text", "text": "Let me see."}
    for calls in ([], [CALL]):
        _, called = sent(
            side, service, HumanMessage("?"), AIMessage([text, block], tool_calls=calls)
        )
        assert called["content"] == "Let me see."
        assert [call["id"] for call in called["tool_calls"]] == ["c1"]


def test_thoughts_go_back_between_a_call_and_its_result(side: Side, service: Service) -> None:
    """Some servers want them there; in older turns, and beside plain text, they are left out."""
    thinking = {"additional_kwargs": {"reasoning_content": "Hm."}}
    old = AIMessage("", tool_calls=[CALL], **thinking)
    new = AIMessage([{"type": "reasoning", "reasoning": "So."}], tool_calls=[CALL])
    result = ToolMessage("found", tool_call_id="c1")
    messages = sent(
        side,
        service,
        HumanMessage("?"),
        old,
        result,
        AIMessage([{"type": "thinking", "thinking": "Done."}, "It is red."]),
        HumanMessage("And?"),
        new,
        result,
    )
    assert [message.get("reasoning_content") for message in messages] == [
        *(None, None, None, None),
        *(None, "So.", None),
    ]
    assert messages[3]["content"] == "It is red."


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ("Look", {"type": "text", "text": "Look"}),
        ({"type": "text", "text": "Look", "cache_control": {}}, {"type": "text", "text": "Look"}),
        ({"type": "text-plain", "text": "Look"}, {"type": "text", "text": "Look"}),
        (
            {"type": "file", "file": {"file_id": "f1"}},
            {"type": "file", "file": {"file_id": "f1"}},
        ),
        (
            {"type": "file", "source_type": "text", "url": "Look", "mime_type": "text/plain"},
            {"type": "text", "text": "Look"},
        ),
        ({"type": "json", "json": {"a": 1}}, {"type": "text", "text": '{"a": 1}'}),
        (
            {"type": "image_url", "image_url": "https://x/y.png"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        ),
        (
            {"type": "image", "base64": "AA==", "mime_type": "image/jpeg"},
            {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AA=="}},
        ),
        (
            {"type": "image", "url": "https://x/y.png", "extras": {"detail": "high"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "high"}},
        ),
        (
            {
                "type": "image",
                "source_type": "base64",
                "data": "AA==",
                "mime_type": "image/png",
            },
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ),
        (
            {"type": "image", "source_type": "url", "url": "https://x/y.png"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
            },
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        ),
        (
            {"type": "audio", "base64": "AA==", "mime_type": "audio/mpeg"},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        ),
        (
            {"type": "audio", "url": "https://x/y.wav"},
            {"type": "audio_url", "audio_url": {"url": "https://x/y.wav"}},
        ),
        (
            {"type": "video", "url": "https://x/y.mp4"},
            {"type": "video_url", "video_url": {"url": "https://x/y.mp4"}},
        ),
        (
            {"type": "file", "base64": "AA==", "mime_type": "application/pdf"},
            {
                "type": "file",
                "file": {
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,AA==",
                },
            },
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            },
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            },
        ),
        ({"type": "file", "file_id": "f1"}, {"type": "file", "file": {"file_id": "f1"}}),
        (
            {"type": "document", "title": "a.pdf", "source": {"type": "base64", "data": "AA=="}},
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            },
        ),
        ({"type": "file", "source_type": "text", "url": "Hm"}, {"type": "text", "text": "Hm"}),
        ({"type": "new_kind", "new_kind": 1}, {"type": "new_kind", "new_kind": 1}),
        (
            {"type": "non_standard", "value": {"type": "new_kind", "new_kind": 1}},
            {"type": "new_kind", "new_kind": 1},
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_blocks_become_parts(side: Side, service: Service, block: Any, part: Any) -> None:
    """LangChain's blocks, old and new, OpenAI's and Anthropic's are all understood."""
    assert content(side, service, "See:", block) == [{"type": "text", "text": "See:"}, part]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "file", "url": "https://x/y.pdf"}, "does not take a file by its URL"),
        ({"type": "image", "file_id": "f1"}, "needs base64"),
    ],
)
def test_blocks_that_cannot_be_sent(side: Side, service: Service, block: Any, said: str) -> None:
    """The error says what chat/completions lacks; nothing is sent."""
    with pytest.raises(ValueError, match=said):
        content(side, service, block)
    assert service.sent == []


def test_a_single_text_is_sent_as_such(side: Side, service: Service) -> None:
    """Not every server takes a list."""
    assert content(side, service, {"type": "text", "text": "Hello"}) == "Hello"


def test_results_are_text_whatever_they_are_made_of(side: Side, service: Service) -> None:
    """Lists become lines, and data JSON."""
    result = ToolMessage([{"type": "text", "text": "one"}, {"two": 2}], tool_call_id="c1")
    answer = AIMessage("", tool_calls=[CALL])
    *_, found = sent(side, service, HumanMessage("?"), answer, result)
    assert found["content"] == 'one\n{"two": 2}'


def test_images_of_a_result_follow_after_the_last_result(side: Side, service: Service) -> None:
    """A result may only be text, and nothing may stand between the results of one answer."""
    image = {"type": "image", "base64": "AA==", "mime_type": "image/png"}
    calls = [CALL, {**CALL, "id": "c2"}]
    results = [
        ToolMessage([image], tool_call_id="c1", name="draw"),
        ToolMessage([{"type": "text", "text": "done"}], tool_call_id="c2"),
    ]
    messages = sent(side, service, HumanMessage("?"), AIMessage("", tool_calls=calls), *results)
    assert [message["role"] for message in messages] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ]
    assert messages[2]["content"] == "The result is in the next message."
    label, picture = messages[4]["content"]
    assert label["text"] == "From draw (c1):"
    assert picture["image_url"]["url"] == "data:image/png;base64,AA=="
    messages = sent(
        side, service, AIMessage("", tool_calls=[CALL]), results[0], HumanMessage("Nice")
    )
    assert [m["role"] for m in messages] == ["assistant", "tool", "user", "user"]


def test_what_an_answer_held_beside_its_text_goes_back(side: Side, service: Service) -> None:
    """Refusals and spoken answers have members of their own."""
    kept = {"refusal": "I cannot.", "audio": {"id": "a1", "data": "AA=="}}
    legacy = {"function_call": {"name": "find", "arguments": "{}"}}
    first, second = sent(
        side,
        service,
        AIMessage("", additional_kwargs=kept),
        AIMessage("", additional_kwargs=legacy),
    )
    assert (first["refusal"], first["audio"], first["content"]) == ("I cannot.", {"id": "a1"}, "")
    assert second["function_call"] == legacy["function_call"]


def test_everything_sent_is_json(side: Side, service: Service) -> None:
    """Arguments may hold what JSON lacks."""
    odd = {**CALL, "args": {"when": pytest}}
    _, called = sent(side, service, HumanMessage("?"), AIMessage("", tool_calls=[odd]))
    assert "when" in json.loads(called["tool_calls"][0]["function"]["arguments"])
