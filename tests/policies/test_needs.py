"""A request is only sent to a target that can serve it, and the trail says why not to others."""

from __future__ import annotations

from typing import Any

import pytest
from azure.ai.inference.models import (
    ChatCompletionsToolDefinition,
    FunctionDefinition,
    ImageContentItem,
    ImageUrl,
    JsonSchemaFormat,
    TextContentItem,
    UserMessage,
)

from github_models_azure import ModelRegistry, trail_of
from github_models_azure.exceptions import FallbackExhaustedError
from tests.harness import Answer, Sent, Service, Twin, chat, error, limited

TOOL = ChatCompletionsToolDefinition(function=FunctionDefinition(name="f", parameters={}))
SCHEMA = JsonSchemaFormat(name="s", schema={"type": "object"})
LONG = [{"role": "user", "content": "word " * 10_000}]


def registry(**models: dict[str, Any]) -> ModelRegistry:
    """A registry of our own models ``x/NAME``, all of one tier."""
    described = {f"x/{name}": {"tier": "own", **facts} for name, facts in models.items()}
    return ModelRegistry().with_overlay(described, tiers={"own": {"requests_per_minute": 10}})


def served(twin: Twin, models: dict[str, dict[str, Any]], **call: Any) -> tuple[list[Any], Any]:
    """Ask for the first of the models with the tier as fallback; return who was asked."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, registry=registry(**models), model=f"x/{next(iter(models))}")
    trail = trail_of(twin.complete(client, **call))
    return service.models, trail


@pytest.mark.parametrize(
    ("lacks", "call", "reason"),
    [
        ({"tool_calling": False}, {"tools": [TOOL]}, "does not support tools"),
        ({"json_schema": False}, {"response_format": SCHEMA}, "does not support json_schema"),
        (
            {"tool_calling": True, "parallel_tool_calls": False},
            {"tools": [TOOL], "model_extras": {"parallel_tool_calls": True}},
            "parallel tool calls",
        ),
        (
            {"input_modalities": ["text"]},
            {
                "messages": [
                    UserMessage(
                        content=[
                            TextContentItem(text="what is this?"),
                            ImageContentItem(image_url=ImageUrl(url="data:image/png;base64,AA")),
                        ]
                    )
                ]
            },
            "does not take images",
        ),
        (
            {"input_modalities": ["text"]},
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "does not take audio",
        ),
        ({"max_input_tokens": 8000}, {"messages": LONG}, "over its limit of 8,000"),
    ],
)
def test_a_model_that_cannot_serve_is_passed_over(
    twin: Twin, lacks: dict[str, Any], call: dict[str, Any], reason: str
) -> None:
    """The first model lacks something the request needs; the second, of which nothing is known,
    is asked."""
    asked, trail = served(twin, {"first": lacks, "second": {}}, **call)
    assert asked == ["x/second"]
    assert reason in trail.skipped[0].reason
    assert trail.skipped[0].target.endswith("x/first")


def test_an_embedding_model_is_no_chat_model(twin: Twin) -> None:
    """A model of another kind in the list of fallbacks is passed over."""
    service = Service(lambda sent: limited() if sent.model == "m" else chat(sent.model))
    client = twin.client(service, model="m", fallback=["openai/text-embedding-3-small", "n"])
    trail = trail_of(twin.complete(client))
    assert service.models == ["m", "n"]
    assert "not a chat model" in str(trail)


def test_a_model_that_does_not_stream_is_not_asked_to(twin: Twin) -> None:
    """Streaming is a need like any other."""
    service = Service(lambda sent: error(500))
    models = registry(first={"streaming": False})
    client = twin.client(service, registry=models, model="x/first")
    with pytest.raises(FallbackExhaustedError, match="does not stream"):
        twin.read(client)
    assert service.sent == []


def test_nothing_is_sent_where_nobody_can_serve(twin: Twin) -> None:
    """The error names each target and what it lacks."""
    service = Service(lambda sent: chat(sent.model))
    models = registry(first={"tool_calling": False}, second={"tool_calling": False})
    client = twin.client(service, registry=models, model="x/first")
    with pytest.raises(FallbackExhaustedError) as caught:
        twin.complete(client, tools=[TOOL])
    assert str(caught.value).count("does not support tools") == 2
    assert service.sent == []


def test_a_prompt_over_the_cap_of_the_tier_is_not_sent_there(twin: Twin) -> None:
    """On GitHub Models the tier's 8,000 tokens hold, whatever the model could take."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(
        service, "https://models.github.ai/inference", model="openai/gpt-4o", allow_retired=True
    )
    with pytest.raises(FallbackExhaustedError, match="over its limit of 8,000"):
        twin.complete(client, messages=LONG)
    assert service.sent == []


def test_a_tokenizer_counts_in_place_of_the_estimate(twin: Twin) -> None:
    """Whoever knows the tokens better may say so, per client or per call."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(
        service, "github", model="openai/gpt-4o", allow_retired=True, tokenizer=lambda text: 1
    )
    twin.complete(client, messages=LONG)
    assert len(service.sent) == 1
    with pytest.raises(FallbackExhaustedError, match="about 9,00"):
        twin.complete(client, tokenizer=lambda text: 9000)


def test_the_cap_of_the_plan_counts(twin: Twin) -> None:
    """The enterprise plan lets 16,000 tokens through on the high tier."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(
        service,
        "https://models.github.ai/inference",
        model="openai/gpt-4o",
        allow_retired=True,
        plan="enterprise",
    )
    twin.complete(client, messages=LONG)
    assert service.models == ["openai/gpt-4o"]


def test_the_cap_of_a_tier_is_only_advice_elsewhere(twin: Twin) -> None:
    """Where it is not known that GitHub serves, the cap orders the route and refuses nothing."""
    service = Service(lambda sent: chat(sent.model))
    elsewhere = "https://llm.example/v1"
    client = twin.client(service, elsewhere, model="openai/gpt-4o", fallback=["my-model"])
    twin.complete(client, messages=LONG)
    assert service.models == ["my-model"]
    client = twin.client(service, elsewhere, model="openai/gpt-4o", fallback=None)
    twin.complete(client, messages=LONG)
    assert service.models == ["my-model", "openai/gpt-4o"]


def test_what_is_known_of_a_model_elsewhere_refuses_nothing_alone(twin: Twin) -> None:
    """Another server may well call tools with a model that GitHub served without."""
    service = Service(lambda sent: chat(sent.model))
    for fallback, asked in ((None, "openai/o1-mini"), (["mine"], "mine")):
        client = twin.client(
            service, "https://llm.example/v1", model="openai/o1-mini", fallback=fallback
        )
        twin.complete(client, tools=[TOOL], max_tokens=5)
        assert service.models[-1] == asked
        assert service.sent[-1].body["max_tokens"] == 5


def test_too_large_moves_to_larger_targets_only(twin: Twin) -> None:
    """After a 413 nobody with the same or a smaller limit is asked."""

    def answer(sent: Sent) -> Answer:
        if sent.model == "x/large":
            return chat(sent.model)
        return error(
            413,
            "tokens_limit_reached",
            "Request body too large for x model. Max size: 8000 tokens.",
        )

    service = Service(answer)
    models = registry(
        first={}, same={"max_input_tokens": 8000}, large={"max_input_tokens": 100_000}
    )
    client = twin.client(service, registry=models, model="x/first")
    trail = trail_of(twin.complete(client))
    assert service.models == ["x/first", "x/large"]
    assert "Max size: 8000" in trail.skipped[0].reason


def test_an_output_limit_that_may_be_stale_refuses_nothing_alone(twin: Twin) -> None:
    """Catalogued output limits lag behind; with nobody else, the model is asked all the same."""
    asked, _ = served(twin, {"first": {"max_output_tokens": 100}}, max_tokens=5000)
    assert asked == ["x/first"]
    asked, _ = served(twin, {"first": {"max_output_tokens": 100}, "second": {}}, max_tokens=5000)
    assert asked == ["x/second"]


def test_a_fallback_with_too_little_output_is_not_asked(twin: Twin) -> None:
    """A limited model does not lead to one that would refuse the request."""
    service = Service(lambda sent: limited(5000) if sent.model == "x/first" else chat(sent.model))
    models = registry(first={}, small={"max_output_tokens": 100})
    client = twin.client(service, registry=models, model="x/first")
    with pytest.raises(FallbackExhaustedError, match="5,000 output tokens are over"):
        twin.complete(client, max_tokens=5000)
    assert service.models == ["x/first"]


def test_what_a_target_refuses_is_adapted_and_declared(twin: Twin) -> None:
    """max_tokens is renamed, temperature dropped, the system role changed; the trail tells."""
    service = Service(lambda sent: chat(sent.model))
    rejects = ["max_tokens", "temperature", "system", "developer"]
    client = twin.client(service, registry=registry(first={"rejects": rejects}), model="x/first")
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    trail = trail_of(twin.complete(client, messages=messages, max_tokens=50, temperature=0.5))
    body = service.sent[0].body
    assert body["max_completion_tokens"] == 50
    assert "temperature" not in body
    assert "max_tokens" not in body
    assert [message["role"] for message in body["messages"]] == ["user", "user"]
    assert [(change.change, change.lossy) for change in trail.adaptations] == [
        ("max_tokens sent as max_completion_tokens", False),
        ("temperature=0.5 dropped", True),
        ("role system sent as user", False),
    ]


def test_strict_passes_over_targets_that_would_lose_something(twin: Twin) -> None:
    """With adapt="strict" a parameter is never dropped; renaming it is no loss."""
    models = {"first": {"rejects": ["temperature"]}, "second": {"rejects": ["max_tokens"]}}
    asked, trail = served(twin, models, temperature=0.5, max_tokens=5, adapt="strict")
    assert asked == ["x/second"]
    assert "would lose: temperature=0.5" in trail.skipped[0].reason


def test_a_refused_parameter_is_repaired_once_and_remembered(twin: Twin) -> None:
    """A 400 that names a parameter is repaired on the same target, and never met again."""

    def answer(sent: Sent) -> Answer:
        if "max_tokens" not in sent.body:
            return chat(sent.model)
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead."
        )
        return Answer(
            400,
            {"error": {"code": "unsupported_parameter", "param": "max_tokens", "message": message}},
        )

    service = Service(answer)
    client = twin.client(service, model="my-deployment", fallback=["other"])
    trail = trail_of(twin.complete(client, max_tokens=7))
    assert [sent.body.get("max_completion_tokens") for sent in service.sent] == [None, 7]
    assert trail.adaptations[0].change == "max_tokens sent as max_completion_tokens"
    assert trail.attempts[1].retry
    twin.complete(client, max_tokens=7)
    assert len(service.sent) == 3


def test_what_cannot_be_repaired_goes_to_the_next_target(twin: Twin) -> None:
    """A refused member that must not be dropped leaves the target."""

    def answer(sent: Sent) -> Answer:
        if sent.model == "other":
            return chat(sent.model)
        body = {"code": "unsupported_parameter", "param": "messages", "message": "no"}
        return Answer(400, {"error": body})

    service = Service(answer)
    twin.complete(twin.client(service, model="mine", fallback=["other"]))
    assert service.models == ["mine", "other"]


def test_an_estimate_near_the_limit_lets_the_server_decide(twin: Twin) -> None:
    """About 6,500 real tokens are estimated at 8,129: they are sent all the same."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, "github", model="openai/gpt-4.1", allow_retired=True)
    twin.complete(client, messages=[{"role": "user", "content": "word " * 6500}])
    assert len(service.sent) == 1
    with pytest.raises(FallbackExhaustedError):
        twin.complete(client, messages=[{"role": "user", "content": "word " * 10_000}])
