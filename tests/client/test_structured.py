"""``response_model``: an instance of a model as the answer, through both clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from azure.ai.inference.models import ChatCompletions
from azure.core.pipeline.policies import SansIOHTTPPolicy

from github_models_azure import MemoryLedger
from github_models_azure.exceptions import (
    FallbackExhaustedError,
)
from tests.client.structured_helpers import (
    ADA,
    GOOD,
    TOOL,
    Person,
    adaptations,
    ask,
    form_of,
    says,
    takes,
)
from tests.harness import (
    HELLO,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    error,
)


def test_the_answer_is_an_instance(twin: Twin) -> None:
    """The SDK's own object has it beside; the schema was sent in the strict form."""
    service = Service(says(GOOD))
    answer = ask(twin, service, temperature=0.5)
    assert answer.parsed == ADA
    assert type(answer) is ChatCompletions
    assert answer.choices[0].message.content == GOOD
    (sent,) = service.sent
    form = sent.body["response_format"]["json_schema"]
    assert (form["name"], form["strict"], form["description"]) == ("Person", True, "Somebody.")
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["required"] == ["name", "age"]
    assert sent.body["messages"] == HELLO
    assert sent.body["temperature"] == 0.5
    assert "response_model" not in sent.body
    assert not any("structured" in name for name in sent.options)
    told = ["response_model Person sent as response_format json_schema, strict"]
    assert adaptations(answer) == told


def test_dataclasses_lists_and_bodies_do_as_well(twin: Twin) -> None:
    """Whatever pydantic reads; the messages may come in a body, as a keyword too."""

    @dataclass
    class Point:
        x: int
        y: int = 0

    assert ask(twin, Service(says('{"x": 1, "y": null}')), response_model=Point).parsed == Point(1)
    wrapped = Service(says('{"value": [1, 2]}'))
    assert ask(twin, wrapped, response_model=list[int]).parsed == [1, 2]
    client = twin.client(Service(says(GOOD)), model="m")
    body = {"messages": HELLO, "model": "m"}
    assert twin.run(client.complete(body, response_model=Person)).parsed == ADA
    client = twin.client(Service(says(GOOD)), model="m")
    assert twin.run(client.complete(body=body, response_model=Person)).parsed == ADA


def test_without_a_model_nothing_changes(twin: Twin) -> None:
    """``None`` is no model: the request goes as the SDK made it."""
    service = Service(says("Hi"))
    answer = ask(twin, service, response_model=None)
    assert not hasattr(answer, "parsed")
    assert service.sent[0].body.keys() == {"messages", "model"}


@pytest.mark.parametrize(
    "call",
    [
        {"response_format": "json_object"},
        {"model_extras": {"response_format": {"type": "text"}}},
    ],
)
def test_two_shapes_are_one_too_many(twin: Twin, call: dict[str, Any]) -> None:
    """A response_format beside the model is a mistake, and nothing is sent."""
    service = Service(says(GOOD))
    with pytest.raises(TypeError, match="response_format both say what shape"):
        ask(twin, service, **call)
    client = twin.client(service, model="m")
    body = {"messages": HELLO, "response_format": {"type": "text"}}
    with pytest.raises(TypeError, match="both say"):
        twin.run(client.complete(body, response_model=Person))
    with pytest.raises(TypeError, match="a body that is a dict"):
        twin.run(client.complete(b"{}", response_model=Person))
    with pytest.raises(TypeError, match=r"response_model=<object .* has no JSON schema"):
        twin.complete(client, response_model=object())
    assert not service.sent


def test_the_clients_own_format_gives_way(twin: Twin) -> None:
    """A response_format of the constructor holds for calls without a model."""
    service = Service(says(GOOD))
    ask(twin, service, client={"response_format": "json_object"})
    assert form_of(service.sent[0]) == "json_schema"


@pytest.mark.parametrize(
    ("forms", "tried", "told"),
    [
        (("json_object",), ["json_schema", "json_object"], "sent as json_object with the schema"),
        (("tool",), ["json_schema", "json_object", "tool"], "sent as a forced call of the tool"),
        ((None,), ["json_schema", "json_object", "tool", None], "sent as instructions"),
    ],
)
def test_the_next_way_is_tried_and_remembered(
    twin: Twin, forms: tuple[str | None], tried: list[str | None], told: str
) -> None:
    """What a target refuses is learnt once; the next call takes the way that worked at once."""
    service, ledger = Service(takes(*forms)), MemoryLedger()
    for _ in range(2):
        answer = ask(twin, service, client={"ledger": ledger})
        assert answer.parsed == ADA
        assert answer.choices[0].message.content == GOOD
        assert answer.choices[0].finish_reason == "stop"
        assert told in adaptations(answer)[-1]
    assert [form_of(sent) for sent in service.sent] == [*tried, tried[-1]]


def test_whoever_reads_next_finds_the_content(twin: Twin) -> None:
    """A policy that stands before the fallback sees the text of a forced call as well."""
    seen = []

    class Spy(SansIOHTTPPolicy[Any, Any]):
        def on_response(self, request: Any, response: Any) -> None:
            body = response.context["deserialized_data"]
            seen.append(body["choices"][0]["message"]["content"])

    ask(twin, Service(takes("tool")), client={"per_call_policies": [Spy()]})
    assert seen == [GOOD]


def test_a_strict_client_takes_all_ways_too(twin: Twin) -> None:
    """None of them is lossy, since every answer is validated."""
    answer = ask(twin, Service(takes("json_object")), client={"adapt": "strict"})
    assert answer.parsed == ADA


def test_a_refused_schema_is_refused_for_this_call_alone(twin: Twin) -> None:
    """Another schema may be taken: nothing is learnt of the target."""

    def answer(sent: Sent) -> Answer:
        if form_of(sent) == "json_schema":
            return error(400, "invalid_json_schema", "Invalid schema for response_format 'Person'")
        return chat(sent.model, GOOD)

    service, ledger = Service(answer), MemoryLedger()
    for _ in range(2):
        assert ask(twin, service, client={"ledger": ledger}).parsed == ADA
    assert [form_of(sent) for sent in service.sent] == ["json_schema", "json_object"] * 2


def test_facts_choose_the_way(twin: Twin) -> None:
    """Of a model that is known to lack json_schema it is not asked."""
    service = Service(says(GOOD))
    answer = ask(twin, service, model="meta/Llama-3.3-70B-Instruct", fallback=None)
    assert answer.parsed == ADA
    assert form_of(service.sent[0]) == "json_object"


def test_the_callers_tools_go_first(twin: Twin) -> None:
    """A call of one of them is no answer yet: it is handed over, and nothing is repaired."""
    call = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    service = Service(lambda sent: chat(sent.model, "", tool_calls=[call]))
    answer = ask(twin, service, tools=[TOOL])
    assert answer.parsed is None
    assert answer.choices[0].message.tool_calls[0].function.name == "look_up"
    assert len(service.sent) == 1


def test_formats_beside_tools_are_learnt_apart(twin: Twin) -> None:
    """Groq refuses the two together: words remain, and calls without tools keep their way."""

    def answer(sent: Sent) -> Answer:
        if "tools" in sent.body and "response_format" in sent.body:
            return error(400, None, "response_format cannot be combined with tool calling")
        return chat(sent.model, GOOD)

    service, ledger = Service(answer), MemoryLedger()
    for tools in ([TOOL], [TOOL], None):
        assert ask(twin, service, tools=tools, client={"ledger": ledger}).parsed == ADA
    forms = [form_of(sent) for sent in service.sent]
    assert forms == ["json_schema", "json_object", None, None, "json_schema"]


def test_the_schema_counts_among_the_input(twin: Twin) -> None:
    """A target whose limit the schema exceeds is passed over."""
    service = Service(says(GOOD))
    count = len
    with pytest.raises(FallbackExhaustedError, match="input of about"):
        ask(
            twin,
            service,
            model="openai/o1",
            fallback=None,
            tokenizer=lambda text: 1_000_000 if "properties" in text else count(text),
        )
    assert not service.sent


def test_a_route_is_planned_for_a_model(twin: Twin) -> None:
    """``plan_route`` takes the same keywords; models without json_schema stay on the route."""
    client = twin.client(Service(says(GOOD)), model="m", fallback=["meta/Llama-3.3-70B-Instruct"])
    plan = twin.run(client.plan_route(messages=HELLO, response_model=Person))
    assert len(plan.targets) == 2
    assert not plan.skipped
    with pytest.raises(TypeError, match="both say"):
        twin.run(client.plan_route(messages=HELLO, response_model=Person, response_format="text"))
