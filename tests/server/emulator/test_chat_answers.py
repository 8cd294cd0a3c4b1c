"""Plain and streamed chat answers: shapes, determinism, limits of length.

About `server/emulator/completion.py`.
"""

from __future__ import annotations

import json

import pytest
from emulator_helpers import START, WEATHER, Service, service

GROK = "xai/grok-3"
MISTRAL = "mistral-ai/mistral-large-2411"
OPENAI = "openai/gpt-4o"


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


@pytest.mark.parametrize("model", [OPENAI, MISTRAL, GROK, "openai/o3-mini"])
def test_the_same_request_has_the_same_answer(emulated: Service, model: str) -> None:
    """Answers are derived from the request alone."""
    first, second = (emulated.chat("What is new?", model=model) for _ in range(2))
    assert first.body == second.body


def test_every_text_says_that_it_is_emulated(emulated: Service) -> None:
    """The text names the model that is emulated, and the header who does it."""
    answer = emulated.chat("What is the capital of France?")
    assert answer.message["content"] == "[emulated openai/gpt-4o] The capital of France is Paris."
    assert answer.headers["x-emulated-by"] == "github_models_azure"
    assert answer.json["system_fingerprint"] == "fp_emulated"


@pytest.mark.parametrize(
    ("prompt", "part"),
    [
        ("2 + 2?", "2 + 2 = 4"),
        ("1 / 0", "You said: 1 / 0"),
        ("7 / 2", "7 / 2 = 3.5"),
        ("3 times 4", "3 times 4 = 12"),
        ("9 - 10", "9 - 10 = -1"),
        ("", "no text"),
        ("How many feet are in a mile?", "5,280"),
        ("Say hello", "Hello!"),
        ("Sing me a song", "You said: Sing me a song"),
    ],
)
def test_the_text_reacts_to_the_prompt(emulated: Service, prompt: str, part: str) -> None:
    """A little is known, the rest is repeated."""
    assert part in emulated.chat(prompt).message["content"]


def test_openai_bodies_are_in_alphabetical_order(emulated: Service) -> None:
    """The members of an OpenAI body come as Azure sent them, under the upstream's name."""
    answer = emulated.chat()
    assert list(answer.json) == sorted(answer.json)
    assert answer.json["model"] == "gpt-4o-2024-11-20"
    assert answer.json["created"] == int(START)


def test_serverless_bodies_have_no_filter_results(emulated: Service) -> None:
    """Other models send three numbers of usage and `tool_calls: null`."""
    answer = emulated.chat(model=MISTRAL)
    assert set(answer.json["usage"]) == {"completion_tokens", "prompt_tokens", "total_tokens"}
    assert answer.message["tool_calls"] is None
    assert "prompt_filter_results" not in answer.json


def test_serverless_calls_have_an_empty_call_id(emulated: Service) -> None:
    """A plain Mistral answer puts `call_id: null` inside the function."""
    answer = emulated.chat("Weather in Oslo?", model=MISTRAL, tools=[WEATHER])
    (call,) = answer.message["tool_calls"]
    assert call["function"] == {
        "arguments": '{"city":"Oslo"}',
        "call_id": None,
        "name": "get_weather",
    }
    assert (answer.message["content"], call["type"]) == ("", "function")


def test_usage_adds_up(emulated: Service) -> None:
    """The total is the sum of what was read and written."""
    usage = emulated.chat("Some words to count").json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_reasoning_models_report_reasoning_tokens(emulated: Service) -> None:
    """Thinking is counted in the completion, and grows with the effort."""
    tokens = []
    for effort in ("low", "high"):
        answer = emulated.chat(model="openai/o3-mini", reasoning_effort=effort)
        tokens.append(answer.json["usage"]["completion_tokens_details"]["reasoning_tokens"])
    assert 0 < tokens[0] < tokens[1]


def test_max_tokens_cut_the_text(emulated: Service) -> None:
    """A limit is kept and told as `length`."""
    answer = emulated.chat("Sing me a song", max_tokens=4)
    assert answer.json["choices"][0]["finish_reason"] == "length"
    assert answer.json["usage"]["completion_tokens"] == 4


def test_stop_ends_the_text_before_the_word(emulated: Service) -> None:
    """The stop word is not in the text, and the reason is `stop`."""
    answer = emulated.chat("What is the capital of France?", stop=["Paris", " is"])
    assert answer.message["content"].endswith("capital of France")
    assert answer.json["choices"][0]["finish_reason"] == "stop"


def test_n_gives_so_many_choices(emulated: Service) -> None:
    """Choices are numbered and differ."""
    choices = emulated.chat("Hello", n=3).json["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 3


def test_a_filtered_answer_is_cut(emulated: Service) -> None:
    """A trigger word in the prompt ends the answer with `content_filter`."""
    (choice,) = emulated.chat("Please emulate-filtered-answer").json["choices"]
    assert choice["finish_reason"] == "content_filter"
    assert choice["content_filter_results"]["violence"]["filtered"] is True


def test_an_openai_stream_begins_with_the_prompt_filter(emulated: Service) -> None:
    """The first event has no choices and no model; the second brings the role."""
    first, second, *_ = emulated.chat(stream=True).events
    assert first["choices"] == []
    assert (first["model"], first["created"]) == ("", 0)
    assert second["choices"][0]["delta"] == {"content": "", "refusal": None, "role": "assistant"}


@pytest.mark.parametrize("model", [OPENAI, MISTRAL, GROK])
def test_the_deltas_are_the_plain_answer(emulated: Service, model: str) -> None:
    """The pieces of a stream, joined, are the text of the same request without `stream`."""
    plain = emulated.chat("Sing me a song", model=model)
    stream = emulated.chat("Sing me a song", model=model, stream=True)
    choices = [choice for event in stream.events for choice in event["choices"]]
    # The request itself differs by `stream`, so only the text is the same.
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    assert text == plain.message["content"]
    assert stream.text.endswith("data: [DONE]\n\n")
    assert stream.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("model", [OPENAI, GROK])
def test_usage_is_streamed_on_request_only(emulated: Service, model: str) -> None:
    """`include_usage` adds one last event without choices."""
    without = emulated.chat(model=model, stream=True).events
    asked = emulated.chat(model=model, stream=True, stream_options={"include_usage": True}).events
    assert not any(event.get("usage") for event in without)
    assert asked[-1]["choices"] == []
    assert asked[-1]["usage"]["total_tokens"] > 0


def test_a_serverless_stream_brings_usage_unasked(emulated: Service) -> None:
    """The last event of a Mistral stream holds a choice, its end and the usage."""
    events = emulated.chat(model=MISTRAL, stream=True).events
    assert events[0]["choices"][0]["delta"] == {"content": "", "role": "assistant"}
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["completion_tokens"] > 0


def test_openai_tool_calls_come_in_fragments(emulated: Service) -> None:
    """The name comes first with an id, the arguments follow by index alone."""
    answer = emulated.chat("Weather in Oslo and Paris?", tools=[WEATHER], stream=True)
    deltas = [e["choices"][0]["delta"] for e in answer.events if e["choices"]]
    fragments = [call for delta in deltas for call in delta.get("tool_calls", ())]
    arguments = {0: "", 1: ""}
    for call in fragments:
        arguments[call["index"]] += call["function"]["arguments"]
    assert [json.loads(text)["city"] for text in arguments.values()] == ["Oslo", "Paris"]
    assert sum("id" in call for call in fragments) == 2
    assert answer.events[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_serverless_tool_calls_come_whole(emulated: Service) -> None:
    """One event holds the whole call, without index and type, and ends the choice."""
    answer = emulated.chat("Weather in Oslo?", model=MISTRAL, tools=[WEATHER], stream=True)
    (choice,) = answer.events[-1]["choices"]
    (call,) = choice["delta"]["tool_calls"]
    assert set(call) == {"function", "id"}
    assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}
    assert choice["finish_reason"] == "tool_calls"


def test_openai_answers_carry_the_upstream_limits(emulated: Service) -> None:
    """The rate-limit headers of a 200 are the deployment's, not the user's quota."""
    headers = emulated.chat().headers
    assert headers["x-ratelimit-limit-requests"] == "20000"
    assert headers["x-ratelimit-remaining-requests"] == "19999"
    assert headers["x-ratelimit-renewalperiod-tokens"] == "60"
    assert headers["x-ratelimit-key"] == "gpt-4o"


@pytest.mark.parametrize("model", [MISTRAL, GROK, "meta/llama-3.3-70b-instruct"])
def test_other_answers_carry_no_limits(emulated: Service, model: str) -> None:
    """Nothing of a quota is on the 200 of any other model."""
    assert not [n for n in emulated.chat(model=model).headers if n.startswith("x-ratelimit")]


def test_half_a_surrogate_pair_is_repeated_unharmed(emulated: Service) -> None:
    """Text that is not quite Unicode does not break the answer."""
    answer = emulated.chat("\ud83d broken", stream=False)
    assert answer.status == 200
    assert "\ud83d broken" in answer.message["content"]
