"""Requests that no sane client sends: the emulator still answers as a service would.

About `server/emulator/chat_request.py`, `server/emulator/json_value.py`.
"""

from __future__ import annotations

from typing import Any

from emulator_helpers import service
from hypothesis import given, settings
from hypothesis import strategies as st

EMULATED = service(plan="enterprise")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
MODELS = st.sampled_from(
    ["openai/gpt-4o", "openai/o3-mini", "mistral-ai/mistral-large-2411", "xai/grok-3"]
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": JSON | st.sampled_from(["object", "array", "string", "integer"]),
        "properties": JSON,
        "required": JSON,
        "items": JSON,
        "enum": JSON,
        "anyOf": JSON,
        "allOf": JSON,
        "$ref": JSON | st.sampled_from(["#", "#/properties/a", "http://x"]),
        "minimum": JSON,
        "multipleOf": JSON,
        "pattern": JSON,
        "minLength": JSON,
    },
)
FUNCTIONS = st.fixed_dictionaries(
    {"name": st.text(min_size=1, max_size=5)},
    optional={"description": JSON, "parameters": SCHEMAS | JSON},
)
TOOLS = st.fixed_dictionaries({"type": st.just("function"), "function": FUNCTIONS})
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
    optional={"content": JSON | st.text(max_size=40), "tool_calls": JSON, "tool_call_id": JSON},
)
BODIES = st.fixed_dictionaries(
    {"model": MODELS, "messages": st.lists(MESSAGES, max_size=3) | JSON},
    optional={
        "tools": st.lists(TOOLS, max_size=2) | JSON,
        "tool_choice": st.sampled_from(["auto", "none", "required"]) | JSON,
        "response_format": st.fixed_dictionaries(
            {
                "type": st.just("json_schema"),
                "json_schema": st.fixed_dictionaries({"schema": SCHEMAS}) | JSON,
            }
        )
        | JSON,
        "stream": st.booleans() | JSON,
        "stream_options": JSON,
        "max_tokens": JSON,
        "temperature": JSON,
        "stop": JSON,
        "n": JSON | st.integers(1, 3),
        "reasoning_effort": JSON,
    },
)


@settings(deadline=None, max_examples=200)
@given(body=BODIES)
def test_no_chat_body_breaks_the_emulator(body: Any) -> None:
    """Every body is answered or refused, and nothing is left running."""
    EMULATED.state.reset()
    answer = EMULATED.post("/inference/chat/completions", body)
    assert answer.complete
    assert answer.status in (200, 400, 413, 422)
    assert EMULATED.state.limiter.running() == 0


@settings(deadline=None, max_examples=100)
@given(
    body=st.fixed_dictionaries(
        {}, optional={"input": JSON, "dimensions": JSON, "encoding_format": JSON}
    )
)
def test_no_embeddings_body_breaks_the_emulator(body: Any) -> None:
    """The same for embeddings."""
    EMULATED.state.reset()
    body = {"model": "openai/text-embedding-3-small", **body}
    assert EMULATED.post("/inference/embeddings", body).status in (200, 400)


@settings(deadline=None, max_examples=100)
@given(body=JSON, path=st.sampled_from(["clock/advance", "faults", "retired"]))
def test_no_control_body_breaks_the_emulator(body: Any, path: str) -> None:
    """The control API explains what it does not understand."""
    assert EMULATED.post(f"/_emulator/{path}", body).status in (200, 400)
    EMULATED.state.reset()
