"""Whole answers of servers that differ from OpenAI's form come out in it; others as they are."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer import calls as answers_calls
from github_models_azure._core.answer.normalise import Form
from tests.core.answer.answer_helpers import ANSWERS, HOSTILE, USAGE, same


def answer(finish: Any = "stop", usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hi", **message}
    choice = {"index": 0, "finish_reason": finish, "message": message}
    return {"id": "a1", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def call(**members: Any) -> dict[str, Any]:
    function = {"name": "f", "arguments": '{"x":1}'}
    return {"id": "call_1", "type": "function", "function": function, **members}


def fitted_choice(value: dict[str, Any]) -> Any:
    return Form().whole(value)["choices"][0]  # type: ignore[index]


def fitted_calls(**message: Any) -> Any:
    return fitted_choice(answer(**message))["message"]["tool_calls"]


@given(value=ANSWERS)
def test_answers_of_any_shape_are_brought_into_form_once(value: dict[str, Any]) -> None:
    """Nothing raises, the answer given is left alone, and a second time nothing changes."""
    before = copy.deepcopy(value)
    fitted = Form().whole(value)
    assert same(value, before)
    assert Form().whole(fitted) is fitted
    assert set(fitted) >= set(value)


@pytest.mark.parametrize("message", ["Hi", 3, ["Hi"]])
def test_a_message_that_is_none_stays(message: Any) -> None:
    """What it means is nobody's to guess; the SDK's model refuses it."""
    value = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert Form().whole(value)["choices"][0]["message"] is message


@given(
    finish=st.sampled_from(["stop", "length", "content_filter", "odd", None]),
    content=st.none() | st.text(),
    usage=st.just(USAGE) | st.none(),
    extra=HOSTILE,
)
def test_an_answer_in_openais_form_is_returned_itself(
    finish: Any, content: Any, usage: Any, extra: Any
) -> None:
    """A healthy answer costs no copy, whatever unknown members it has."""
    plain = answer(finish, usage, content=content, refusal=None, extra=extra, tool_calls=None)
    assert Form().whole(plain) is plain
    calling = answer("tool_calls", usage, content=None, tool_calls=[call(extra_content=extra)])
    assert Form().whole(calling) is calling


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("stop_sequence", "stop"),
        ("end_turn", "stop"),
        ("STOP", "stop"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("tool_use", "tool_calls"),
        ("function_call", "tool_calls"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("content_filter: PROHIBITED_CONTENT", "content_filter"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", None),
        ("insufficient_system_resource", None),
        ("Stop", None),
        ("", None),
        (7, "7"),
        ({"type": "stop", "matched": 7}, "stop"),
        ({"matched": 7}, "stop"),
        (["stop"], None),
        (None, None),
    ],
)
def test_each_finish_reason_has_its_name(reason: Any, expected: str | None) -> None:
    """The SDK's four stand for what servers call otherwise; unknown ones stay, as text."""
    choice = fitted_choice(answer(reason))
    assert choice["finish_reason"] == (reason if expected is None else expected)
    changed = expected not in (None, reason)
    assert choice.get("native_finish_reason") == (reason if changed else None)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "tool_calls"),
        ("eos", "tool_calls"),
        ("STOP", "tool_calls"),
        ("length", "length"),
        ("SAFETY", "content_filter"),
        (None, None),
    ],
)
def test_a_stop_at_calls_is_told_as_calls(reason: Any, expected: Any) -> None:
    """Loops that run tools ask for ``tool_calls``; Gemini says ``stop``."""
    assert fitted_choice(answer(reason, tool_calls=[call()]))["finish_reason"] == expected
    assert fitted_choice(answer(reason, tool_calls=[]))["finish_reason"] != "tool_calls"


def test_the_servers_own_word_for_its_reason_is_kept() -> None:
    """OpenRouter's ``native_finish_reason`` is not written over."""
    value = answer("eos")
    value["choices"][0]["native_finish_reason"] = "<|eot|>"
    assert fitted_choice(value)["native_finish_reason"] == "<|eot|>"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"type": None}, call()),
        ({"type": ""}, call()),
        ({"function": {"name": "f", "arguments": {"x": 1}}}, call()),
        (
            {"function": {"name": "f", "arguments": {"y": ["ü", None]}}},
            call(function={"name": "f", "arguments": '{"y":["ü",null]}'}),
        ),
        ({"function": {"name": "f", "arguments": [1]}},
         call(function={"name": "f", "arguments": "[1]"})),
        ({"function": {"name": "f"}}, call(function={"name": "f", "arguments": "{}"})),
        ({"function": {"name": "f", "arguments": None}},
         call(function={"name": "f", "arguments": "{}"})),
        ({"function": {"name": "f", "arguments": ""}},
         call(function={"name": "f", "arguments": "{}"})),
        ({"index": 0, "extra_content": {"google": 1}},
         call(index=0, extra_content={"google": 1})),
        ({"function": "odd"}, call(function="odd")),
        ({"function": {"name": "f", "arguments": 5}},
         call(function={"name": "f", "arguments": "5"})),
    ],
)  # fmt: skip
def test_a_call_gets_what_it_lacks(members: dict[str, Any], expected: dict[str, Any]) -> None:
    """Type, id and arguments as text; unknown members and odd shapes stay as they are."""
    assert fitted_calls(tool_calls=[call(**members)]) == [expected]


@pytest.mark.parametrize("missing", [{"id": ""}, {"id": None}])
def test_a_made_id_is_stable_and_its_own(missing: dict[str, Any]) -> None:
    """The same answer gives the same ids, each call another, and so does another answer."""
    nameless = [call(**missing), call(**missing), call()]
    first, second, given_id = (one["id"] for one in fitted_calls(tool_calls=nameless))
    assert [one["id"] for one in fitted_calls(tool_calls=nameless)] == [first, second, given_id]
    assert len({first, second, given_id}) == 3
    assert given_id == "call_1"
    assert first.startswith("call_")
    assert len(first) <= 40  # what OpenAI takes back
    other = {**answer(tool_calls=nameless), "id": "a2"}
    assert fitted_choice(other)["message"]["tool_calls"][0]["id"] not in (first, second)


@pytest.mark.parametrize("odd", ["x", 7, {"0": "x"}, ["x"], [None]])
def test_calls_that_are_none_stay(odd: Any) -> None:
    """What is no list of calls is handed on, and an answer with it only stops."""
    value = answer("stop", tool_calls=odd)
    assert Form().whole(value) is value


def test_arguments_that_cannot_be_written_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read but is nested too deep to be written raises nothing."""

    def too_deep(*_: object, **__: object) -> str:
        raise RecursionError

    monkeypatch.setattr(answers_calls.json, "dumps", too_deep)
    odd = call(function={"name": "f", "arguments": {"x": 1}})
    assert fitted_calls(tool_calls=[odd]) == [odd]


def test_a_legacy_call_becomes_a_tool_call() -> None:
    """``function_call`` stays beside; where both are sent, as by llama-cpp-python, they are one."""
    legacy = {"name": "f", "arguments": '{"x":1}'}
    choice = fitted_choice(answer("function_call", content=None, function_call=legacy))
    (made,) = choice["message"]["tool_calls"]
    assert made == {**call(), "id": made["id"]}
    assert choice["message"]["function_call"] == legacy
    assert choice["finish_reason"] == "tool_calls"
    both = answer("tool_calls", function_call=legacy, tool_calls=[call()])
    assert Form().whole(both) is both
    neither = answer("stop", function_call={}, tool_calls=None)
    assert Form().whole(neither) is neither


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}


@pytest.mark.parametrize(
    ("parts", "text", "thought"),
    [
        ([], "", None),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab", None),
        ([THINKING, {"type": "text", "text": "a"}], "a", "hm"),
        ([{"type": "thinking", "thinking": "hm"}], "", "hm"),
        (["a", {"text": "b"}, None, 7], "ab", None),
        ([{"type": "image_url", "text": "no"}, {"type": "text", "text": None}], "", None),
    ],
)
def test_a_list_of_parts_becomes_a_text(parts: list[Any], text: str, thought: Any) -> None:
    """The SDK would print the list as Python; the parts are kept beside."""
    message = fitted_choice(answer(content=parts))["message"]
    assert (message["content"], message["content_parts"]) == (text, parts)
    assert message.get("reasoning_content") == thought
    said = fitted_choice(answer(content=parts, reasoning_content="said"))["message"]
    assert said["reasoning_content"] == "said"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2}, USAGE),
        ({"prompt_tokens": 1, "completion_tokens": None, "total_tokens": 3}, USAGE),
        ({"completion_tokens": 2, "total_tokens": 3}, USAGE),
        ({"prompt_tokens": 1.0, "completion_tokens": "2", "total_tokens": 3}, USAGE),
        ({"prompt_tokens": "1", "completion_tokens": 2.0}, USAGE),
        ({**USAGE, "queue_time": 0.5}, {**USAGE, "queue_time": 0.5}),
        ({"prompt_tokens": 5, "total_tokens": 3}, {"prompt_tokens": 5, "total_tokens": 3}),
        ({"completion_tokens": 5, "total_tokens": 3}, {"completion_tokens": 5, "total_tokens": 3}),
        ({"total_tokens": 3}, {"total_tokens": 3}),
        ({**USAGE, "total_tokens": 2.5}, {**USAGE, "total_tokens": 2.5}),
        ({**USAGE, "total_tokens": True}, {**USAGE, "total_tokens": True}),
        ({**USAGE, "total_tokens": "9" * 40}, {**USAGE, "total_tokens": "9" * 40}),
        ({**USAGE, "total_tokens": "three"}, {**USAGE, "total_tokens": "three"}),
        ({}, {}),
        ([], []),
        (None, None),
    ],
)
def test_usage_is_whole(usage: Any, expected: Any) -> None:
    """A missing count is worked out of the other two; nothing else is made up."""
    assert same(Form().whole(answer(usage=usage))["usage"], expected)


@pytest.mark.parametrize(
    ("groq", "expected"), [({"usage": USAGE}, USAGE), ({"id": "r"}, None), ("odd", None)]
)
def test_groqs_usage_is_found(groq: Any, expected: Any) -> None:
    """Groq put it into a member of its own."""
    value = {**answer(usage=None), "x_groq": groq}
    assert Form().whole(value)["usage"] == expected
    assert Form().whole({**value, "usage": USAGE})["usage"] == USAGE


def test_a_choice_has_an_index_and_a_message() -> None:
    """Copilot leaves the index out; Gemini the message, where its filter stopped the answer."""
    value = {"choices": [{"finish_reason": "content_filter: SAFETY"}, {"message": None}, "odd"]}
    first, second, odd = Form().whole(value)["choices"]  # type: ignore[misc]
    assert (first["index"], second["index"], odd) == (0, 1, "odd")
    assert first["message"] == {"role": "assistant", "content": None}
    assert first["finish_reason"] == "content_filter"


@pytest.mark.parametrize("name", ["id", "created", "model", "usage"])
def test_what_a_server_leaves_out_is_not_made_up(name: str) -> None:
    """The SDK's models have ``None`` for it."""
    value = answer()
    del value[name]
    assert Form().whole(value) is value
