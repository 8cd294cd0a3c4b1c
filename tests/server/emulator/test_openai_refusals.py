"""What OpenAI's models refuse of histories and schemas, and how they end a call that is named.

About `server/emulator/history_check.py`, `server/emulator/strict_check.py`,
`server/emulator/schema_heights.py` and `server/emulator/schema_notes.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_helpers import WEATHER, Answer, Service, service

from github_models_azure.server.emulator.schema_check import fits
from github_models_azure.server.emulator.schema_values import value_for

MISTRAL = "mistral-ai/mistral-medium-2505"
USER = {"role": "user", "content": "Hello"}


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


def call(id: str = "c1", name: str = "f") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}


def calling(*ids: str, **members: Any) -> dict[str, Any]:
    calls = [call(one) for one in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls, **members}


def result(id: str = "c1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": "42"}


def said(emulated: Service, *turns: Any, model: str = "openai/gpt-4o", **body: Any) -> Answer:
    request = {"model": model, "messages": [USER, *turns], **body}
    return emulated.post("/inference/chat/completions", request)


def refusal(answer: Answer) -> tuple[int, Any, Any, Any]:
    error = answer.error
    return answer.status, error["message"], error["param"], error["code"]


ORPHAN = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
    "'tool_calls'."
)
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
    "'tool_call_id'. The following tool_call_ids did not have response messages: "
)


@pytest.mark.parametrize(
    ("turns", "message", "param"),
    [
        ([result()], ORPHAN, "messages.[1].role"),
        ([calling("c1"), result(), USER, result()], ORPHAN, "messages.[4].role"),
        ([calling("c1")], f"{UNANSWERED}c1", "messages.[1].role"),
        ([calling("c1", "c2"), result(), USER], f"{UNANSWERED}c2", "messages.[3].role"),
        ([calling("c1"), calling("c2"), result("c2")], f"{UNANSWERED}c1", "messages.[2].role"),
        (
            [calling("c1"), result("c2")],
            "Invalid parameter: 'tool_call_id' of 'c2' not found in 'tool_calls' of previous "
            "message.",
            "messages.[2].tool_call_id",
        ),
        (
            [{"role": "assistant", "content": None}, USER],
            "Invalid value for 'content': expected a string, got null.",
            "messages.[1].content",
        ),
    ],
)
def test_calls_and_results_belong_together(
    emulated: Service, turns: list[Any], message: str, param: str
) -> None:
    """An orphan, an unanswered call, a wrong id, and a turn that says nothing."""
    assert refusal(said(emulated, *turns)) == (400, message, param, None)
    assert said(emulated, *turns, model=MISTRAL).status == 200


@pytest.mark.parametrize(
    ("turn", "param", "code"),
    [
        ({"role": "assistant", "content": "x", "tool_calls": []}, "tool_calls", "empty_array"),
        ({"role": "assistant", "content": "x", "audio": None}, "audio", "invalid_type"),
        ({"role": "assistant", "content": "x", "function_call": None}, "function_call",
         "invalid_type"),
        (calling(tool_calls=[call(name="")]), "tool_calls[0].function.name", "empty_string"),
        (calling(tool_calls=[call(name="functions.f")]), "tool_calls[0].function.name",
         "invalid_value"),
        (calling(tool_calls=[call(name="x" * 65)]), "tool_calls[0].function.name",
         "string_above_max_length"),
        (calling("x" * 41), "tool_calls[0].id", "string_above_max_length"),
    ],
)  # fmt: skip
def test_members_and_names_of_a_history(
    emulated: Service, turn: Any, param: str, code: str
) -> None:
    """What a model made up, and what another server left empty."""
    status, message, where, told = refusal(said(emulated, turn))
    assert (status, where, told) == (400, f"messages[1].{param}", code)
    assert message.startswith(f"Invalid '{where}': ")


def test_a_whole_history_is_taken(emulated: Service) -> None:
    """Several results of calls made side by side, in any order; odd parts are left to others."""
    turns = [calling("c1", "c2"), result("c2"), result("c1"), result("c1"), USER]
    assert said(emulated, *turns).status == 200
    odd = {"role": "assistant", "content": "x", "tool_calls": [{"id": "c1", "function": {}}]}
    assert said(emulated, odd, result()).status == 200


def test_json_has_to_be_spoken_of(emulated: Service) -> None:
    """In any message and any case; OpenAI's models alone ask for it."""
    form = {"response_format": {"type": "json_object"}}
    status, message, param, code = refusal(said(emulated, **form))
    assert (status, param, code) == (400, "messages", None)
    assert message.startswith("'messages' must contain the word 'json' in some form")
    assert said(emulated, {"role": "system", "content": "Answer in JSON."}, **form).status == 200
    assert said(emulated, model=MISTRAL, **form).status == 200


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def form(schema: Any, strict: bool = True) -> dict[str, Any]:
    told = {"name": "x", "schema": schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": told}}


FALSE = "'additionalProperties' is required to be supplied and to be false."
EVERY = (
    "'required' is required to be supplied and to be an array including every key in properties."
)
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "object", "properties": {}}, f"In context=(), {FALSE}"),
        (closed(a={"type": "object"}), f"In context=('properties', 'a'), {FALSE}"),
        (closed(a={"type": ["object", "null"]}), f"In context=('properties', 'a'), {FALSE}"),
        ({**closed(a=TEXT), "required": []}, f"In context=(), {EVERY} Missing 'a'."),
        ({**closed(), "required": ["b"]},
         f"In context=(), {EVERY} Extra required key 'b' supplied."),
        ({**closed(), "oneOf": []}, "In context=(), 'oneOf' is not permitted."),
        (closed(a={"allOf": [TEXT]}), "In context=('properties', 'a'), 'allOf' is not permitted."),
        (closed(a={"type": "array", "items": {"not": {}}}),
         "In context=('properties', 'a', 'items'), 'not' is not permitted."),
        (closed(a={"anyOf": [TEXT, {"type": "string", "format": "uri"}]}),
         "In context=('properties', 'a', 'anyOf', '1'), 'uri' is not a valid format."),
        (closed(a={"type": "array"}),
         "In context=('properties', 'a'), array schema missing items."),
        ({**closed(a={"$ref": "#/$defs/b", "description": "x"}), "$defs": {"b": TEXT}},
         "In context=('properties', 'a'), $ref cannot have keywords {'description'}."),
        ({"type": "array", "items": TEXT},
         "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
        ({"anyOf": [closed()]},
         "schema must be a JSON Schema of 'type: \"object\"', got 'type: None'."),
    ],
)  # fmt: skip
def test_a_strict_schema_keeps_the_rules(emulated: Service, schema: Any, why: str) -> None:
    """Of an answer and of a tool; without strict, and elsewhere, it is taken as it is."""
    wanted = (400, f"Invalid schema for response_format 'x': {why}", "response_format", None)
    assert refusal(said(emulated, **form(schema))) == wanted
    function = {"name": "f", "parameters": schema, "strict": True}
    place = "tools[0].function.parameters"
    told = f"Invalid schema for function 'f': {why}"
    refused = said(emulated, tools=[{"type": "function", "function": function}])
    assert refusal(refused) == (400, told, place, "invalid_function_parameters")
    assert said(emulated, **form(schema, strict=False)).status == 200
    assert said(emulated, model=MISTRAL, **form(schema)).status == 200


def test_what_the_page_names_is_taken(emulated: Service) -> None:
    """Formats, patterns, bounds, definitions, and recursion that ends."""
    schema = closed(
        when={"type": "string", "format": "date-time"},
        id={"type": "string", "format": "uuid"},
        code={"type": "string", "pattern": "^[A-Z]{3}$"},
        size={"type": "integer", "minimum": 5, "maximum": 9, "multipleOf": 2},
        tags={"type": "array", "items": TEXT, "minItems": 2, "maxItems": 3},
        next={"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        leaf={"$ref": "#/$defs/leaf"},
    )
    schema["$defs"] = {"leaf": closed(a=TEXT)}
    answer = said(emulated, **form(schema))
    assert answer.status == 200
    assert fits(json.loads(answer.message["content"]), schema, schema)


SELF = {"$ref": "#"}
ENDLESS = [
    SELF,
    closed(a=SELF),
    {"allOf": [SELF]},
    {"anyOf": [SELF, closed(b=SELF)]},
    closed(a={"type": "array", "items": SELF, "minItems": 1}),
    closed(a={"type": "array", "prefixItems": [SELF]}),
    {**closed(a={"$ref": "#/$defs/n"}), "$defs": {"n": closed(n={"$ref": "#/$defs/n"})}},
]


@pytest.mark.parametrize("schema", ENDLESS)
@pytest.mark.parametrize("model", ["openai/gpt-4o", MISTRAL])
def test_a_schema_without_an_end_is_a_400(emulated: Service, schema: Any, model: str) -> None:
    """It was a crash; of a tool too, which may be called some day."""
    answer = said(emulated, model=model, **form(schema, strict=False))
    assert answer.status == 400
    assert "refers to itself without an end" in answer.error["message"]
    function = {"name": "f", "parameters": schema}
    tools = [{"type": "function", "function": function}]
    assert said(emulated, model=model, tools=tools).status == 400


@pytest.mark.parametrize(
    "schema",
    [
        closed(a={"anyOf": [SELF, closed(b=TEXT)]}),
        closed(a={"oneOf": [closed(b=SELF), {"enum": [1]}]}),
        closed(a={"type": "array", "items": SELF}),
        closed(a={"type": "array", "items": {"$ref": "#/$defs/n"}})
        | {"$defs": {"n": closed(n={"$ref": "#/$defs/n"})}},
        {"type": "object", "properties": {"a": SELF}},
        closed(a={"$ref": "elsewhere.json"}),
    ],
)
def test_recursion_that_ends_is_answered(emulated: Service, schema: Any) -> None:
    """The flattest branch is taken in the end, and a list of what has no end stays empty."""
    answer = said(emulated, **form(schema, strict=False))
    assert answer.status == 200
    assert fits(json.loads(answer.message["content"]), schema, schema)


def test_a_list_of_what_is_defined_elsewhere_has_an_item(emulated: Service) -> None:
    """A reference that no required member names is followed as well."""
    schema = {**closed(a={"type": "array", "items": {"$ref": "#/$defs/n"}}),
              "$defs": {"n": closed(b={"$ref": "#/$defs/m"}), "m": TEXT}}  # fmt: skip
    answer = said(emulated, **form(schema))
    assert json.loads(answer.message["content"])["a"] == [{"b": "emulated b"}]


def test_a_schema_of_too_many_levels_is_a_400(emulated: Service) -> None:
    """No model takes more than ten; this one stops where it can go no further."""
    for levels in (150, 420):
        schema: Any = TEXT
        for _ in range(levels):
            schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
        answer = said(emulated, **form(schema, strict=False))
        assert answer.status in (200, 400)
    assert answer.status == 400
    assert "nested too deeply" in answer.error["message"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("choice", "model", "end"),
    [
        ({"type": "function", "function": {"name": "get_weather"}}, "openai/gpt-4o", "stop"),
        ("required", "openai/gpt-4o", "tool_calls"),
        ({"type": "function", "function": {"name": "get_weather"}}, MISTRAL, "tool_calls"),
    ],
)
def test_a_named_call_ends_with_stop(
    emulated: Service, stream: bool, choice: Any, model: str, end: str
) -> None:
    """As OpenAI does, whole and streamed (vllm#25054); of the others it is not known."""
    answer = said(emulated, model=model, tools=[WEATHER], tool_choice=choice, stream=stream)
    if stream:
        choices = [one for event in answer.events for one in event["choices"]]
        assert [one["finish_reason"] for one in choices if one["finish_reason"]] == [end]
    else:
        assert answer.calls
        assert answer.json["choices"][0]["finish_reason"] == end


@pytest.mark.parametrize(
    ("schema", "note"),
    [
        ({"type": "string", "format": "uri"}, "format uri"),
        ({"type": "string", "format": "date"}, "format date"),
        ({"type": "string", "pattern": "^[A-Z]{3}(x|y)$"}, "matching ^[A-Z]{3}(x|y)$"),
        ({"type": "string", "minLength": 30}, "at least 30 characters"),
        ({"type": "string", "maxLength": 3}, "at most 3 characters"),
        ({"type": "integer", "minimum": 70, "maximum": 80}, "at least 70; at most 80"),
        ({"type": "number", "exclusiveMinimum": 1.5, "exclusiveMaximum": 2},
         "more than 1.5; less than 2"),
        ({"type": "integer", "multipleOf": 7}, "a multiple of 7"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
         "at least 3 items; no item twice"),
        ({"type": "array", "items": TEXT, "maxItems": 0}, "at most 0 items"),
    ],
)  # fmt: skip
def test_what_a_description_states_is_heeded(schema: Any, note: str) -> None:
    """Structured output says in words what a server does not take; a model would read it."""
    told = {name: value for name, value in schema.items() if name in ("type", "items")}
    told["description"] = f"Any (of them). ({note})"
    assert fits(value_for(told), schema, schema)
    plain = {"type": "string", "description": "Any (of them)"}
    assert value_for(plain) == "emulated"
