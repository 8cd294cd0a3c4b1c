"""Chat completions through LiteLLM, sync and async alike.

About `integrations/litellm/_provider.py`.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import litellm
import pydantic
import pytest

from github_models_azure.integrations.litellm import GitHubModelsLLM, register
from github_models_azure.server.emulator import Emulator
from tests.integrations.litellm.caller_helpers import (
    ANSWER,
    MODEL,
    OTHER,
    QUESTION,
    TOOL,
    Caller,
    served_by,
    text_of,
)

STOCK = [{"role": "user", "content": 'Call find_stock("pears").'}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather.", "parameters": CITY},
}


def test_a_completion_is_litellms(caller: Caller, llm: GitHubModelsLLM) -> None:
    """Text, finish reason, model and usage with its details are where LiteLLM has them."""
    response = caller.completion()
    assert isinstance(response, litellm.ModelResponse)
    assert response.choices[0].message.content == ANSWER
    assert response.choices[0].finish_reason == "stop"
    assert response.model == "gpt-4.1-2025-04-14"
    usage = response.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    assert usage.completion_tokens_details.reasoning_tokens == 0
    assert usage.prompt_tokens_details.cached_tokens == 0
    assert json.loads(response.model_dump_json())["choices"][0]["message"]["content"] == ANSWER


def test_the_trail_is_among_the_hidden_params(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """Who was asked and who served is plain JSON, and headers that a proxy passes on."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    response = caller.completion(fallback=[OTHER])
    hidden = response._hidden_params
    trail = json.loads(json.dumps(hidden["github_models_trail"]))
    assert trail["requested"].endswith("openai/gpt-4.1")
    assert trail["fell_back"] is trail["emulated"] is True
    assert [event["status"] for event in trail["events"]] == [429, 200]
    assert trail["events"][0]["failure"]["kind"] == "rate_limited"
    assert served_by(response) == OTHER
    headers = hidden["additional_headers"]
    assert headers["llm_provider-x-github-models-fell-back"] == "true"
    assert headers["llm_provider-x-github-models-attempts"] == "2"
    assert headers["llm_provider-x-emulated-by"] == "github_models_azure"
    assert response._response_headers["x-emulated-by"] == "github_models_azure"


def test_every_step_of_a_trail_is_json(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """Waits, adaptations and targets passed over are told as well."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    caller.completion(fallback=[OTHER])
    emulator.fault("status", status=503, model=OTHER)
    response = caller.completion(
        "github_models/openai/o3-mini",
        messages=[{"role": "system", "content": "Be brief."}, *QUESTION],
        max_tokens=50,
        fallback=["openai/gpt-4.1", OTHER],
    )
    events = response._hidden_params["github_models_trail"]["events"]
    assert {"event": "adapted"}.items() <= events[0].items()
    assert events[0]["lossy"] is False


def test_parameters_reach_the_endpoint(
    caller: Caller, llm: GitHubModelsLLM, bodies: list[dict[str, Any]]
) -> None:
    """What LiteLLM takes of OpenAI's parameters is sent; unknown ones go as they are."""
    caller.completion(
        temperature=0.5,
        top_p=0.9,
        max_tokens=20,
        stop=["END"],
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        extra_body={"metadata": {"of": "mine"}},
    )
    assert bodies[-1] == {
        "model": "openai/gpt-4.1",
        "messages": QUESTION,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 20,
        "stop": ["END"],
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "metadata": {"of": "mine"},
    }


def test_headers_reach_the_endpoint(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """LiteLLM's headers= and extra_headers= are both sent."""
    caller.completion(headers={"x-one": "1"}, extra_headers={"x-two": "2"}, top_k=3)
    sent = emulator.journal[-1].headers
    assert (sent["x-one"], sent["x-two"]) == ("1", "2")
    assert sent["extra-parameters"] == "pass-through"
    caller.completion(extra_headers={"x-two": "2"})
    assert "extra-parameters" not in emulator.journal[-1].headers


def test_unsupported_parameters_are_refused_or_dropped(
    caller: Caller, llm: GitHubModelsLLM
) -> None:
    """LiteLLM's own rules hold: an error that names the parameter, or drop_params."""
    with pytest.raises(litellm.UnsupportedParamsError, match="thinking"):
        caller.completion(thinking={"type": "enabled", "budget_tokens": 10})
    response = caller.completion(
        thinking={"type": "enabled", "budget_tokens": 10}, drop_params=True
    )
    assert response.choices[0].message.content == ANSWER


def test_tools_are_called_and_answered(caller: Caller, llm: GitHubModelsLLM) -> None:
    """LiteLLM's own message goes back into the conversation, as its users write it."""
    first = caller.completion(messages=STOCK, tools=[TOOL], tool_choice="auto")
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "find_stock",
        {"fruit": "pears"},
    )
    result = {"role": "tool", "tool_call_id": call.id, "content": "12"}
    last = caller.completion(messages=[*STOCK, message, result], tools=[TOOL])
    assert "find_stock says: 12" in last.choices[0].message.content


def test_messages_are_cleared_of_what_litellm_adds(
    caller: Caller, llm: GitHubModelsLLM, bodies: list[dict[str, Any]]
) -> None:
    """Marks for other providers and empty members would be refused by strict endpoints."""
    marked = {"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}
    caller.completion(
        messages=[
            {"role": "user", "content": [marked]},
            {
                "role": "assistant",
                "content": "Hi",
                "provider_specific_fields": {"a": 1},
                "function_call": None,
            },
            {"role": "user", "content": "And?"},
        ],
        tools=[{**TOOL, "cache_control": {"type": "ephemeral"}}],
    )
    assert bodies[-1]["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "And?"},
    ]
    assert bodies[-1]["tools"] == [TOOL]


def test_a_response_format_may_be_a_class(caller: Caller, llm: GitHubModelsLLM) -> None:
    """LiteLLM makes a JSON schema of a pydantic model; the answer follows it."""

    class City(pydantic.BaseModel):
        name: str
        inhabitants: int

    response = caller.completion(response_format=City)
    assert isinstance(City.model_validate_json(response.choices[0].message.content), City)
    spoken = [{"role": "user", "content": "The capital of France, as JSON"}]
    response = caller.completion(messages=spoken, response_format={"type": "json_object"})
    assert isinstance(json.loads(response.choices[0].message.content), dict)


def test_a_stream_is_litellms(caller: Caller, llm: GitHubModelsLLM) -> None:
    """Chunks of text, one finish reason, and the usage where it was asked for."""
    chunks = caller.stream(stream_options={"include_usage": True})
    assert text_of(chunks) == ANSWER
    assert len(chunks) > 5
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [reason for reason in reasons if reason] == ["stop"]
    usage = chunks[-1].usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    assert usage.prompt_tokens_details.cached_tokens == 0
    assert {chunk.model for chunk in chunks} == {"openai/gpt-4.1"}
    built = litellm.stream_chunk_builder(chunks, messages=QUESTION)
    assert built.choices[0].message.content == ANSWER
    assert built.usage.total_tokens == usage.total_tokens


def test_a_stream_without_usage_ends_with_its_finish_reason(
    caller: Caller, llm: GitHubModelsLLM
) -> None:
    """Nothing comes after the finish reason that nobody asked for."""
    chunks = caller.stream()
    assert text_of(chunks) == ANSWER
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(getattr(chunk, "usage", None) is None for chunk in chunks)


def test_tool_calls_are_streamed(caller: Caller, llm: GitHubModelsLLM) -> None:
    """The pieces of two calls keep their indexes, ids and the order of their arguments."""
    question = [{"role": "user", "content": "What is the weather in Oslo and Paris?"}]
    chunks = caller.stream(messages=question, tools=[WEATHER])
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    calls: dict[int, dict[str, str]] = {}
    for chunk in chunks:
        for piece in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += piece.id or ""
            call["name"] += piece.function.name or ""
            call["arguments"] += piece.function.arguments or ""
    assert [json.loads(call["arguments"])["city"] for call in calls.values()] == ["Oslo", "Paris"]
    assert {call["name"] for call in calls.values()} == {"get_weather"}
    assert len({call["id"] for call in calls.values()}) == 2
    built = litellm.stream_chunk_builder(chunks, messages=question)
    assert [call.function.name for call in built.choices[0].message.tool_calls] == [
        "get_weather",
        "get_weather",
    ]


def test_each_chunk_carries_the_trail(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """So does what is built of them, which LiteLLM's callbacks see."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    chunks = caller.stream(fallback=[OTHER])
    assert served_by(chunks[0]) == OTHER
    assert "[emulated openai/gpt-4o]" in text_of(chunks)
    assert served_by(litellm.stream_chunk_builder(chunks)) == OTHER


def test_several_choices_are_streamed_side_by_side(caller: Caller, llm: GitHubModelsLLM) -> None:
    """LiteLLM reads one choice of a chunk, so each has chunks of its own."""
    texts = {0: "", 1: ""}
    for chunk in caller.stream(n=2):
        choice = chunk.choices[0]
        texts[choice.index] += choice.delta.content or ""
    assert all("Paris" in text for text in texts.values())


def test_a_timeout_bounds_the_whole_call(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """A number is for all attempts; httpx's parts are for one."""
    for timeout in (0.2, httpx.Timeout(0.2)):
        emulator.fault("slow_first_byte", seconds=20)
        with pytest.raises(litellm.Timeout) as caught:
            caller.completion(timeout=timeout, max_retries=0)
        assert caught.value.status_code == 408


def test_options_are_taken_per_call(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """This package's options are keywords of completion; max_retries counts one target's."""
    emulator.fault("status", status=503, times=None)
    with pytest.raises(litellm.ServiceUnavailableError):
        caller.completion(
            fallback=[OTHER], fallback_max_attempts=2, fallback_max_wait=5, max_retries=0
        )
    assert [entry.model for entry in emulator.journal] == ["openai/gpt-4.1", OTHER]


def test_a_call_may_have_no_fallback(caller: Caller, emulator: Emulator) -> None:
    """An empty list says so; LiteLLM drops a ``None`` before it comes here."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30, times=None)
    with GitHubModelsLLM(emulator.inference_url, "a-key", fallback=[OTHER]) as made:
        register(made)
        assert served_by(caller.completion()) == OTHER
        with pytest.raises(litellm.RateLimitError):
            caller.completion(fallback=[], fallback_max_wait=0)
        if caller.name == "aio":
            caller.run(made.aclose())


def test_litellm_retries_only_when_told(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """One call is one request where nothing else was asked for."""
    emulator.fault("status", status=503, times=None)
    with pytest.raises(litellm.ServiceUnavailableError):
        caller.completion(max_retries=0)
    assert len(emulator.journal) == 1


def test_litellms_fallbacks_work(caller: Caller, llm: GitHubModelsLLM, emulator: Emulator) -> None:
    """``fallbacks=`` of LiteLLM itself may name our models and others."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30)
    response = caller.completion(fallbacks=[f"github_models/{OTHER}"])
    assert "[emulated openai/gpt-4o]" in response.choices[0].message.content
    assert MODEL.endswith("gpt-4.1")
