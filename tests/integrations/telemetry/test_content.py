"""No text of a prompt, an answer or an error is exported unless that is asked for; a key never."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure.integrations.telemetry import TelemetryObserver
from tests.harness import (
    DONE,
    FIRST,
    HELLO,
    SECOND,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    delta,
    error,
    stream,
)

from .conftest import Telemetry

KEY = "key-0123456789-abcdef"
PROMPT = [
    {"role": "system", "content": "whispered system"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "whispered question"},
            {"type": "image_url", "image_url": {"url": "https://example/a.png?sig=hidden"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,hiddenbytes"}},
        ],
    },
    {
        "role": "assistant",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ],
    },
    {"role": "tool", "tool_call_id": "1", "content": "whispered result"},
]
CALL = [{"id": "c", "type": "function", "function": {"name": "g", "arguments": "whispered"}}]


def answers(sent: Sent) -> Answer:
    if sent.model == FIRST:
        return error(503, "down", f"whispered echo of {KEY}")
    if sent.body.get("stream"):
        called = [{"index": 0, "id": "c", "function": {"name": "g", "arguments": "whis"}}]
        more = [{"index": 0, "function": {"arguments": "pered"}}]
        return stream(
            delta("whispered "),
            delta("answer", tool_calls=called),
            delta(tool_calls=more),
            delta(finish="stop"),
            DONE,
        )
    return chat(sent.model, "whispered answer", tool_calls=CALL)


def ask(twin: Twin, telemetry: Telemetry, streamed: bool, **options: Any) -> None:
    client = twin.client(
        Service(answers),
        model=FIRST,
        fallback=[SECOND],
        credential=KEY,
        observer=telemetry.observer(**options),
    )
    tools = [{"type": "function", "function": {"name": "g", "description": "whispered use"}}]
    keywords: Any = {"messages": PROMPT, "model_extras": {"tools": tools}, "stop": ["whispered"]}
    twin.read(client, **keywords) if streamed else twin.complete(client, **keywords)


@pytest.mark.parametrize("streamed", [False, True])
def test_no_text_by_default(twin: Twin, telemetry: Telemetry, streamed: bool) -> None:
    """Neither spans nor metrics have a word of it, whatever was said."""
    ask(twin, telemetry, streamed)
    text = telemetry.everything()
    assert len(telemetry.attempts) == 2
    assert "whisper" not in text
    assert KEY not in text


@pytest.mark.parametrize("streamed", [False, True])
def test_the_texts_where_they_are_asked_for(
    twin: Twin, telemetry: Telemetry, streamed: bool
) -> None:
    """Messages stand on the attempt's span in the conventions' form; bytes and keys never."""
    ask(twin, telemetry, streamed, capture_content=True)
    failed, served = telemetry.attempts
    assert json.loads(served.attributes["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "whispered system"}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "whispered question"},
                {"type": "uri", "modality": "image", "uri": "https://example/a.png"},
                {"type": "blob", "modality": "image", "content": ""},
            ],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "1", "name": "f", "arguments": "{}"}],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "1", "response": "whispered result"}],
        },
    ]
    assert json.loads(served.attributes["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "whispered answer"},
                {"type": "tool_call", "id": "c", "name": "g", "arguments": "whispered"},
            ],
            "finish_reason": "tool_calls",
        }
    ]
    assert "whispered use" in served.attributes["gen_ai.tool.definitions"]
    assert failed.attributes["github_models.failure.message"].startswith("whispered echo of")
    assert "gen_ai.output.messages" not in failed.attributes
    text = telemetry.everything()
    assert "hidden" not in text
    assert KEY not in text


def test_the_input_of_embeddings_is_a_prompt(twin: Twin, telemetry: Telemetry) -> None:
    """Texts to embed are recorded as what the user said, or not at all."""
    body = {"model": "m", "data": [{"index": 0, "embedding": [0.0], "object": "embedding"}]}
    client = twin.client(
        Service(lambda sent: Answer(200, {**body, "usage": {}})),
        kind="Embeddings",
        model="m",
        fallback=None,
        observer=telemetry.observer(capture_content=True),
    )
    twin.run(client.embed(input=["whispered"]))
    (message,) = json.loads(telemetry.attempts[0].attributes["gen_ai.input.messages"])
    assert message == {"role": "user", "parts": [{"type": "text", "content": "whispered"}]}


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED", "True", True),
        ("AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED", "1", False),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true", True),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_AND_EVENT", True),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only", True),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "EVENT_ONLY", False),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "NO_CONTENT", False),
    ],
)
def test_the_environment_decides_where_nothing_is_said(
    telemetry: Telemetry,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    wanted: bool,
) -> None:
    """The SDK's variable and OpenTelemetry's are understood; an argument outweighs both."""
    monkeypatch.setenv(variable, value)
    assert TelemetryObserver().captures_content is wanted
    assert TelemetryObserver(capture_content=False).captures_content is False
    assert TelemetryObserver(capture_content=True).captures_content is True


@pytest.mark.parametrize("place", ["user", "tool"])
def test_nothing_of_a_picture_is_recorded_but_its_bare_url(
    twin: Twin, telemetry: Telemetry, place: str
) -> None:
    """Neither bytes nor what may be a key, in results of tools either."""
    parts = [
        {"type": "text", "text": "seen"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,hiddenbytes"}},
        {
            "type": "image_url",
            "image_url": {"url": "https://me:hidden@example/a.png?hidden#hidden"},
        },
    ]
    asked = PROMPT if place == "user" else PROMPT[:-1]
    asked = [*asked, {"role": place, "tool_call_id": "1", "content": parts}]
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, model=FIRST, observer=telemetry.observer(capture_content=True))
    twin.complete(client, messages=asked)
    last = json.loads(telemetry.attempts[0].attributes["gen_ai.input.messages"])[-1]
    told = last["parts"] if place == "user" else last["parts"][0]["response"]
    assert told == [
        {"type": "text", "content": "seen"},
        {"type": "blob", "modality": "image", "content": ""},
        {"type": "uri", "modality": "image", "uri": "https://example/a.png"},
    ]
    assert "hidden" not in telemetry.everything()


def test_texts_are_recorded_in_whole_characters(twin: Twin, telemetry: Telemetry) -> None:
    """Servers cut an emoji into two pieces of a stream; what is no UTF-8 loses all spans."""
    halves = stream(delta("\ud83d"), delta("\ude00 \ud83d"), delta(finish="stop"), DONE)
    client = twin.client(
        Service(lambda sent: halves),
        model=FIRST,
        observer=telemetry.observer(capture_content=True),
    )
    twin.read(client, messages=HELLO)
    (message,) = json.loads(telemetry.attempts[0].attributes["gen_ai.output.messages"])
    assert message["parts"][0]["content"].encode("utf-8") == "\U0001f600 \ufffd".encode()
