"""What fields and keywords become on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import tool
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.harness import DONE, FIRST, SECOND, Service, chat, delta, limited, stream

from .side_helpers import Side


@pytest.fixture
def service() -> Service:
    return Service(lambda sent: _stream() if sent.body.get("stream") else chat(sent.model))


def _stream() -> Any:
    return stream(delta("Hi"), delta(finish="stop"), DONE)


def body(side: Side, service: Service, fields: Any = None, **options: Any) -> dict[str, Any]:
    """Send a short prompt, and return the rest of the body that the service got."""
    side.invoke(side.chat(service, **(fields or {})), "Hello", **options)
    return rest(service)


def rest(service: Service) -> dict[str, Any]:
    sent: dict[str, Any] = service.sent[-1].body
    return {name: value for name, value in sent.items() if name not in ("messages", "model")}


def test_nothing_is_sent_that_was_not_set(side: Side, service: Service) -> None:
    """The server's own defaults hold."""
    assert body(side, service) == {}
    assert service.sent[-1].body["messages"] == [{"role": "user", "content": "Hello"}]


FIELDS: dict[str, Any] = {
    "temperature": 0.0,
    "max_tokens": 5,
    "top_p": 0.5,
    "seed": 7,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
    "n": 2,
    "logprobs": False,
    "top_logprobs": 3,
    "reasoning_effort": "low",
    "parallel_tool_calls": False,
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_members_of_the_body(side: Side, service: Service, name: str) -> None:
    """Also where they are zero or false; a keyword of the call goes before the field."""
    value = FIELDS[name]
    assert body(side, service, {name: value}) == {name: value}
    assert body(side, service, {name: None}, **{name: value}) == {name: value}
    assert body(side, service, {name: value}, **{name: None}) == {}


def test_other_members_go_as_they_are(side: Side, service: Service) -> None:
    """From the model, from the call, and in the spelling of other connectors."""
    model = {"model_kwargs": {"top_k": 1, "user": "ada"}}
    sent = body(side, service, model, user="bo", extra_body={"safe_prompt": True})
    assert sent == {"top_k": 1, "user": "bo", "safe_prompt": True}


@pytest.mark.parametrize("fields", [{"stop": ["a"]}, {"stop": "a"}, {"stop_sequences": ["a"]}])
def test_stop_words(side: Side, service: Service, fields: Any) -> None:
    """One or several, in both of LangChain's names; those of the call go first."""
    assert body(side, service, fields) == {"stop": ["a"]}
    assert body(side, service, fields, stop=["b"]) == {"stop": ["b"]}
    assert body(side, service, fields, stop=[]) == {}


def test_the_model_of_a_call(side: Side, service: Service) -> None:
    """It goes before the model's own."""
    side.invoke(side.chat(service), model=SECOND)
    assert service.models == [SECOND]


def test_options_of_the_client_are_no_members_of_the_body(side: Side, service: Service) -> None:
    """They bound the call, or say who else is asked; ready clients are told of a model's."""
    service.answer = lambda sent: limited() if sent.model == FIRST else chat(sent.model)
    headers = {"x-caller": "me"}
    side.invoke(side.chat(service), fallback=["other/model"], timeout=9, extra_headers=headers)
    side.invoke(side.chat(service, fallback=["other/model"], max_retries=0, timeout=9))
    assert service.models == [FIRST, "other/model"] * 2
    assert service.sent[1].headers["x-caller"] == "me"
    assert not {"fallback", "timeout", "headers"} & service.sent[1].body.keys()


def test_streams_are_asked_for_their_tokens(side: Side, service: Service) -> None:
    """Unless told not to; `n` is for whole answers."""
    side.chunks(side.chat(service, n=3))
    assert rest(service) == {"stream": True, "stream_options": {"include_usage": True}}
    side.chunks(side.chat(service, stream_usage=False))
    assert rest(service) == {"stream": True}
    side.chunks(side.chat(service), stream_usage=False)
    assert rest(service) == {"stream": True}
    side.chunks(side.chat(service), stream_options={"include_obfuscation": False})
    assert rest(service)["stream_options"] == {"include_obfuscation": False}


def test_a_streaming_model_streams_behind_invoke(side: Side, service: Service) -> None:
    """As LangChain's `streaming=True` means."""
    answer = side.invoke(side.chat(service, streaming=True))
    assert (answer.content, rest(service)["stream"]) == ("Hi", True)


# Tools


def find(what: str) -> str:
    """Find something."""
    return what


class Find(BaseModel):
    """Find something."""

    what: str


class FindDict(TypedDict):
    """Find something."""

    what: str


PARAMETERS = {
    "type": "object",
    "properties": {"what": {"type": "string"}},
    "required": ["what"],
}
PLAIN = {"name": "find", "description": "Find something.", "parameters": PARAMETERS}


@pytest.mark.parametrize(
    "offered",
    [
        find,
        Find,
        FindDict,
        tool(find),
        PLAIN,
        {"type": "function", "function": PLAIN},
        {"title": "find", "description": "Find something.", **PARAMETERS},
        {"name": "find", "description": "Find something.", "input_schema": PARAMETERS},
    ],
    ids=[
        "function",
        "pydantic",
        "typeddict",
        "tool",
        "function-dict",
        "openai",
        "schema",
        "claude",
    ],
)
def test_whatever_becomes_a_tool(side: Side, service: Service, offered: Any) -> None:
    """Functions, classes, LangChain's tools, and dicts of all kinds."""
    side.invoke(side.chat(service).bind_tools([offered]))
    (sent,) = rest(service)["tools"]
    assert sent["type"] == "function"
    assert sent["function"]["name"].lower().startswith("find")
    assert sent["function"]["description"] == "Find something."
    assert sent["function"]["parameters"] == PARAMETERS


NAMED = {"type": "function", "function": {"name": "find"}}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        ("required", "required"),
        (True, "required"),
        (False, "none"),
        ("find", NAMED),
        (NAMED, NAMED),
        ({"type": "tool", "name": "find"}, NAMED),
        ({"type": "any"}, "required"),
        ({"type": "allowed_tools", "mode": "auto"}, {"type": "allowed_tools", "mode": "auto"}),
    ],
    ids=str,
)
def test_the_choice_among_tools(side: Side, service: Service, choice: Any, sent: Any) -> None:
    """LangChain's words, OpenAI's and Anthropic's."""
    service.answer = lambda sent: chat(sent.model, tool_calls=[_call()])
    side.invoke(side.chat(service).bind_tools([find], tool_choice=choice))
    assert rest(service)["tool_choice"] == sent


def _call() -> dict[str, Any]:
    function = {"name": "find", "arguments": "{}"}
    return {"id": "c1", "type": "function", "function": function}


def test_no_choice_is_sent_where_there_is_none(side: Side, service: Service) -> None:
    """Neither without a wish nor without tools."""
    side.invoke(side.chat(service).bind_tools([find]))
    assert "tool_choice" not in rest(service)
    side.invoke(side.chat(service).bind_tools([], tool_choice="any"))
    assert "tool_choice" not in rest(service)


@pytest.mark.parametrize("choice", ["fnid", {"type": "tool", "name": "fnid"}])
def test_a_choice_must_be_among_the_tools(side: Side, service: Service, choice: Any) -> None:
    """A typing error is told before anything is sent."""
    with pytest.raises(ValueError, match=r"'fnid' is not one of the tools offered \(find\)"):
        side.chat(service).bind_tools([find], tool_choice=choice)
    with pytest.raises(ValueError, match="not 7"):
        side.chat(service).bind_tools([find], tool_choice=7)  # type: ignore[arg-type]


def test_strict_and_parallel_calls(side: Side, service: Service) -> None:
    """Both are said where they were set."""
    bound = side.chat(service).bind_tools([find], strict=True, parallel_tool_calls=False)
    side.invoke(bound)
    sent = rest(service)
    assert sent["parallel_tool_calls"] is False
    assert sent["tools"][0]["function"]["strict"] is True
    assert sent["tools"][0]["function"]["parameters"]["additionalProperties"] is False


# Response formats

FORMAT = {"type": "json_schema", "json_schema": {"name": "Find", "schema": PARAMETERS}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("json_object", {"type": "json_object"}),
        ({"type": "json_object"}, {"type": "json_object"}),
        ({"type": "text"}, {"type": "text"}),
        (FORMAT, FORMAT),
        ({"type": "grammar", "grammar": "x"}, {"type": "grammar", "grammar": "x"}),
    ],
    ids=str,
)
def test_response_formats(side: Side, service: Service, given: Any, sent: Any) -> None:
    """In the SDK's words, in OpenAI's, and in those of one server."""
    assert body(side, service, response_format=given) == {"response_format": sent}


def test_a_class_is_a_response_format_too(side: Side, service: Service) -> None:
    """Its schema is sent."""
    sent = body(side, service, response_format=Find)["response_format"]
    assert sent["json_schema"]["name"] == "Find"
    assert sent["json_schema"]["schema"]["required"] == ["what"]
