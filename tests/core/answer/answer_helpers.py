"""Answers of any shape, for tests that nothing in them can break the reading."""

from __future__ import annotations

import json

from hypothesis import strategies as st

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}

MEMBERS = [
    *("id", "choices", "usage", "x_groq", "index", "finish_reason", "message", "delta"),
    *("native_finish_reason", "role", "content", "tool_calls", "function_call", "type"),
    *("function", "name", "arguments", "text", "thinking", "reasoning_content"),
    *("prompt_tokens", "completion_tokens", "total_tokens"),
]
WORDS = ["stop", "STOP", "eos", "content_filter: X", "function", "f", "a", "", "7", "\ud800"]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text()
)
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)
PIECES = st.fixed_dictionaries(
    {},
    optional={
        "index": SCALARS | st.integers(0, 2),
        "id": SCALARS | st.sampled_from(["a", "b"]),
        "type": SCALARS,
        "function": HOSTILE | st.fixed_dictionaries({}, optional={"name": SCALARS,
                                                                 "arguments": HOSTILE}),
        "extra_content": SCALARS,
    },
)  # fmt: skip
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "content": HOSTILE,
        "tool_calls": st.lists(PIECES | HOSTILE, max_size=3) | HOSTILE,
        "function_call": HOSTILE,
    },
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "index": SCALARS,
        "message": MESSAGES | HOSTILE,
        "delta": MESSAGES | HOSTILE,
        "finish_reason": SCALARS,
        "logprobs": SCALARS,
    },
)
ANSWERS = st.dictionaries(
    st.sampled_from(["id", "usage", "x_groq", "choices", "odd"]),
    HOSTILE | st.lists(CHOICES | HOSTILE, max_size=3),
)


def same(left: object, right: object) -> bool:
    """Compare as JSON, which takes NaN for equal to itself and 1 for other than true."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
