"""Request bodies for the tests of what fits them: plain ones, and every kind of nonsense."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from github_models_azure._core.request.dialect import Dialect
from github_models_azure._core.request.fit_messages import (
    SIGNATURE,
    TEXT_ROLE,
    TOOL_ID,
)
from github_models_azure._core.request.fit_schemas import EMPTY_OBJECTS, IN_SCHEMA, NUMBERS_IN_ENUM
from github_models_azure._core.request.history import HISTORY, IN_CALL, IN_MESSAGE
from github_models_azure.endpoints import DIALECTS

ROLES = ("system", "developer", "user", "assistant", "tool")
MEMBERS = (
    "frequency_penalty", "max_completion_tokens", "max_tokens", "messages", "metadata", "model",
    "response_format", "seed", "stop", "store", "stream_options", "system", "temperature",
    "tool_choice", "tools",
)  # fmt: skip
MESSAGE_MEMBERS = (
    "role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content", "function_call",
)  # fmt: skip
CALL_MEMBERS = ("id", "type", "function", "index", "extra_content")
KEYWORDS = (
    "$schema", "additionalProperties", "anyOf", "const", "enum", "items", "minItems", "properties",
    "required", "type", "dependentRequired", "$defs",
)  # fmt: skip

texts = st.text(st.characters(), max_size=6)  # surrogates too: JSON can say them
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | texts
json_values = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
schemas = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(KEYWORDS) | texts, inner, max_size=4)
    ),
    max_leaves=12,
)
ids = st.sampled_from(["", "call_1", "call_2", "abcDEF123", "x" * 40, "x" * 41]) | texts


def some_of(names: tuple[str, ...], values: st.SearchStrategy[Any]) -> Any:
    """Objects with any of the named members, and any values in them."""
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


calls = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "type": json_values,
        "index": json_values,
        "function": st.fixed_dictionaries({"name": texts, "arguments": texts | json_values}),
    },
)
odd_calls = some_of(CALL_MEMBERS, json_values) | json_values
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(ROLES)},
    optional={
        "content": json_values | st.lists(st.fixed_dictionaries({"text": texts}), max_size=2),
        "tool_calls": st.lists(calls | odd_calls, max_size=3) | json_values,
        "tool_call_id": ids | json_values,
        "name": json_values,
        "reasoning_content": texts,
    },
)
odd_messages = some_of(MESSAGE_MEMBERS, json_values) | json_values
tools = st.lists(
    st.fixed_dictionaries({"function": st.fixed_dictionaries({"parameters": schemas})})
    | json_values,
    max_size=2,
)
answer_formats = st.fixed_dictionaries(
    {"json_schema": st.fixed_dictionaries({"schema": schemas}) | json_values}
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(MEMBERS, json_values),
        "messages": st.lists(messages | odd_messages, max_size=4) | json_values,
        "tools": tools | json_values,
        "response_format": answer_formats | json_values,
    },
)
"""Bodies that are a JSON object, and hold anything else a caller may come to send."""

lessons = st.frozensets(
    st.sampled_from(
        [
            *MEMBERS, "developer", SIGNATURE, "api-version", TOOL_ID + "alnum9", TOOL_ID + "max40",
            TOOL_ID + "strange",
            *(TEXT_ROLE + role for role in ROLES),
            *(IN_MESSAGE + name for name in MESSAGE_MEMBERS[2:]),
            *(IN_CALL + name for name in CALL_MEMBERS[3:]),
            *(IN_SCHEMA + name for name in KEYWORDS),
            *sorted(HISTORY), NUMBERS_IN_ENUM, EMPTY_OBJECTS, TOOL_ID + "plain40",
        ]
    ),
    max_size=6,
)  # fmt: skip
"""What may be learnt of a target, sense and nonsense."""

_sets = st.none() | st.frozensets(st.sampled_from(MEMBERS))
dialects = st.sampled_from(list(DIALECTS.values())) | st.builds(
    Dialect,
    name=st.just("made"),
    renames=st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(["a", "b"]), max_size=3),
    refuses=lessons,
    members=_sets,
    message_members=st.none() | st.frozensets(st.sampled_from(MESSAGE_MEMBERS)),
    call_members=st.none() | st.frozensets(st.sampled_from(CALL_MEMBERS)),
    text_roles=st.frozensets(st.sampled_from(ROLES)),
    tool_ids=st.sampled_from(["any", "alnum9", "plain40", "max40"]),
)
"""The known dialects, and such as users may make."""


def nested(levels: int, member: str = "items") -> Any:
    """A schema with as many others in it; built from the inside, as no recursion could."""
    value: Any = {"const": 1}
    for _ in range(levels):
        value = {member: value}
    return value
