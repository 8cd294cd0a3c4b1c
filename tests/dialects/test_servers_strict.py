"""Gemini, Mistral, Groq and Cerebras: what their strict servers refuse, and what they take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.servers import SIGNATURE, cerebras, gemini, groq, mistral
from tests.dialects.servers_client import HELLO, WEATHER, asked_for, chat, error, history

THOUGHT = {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}
SAID = [*HELLO, THOUGHT, *HELLO]


def schema(**parameters: Any) -> dict[str, Any]:
    """A tool with these parameters."""
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


# Gemini


def test_gemini_answers_errors_in_an_array() -> None:
    """Every parameter of the query is unknown."""
    with gemini() as server:
        got = chat(server, "?api-version=1&key=k")
        (told,) = got.json
        assert (got.status, told["error"]["code"]) == (400, 400)
        assert told["error"]["status"] == "INVALID_ARGUMENT"
        first, second = told["error"]["message"].splitlines()
        assert first.startswith(
            'Invalid JSON payload received. Unknown name "api-version": Cannot bind query '
            "parameter. Field 'api-version' could not"
        )
        assert '"key"' in second


@pytest.mark.parametrize("name", ["frequency_penalty", "presence_penalty", "seed", "top_k", "x"])
def test_gemini_refuses_members(name: str) -> None:
    """It has no such field; others it has."""
    with gemini() as server:
        got = chat(server, **{name: 1})
        said = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
        assert (got.status, got.json[0]["error"]["message"]) == (400, said)
        assert chat(server, max_tokens=5, temperature=0, top_p=1, n=1, stop="x").status == 200


@pytest.mark.parametrize("keyword", ["$schema", "additionalProperties", "const"])
def test_gemini_refuses_keywords_in_tools(keyword: str) -> None:
    """At any depth; a property may be called so."""
    inner = {"type": "object", "properties": {"a": {"type": "string", keyword: "x"}}}
    with gemini() as server:
        got = chat(server, tools=[WEATHER, schema(**inner)])
        assert got.status == 400
        assert got.json[0]["error"]["message"].endswith(
            f"Unknown name \"{keyword}\" at 'tools[0].function_declarations[1].parameters': "
            "Cannot find field."
        )
        named = schema(type="object", properties={keyword: {"type": "string"}})
        assert chat(server, tools=[named]).status == 200


@pytest.mark.parametrize("extra", [{}, {"extra_content": {"google": {"thought_signature": "?"}}}])
def test_gemini_wants_its_signature_back(extra: dict[str, Any]) -> None:
    """A history without it is refused; the two documented stand-ins are taken."""
    with gemini() as server:
        got = chat(server, messages=history(**extra))
        assert got.status == 400
        assert "is missing a thought_signature" in got.json[0]["error"]["message"]
        for fine in (SIGNATURE, "skip_thought_signature_validator"):
            signed = {"extra_content": {"google": {"thought_signature": fine}}}
            assert chat(server, messages=history(**signed)).status == 200


def test_gemini_signs_its_calls_and_stops() -> None:
    """The first of several is signed; the reason is stop; streamed calls have no index."""
    with gemini() as server:
        server.answer_tool_call("get_weather", city="Oslo")
        server.answer_tool_call("get_weather", city="Rome")
        choice = chat(server, tools=[WEATHER]).json["choices"][0]
        first, second = choice["message"]["tool_calls"]
        assert first["extra_content"] == {"google": {"thought_signature": SIGNATURE}}
        assert "extra_content" not in second
        assert choice["finish_reason"] == "stop"
        got = chat(server, tools=[WEATHER], stream=True)
        calls = [call for delta in got.deltas for call in delta.get("tool_calls", ())]
        assert [(set(call) & {"index", "type"}) for call in calls] == [{"type"}, {"type"}]


def test_gemini_says_in_the_body_how_long_to_wait() -> None:
    """No header, a duration among the details."""
    with gemini() as server:
        server.fail(429)
        got = chat(server)
        assert got.json[0]["error"]["details"][0]["retryDelay"] == "57.23s"
        assert "retry-after" not in got.headers


# Mistral


def test_mistral_lists_every_extra() -> None:
    """At the top, in messages and in calls, all in one answer."""
    messages = [*history(index=0, extra_content={}), THOUGHT, {**HELLO[0], "name": "me"}]
    with mistral() as server:
        got = chat(server, messages=messages, seed=1, max_completion_tokens=5)
        assert got.status == 422
        assert [item["loc"] for item in got.json["detail"]] == [
            ["body", "seed"],
            ["body", "max_completion_tokens"],
            ["body", "messages", 1, "assistant", "tool_calls", 0, "extra_content"],
            ["body", "messages", 3, "assistant", "reasoning_content"],
            ["body", "messages", 4, "user", "name"],
        ]
        first = got.json["detail"][0]
        assert (first["type"], first["input"]) == ("extra_forbidden", 1)
        assert first["msg"] == "Extra inputs are not permitted"
        assert chat(server, random_seed=1, max_tokens=5, messages=history()).status == 200
        assert chat(server, messages=[{"role": "developer", "content": "x"}]).status == 422


@pytest.mark.parametrize("call_id", ["call_000000000000000000000001", "mCall_001", "mCall00011"])
def test_mistral_wants_ids_of_nine(call_id: str) -> None:
    """Letters and digits only, exactly nine."""
    with mistral() as server:
        got = chat(server, messages=history(call_id))
        assert (got.status, got.json["code"]) == (400, "3280")
        assert got.json["message"] == (
            f"Tool call id was {call_id} but must be a-z, A-Z, 0-9, with a length of 9."
        )


def test_mistral_streams_whole_calls() -> None:
    """One chunk, without index and type, ids of nine, and the reason beside."""
    with mistral() as server:
        server.answer_tool_call("get_weather", city="Oslo")
        got = chat(server, tools=[WEATHER], stream=True)
        (with_calls,) = [d for d in got.deltas if d.get("tool_calls")]
        (call,) = with_calls["tool_calls"]
        assert set(call) == {"id", "function"}
        assert call["id"] == "mCall0001"
        assert got.events[-1]["choices"][0]["finish_reason"] == "tool_calls"


# Groq


def test_groq_refuses_unknown_members() -> None:
    """In the body one by one, in messages with their place."""
    with groq() as server:
        unknown = chat(server, store=True)
        assert error(unknown) == (400, None, None, "property 'store' is unsupported")
        inside = error(chat(server, messages=SAID))
        assert inside[3] == (
            "'messages.1' : for 'role:assistant' the following must be satisfied"
            "[('messages.1' : property 'reasoning_content' is unsupported)]"
        )
        assert chat(server, messages=history(), seed=1, max_tokens=5).status == 200


def test_groq_wants_system_messages_as_text() -> None:
    """A list of parts is for users."""
    parts = [{"type": "text", "text": "Hi"}]
    with groq() as server:
        refused = error(chat(server, messages=[{"role": "system", "content": parts}]))
        assert refused[0] == 400
        assert refused[3].endswith("[('messages.0.content' : value must be a string)]")
        assert chat(server, messages=[{"role": "user", "content": parts}]).status == 200


def test_groq_tells_its_limits_as_go_durations() -> None:
    """On every answer, with a retry-after on a 429 alone."""
    with groq() as server:
        server.fail(429)
        limited, fine = chat(server), chat(server)
        assert error(limited)[:2] == (429, "rate_limit_exceeded")
        assert "Please try again in 5.289s." in error(limited)[3]
        assert (limited.headers["retry-after"], limited.status) == ("6", 429)
        assert fine.headers["x-ratelimit-reset-requests"] == "2m59.56s"
        assert "retry-after" not in fine.headers


# Cerebras


def test_cerebras_answers_at_the_top_level() -> None:
    """Unknown members, in the body and in messages, are all in one text."""
    with cerebras() as server:
        got = chat(server, messages=SAID, store=True)
        assert (got.status, got.json["code"]) == (400, "wrong_api_format")
        assert got.json["param"] == "validation_error"
        place = "messages.1.assistant.reasoning_content"
        assert got.json["message"].splitlines() == [
            "body.store: property 'body.store' is unsupported",
            f"{place}: property '{place}' is unsupported",
        ]
        own = {"role": "assistant", "content": "Hi", "reasoning": "hm"}
        assert chat(server, messages=[*HELLO, own, *HELLO]).status == 200


def test_cerebras_knows_a_part_of_json_schema() -> None:
    """The refused keywords are listed as Python prints a set."""
    many = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    wanted = {"type": "object", "properties": {"a": many}}
    with cerebras() as server:
        got = chat(server, response_format=asked_for(wanted))
        assert got.json["message"] == "Unsupported JSON schema fields: {'minItems', 'items'}"
        assert got.json["param"] == "response_format"
        plain = {"type": "object", "properties": {"items": {"type": "string"}}}
        assert chat(server, response_format=asked_for(plain)).status == 200
