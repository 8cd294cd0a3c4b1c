"""Answers of servers that differ reach the caller's code in the form that the SDK promises.

About `policies/responses.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.ai.inference.models import CompletionsFinishReason
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from github_models_azure import trail_of
from github_models_azure.exceptions import RateLimitedError
from tests.harness import DONE, URL, Answer, Service, Twin, chat, delta, event, stream

ARGUMENTS = {"city": "Köln", "days": 2}
GEMINI = {  # an empty id and "stop": autogen#4878
    "id": None,
    "choices": [
        {
            "finish_reason": "stop",
            "message": {
                "role": "assistant",
                "tool_calls": [{"id": "", "function": {"name": "f", "arguments": ARGUMENTS}}],
            },
        }
    ],
    "created": 1737330953,
    "model": "gemini-2.0-flash-exp",
    "usage": {"completion_tokens": 6, "prompt_tokens": 50},
}


class Watching(SansIOHTTPPolicy[Any, Any]):
    """Keeps the answers that go by outside the fallback."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_response(self, request: Any, response: Any) -> None:
        self.seen.append(response)


def client_of(twin: Twin, answer: Answer, **options: Any) -> Any:
    return twin.client(Service(lambda sent: answer), model="m", fallback=None, **options)


def test_an_answer_is_read_under_the_label_of_text(twin: Twin) -> None:
    """The plain SDK looks at no label either; an error keeps its meaning."""
    text = {"content-type": "text/plain; charset=utf-8"}
    result = twin.complete(client_of(twin, Answer(200, GEMINI, text)))
    assert result.choices[0].finish_reason is CompletionsFinishReason.TOOL_CALLS
    limited = Answer(200, {"error": {"code": 429, "message": "slow down"}}, text)
    with pytest.raises(RateLimitedError, match="slow down"):
        twin.complete(client_of(twin, limited))
    with pytest.raises(HttpResponseError, match="something other than a JSON object"):
        twin.complete(client_of(twin, Answer(200, b"hello", text)))


def test_a_tool_loop_understands_another_servers_calls(twin: Twin) -> None:
    """Finish reason, id, type, arguments and the total are what the SDK's own code expects."""
    watching = Watching()
    client = client_of(twin, Answer(200, GEMINI), per_call_policies=[watching])
    result = twin.complete(client)
    (choice,) = result.choices
    (call,) = choice.message.tool_calls
    assert choice.finish_reason is CompletionsFinishReason.TOOL_CALLS
    assert choice["native_finish_reason"] == "stop"
    assert (choice.index, call.type, call.function.name) == (0, "function", "f")
    assert json.loads(call.function.arguments) == ARGUMENTS
    assert call.id.startswith("call_")
    assert result.usage.total_tokens == 56
    assert trail_of(result).served_by.endswith("/m")
    assert watching.seen[0].context["deserialized_data"] == result.as_dict()
    again = twin.complete(client)
    assert again.choices[0].message.tool_calls[0].id == call.id


def test_a_healthy_answer_is_not_touched(twin: Twin) -> None:
    """The SDK reads the transport's own response."""
    watching = Watching()
    service = Service(lambda sent: chat("m"))
    client = twin.client(service, model="m", per_call_policies=[watching])
    assert twin.complete(client).as_dict() == chat("m").body
    assert "json" not in vars(watching.seen[0].http_response)


def test_embeddings_are_not_touched(twin: Twin) -> None:
    """Their answers have a form of their own."""
    body = {"data": [{"index": 0, "embedding": [0.5]}], "model": "e", "choices": [{}]}
    service = Service(lambda sent: Answer(200, body))
    client = twin.client(service, kind="Embeddings", model="e", fallback=None)
    assert twin.run(client.embed(input=["x"])).as_dict() == body


def test_a_stream_is_brought_into_form_too(twin: Twin) -> None:
    """A call in pieces without index ends as a tool call; usage is found where Groq puts it."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    answer = stream(
        event(choices=[{"index": 0, "content_filter_results": {}}]),
        delta(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": '{"x"'}}]),
        delta(tool_calls=[{"function": {"arguments": ":1}"}}]),
        event(choices=[end], x_groq={"usage": usage}),
        DONE,
    )
    updates: list[Any] = []
    client = client_of(twin, answer)
    if twin.is_async:

        async def read() -> None:
            async for update in await client.complete(messages=[], stream=True):
                updates.append(update)

        twin.run(read())
    else:
        updates += client.complete(messages=[], stream=True)
    pieces = [piece for up in updates for piece in up.choices[0].delta.tool_calls or []]
    assert "".join(piece.function.arguments for piece in pieces) == '{"x":1}'
    assert [piece["index"] for piece in pieces] == [0, 0]
    assert updates[-1].choices[0].finish_reason is CompletionsFinishReason.TOOL_CALLS
    assert updates[-1].usage.total_tokens == 3


@pytest.mark.parametrize("content", [[{"type": "text", "text": "Hi"}], "Hi"])
def test_a_text_in_parts_is_a_text(twin: Twin, content: Any) -> None:
    """Users print ``content``; the SDK would make Python's notation of a list."""
    result = twin.complete(client_of(twin, chat("m", content)))
    assert result.choices[0].message.content == "Hi"


def test_a_whole_answer_of_any_transport_is_bounded(twin: Twin) -> None:
    """One that is not ours has read it all; its target is unavailable all the same."""
    service = Service(lambda sent: chat(sent.model, "x" * (5_000 if sent.model == "m" else 5)))
    client = twin.client(
        service, URL, credential="k", fallback=["n"], max_answer_bytes=1_000, retry_total=0
    )
    result = twin.complete(client, model="m")
    assert result.choices[0].message.content == "xxxxx"
    trail = trail_of(result)
    assert trail is not None
    assert "larger than 1,000 bytes (max_answer_bytes)" in str(trail)
