"""All strict servers alike: they answer, call tools, keep a journal and fail on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from tests.dialects.servers import PROVIDERS, SIGNATURE, Break, StrictServer
from tests.dialects.servers_client import HELLO, WEATHER, Got, chat, post


@pytest.fixture(params=PROVIDERS)
def server(request: pytest.FixtureRequest) -> Iterator[StrictServer]:
    with PROVIDERS[request.param]() as running:
        yield running


def test_a_text_comes_whole_and_streamed(server: StrictServer) -> None:
    """Both ways say the same, and each has its end."""
    whole = chat(server)
    assert (whole.status, whole.message["content"]) == (200, f"Hello from {server.name}")
    server.answer_text("Something else")
    stream = chat(server, stream=True)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert (stream.text, stream.finish) == ("Something else", "stop")
    assert stream.content.rstrip().endswith((b"data: [DONE]", b"PROCESSING"))


def test_usage_comes_last_where_it_was_asked_for(server: StrictServer) -> None:
    """The chunk has no choices; Mistral knows no stream_options."""
    got = chat(server, stream=True, stream_options={"include_usage": True})
    if server.name == "mistral":
        assert got.status == 422
        return
    events = got.events
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["total_tokens"] > 1


def test_everything_that_arrives_is_kept(server: StrictServer) -> None:
    """Path, query, headers and body, refused or not."""
    chat(server, "?a=1&b=", headers={"x-mine": "yes"}, top_p=0.5)
    (kept,) = server.journal
    assert kept.path == f"{server.provider.base}/chat/completions"
    assert kept.params == [("a", "1"), ("b", "")]
    assert (kept.header("X-Mine"), kept.header("authorization")) == ("yes", "Bearer key")
    assert kept.body["top_p"] == 0.5
    assert server.bodies == [kept.body]
    assert all(word in kept.everything for word in ("a=1", "x-mine: yes", '"top_p": 0.5'))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_tool_is_called_and_its_result_answered(server: StrictServer, stream: bool) -> None:
    """The call that came is a history that the same server takes."""
    server.answer_tool_call("get_weather", city="Oslo")
    got = chat(server, tools=[WEATHER], stream=stream)
    calls = joined(got) if stream else got.message["tool_calls"]
    (call,) = calls
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}
    reason = got.finish if stream else got.json["choices"][0]["finish_reason"]
    assert reason == ("stop" if server.name == "gemini" else "tool_calls")
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [{**call, "type": "function"}]},
        {"role": "tool", "tool_call_id": call["id"], "content": "snow"},
    ]
    after = chat(server, messages=messages, tools=[WEATHER], stream=stream)
    assert after.status == 200, after.content
    assert (after.text if stream else after.message["content"]).endswith(": snow")


def joined(got: Got) -> list[Any]:
    """Put the calls of a stream together, as a client does."""
    calls: list[Any] = []
    for delta in got.deltas:
        for part in delta.get("tool_calls") or []:
            if part.get("id"):
                calls.append({name: v for name, v in part.items() if name not in ("index", "type")})
            else:
                calls[-1]["function"]["arguments"] += part["function"]["arguments"]
    return calls


def test_two_calls_come_side_by_side(server: StrictServer) -> None:
    """Each has an id of its own."""
    server.answer_tool_call("get_weather", city="Oslo")
    server.answer_tool_call("get_weather", city="Rome")
    calls = chat(server, tools=[WEATHER]).message["tool_calls"]
    assert len({call["id"] for call in calls}) == 2
    streamed = joined(chat(server, tools=[WEATHER], stream=True))
    assert [json.loads(call["function"]["arguments"])["city"] for call in streamed] == [
        "Oslo",
        "Rome",
    ]


def test_tool_choice_is_heeded_by_all_but_one(server: StrictServer) -> None:
    """A demanded call comes and a forbidden one does not, except from Ollama (ollama#17921)."""
    named = {"type": "function", "function": {"name": "get_weather"}}
    heeds = server.name != "ollama"
    for choice in ("required", named):
        message = chat(server, tools=[WEATHER], tool_choice=choice).message
        assert ("tool_calls" in message) is heeds
    server.answer_tool_call("get_weather", city="Oslo")
    message = chat(server, tools=[WEATHER], tool_choice="none").message
    assert ("tool_calls" in message) is not heeds


def test_without_tools_no_tool_is_called(server: StrictServer) -> None:
    """A model calls what it was offered."""
    server.answer_tool_call("get_weather", city="Oslo")
    assert chat(server).message["content"] == f"Hello from {server.name}"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_status_is_given_on_demand(server: StrictServer, stream: bool) -> None:
    """As often as it was asked for, then all is well."""
    server.fail(503, times=2)
    server.fail(429)
    statuses = [chat(server, stream=stream).status for _ in range(4)]
    assert statuses == [503, 503, 429, 200]


def test_a_connection_is_reset_on_demand(server: StrictServer) -> None:
    """Not one byte of an answer comes."""
    server.fail(Break.RESET)
    with pytest.raises((ConnectionResetError, RemoteDisconnected)):
        chat(server)
    assert chat(server).status == 200


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_connection_is_hung_up_on_demand(server: StrictServer, stream: bool) -> None:
    """The answer begins well and breaks off."""
    server.fail(Break.HANG_UP)
    with pytest.raises(IncompleteRead) as caught:
        chat(server, stream=stream)
    assert caught.value.partial
    assert chat(server, stream=stream).status == 200


def test_other_paths_do_not_exist(server: StrictServer) -> None:
    """A wrong base URL is a 404."""
    assert post(server, "/v1/chat/completions", {"model": "my-gpt-4o"}).status == 404
    served = post(server, "/embeddings", {"model": "my-gpt-4o", "input": ["a", "b"]})
    if server.name == "ollama":
        served = post(server, "/embeddings", {"model": "llama3.2", "input": ["a", "b"]})
    if server.provider.embeds:
        assert [item["index"] for item in served.json["data"]] == [0, 1]
    else:
        assert served.status == 404


# A router checks no histories, and servers at home take what comes.
CHECKING = sorted(set(PROVIDERS) - {"ollama", "llama_cpp_python", "openrouter"})


@pytest.mark.parametrize("name", CHECKING)
def test_results_belong_to_calls(name: str) -> None:
    """A history whose ids do not meet is refused, as ids that were mapped badly would be."""
    signed = {"extra_content": {"google": {"thought_signature": SIGNATURE}}}
    extra = signed if name == "gemini" else {}
    call = {"id": "mCall0001", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calls = {"role": "assistant", "content": None, "tool_calls": [{**call, **extra}]}
    result = {"role": "tool", "content": "snow"}
    with PROVIDERS[name]() as server:
        for messages in (
            [*HELLO, calls, {**result, "tool_call_id": "mCall0002"}],
            [*HELLO, {**result, "tool_call_id": "mCall0001"}],
            [*HELLO, calls, *HELLO],
        ):
            assert chat(server, messages=messages).status == 400
        fine = [*HELLO, calls, {**result, "tool_call_id": "mCall0001"}]
        assert chat(server, messages=fine).status == 200
