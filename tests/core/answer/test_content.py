"""What counts as content, in whatever form a server sends it."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure._core.answer.content import holds_content, holds_content_at_all

SAYING: list[Any] = [
    {"content": "x"},
    {"content": " "},
    {"content": 0.5},
    {"content": {"text": "x"}},
    {"content": [{"type": "text", "text": ""}, {"type": "text", "text": "x"}]},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
    {"content": "", "reasoning_content": "hm"},
    {"reasoning": "hm"},
    {"reasoning_text": "hm"},
    {"thinking": "hm"},
    {"thinking_blocks": [{"type": "thinking", "thinking": "hm"}]},
    {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "hm"}]},
    {"refusal": "no"},
    {"audio": {"data": "AAAA"}},
    {"audio": {"id": "a", "transcript": "x"}},
    {"audio": {"id": "a"}},
    {"function_call": {"name": "f", "arguments": ""}},
    {"function_call": {"arguments": "{"}},
    {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
    {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": {"a": 1}}}]},
    {"function_execution": [{"name": "f"}]},
]
SILENT: list[Any] = [
    None,
    "content",
    {},
    {"role": "assistant"},
    {"role": "assistant", "content": ""},
    {"role": "assistant", "content": None, "refusal": None, "audio": None},
    {"content": []},
    {"content": [{"type": "text", "text": ""}]},
    {"content": {"text": ""}},
    {"reasoning": "", "reasoning_content": "", "reasoning_details": []},
    {"reasoning_details": [{"type": "reasoning.text", "text": "", "index": 0}]},
    {"refusal": False},
    {"audio": {}},
    {"audio": {"id": "a", "transcript": "", "data": ""}},
    {"function_call": {"name": "", "arguments": ""}},
    {"tool_calls": []},
    {"tool_calls": [{}]},
    {"tool_calls": [{"index": 0}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": ""}}]},
    {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"arguments": ""}}]},
    {"tool_calls": [{"index": 0, "id": "c", "function": {"name": None, "arguments": None}}]},
    {"tool_calls": None},
    {"usage": {"total_tokens": 3}},
]


@pytest.mark.parametrize("said", SAYING)
def test_what_says_something_is_content(said: Any) -> None:
    """In a delta, in a message in place of one, and in any choice."""
    assert holds_content(said)
    for member in ("delta", "message"):
        assert holds_content_at_all({"choices": [{"delta": {}}, {"index": 1, member: said}]})


@pytest.mark.parametrize("said", SILENT)
def test_what_says_nothing_is_not(said: Any) -> None:
    """A member that is there and empty keeps a connection alive, and no more."""
    assert not holds_content(said)
    for member in ("delta", "message"):
        assert not holds_content_at_all({"choices": [{member: said, "finish_reason": "stop"}]})


@pytest.mark.parametrize("update", [{}, {"choices": None}, {"choices": [None, "x"]}, {"usage": {}}])
def test_an_update_without_choices_has_none(update: dict[str, Any]) -> None:
    """Usage and results of filters come so."""
    assert not holds_content_at_all(update)


def test_how_deep_it_goes_is_bounded() -> None:
    """What is nested without end is no keep-alive."""
    nested: Any = ""
    for _ in range(5000):
        nested = [nested]
    assert holds_content({"content": nested})
