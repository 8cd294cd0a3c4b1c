"""The `openai` package, unchanged, on a gateway whose first model is limited.

About `server/gateway/app.py`, `server/gateway/upstream.py`, `server/gateway/upstream.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway

LIMITED, SPARE = "openai/gpt-4.1", "openai/gpt-4o"
QUESTION: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER_QUESTION: list[Any] = [{"role": "user", "content": "What's the weather in Oslo?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
VARYING = ("id", "created")


class City(BaseModel):
    name: str
    inhabitants: int


def client(base_url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key="callers-own", max_retries=0)


@pytest.fixture(params=["/v1", "/inference", "", "/openai/v1", "/orgs/acme/inference"])
def base(request: pytest.FixtureRequest, gateway: Gateway) -> str:
    """Each base URL in use."""
    return gateway.url + str(request.param)


def plain(model: Any) -> dict[str, Any]:
    value: dict[str, Any] = model.to_dict()
    return {name: member for name, member in value.items() if name not in VARYING}


def test_a_completion_is_that_of_the_model_that_stands_in(base: str, emulator: Emulator) -> None:
    """The limited model's question is answered as the spare one answers it; headers say who."""
    with client(base) as ours, client(emulator.inference_url) as direct:
        raw = ours.chat.completions.with_raw_response.create(model=LIMITED, messages=QUESTION)
        expected = direct.chat.completions.create(model=SPARE, messages=QUESTION)
    assert plain(raw.parse()) == plain(expected)
    assert raw.headers["x-github-models-requested"].endswith(LIMITED)
    assert raw.headers["x-github-models-served-by"].endswith(SPARE)
    assert raw.headers["x-github-models-fell-back"] == "true"
    assert raw.headers["x-github-models-attempts"] == "2"
    assert raw.headers["x-emulated-by"] == "github_models_azure"
    assert raw.headers["x-request-id"].startswith("req_")


def test_a_second_call_asks_no_limited_model(gateway: Gateway, emulator: Emulator) -> None:
    """The cooldown is remembered between the callers of one gateway."""
    for _ in range(2):
        with client(gateway.v1_url) as ours:
            raw = ours.chat.completions.with_raw_response.create(model=LIMITED, messages=QUESTION)
    assert raw.headers["x-github-models-attempts"] == "1"
    assert raw.headers["x-github-models-fell-back"] == "true"
    asked = [entry.body["model"] for entry in emulator.journal]
    assert asked == [LIMITED, SPARE, SPARE]


def test_a_stream_is_that_of_the_model_that_stands_in(base: str, emulator: Emulator) -> None:
    """Every chunk arrives, usage included."""
    options: Any = {"messages": QUESTION, "stream_options": {"include_usage": True}}
    with client(base) as ours, client(emulator.inference_url) as direct:
        found = [
            plain(c) for c in ours.chat.completions.create(model=LIMITED, stream=True, **options)
        ]
        expected = direct.chat.completions.create(model=SPARE, stream=True, **options)
        assert found == [plain(chunk) for chunk in expected]
    assert found[-1]["usage"]["total_tokens"] > 0


def test_the_headers_of_a_stream_say_who_serves(gateway: Gateway) -> None:
    """They are final with the first content."""
    with client(gateway.v1_url) as ours:
        create = ours.chat.completions.with_streaming_response.create
        with create(model=LIMITED, messages=QUESTION, stream=True) as response:
            text = response.read().decode()
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-github-models-served-by"].endswith(SPARE)
    assert text.endswith("data: [DONE]\n\n")


def test_the_async_client_works_too(gateway: Gateway) -> None:
    """Completion, stream and many at once."""

    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(base_url=gateway.v1_url, api_key="x") as ours:

            async def one(stream: bool) -> str:
                options: Any = {"model": LIMITED, "messages": QUESTION}
                if not stream:
                    result = await ours.chat.completions.create(**options)
                    return result.choices[0].message.content or ""
                chunks = await ours.chat.completions.create(stream=True, **options)
                return "".join(
                    [c.choices[0].delta.content or "" async for c in chunks if c.choices]
                )

            return await asyncio.gather(*(one(bool(number % 2)) for number in range(8)))

    answers = asyncio.run(ask())
    assert set(answers) == {f"[emulated {SPARE}] The capital of France is Paris."}


def test_tools_are_called_and_answered(gateway: Gateway) -> None:
    """Question, call, result, answer; streamed as well."""
    with client(gateway.v1_url) as ours:
        options: Any = {"model": LIMITED, "tools": [WEATHER]}
        message = (
            ours.chat.completions.create(messages=WEATHER_QUESTION, **options).choices[0].message
        )
        (call,) = message.tool_calls or ()
        assert isinstance(call, openai.types.chat.ChatCompletionMessageToolCall)
        assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Oslo"}')
        result = {"role": "tool", "tool_call_id": call.id, "content": "snow"}
        history = [*WEATHER_QUESTION, message, result]
        answer = ours.chat.completions.create(messages=history, **options)
        assert "get_weather says: snow" in (answer.choices[0].message.content or "")
        with ours.chat.completions.stream(messages=WEATHER_QUESTION, **options) as stream:
            final = stream.get_final_completion()
    (streamed,) = final.choices[0].message.tool_calls or ()
    assert streamed.function.arguments == '{"city":"Oslo"}'


def test_structured_output_is_parsed(gateway: Gateway) -> None:
    """`parse` gives an instance."""
    with client(gateway.v1_url) as ours:
        result = ours.chat.completions.parse(model=LIMITED, messages=QUESTION, response_format=City)
    assert isinstance(result.choices[0].message.parsed, City)


def test_embeddings_are_those_of_the_service(base: str, emulator: Emulator) -> None:
    """The package asks for base64 and decodes it."""
    options: Any = {"model": "openai/text-embedding-3-small", "input": ["one", "two"]}
    with client(base) as ours, client(emulator.inference_url) as direct:
        found, expected = ours.embeddings.create(**options), direct.embeddings.create(**options)
    assert [item.embedding for item in found.data] == [item.embedding for item in expected.data]


def test_embeddings_do_not_fall_back_to_another_model(gateway: Gateway, emulator: Emulator) -> None:
    """The list of chat models says nothing of vectors: another model's mean something else."""
    emulator.fault("status", times=None, model="openai/text-embedding-3-small", status=400)
    with client(gateway.v1_url) as ours, pytest.raises(openai.BadRequestError):
        ours.embeddings.create(model="openai/text-embedding-3-small", input="x")
    emulator.reset()
    emulator.fault("rate_limit", model="openai/text-embedding-3-small", seconds=80_000)
    with client(gateway.v1_url) as ours, pytest.raises(openai.RateLimitError):
        ours.embeddings.create(model="openai/text-embedding-3-small", input="x")
    assert {entry.body["model"] for entry in emulator.journal} == {"openai/text-embedding-3-small"}


def test_embeddings_fall_back_to_the_same_model_elsewhere(emulator: Emulator) -> None:
    """A target of the list that is the same model may stand in."""
    from github_models_azure import Endpoint, Target

    emulator.fault("rate_limit", model="text-embedding-3-small", seconds=80_000)
    spare = Endpoint("spare", emulator.inference_url, credential="k", dialect="github")
    fallback = ["openai/gpt-4o", Target("openai/text-embedding-3-small", spare)]
    with (
        Gateway(emulator.legacy_url, "k", fallback=fallback) as gateway,
        client(gateway.v1_url) as ours,
    ):
        raw = ours.embeddings.with_raw_response.create(model="text-embedding-3-small", input="x")
    assert raw.headers["x-github-models-served-by"] == "spare/openai/text-embedding-3-small"


def test_models_are_listed_and_found(base: str) -> None:
    """The default comes first, then the targets, then what GitHub Models knew."""
    with client(base) as ours:
        listed = [model.id for model in ours.models.list()]
        found = ours.models.retrieve("gpt-4o-mini")
        with pytest.raises(openai.NotFoundError, match="is not known here"):
            ours.models.retrieve("no/such-model")
    assert listed[:2] == [LIMITED, SPARE]
    assert len(listed) == len(set(listed)) > 60
    assert (found.id, found.object, found.owned_by) == ("openai/gpt-4o-mini", "model", "OpenAI")


def test_azure_openai_clients_are_served(gateway: Gateway) -> None:
    """A deployment in the path is the model, and its `api-version` stays here."""
    with openai.AzureOpenAI(
        azure_endpoint=gateway.url, api_key="x", api_version="2024-10-21"
    ) as ours:
        text = ours.chat.completions.create(model="gpt-4o", messages=QUESTION)
        vectors = ours.embeddings.create(model="text-embedding-3-small", input="x")
    assert text.choices[0].message.content == f"[emulated {SPARE}] The capital of France is Paris."
    assert len(vectors.data[0].embedding) == 1536


def test_a_request_without_a_model_gets_the_default(gateway: Gateway) -> None:
    """And `auto`, where there is no default on GitHub Models."""
    with client(gateway.v1_url) as ours:
        raw = ours.chat.completions.with_raw_response.create(model="", messages=QUESTION)
    assert raw.headers["x-github-models-requested"].endswith(LIMITED)


def test_without_any_default_github_models_are_chosen(emulator: Emulator) -> None:
    """The registry's first choice is asked, here limited, then its next."""
    with Gateway(emulator.inference_url, "k") as gateway, client(gateway.v1_url) as ours:
        raw = ours.chat.completions.with_raw_response.create(model="", messages=QUESTION)
    assert raw.headers["x-github-models-requested"].endswith(LIMITED)
    assert raw.headers["x-github-models-fell-back"] == "true"
