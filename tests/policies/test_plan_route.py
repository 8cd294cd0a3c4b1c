"""A dry run says who would be asked, and why not others, and sends nothing; calls go the same way.

What a request needs is held against what each target can.

About `policies/planner.py`.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from github_models_azure import Endpoint, ModelRegistry, Target, trail_of
from github_models_azure.endpoints import DIALECTS, Dialect
from tests.harness import FIRST, HELLO, SECOND, URL, Sent, Service, Twin, chat, error, falls_back

TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}
FORCED = {"tools": [TOOL], "tool_choice": "required"}
OTHER = "https://other.example/v1"


def said(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def test_plan_route_names_who_would_be_asked(twin: Twin) -> None:
    """A dry run orders the targets, gives reasons, and sends nothing."""
    service = Service(falls_back)
    client = twin.client(service, model=FIRST, fallback=[SECOND, "openai/o1-mini"])
    twin.complete(client)
    tools = [{"type": "function", "function": {"name": "f"}}]
    plan = twin.run(client.plan_route(messages=HELLO, tools=tools))
    assert [target.rpartition("/")[2] for target in plan.targets] == ["gpt-4o"]
    assert "returns in" in plan.later[0].reason
    assert "does not support tools" in plan.skipped[0].reason
    assert "gpt-4o" in str(plan)
    assert len(service.sent) == 2


def test_plan_route_needs_a_body_it_can_read(twin: Twin) -> None:
    """A body that is no JSON object has no route."""
    service = Service(lambda sent: chat("m"))
    with pytest.raises(TypeError, match="JSON object"):
        twin.run(twin.client(service).plan_route(io.BytesIO(b"[]")))


Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]
NEEDS: dict[str, Case] = {
    # What is asked, facts that say no, facts that say yes, the reason, where the target ends up.
    "chat": (
        {},
        {"output_modalities": ["embeddings"]},
        {"output_modalities": ["text"]},
        "is not a chat model",
        "skipped",
    ),
    "tools": (
        {"tools": [TOOL]},
        {"tool_calling": False},
        {"tool_calling": True},
        "does not support tools",
        "skipped",
    ),
    "parallel calls": (
        {"tools": [TOOL], "parallel_tool_calls": True},
        {"tool_calling": True, "parallel_tool_calls": False},
        {"tool_calling": True, "parallel_tool_calls": True},
        "does not support parallel tool calls",
        "skipped",
    ),
    "schema": (
        {"response_format": SCHEMA},
        {"json_schema": False},
        {"json_schema": True},
        "does not support json_schema",
        "skipped",
    ),
    "images": (
        said([IMAGE]),
        {"input_modalities": ["text"]},
        {"input_modalities": ["text", "image"]},
        "does not take images",
        "skipped",
    ),
    "audio": (
        said([SOUND]),
        {"input_modalities": ["text", "image"]},
        {"input_modalities": ["audio"]},
        "does not take audio",
        "skipped",
    ),
    "streaming": (
        {"stream": True},
        {"streaming": False},
        {"streaming": True},
        "does not stream",
        "skipped",
    ),
    "tokens in": (
        said("word " * 10_000),
        {"max_input_tokens": 8000},
        {"max_input_tokens": 100_000},
        "is over its limit of 8,000",
        "skipped",
    ),
    "tokens out": (
        {"max_tokens": 5000},
        {"max_output_tokens": 4096},
        {"max_output_tokens": 8192},
        "5,000 output tokens are over its limit of 4,096",
        "later",
    ),
    "reasoning effort": (
        {"reasoning_effort": "low"},
        {"reasoning_effort": False},
        {"reasoning_effort": True},
        "does not take reasoning_effort",
        "later",
    ),
}


def registry(**models: dict[str, Any]) -> ModelRegistry:
    """A registry of our own models ``x/NAME``, all of one tier."""
    described = {f"x/{name}": {"tier": "own", **facts} for name, facts in models.items()}
    return ModelRegistry().with_overlay(described, tiers={"own": {"requests_per_minute": 10}})


def planned(twin: Twin, call: dict[str, Any], first: dict[str, Any]) -> Any:
    """The route for a body: a model with these facts, then one of which nothing is known."""
    service = Service(lambda sent: error(500))
    models = registry(first=first, second={})
    client = twin.client(service, registry=models, model="x/first", fallback=["x/second"])
    body = {**said("Hello"), "model": "x/first", **call}
    route = twin.run(client.plan_route(body))
    assert service.sent == []
    return route


def reasons(skips: Any) -> dict[str, str]:
    return {skip.target.rpartition("/")[2]: skip.reason for skip in skips}


@pytest.mark.parametrize(("call", "no", "yes", "reason", "place"), NEEDS.values(), ids=NEEDS)
def test_a_need_decides_only_where_a_plain_no_is_known(
    twin: Twin,
    call: dict[str, Any],
    no: dict[str, Any],
    yes: dict[str, Any],
    reason: str,
    place: str,
) -> None:
    """No refuses the model or orders it last, and says why; yes and unknown let it be asked."""
    refused = planned(twin, call, no)
    assert [target.rpartition("/")[2] for target in refused.targets] == ["second"]
    assert reason in reasons(getattr(refused, place))["first"]
    assert reason in str(refused)
    for facts in (yes, {}):
        route = planned(twin, call, facts)
        assert [target.rpartition("/")[2] for target in route.targets] == ["first", "second"]
    if call:  # who need not is asked, whatever is lacking
        assert len(planned(twin, {}, no).targets) == 2


def of_dialect(twin: Twin, service: Service, dialect: Dialect, **options: Any) -> Any:
    """A client of an endpoint that speaks a dialect, and of another of which nothing is known."""
    own = Endpoint("mine", OTHER, "key", dialect)
    fallback = [Target("n", Endpoint("plain", URL, "key", DIALECTS["openai-compatible"]))]
    return twin.client(service, own, model="m", fallback=fallback, **options)


@pytest.mark.parametrize(("heeds", "choice"), [(False, "required"), (False, "auto"), (True, "any")])
def test_who_ignores_tool_choice_is_asked_last_for_a_forced_call(
    twin: Twin, heeds: bool, choice: str
) -> None:
    """With the reason; an automatic choice, or a server that heeds it, changes nothing."""
    service = Service(lambda sent: chat(sent.model))
    dialect = replace(DIALECTS["openai-compatible"], name="d", tool_choice=heeds)
    client = of_dialect(twin, service, dialect)
    body = {**said("Hi"), "model": "m", "tools": [TOOL], "tool_choice": choice}
    route = twin.run(client.plan_route(body))
    if not heeds and choice == "required":
        assert route.targets == ("plain/n",)
        assert reasons(route.later) == {"m": "is known to ignore tool_choice"}
        assert "later: mine/m: is known to ignore tool_choice" in str(route)
    else:
        assert route.targets == ("mine/m", "plain/n")
        assert route.later == ()


def called(sent: Sent) -> Any:
    function = {"name": "f", "arguments": "{}"}
    return chat(sent.model, "", tool_calls=[{"id": "1", "type": "function", "function": function}])


def test_last_means_after_a_failure_too(twin: Twin) -> None:
    """Its answer is checked, so that asking it costs nothing but the request."""
    service = Service(lambda sent: error(500) if sent.model == "n" else called(sent))
    client = of_dialect(twin, service, DIALECTS["ollama"])
    trail = trail_of(twin.complete(client, **FORCED))
    assert service.models == ["n", "m"]
    assert trail.served_by == "mine/m"


def test_whoever_heeds_a_forced_call_is_asked_first(twin: Twin) -> None:
    """The target that would probably ignore it is passed over, and the trail says why."""
    service = Service(called)
    client = of_dialect(twin, service, DIALECTS["ollama"])
    trail = trail_of(twin.complete(client, **FORCED))
    assert service.models == ["n"]
    assert reasons(trail.skipped) == {"m": "is known to ignore tool_choice"}


def test_an_effort_is_no_reason_to_give_up(twin: Twin) -> None:
    """A model that takes none is a fallback all the same: what it refuses is left out."""

    def answer(sent: Sent) -> Any:
        if sent.model == "x/first":
            return error(500)
        return chat(sent.model)

    models = registry(
        first={"reasoning_effort": True},
        second={"reasoning_effort": False, "rejects": ["reasoning_effort"]},
    )
    service = Service(answer)
    client = twin.client(service, registry=models, model="x/first")
    call = {"model_extras": {"reasoning_effort": "low"}}
    trail = trail_of(twin.complete(client, **call))
    assert service.models == ["x/first", "x/second"]
    assert [change.change for change in trail.adaptations] == ["reasoning_effort='low' dropped"]


@pytest.mark.parametrize("lack", ["json_schema", "images", "tools"])
def test_what_a_dialect_lacks_counts_like_what_a_model_lacks(twin: Twin, lack: str) -> None:
    """A target that the caller named is asked last, with the reason."""
    call = {"json_schema": {"response_format": SCHEMA}, "images": said([IMAGE]),
            "tools": {"tools": [TOOL]}}[lack]  # fmt: skip
    service = Service(lambda sent: chat(sent.model))
    dialect = replace(DIALECTS["openai-compatible"], name="d", lacks=frozenset({lack}))
    client = of_dialect(twin, service, dialect)
    route = twin.run(client.plan_route({**said("Hi"), "model": "m", **call}))
    assert route.targets == ("plain/n",)
    assert "does not" in reasons(route.later)["m"]
    plain = twin.run(client.plan_route({**said("Hi"), "model": "m"}))
    assert plain.targets == ("mine/m", "plain/n")


@pytest.mark.parametrize("streamed", [False, True])
def test_the_route_is_planned_while_the_sdk_traces(
    twin: Twin, streamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its instrumentor looks into the answer, of which there is none."""
    monkeypatch.setenv("AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED", "true")
    from azure.ai.inference.tracing import AIInferenceInstrumentor

    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, model=FIRST)
    AIInferenceInstrumentor().instrument()
    try:
        route = twin.run(client.plan_route(messages=HELLO, stream=streamed))
    finally:
        AIInferenceInstrumentor().uninstrument()
    assert route.targets
    assert service.sent == []


def test_a_subclass_that_closes_itself_outlives_the_planning(twin: Twin) -> None:
    """Planning makes no second object of the caller's class, whose end would close the first."""
    closed: list[int] = []

    class Closing(twin.package.ChatCompletionsClient):  # type: ignore[misc, name-defined]
        def __del__(self) -> None:
            closed.append(id(self))

    service = Service(lambda sent: chat(sent.model))
    client = Closing(URL, "key", transport=twin.transport(service), model=FIRST)
    twin.run(client.plan_route(messages=HELLO))
    assert closed == []


def test_a_file_can_be_sent_after_its_route_was_planned(twin: Twin) -> None:
    """It is read to its end for the plan, and put back to its beginning."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service)
    body = io.BytesIO(json.dumps({"model": FIRST, "messages": HELLO}).encode())
    twin.run(client.plan_route(body))
    twin.run(client.complete(body))
    assert service.sent[0].body["messages"] == HELLO
