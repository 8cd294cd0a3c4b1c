"""Tool calls as public reports show them: each comes out as the SDK promises it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure._core.answer.normalise import Form

PLACE = '{"location":"Bangkok"}'
SHAPES: dict[str, tuple[str, dict[str, Any], str]] = {
    # Qwen through OpenRouter: stops at its call.
    "openrouter-examples-python#4": (
        "stop",
        {
            "content": "",
            "tool_calls": [
                {
                    "id": "call_Li7QiC9LXUTiwc0X13e3JZ5Z",
                    "function": {"arguments": PLACE, "name": "f"},
                    "type": "function",
                    "index": 0,
                }
            ],
        },
        "call_Li7QiC9LXUTiwc0X13e3JZ5Z",
    ),
    # Gemini: an empty id, and it stops.
    "autogen#4878": (
        "stop",
        {
            "content": None,
            "tool_calls": [
                {"id": "", "type": "function", "function": {"name": "f", "arguments": PLACE}}
            ],
        },
        "",
    ),
    # An object where text belongs.
    "text-generation-inference#2461": (
        "eos_token",
        {
            "tool_calls": [
                {
                    "id": "0",
                    "type": "function",
                    "function": {"name": "f", "arguments": {"location": "Bangkok"}},
                }
            ]
        },
        "0",
    ),
    # Deprecated by OpenAI, and still what older servers say.
    "openai-openapi#88": (
        "function_call",
        {"content": None, "function_call": {"name": "f", "arguments": PLACE}},
        "",
    ),
    # All calls of Mistral's streams come whole, without index and type.
    "opik#8362": (
        "tool_calls",
        {"content": "", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": PLACE}}]},
        "a",
    ),
    # The one call without a list around it.
    "a lone call": (
        "tool_calls",
        {"tool_calls": {"id": "a", "function": {"name": "f", "arguments": PLACE}}},
        "a",
    ),
    # A list of names and arguments: the example of the guide "Adding New Model Providers".
    "OpenHands": (
        "stop",
        {"content": "", "function_execution": [{"name": "f", "arguments": PLACE}]},
        "",
    ),
}


def check(call: Any, finish: Any, identity: str) -> None:
    """One call of ``f``, complete."""
    assert call["type"] == "function"
    assert call["function"]["name"] == "f"
    assert json.loads(call["function"]["arguments"]) == json.loads(PLACE)
    assert call["id"]
    assert call["id"] == (identity or call["id"])
    assert finish == "tool_calls"


@pytest.mark.parametrize(("finish", "message", "identity"), SHAPES.values(), ids=SHAPES)
def test_a_reported_shape_comes_out_as_the_sdk_promises(
    finish: str, message: dict[str, Any], identity: str
) -> None:
    """Whole, and as the one piece of a stream."""
    choice = {"index": 0, "finish_reason": finish, "message": message}
    fitted: Any = Form().whole({"id": "a1", "choices": [choice]})["choices"][0]  # type: ignore[index]
    (call,) = fitted["message"]["tool_calls"]
    check(call, fitted["finish_reason"], identity)

    reader = Form()
    updates = [{"delta": message, "finish_reason": None}, {"delta": {}, "finish_reason": finish}]
    first, last = (
        reader.update({"id": "a1", "choices": [{"index": 0, **one}]})["choices"][0]  # type: ignore[index]
        for one in updates
    )
    (piece,) = first["delta"]["tool_calls"]
    check(piece, last["finish_reason"], identity)
    assert piece["index"] == 0


def test_listed_calls_are_counted_and_told_apart() -> None:
    """Each entry of ``function_execution`` is a call of its own; what is no list of them stays."""
    entries = [{"name": "f", "arguments": {"x": 1}}, {"name": "f", "arguments": "{}"}]
    message = {"content": "", "function_execution": entries}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    fitted: Any = Form().whole({"choices": [choice]})["choices"][0]  # type: ignore[index]
    first, second = fitted["message"]["tool_calls"]
    assert first["id"] != second["id"]
    assert first["function"] == {"name": "f", "arguments": '{"x":1}'}
    assert fitted["message"]["function_execution"] == entries
    for odd in ("f", {"name": "f"}, ["f"], [None, *entries], [], None):
        value = {"choices": [{**choice, "message": {**message, "function_execution": odd}}]}
        assert Form().whole(value) is value
    both = {**message, "tool_calls": [{**first}]}
    value = {"choices": [{**choice, "finish_reason": "tool_calls", "message": both}]}
    assert Form().whole(value) is value
