"""LiteLLM as it is, without our provider, before the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import litellm
import pytest

from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway
from tests.integrations.litellm.caller_helpers import ANSWER, OTHER, TOOL, Caller, text_of

LATER = ANSWER.replace("gpt-4.1", "gpt-4o")
STOCK = [{"role": "user", "content": 'Call find_stock("pears").'}]
LIMITED = "openai/gpt-4.1"
OPEN = "deepseek/deepseek-v3-0324"


@pytest.fixture
def gateway(emulator: Emulator) -> Iterator[Gateway]:
    """A gateway whose first model is limited for the day."""
    emulator.fault("rate_limit", model=LIMITED, times=None, type="UserByModelByDay", seconds=80_000)
    with Gateway(
        emulator.inference_url, "upstream-key", model=LIMITED, fallback=[OTHER], api_key="front-key"
    ) as running:
        yield running


@pytest.fixture(params=["openai", "azure_ai", "azure_ai-v1"])
def base(request: pytest.FixtureRequest, gateway: Gateway, emulator: Emulator) -> dict[str, Any]:
    """What LiteLLM is told of the gateway, by the ways in which it can reach one.

    Models of OpenAI's go to Azure's paths where the provider is ``azure_ai``, others to plain ones.
    """
    provider, _, path = request.param.partition("-")
    model = OPEN if path else LIMITED
    if path:
        emulator.fault(
            "rate_limit", model=OPEN, times=None, type="UserByModelByDay", seconds=80_000
        )
    url = gateway.v1_url if path or provider == "openai" else gateway.url
    return {"model": f"{provider}/{model}", "api_base": url, "api_key": "front-key"}


def _told(response: Any) -> dict[str, str]:
    """The gateway's headers, as LiteLLM shows a provider's."""
    shown = response._hidden_params["additional_headers"]
    start = "llm_provider-x-github-models-"
    return {
        name.removeprefix(start): shown[name] for name in sorted(shown) if name.startswith(start)
    }


def _fell_back(told: dict[str, str], attempts: str | None = None) -> bool:
    return (
        told["fell-back"] == "true"
        and told["served-by"].endswith(OTHER)
        and told["requested"].endswith((LIMITED, OPEN))
        and told["attempts"] == (attempts or told["attempts"])
    )


def test_a_fallback_answers_and_is_told(caller: Caller, base: dict[str, Any]) -> None:
    """The answer is that of the second model; who served is in the headers."""
    response = caller.completion(**base)
    assert response.choices[0].message.content == LATER
    assert response.usage.total_tokens > 0
    assert _fell_back(_told(response), "2")
    assert _fell_back(_told(caller.completion(**base)), "1")  # the limit is known by now


def test_streams_answer_as_well(caller: Caller, base: dict[str, Any]) -> None:
    """In chunks, with the usage that was asked for."""
    chunks = caller.stream(**base, stream_options={"include_usage": True})
    assert text_of(chunks) == LATER
    assert len(chunks) > 5
    assert chunks[-1].usage.total_tokens > 0
    (stream,) = [caller.completion(**base, stream=True)]
    assert _fell_back(_told(stream))
    if caller.name == "aio":
        caller.run(stream.aclose())
    else:
        stream.close()


def test_tools_are_called_and_answered(caller: Caller, base: dict[str, Any]) -> None:
    """A whole round of a tool, through a model that took the place of another."""
    first = caller.completion(**base, messages=STOCK, tools=[TOOL])
    message = first.choices[0].message
    (call,) = message.tool_calls
    assert call.function.name == "find_stock"
    result = {"role": "tool", "tool_call_id": call.id, "content": "12"}
    last = caller.completion(**base, messages=[*STOCK, message, result], tools=[TOOL])
    assert "find_stock says: 12" in last.choices[0].message.content


def test_errors_are_litellms_own(caller: Caller, base: dict[str, Any]) -> None:
    """A wrong key and a wrong parameter are told by their classes."""
    with pytest.raises(litellm.AuthenticationError):
        caller.completion(**{**base, "api_key": "wrong"}, max_retries=0)
    with pytest.raises(litellm.BadRequestError, match="temperature"):
        caller.completion(**base, temperature=7, max_retries=0)


def test_embeddings_answer(caller: Caller, gateway: Gateway) -> None:
    """With dimensions too, which LiteLLM knows of OpenAI's models."""
    base = {"api_base": gateway.v1_url, "api_key": "front-key"}
    response = caller.embedding(
        "openai/openai/text-embedding-3-small", input=["pears", "figs"], dimensions=64, **base
    )
    assert [len(item["embedding"]) for item in response.data] == [64, 64]


def test_a_router_answers(caller: Caller, base: dict[str, Any]) -> None:
    """It needs no fallbacks of its own."""
    router = litellm.Router(model_list=[{"model_name": "any", "litellm_params": base}])
    response = caller.completion("any", router)
    assert response.choices[0].message.content == LATER
    assert _fell_back(_told(response))
    assert text_of(caller.stream("any", router)) == LATER


def test_a_router_goes_past_a_gateway_that_has_nothing_left(
    caller: Caller, base: dict[str, Any], emulator: Emulator, llm: Any
) -> None:
    """The gateway's 429 is LiteLLM's RateLimitError, so its own fallback answers: our provider."""
    emulator.fault("rate_limit", model=OTHER, times=None, type="UserByModelByDay", seconds=80_000)
    groups = [
        {"model_name": "front", "litellm_params": {**base, "max_retries": 0}},
        {"model_name": "ours", "litellm_params": {"model": "github_models/openai/gpt-4.1-mini"}},
    ]
    router = litellm.Router(model_list=groups, fallbacks=[{"front": ["ours"]}], num_retries=0)
    response = caller.completion("front", router)
    assert response.choices[0].message.content == ANSWER.replace("gpt-4.1", "gpt-4.1-mini")
