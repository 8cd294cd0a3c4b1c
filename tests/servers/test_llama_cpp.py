"""The package against llama-cpp-python's server: real tokens, grammars and refusals.

The model is noise, so nothing here looks at what an answer says.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import (
    ChatCompletionsNamedToolChoice,
    ChatCompletionsNamedToolChoiceFunction,
    ChatCompletionsToolDefinition,
    DeveloperMessage,
    FunctionDefinition,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceResponseError,
)

from github_models_azure import Endpoint, Target, trail_of
from tests.harness import Twin
from tests.servers.client_helpers import ask, ask_all
from tests.servers.llama_cpp import FIRST_BYTE
from tests.servers.sample_checks import check_sample
from tests.servers.sample_runner import SAMPLES
from tests.servers.service import Service

STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
# Left out: it knows the response formats text and json_object only, see below. The image sample
# runs, but a model without eyes gets the data URL as text, through its chat template.
LEFT_OUT = {"json_schema"}

SCHEMA = {"type": "object", "properties": {"city": {"enum": ["Oslo"]}}, "required": ["city"]}
WEATHER = ChatCompletionsToolDefinition(
    function=FunctionDefinition(name="get_weather", description="Weather", parameters=SCHEMA)
)
FORCED: dict[str, Any] = {
    "tools": [WEATHER],
    "tool_choice": ChatCompletionsNamedToolChoice(
        function=ChatCompletionsNamedToolChoiceFunction(name="get_weather")
    ),
}
# Nothing but first bytes of characters that need four: the server waits for the rest, past the end
# of its context, fails there and ends the stream.
ENDLESS: dict[str, Any] = {
    "messages": [UserMessage("x" * 440)],
    "model_extras": {"logit_bias": {str(FIRST_BYTE + 0xF0): 100}},
}


@pytest.mark.parametrize("sample", sorted(SAMPLES.keys() - LEFT_OUT))
def test_the_samples_of_the_sdk_run(sample: str, llama: Service) -> None:
    """With the import changed, each gets answers of the right shape."""
    check_sample(sample, llama)


def test_the_sample_with_a_json_schema_is_refused(
    llama: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample ends with the server's own words, not with an answer that fits no schema."""
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK_MAX_WAIT", "0")
    with pytest.raises(HttpResponseError, match="'text' or 'json_object'"):
        check_sample("json_schema", llama)


@STREAMED
def test_a_developer_message_is_sent_as_system(twin: Twin, llama: Service, stream: bool) -> None:
    """The refusal, a 500 that names the roles it knows, is mended once and remembered."""
    messages = [DeveloperMessage("Be brief."), UserMessage("Hello")]
    call = {"messages": messages, "stream": stream}
    first, second = ask_all(twin, llama, [call, call])
    assert [attempt.status for attempt in first.trail.attempts] == [500, 200]
    assert [attempt.status for attempt in second.trail.attempts] == [200]
    for reply in (first, second):
        (adaptation,) = reply.trail.adaptations
        assert "role developer sent as system" in str(adaptation)


@STREAMED
def test_a_wrong_key_is_refused_and_tried_nowhere_else(
    twin: Twin, llama: Service, stream: bool
) -> None:
    """Its 401 is ``{"detail": "Invalid API key"}``, which no vendor's SDK would know."""
    endpoint = Endpoint("llama", llama.url, credential="some-other-key")
    with pytest.raises(ClientAuthenticationError, match="Invalid API key") as caught:
        ask(twin, llama, endpoint, fallback=[llama.spare], stream=stream)
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.status for attempt in trail.attempts] == [401]
    assert [skip.target for skip in trail.skipped] == [f"llama/{llama.spare}"]
    assert "some-other-key" not in f"{caught.value!r}{trail}"


@STREAMED
def test_a_wrong_key_falls_back_to_the_same_server_under_the_right_one(
    twin: Twin, llama: Service, stream: bool
) -> None:
    """A credential belongs to its endpoint: the second one is asked with its own."""
    wrong = Endpoint("wrong", llama.url, credential="some-other-key")
    right = Endpoint("right", llama.url, credential=llama.key)
    reply = ask(twin, llama, wrong, fallback=[Target(llama.model, right)], stream=stream)
    assert reply.trail.served_by == f"right/{llama.model}"


@STREAMED
def test_an_answer_ends_where_it_was_told_to(twin: Twin, llama: Service, stream: bool) -> None:
    """A real sampler counts tokens, and may need some more to finish a character."""
    reply = ask(twin, llama, max_tokens=4, stream=stream)
    last = reply.result[-1] if stream else reply.result
    assert last.choices[0].finish_reason in {"length", "stop"}
    if not stream:
        assert reply.result.usage.completion_tokens < 10


def test_a_prompt_longer_than_the_context_is_the_callers_error(twin: Twin, llama: Service) -> None:
    """A real tokenizer counts the prompt; the 400 arrives as it is, with its code."""
    messages = [UserMessage("word " * 600)]
    with pytest.raises(HttpResponseError, match="maximum context length is 512") as caught:
        ask(twin, llama, messages=messages)
    assert caught.value.status_code == 400
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.failure.kind.value for attempt in trail.attempts if attempt.failure] == [
        "too_large"
    ]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the SDK's stream
def test_the_plain_sdk_takes_an_abandoned_stream_for_whole(llama: Service) -> None:
    """The server fails after its 200 and says nothing of it: no finish reason, no ``[DONE]``.

    What the next test is about: the SDK itself ends its loop as if all had been said.
    """
    with ChatCompletionsClient(llama.url, AzureKeyCredential(llama.key)) as client:
        updates = list(client.complete(stream=True, **ENDLESS))
    reasons = {update.choices[0].finish_reason for update in updates if update.choices}
    assert not reasons - {None}


def test_an_abandoned_stream_is_an_error(twin: Twin, llama: Service) -> None:
    """However little arrived, it never passes for an answer."""
    with pytest.raises(ServiceResponseError, match="stream") as caught:
        ask(twin, llama, stream=True, **ENDLESS)
    trail = trail_of(caught.value)
    assert trail is not None
    assert len(trail.attempts) == 1


def test_a_forced_tool_call_arrives_whole(twin: Twin, llama: Service) -> None:
    """A grammar made of the schema writes the arguments."""
    reply = ask(twin, llama, **FORCED)
    (choice,) = reply.result.choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Oslo"}


def test_a_forced_tool_call_arrives_in_pieces(twin: Twin, llama: Service) -> None:
    """Streamed, the arguments come token by token under one id."""
    reply = ask(twin, llama, stream=True, **FORCED)
    deltas = [update.choices[0].delta for update in reply.result if update.choices]
    calls = [call for delta in deltas for call in (delta and delta.tool_calls) or []]
    assert len(calls) > 3
    assert len({call.id for call in calls}) == 1
    assert json.loads("".join(call.function.arguments for call in calls)) == {"city": "Oslo"}
    assert reply.result[-1].choices[0].finish_reason == "tool_calls"
