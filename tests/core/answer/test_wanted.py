"""The ways to ask for an answer of a wanted shape, and reading what was said."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.demands import Said, WantedShape, said_in, stopped
from github_models_azure._core.answer.wanted import (
    INVALID_OUTPUT,
    Correction,
    Wanted,
    Way,
    ask,
    is_about_schema,
    is_judged_by_server,
    is_refused,
    lesson_of,
    told_way,
    ways_for,
)
from github_models_azure._core.failure.kinds import Failure, FailureKind
from github_models_azure._core.request.dialect import Dialect
from github_models_azure._core.request.fit import SDK
from github_models_azure._core.route.needs import UNKNOWN
from tests.core.body_helpers import json_values

SCHEMA: dict[str, object] = {"type": "object", "properties": {"name": {"type": "string"}}}
WANTED = Wanted("Person", {**SCHEMA, "required": ["name"]}, SCHEMA, strict=True)
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
TOOLS: dict[str, Any] = {"messages": HELLO, "tools": [{"type": "function"}]}
ALL = (Way.JSON_SCHEMA, Way.JSON_OBJECT, Way.TOOL, Way.PROMPT)
JSON_SCHEMA, JSON_OBJECT, TOOL, PROMPT = ALL
REJECTED, WRONG = FailureKind.REJECTED, FailureKind.WRONG_DIALECT
MEMBERS = frozenset({"messages", "model"})


@pytest.mark.parametrize(
    ("facts", "known", "dialect", "payload", "ways"),
    [
        ({}, set(), SDK, {}, ALL),
        ({"json_schema": True, "tools": True}, set(), SDK, {}, ALL),
        ({"json_schema": False}, set(), SDK, {}, (JSON_OBJECT, TOOL, PROMPT)),
        ({"tools": False}, set(), SDK, {}, (JSON_SCHEMA, JSON_OBJECT, PROMPT)),
        ({"forced_choice": False}, set(), SDK, {}, (JSON_SCHEMA, JSON_OBJECT, PROMPT)),
        ({}, {"response_format"}, SDK, {}, (TOOL, PROMPT)),
        ({}, {"tool_choice"}, SDK, {}, (JSON_SCHEMA, JSON_OBJECT, PROMPT)),
        ({}, set(), Dialect(name="x", refuses=frozenset({"tools"})), {}, (*ALL[:2], PROMPT)),
        ({}, set(), Dialect(name="x", members=MEMBERS), {}, (PROMPT,)),
        ({}, set(), Dialect(name="x", tool_choice=False), {}, (*ALL[:2], PROMPT)),
        ({}, {"answer_as.json_schema"}, SDK, {}, ALL[1:]),
        ({}, {"answer_as.json_schema", "answer_as.json_object"}, SDK, {}, ALL[2:]),
        ({}, set(), SDK, TOOLS, (JSON_SCHEMA, JSON_OBJECT, PROMPT)),
        ({}, {"answer_as.json_schema"}, SDK, TOOLS, (JSON_SCHEMA, JSON_OBJECT, PROMPT)),
        ({}, {"answer_as.json_schema+tools"}, SDK, TOOLS, (JSON_OBJECT, PROMPT)),
        ({}, {"answer_as.json_schema+tools"}, SDK, {}, ALL),
    ],
)
def test_a_target_is_asked_in_ways_that_it_does_not_refuse(
    facts: dict[str, Any],
    known: set[str],
    dialect: Dialect,
    payload: dict[str, Any],
    ways: tuple[Way, ...],
) -> None:
    """Facts, the dialect and lessons rule ways out; words alone are never refused."""
    assert ways_for(replace(UNKNOWN, **facts), frozenset(known), dialect, payload) == ways


@pytest.mark.parametrize("way", ALL)
def test_a_lesson_rules_out_its_way(way: Way) -> None:
    """What is learnt of a refusal is what the next call asks by, with and without tools."""
    for payload in ({}, TOOLS):
        known = frozenset({lesson_of(way, payload)})
        assert way not in ways_for(UNKNOWN, known, SDK, payload)


def test_by_json_schema() -> None:
    """The schema goes into response_format, and takes the place of one that was there."""
    body = {"messages": HELLO, "response_format": {"type": "text"}, "seed": 1}
    form = {"name": "Person", "schema": WANTED.schema, "strict": True}
    assert ask(body, WANTED, JSON_SCHEMA) == {
        "messages": HELLO,
        "seed": 1,
        "response_format": {"type": "json_schema", "json_schema": form},
    }
    loose = Wanted("Person", SCHEMA, SCHEMA, description="Somebody.")
    form = {"name": "Person", "schema": SCHEMA, "description": "Somebody."}
    sent: Any = ask(body, loose, JSON_SCHEMA)["response_format"]
    assert sent["json_schema"] == form


def test_by_a_forced_call() -> None:
    """A tool takes the answer as its arguments; it has a description in any case."""
    sent: Any = ask({"messages": HELLO, "response_format": {}}, WANTED, TOOL)
    assert sent.keys() == {"messages", "tools", "tool_choice"}
    function = {"name": "Person", "parameters": SCHEMA, "description": "Give the answer."}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "Person"}}
    told: Any = ask({}, replace(WANTED, description="Somebody."), TOOL)
    assert told["tools"][0]["function"]["description"] == "Somebody."
    assert "messages" not in told


@pytest.mark.parametrize("way", [JSON_OBJECT, PROMPT])
@pytest.mark.parametrize(
    ("messages", "position", "begins"),
    [
        (HELLO, 0, ""),
        ([], 0, ""),
        (["odd"], 0, ""),
        ([{"role": "system", "content": "Be kind."}, *HELLO], 0, "Be kind.\n\n"),
        ([{"role": "developer", "content": "Be kind."}, *HELLO], 0, "Be kind.\n\n"),
        ([{"role": "system", "content": None}, *HELLO], 0, ""),
    ],
)
def test_by_instructions(way: Way, messages: list[Any], position: int, begins: str) -> None:
    """The schema stands in the one system message, with the word JSON that servers insist on."""
    sent: Any = ask({"messages": messages}, WANTED, way)
    first = sent["messages"][position]
    assert first["content"].startswith(begins + "Answer with nothing but one JSON object")
    assert WANTED.written in first["content"]
    assert [m for m in sent["messages"] if m in HELLO] == [m for m in messages if m in HELLO]
    assert sum(type(m) is dict and m["role"] != "user" for m in sent["messages"]) == 1
    assert sent.get("response_format") == ({"type": "json_object"} if way is JSON_OBJECT else None)


def test_instructions_join_parts() -> None:
    """Where the system message is a list of parts, they are one part more."""
    part = {"type": "text", "text": "Be kind."}
    sent: Any = ask({"messages": [{"role": "system", "content": [part]}]}, WANTED, PROMPT)
    assert sent["messages"][0]["content"][0] == part
    assert WANTED.written in sent["messages"][0]["content"][1]["text"]


@pytest.mark.parametrize(
    ("way", "again", "has_schema"),
    [
        (JSON_SCHEMA, "corrected JSON, which has to fit", True),
        (JSON_OBJECT, "corrected JSON.", False),
        (PROMPT, "corrected JSON.", False),
        (TOOL, "Call Person with the corrected arguments", False),
    ],
)
@pytest.mark.parametrize(("text", "shown"), [("{}", "{}"), ("", "(nothing)")])
def test_a_correction_ends_the_conversation(
    way: Way, again: str, has_schema: bool, text: str, shown: str
) -> None:
    """The model sees its answer and what is wrong; where it was not told the schema, that too."""
    sent: Any = ask({"messages": HELLO}, WANTED, way, Correction(text, "name: Field required"))
    answer, told = sent["messages"][-2:]
    assert HELLO[0] in sent["messages"][:-2]
    assert answer == {"role": "assistant", "content": shown}
    assert told["role"] == "user"
    assert told["content"].startswith("That will not do: name: Field required. ")
    assert again in told["content"]
    assert (WANTED.written in told["content"]) is has_schema


@given(json_values, st.sampled_from(Way))
def test_the_body_given_is_left_as_it_is(messages: object, way: Way) -> None:
    """Messages of any shape are no exception, and nothing that was given changes."""
    body: dict[str, Any] = {"messages": messages, "tools": messages, "response_format": 1}
    before = copy.deepcopy(body)
    sent = ask(body, WANTED, way, Correction("{}", "wrong"))
    assert str(body) == str(before)
    assert sent.get("response_format") != 1


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (JSON_SCHEMA, "response_model Person sent as response_format json_schema, strict"),
        (
            JSON_OBJECT,
            "response_format json_schema sent as json_object with the schema in the prompt",
        ),
        (TOOL, "response_format json_schema sent as a forced call of the tool Person"),
        (PROMPT, "response_format json_schema sent as instructions in the prompt"),
    ],
)
def test_every_way_is_told(way: Way, told: str) -> None:
    """The trail says how the answer was asked for; nothing is lost by it."""
    change = told_way(WANTED, way)
    assert (change.text, change.lossy) == (told, False)
    loose = told_way(replace(WANTED, strict=False), JSON_SCHEMA).text
    assert loose == "response_model Person sent as response_format json_schema, not strict"


DEEPSEEK = "This response_format type is unavailable now"  # llm-exe#662
GROQ = "'response_format.type' : value is not one of the allowed values ['text','json_object']"
GEMINI = "Function calling with a response mime type: 'application/json' is unsupported"
XAI = "The response_format parameter is unsupported at the moment. Leave it unset."


@pytest.mark.parametrize(
    ("kind", "param", "message", "refused"),
    [
        (REJECTED, None, DEEPSEEK, (JSON_SCHEMA, JSON_OBJECT)),
        (REJECTED, None, GROQ, (JSON_SCHEMA, JSON_OBJECT)),  # deep-research#127
        (REJECTED, None, XAI, (JSON_SCHEMA, JSON_OBJECT)),  # litellm#6610
        (REJECTED, None, GEMINI, (JSON_SCHEMA, JSON_OBJECT, TOOL)),  # vercel/ai#16540
        (REJECTED, None, "This model does not support tool use", (TOOL,)),
        (REJECTED, None, "Bad prompt", ()),
        (WRONG, "response_format.type", "Input should be 'text'", (JSON_SCHEMA, JSON_OBJECT)),
        (WRONG, "tool_choice", "Input should be 'auto'", (TOOL,)),
        (WRONG, "max_tokens", "max_tokens beside response_format and tools", ()),
        (FailureKind.UNAVAILABLE, None, DEEPSEEK, ()),
    ],
)
def test_a_refusal_of_the_way_is_known(
    kind: FailureKind, param: str | None, message: str, refused: tuple[Way, ...]
) -> None:
    """A stated parameter decides, else the words; other failures are not about the way."""
    failure = Failure(kind, status=400, message=message, param=param)
    assert tuple(way for way in Way if is_refused(failure, way)) == refused
    invalid = replace(failure, code=INVALID_OUTPUT)
    assert not any(is_refused(invalid, way) for way in Way)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("invalid_json_schema", "Invalid", True),
        (None, "Invalid schema for response_format 'x': In context=()", True),
        (
            None,
            "invalid schema for response format: json_schema/x: minItems is not supported",
            True,
        ),
        (None, "Unsupported JSON schema fields: {'minItems'}", True),
        (None, "'response_format' of type 'json_schema' is not supported with model", False),
        (None, DEEPSEEK, False),
        (None, GROQ, False),
    ],
)
def test_a_refusal_of_one_schema_is_no_lesson(
    code: str | None, message: str, expected: bool
) -> None:
    """Another schema may well be taken, so it is told apart."""
    assert is_about_schema(Failure(REJECTED, code=code, message=message)) is expected


def test_a_server_that_judges_for_itself_is_known() -> None:
    """Groq answers 400 where its model wrote no valid JSON."""
    assert is_judged_by_server(Failure(REJECTED, code="json_validate_failed"))
    assert not is_judged_by_server(Failure(REJECTED, code="invalid_json_schema"))


def completion(finish: Any = "stop", **message: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def call(name: Any, arguments: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    ("answer", "tool", "said"),
    [
        (completion(content="{}"), None, Said("{}", finish_reason="stop")),
        (completion(content=None, finish=None), None, Said()),
        (completion(content="", refusal="No."), None, Said(finish_reason="stop", refusal="No.")),
        (completion(content="{}", refusal=""), None, Said("{}", finish_reason="stop")),
        (
            completion("tool_calls", content=None, tool_calls=[call("f", "{}")]),
            None,
            Said(calls=True, finish_reason="tool_calls"),
        ),
        (
            completion("tool_calls", tool_calls=[call("f", "[]"), call("Person", "{}")]),
            "Person",
            Said("{}", forced=True, finish_reason="tool_calls"),
        ),
        (completion(tool_calls=[call("Person", None)]), "Person", Said("", True, False, "stop")),
        (completion(content="{}"), "Person", Said("{}", finish_reason="stop")),
        (completion(content="{}", tool_calls=["odd", {}]), "f", Said("{}", finish_reason="stop")),
        ({"choices": [{"message": "odd"}]}, None, Said()),
        ({"choices": ["odd"]}, None, Said()),
        ({"choices": []}, None, Said()),
        ({}, None, Said()),
        (None, None, Said()),
    ],
)  # fmt: skip
def test_what_was_said_is_read(answer: object, tool: str | None, said: Said) -> None:
    """The text of the first choice, or the arguments of the call that was demanded."""
    assert said_in(answer, tool) == said


def test_a_forced_call_becomes_the_content() -> None:
    """Who reads the content finds the same there as with any other way."""
    answer = completion("tool_calls", content=None, tool_calls=[call("Person", "{}")])
    answer["choices"].append({"index": 1})
    made: Any = WantedShape("Person").whole(answer)
    assert made["choices"][0] == {
        "index": 0, "message": {"content": "{}"}, "finish_reason": "stop"
    }  # fmt: skip
    assert made["choices"][1] == {"index": 1}
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    odd = {"choices": None}
    assert WantedShape("Person").whole(odd) is odd


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(refusal="I will not."), "the model refused: I will not."),
        (Said(finish_reason="length"), "cut at its limit of tokens; raise max_tokens"),
        (Said(finish_reason="content_filter"), "stopped by a content filter"),
        (Said(finish_reason="stop"), None),
        (Said(), None),
    ],
)
def test_an_answer_that_was_stopped_says_why(said: Said, reason: str | None) -> None:
    """Where asking again would not help, there are words of their own for it."""
    told = stopped(said)
    assert told is None if reason is None else reason in str(told)
