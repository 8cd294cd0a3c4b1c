"""What is read off a request body, and what of it a model may lack."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.route.needs import (
    IMAGE_TOKENS,
    MESSAGE_OVERHEAD,
    UNKNOWN,
    ModelFacts,
    Needs,
    Operation,
    Unmet,
    derive_needs,
    unmet,
)

TEXT = {"type": "text", "text": "four"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
SOUND_URL = {"type": "audio_url", "audio_url": {"url": "https://sounds.example/a.mp3"}}
TOOL = {"type": "function", "function": {"name": "f"}}
NAMED = {"type": "function", "function": {"name": "f"}}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    [
        *("messages", "tools", "functions", "parallel_tool_calls", "response_format", "stream"),
        *("max_tokens", "max_completion_tokens", "input", "model", "tool_choice"),
        *("reasoning_effort", "reasoning"),
    ]
)
MESSAGES = st.lists(
    JSON
    | st.fixed_dictionaries(
        {
            "role": JSON,
            "content": JSON
            | st.lists(st.fixed_dictionaries({"type": JSON, "text": JSON}), max_size=3),
            "tool_calls": JSON,
        }
    ),
    max_size=4,
)


def of(**body: Any) -> Needs:
    """The needs of a chat body, a token for each character."""
    return derive_needs(body, count=len)


def said(*contents: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content} for content in contents]


@pytest.mark.parametrize(
    ("body", "capabilities"),
    [
        ({}, ("chat",)),
        ({"messages": said("hello")}, ("chat",)),
        ({"messages": said([TEXT])}, ("chat",)),
        ({"messages": said([TEXT, IMAGE])}, ("chat", "images")),
        ({"messages": said([SOUND])}, ("chat", "audio")),
        ({"messages": said([SOUND_URL], [TEXT])}, ("chat", "audio")),
        ({"messages": said([IMAGE, SOUND])}, ("chat", "images", "audio")),
        ({"tools": [TOOL]}, ("chat", "tools")),
        ({"functions": [TOOL]}, ("chat", "tools")),
        ({"tools": []}, ("chat",)),
        ({"tools": [TOOL], "parallel_tool_calls": True}, ("chat", "tools", "parallel_tool_calls")),
        ({"tools": [TOOL], "parallel_tool_calls": False}, ("chat", "tools")),
        ({"parallel_tool_calls": True}, ("chat",)),
        ({"tools": [TOOL], "tool_choice": "required"}, ("chat", "tools", "forced_choice")),
        ({"tools": [TOOL], "tool_choice": NAMED}, ("chat", "tools", "forced_choice")),
        ({"tools": [TOOL], "tool_choice": "auto"}, ("chat", "tools")),
        ({"tool_choice": "required"}, ("chat",)),
        ({"reasoning_effort": "low"}, ("chat", "reasoning_effort")),
        ({"reasoning": {"effort": "high"}}, ("chat", "reasoning_effort")),
        ({"reasoning_effort": "none", "reasoning": {"effort": None}}, ("chat",)),
        ({"reasoning_effort": None, "reasoning": "high"}, ("chat",)),
        ({"response_format": {"type": "json_schema"}}, ("chat", "json_schema")),
        ({"response_format": {"type": "json_object"}}, ("chat",)),
        ({"response_format": "json_schema"}, ("chat",)),
        ({"stream": True}, ("chat", "streaming")),
        ({"stream": False}, ("chat",)),
    ],
)
def test_capabilities_are_read_off_the_body(
    body: dict[str, Any], capabilities: tuple[str, ...]
) -> None:
    """A request requires what its body makes use of, and nothing else."""
    assert of(**body).capabilities == capabilities


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({}, 0),
        ({"messages": "no list"}, 0),
        ({"messages": said("four")}, MESSAGE_OVERHEAD + 4),
        ({"messages": said("four", "four")}, 2 * MESSAGE_OVERHEAD + 8),
        ({"messages": said([TEXT, TEXT])}, MESSAGE_OVERHEAD + 8),
        ({"messages": said([IMAGE])}, MESSAGE_OVERHEAD + IMAGE_TOKENS),
        ({"messages": said([TEXT, IMAGE, IMAGE])}, MESSAGE_OVERHEAD + 4 + 2 * IMAGE_TOKENS),
        ({"messages": said([SOUND])}, MESSAGE_OVERHEAD),
        ({"messages": said(["odd"])}, MESSAGE_OVERHEAD),
        ({"messages": ["odd"]}, MESSAGE_OVERHEAD),
        ({"messages": [{"role": "assistant", "tool_calls": [1]}]}, MESSAGE_OVERHEAD + 3),
        ({"tools": [TOOL]}, len(json.dumps([TOOL]))),
        (
            {"response_format": {"type": "json_schema", "x": 1}},
            len(json.dumps({"type": "json_schema", "x": 1})),
        ),
    ],
)
def test_everything_the_model_reads_is_counted(body: dict[str, Any], tokens: int) -> None:
    """Texts, pictures, tools, schemas and earlier tool calls all take room."""
    assert of(**body).input_tokens == tokens


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({}, None),
        ({"max_tokens": 50}, 50),
        ({"max_completion_tokens": 60}, 60),
        ({"max_tokens": 50, "max_completion_tokens": 60}, 60),
        ({"max_tokens": "50"}, None),
    ],
)
def test_the_output_asked_for(body: dict[str, Any], asked: int | None) -> None:
    """The newer member counts before the older one."""
    assert of(**body).output_tokens == asked


@pytest.mark.parametrize("operation", [Operation.EMBEDDINGS, Operation.IMAGE_EMBEDDINGS])
@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        ("four", 4),
        (["four", "sixsix"], 6),
        ([], 0),
        (None, 0),
        ([{"image": "AAAA"}], 0),
        ([[1, 2, 3]], 0),
    ],
)
def test_embeddings_need_the_longest_input(operation: Operation, value: Any, tokens: int) -> None:
    """Each input is embedded on its own, so the longest decides."""
    needs = derive_needs({"input": value, "stream": True}, operation, len)
    assert needs == Needs(tokens, None, ("embeddings",), exact=True)


def test_a_tokenizer_may_be_given() -> None:
    """The default counts by characters; any callable takes its place."""
    body = {"messages": said("one two three")}
    assert derive_needs(body, count=lambda text: len(text.split())).input_tokens == 7
    assert derive_needs(body).input_tokens > MESSAGE_OVERHEAD


@given(
    body=st.dictionaries(MEMBERS | st.text(max_size=4), JSON | MESSAGES, max_size=6),
    operation=st.sampled_from(Operation),
)
def test_no_body_is_too_odd(body: dict[str, Any], operation: Operation) -> None:
    """Whatever JSON a caller sends, needs are derived from it without an exception or a change."""
    before = copy.deepcopy(body)
    needs = derive_needs(body, operation)
    assert needs.input_tokens >= 0
    assert repr(body) == repr(before)
    assert unmet(needs, UNKNOWN) is None


@pytest.mark.parametrize(
    ("capability", "reason"),
    [
        ("audio", "does not take audio"),
        ("chat", "is not a chat model"),
        ("embeddings", "does not make embeddings"),
        ("images", "does not take images"),
        ("json_schema", "does not support json_schema"),
        ("parallel_tool_calls", "does not support parallel tool calls"),
        ("streaming", "does not stream"),
        ("tools", "does not support tools"),
    ],
)
def test_what_a_model_is_known_to_lack_is_named(capability: str, reason: str) -> None:
    """Only a plain no refuses; yes and unknown do not."""
    needs = Needs(capabilities=(capability,))
    assert unmet(needs, ModelFacts(**{capability: False})) == Unmet(reason)
    assert unmet(needs, ModelFacts(**{capability: True})) is None
    assert unmet(needs, UNKNOWN) is None


@pytest.mark.parametrize(
    ("capability", "reason"),
    [
        ("forced_choice", "is known to ignore tool_choice"),
        ("reasoning_effort", "does not take reasoning_effort"),
    ],
)
def test_what_harms_nobody_only_orders_the_route(capability: str, reason: str) -> None:
    """The answer is checked, or the member left out; whatever else is lacking is graver."""
    needs = Needs(capabilities=(capability, "tools"), output_tokens=100)
    lacking = ModelFacts(**{capability: False})
    assert unmet(needs, lacking) == Unmet(reason, firm=False, harmless=True)
    assert unmet(needs, ModelFacts(**{capability: True})) is None
    assert unmet(needs, replace(lacking, tools=False)) == Unmet("does not support tools")
    limited = unmet(needs, replace(lacking, output_tokens=50))
    assert limited is not None
    assert (limited.firm, limited.harmless) == (False, False)
    both = Needs(capabilities=("forced_choice", "reasoning_effort"))
    neither = ModelFacts(forced_choice=False, reasoning_effort=False)
    assert unmet(both, neither) == Unmet("is known to ignore tool_choice", False, harmless=True)


def test_every_capability_that_can_be_needed_has_words() -> None:
    """A body that makes use of everything is refused in words for each fact."""
    body = {
        "messages": said([IMAGE, SOUND]),
        "tools": [TOOL],
        "parallel_tool_calls": True,
        "tool_choice": "required",
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema"},
        "stream": True,
    }
    for capability in of(**body).capabilities:
        assert unmet(of(**body), ModelFacts(**{capability: False})) is not None


@pytest.mark.parametrize(
    ("needs", "facts", "expected"),
    [
        (Needs(8000), ModelFacts(input_tokens=8000), None),
        (
            Needs(8001, exact=True),
            ModelFacts(input_tokens=8000),
            Unmet("input of about 8,001 tokens is over its limit of 8,000"),
        ),
        (
            Needs(9600),
            ModelFacts(input_tokens=8000),
            Unmet("input of about 9,600 tokens is over its limit of 8,000", firm=False),
        ),
        (
            Needs(9601),
            ModelFacts(input_tokens=8000),
            Unmet("input of about 9,601 tokens is over its limit of 8,000"),
        ),
        (
            Needs(8001),
            ModelFacts(advised_input_tokens=8000),
            Unmet("input of about 8,001 tokens is over its limit of 8,000", firm=False),
        ),
        (
            Needs(9000, exact=True),
            ModelFacts(input_tokens=8500, advised_input_tokens=8000),
            Unmet("input of about 9,000 tokens is over its limit of 8,500"),
        ),
        (Needs(output_tokens=100), ModelFacts(output_tokens=100), None),
        (Needs(output_tokens=100), UNKNOWN, None),
        (Needs(), ModelFacts(output_tokens=100), None),
        (
            Needs(output_tokens=5000),
            ModelFacts(output_tokens=4096),
            Unmet("5,000 output tokens are over its limit of 4,096", firm=False),
        ),
    ],
)
def test_limits_are_compared(needs: Needs, facts: ModelFacts, expected: Unmet | None) -> None:
    """Up to the limit is within it; estimates near it, output limits and advice are not firm."""
    assert unmet(needs, facts) == expected


def test_a_null_in_the_newer_member_leaves_the_older_one() -> None:
    """``max_completion_tokens: null`` asks for nothing."""
    body = {"max_completion_tokens": None, "max_tokens": 50}
    assert derive_needs(body).output_tokens == 50
