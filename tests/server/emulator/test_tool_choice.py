"""Which tools are called, and when the answer is text."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from emulator_helpers import EMAIL, WEATHER, Answer, Service, function, service


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


def ask(emulated: Service, text: str, *tools: Any, **body: Any) -> Answer:
    return emulated.chat(text, tools=list(tools or (WEATHER, EMAIL)), **body)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("What's the weather in Oslo?", [("get_weather", {"city": "Oslo"})]),
        (
            "What is the weather in Oslo and Paris?",
            [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Paris"})],
        ),
        (
            "Compare the weather in New York, Oslo and Paris.",
            [("get_weather", {"city": city}) for city in ("New York", "Oslo", "Paris")],
        ),
        ("What's the weather in Paris, France?", [("get_weather", {"city": "Paris"})]),
        (
            "The weather in Oslo and Paris, in celsius?",
            [
                ("get_weather", {"city": "Oslo"}),
                ("get_weather", {"city": "Paris", "unit": "celsius"}),
            ],
        ),
        ("Tell me a joke.", []),
        ("Hello", []),
    ],
)
def test_auto_calls_what_the_message_asks_for(
    emulated: Service, text: str, calls: list[Any]
) -> None:
    """The words of the message choose the tools and their arguments; otherwise text answers."""
    answer = ask(emulated, text)
    assert [(name, args["city"]) for name, args in answer.calls] == [
        (name, args["city"]) for name, args in calls
    ]
    finish = answer.json["choices"][0]["finish_reason"]
    assert finish == ("tool_calls" if calls else "stop")


def test_two_things_call_two_tools(emulated: Service) -> None:
    """A message that asks for two tools gets both in one answer."""
    text = "Get the weather in Oslo and send an email to ada@example.org with subject 'Rain'"
    assert ask(emulated, text).calls == [
        ("get_weather", {"city": "Oslo"}),
        ("send_email", {"to": "ada@example.org", "subject": "Rain"}),
    ]


def test_without_parallel_calls_one_comes_at_a_time(emulated: Service) -> None:
    """The second call follows the result of the first, then the text."""
    messages: list[Any] = [{"role": "user", "content": "The weather in Oslo and Paris?"}]
    body = {"model": "openai/gpt-4o", "tools": [WEATHER], "parallel_tool_calls": False}
    cities = []
    for _ in range(2):
        answer = emulated.post("/inference/chat/completions", {**body, "messages": messages})
        ((_, arguments),) = answer.calls
        cities.append(arguments["city"])
        call = answer.message["tool_calls"][0]
        messages += [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": f"{len(cities)} degrees"},
        ]
    last = emulated.post("/inference/chat/completions", {**body, "messages": messages})
    assert cities == ["Oslo", "Paris"]
    assert "get_weather says: 1 degrees get_weather says: 2 degrees" in last.message["content"]


def test_after_results_the_answer_uses_them(emulated: Service) -> None:
    """The text after a tool message holds what the tool said."""
    messages = [
        {"role": "user", "content": "What's the weather in Oslo?"},
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": "{}"},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sleet, -2"},
    ]
    body = {"model": "openai/gpt-4o", "messages": messages, "tools": [WEATHER]}
    answer = emulated.post("/inference/chat/completions", body)
    assert answer.calls == []
    assert "get_weather says: sleet, -2" in answer.message["content"]


def test_none_never_calls(emulated: Service) -> None:
    """`tool_choice: none` answers in text whatever is asked."""
    assert ask(emulated, "Weather in Oslo?", tool_choice="none").calls == []


def test_required_calls_even_for_small_talk(emulated: Service) -> None:
    """`tool_choice: required` always calls a tool."""
    assert len(ask(emulated, "Hello", tool_choice="required").calls) == 1


def test_a_named_function_is_called(emulated: Service) -> None:
    """A named function is the one that is called."""
    choice = {"type": "function", "function": {"name": "send_email"}}
    ((name, arguments),) = ask(emulated, "Weather in Oslo?", tool_choice=choice).calls
    assert name == "send_email"
    jsonschema.validate(arguments, EMAIL["function"]["parameters"])


def test_a_name_that_is_no_tool_is_refused(emulated: Service) -> None:
    """Naming a function that was not offered is an error of the caller."""
    choice = {"type": "function", "function": {"name": "missing"}}
    assert ask(emulated, "Hello", tool_choice=choice).status == 400


def test_exact_names_are_called_in_order(emulated: Service) -> None:
    """A prompt that spells out names and arguments gets exactly those calls."""
    query = {"query": {"type": "string"}}
    tools = [function(f"local_search_{n}", "Local search.", query, ["query"]) for n in "abc"]
    text = (
        "Emit exactly these calls: 1) local_search_b(query='beta news'), "
        "2) local_search_a(query='alpha news'). Then summarise."
    )
    assert ask(emulated, text, *tools).calls == [
        ("local_search_b", {"query": "beta news"}),
        ("local_search_a", {"query": "alpha news"}),
    ]


def test_an_enum_word_finds_its_tool(emulated: Service) -> None:
    """The words of an enum count when tools are told apart."""
    light = function("switch", "", {"color": {"enum": ["red", "blue"]}}, ["color"])
    assert ask(emulated, "Make it blue", light).calls == [("switch", {"color": "blue"})]


def test_a_tool_without_parameters_gets_an_empty_object(emulated: Service) -> None:
    """No parameters means `{}`, not an error."""
    tool = {"type": "function", "function": {"name": "list_files", "description": "List files"}}
    assert ask(emulated, "List my files", tool).calls == [("list_files", {})]


def test_arguments_are_cut_where_the_tokens_end(emulated: Service) -> None:
    """`max_tokens` cuts a call in the middle of its JSON, as it really did."""
    answer = ask(emulated, "Weather in Oslo?", max_tokens=3)
    (choice,) = answer.json["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"city'


def test_a_schema_answer_validates(emulated: Service) -> None:
    """`response_format: json_schema` is answered with JSON that the schema accepts."""
    schema = {
        "type": "object",
        "properties": {
            "distances": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"to": {"type": "string"}, "miles": {"type": "integer"}},
                    "required": ["to", "miles"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["distances"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "d", "schema": schema, "strict": True}}
    answer = emulated.chat("How far is Portland?", response_format=wanted)

    content = json.loads(answer.message["content"])
    jsonschema.validate(content, schema)
    assert content["distances"][0]["to"] == "Portland"


def test_a_json_answer_is_an_object(emulated: Service) -> None:
    """`response_format: json_object` is answered with a JSON object, marked as emulated."""
    answer = emulated.chat("Answer in json", response_format={"type": "json_object"})
    assert json.loads(answer.message["content"])["emulated"] is True
