"""The dialects that are known, family by family, and those that users write as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .._core.answer.wanted import IN_WORDS
from .._core.failure.kinds import FailureKind
from .._core.request.dialect import CAPABILITIES, Dialect
from .._core.request.fit import SDK
from .._core.request.fit_schemas import EMPTY_OBJECTS, NUMBERS_IN_ENUM
from .._core.request.history import (
    CALL_ARGUMENTS,
    CALL_NAME,
    EMPTY_MEMBERS,
    NOTHING_SAID,
    NULL_CONTENT,
    USER_AFTER_TOOL,
)

__all__ = ["DIALECTS", "Dialect", "dialect_of", "read_dialect"]

_SETS = (
    "drop_headers", "refuses", "members", "message_members", "call_members", "text_roles", "lacks",
)  # fmt: skip
_LISTS = ("required_headers", "reset_headers")
_MAPS = ("routes", "renames", "error_codes")
_TEXTS = ("api_version", "auth", "scope", "tool_ids", "model_names", "text_calls")

# Common to all servers that promise to be like OpenAI

COMPATIBLE = Dialect(
    name="openai-compatible",
    api_version="drop",
    auth="bearer",
    drop_headers=frozenset({"extra-parameters"}),
    routes={"image_embeddings": ""},
)
"""What Azure alone knows is left out: the version, the second key header, image embeddings."""

# GitHub Models: today only its emulator and proxies

GITHUB_DIALECT = Dialect(name="github", auth="bearer", model_names="id")
GITHUB_LEGACY = Dialect(name="github-legacy", auth="bearer", model_names="legacy")
"""``models.inference.ai.azure.com``: models go by their old bare names."""

# What OpenAI's models refuse of a history, whoever serves them: members that say nothing
# (chatbox#2079, home-assistant#118577, simple-openai#212), a null where nothing is called (n8n's
# "Invalid value for 'content'"), and names that no tool can have (mcp-use#90, mastra#13632).
_OPENAI_HISTORY = frozenset({EMPTY_MEMBERS, NULL_CONTENT, CALL_NAME})

# Azure's three ways of serving chat completions

# Any api-version is a 400 there, of two different wordings (goai#54, pydantic-ai#5066); the scope
# is that of learn.microsoft.com, "Migrate from Azure AI Inference to OpenAI". Ids of tool calls
# have OpenAI's limit (vercel/ai#5171). In strict mode patterns, formats and bounds are listed as
# unsupported (learn.microsoft.com, "Structured outputs"; docs.vapi.ai of 2025-06-03).
FOUNDRY = replace(
    COMPATIBLE,
    name="openai-v1",
    scope="https://ai.azure.com/.default",
    tool_ids="max40",
    refuses=_OPENAI_HISTORY | {IN_WORDS},
)

# The SDK's own version is too old for json_schema (2024-08-01-preview) and the o-series
# (2024-12-01-preview): azure-sdk-for-python#40759, flink-agents#931.
AZURE_OPENAI = replace(
    FOUNDRY,
    name="azure-openai",
    api_version="2024-12-01-preview",
    auth="api-key",
    scope="https://cognitiveservices.azure.com/.default",
)

AZURE_MODELS = Dialect(name="azure-models", scope="https://ml.azure.com/.default")
"""The ``/models`` route, for which the SDK was made."""

# OpenAI, and the services that stand in front of many providers

OPENAI = replace(COMPATIBLE, name="openai", tool_ids="max40", refuses=_OPENAI_HISTORY)
"""Tool call ids over 40 characters are refused (vercel/ai#5171, openclaw#875)."""

OPENROUTER = replace(COMPATIBLE, name="openrouter")
TOGETHER = replace(COMPATIBLE, name="together")
LITELLM = replace(COMPATIBLE, name="litellm")

# Unsupported by its vendor outside its own tools; the header says who asks, and only the user can
# say that (github/copilot-cli#4337, litellm#23332).
COPILOT = replace(
    COMPATIBLE,
    name="copilot",
    required_headers=("Copilot-Integration-Id",),
    routes={"embeddings": "", "image_embeddings": ""},
)

# Services that refuse what they do not know

_MESSAGE = frozenset({"role", "content", "tool_calls", "tool_call_id"})
_CALL = frozenset({"id", "type", "function"})
_CHAT_ONLY = {"embeddings": "", "image_embeddings": ""}

# Unknown members are "property ... is unsupported" (odysseus#167, chatbot#21), and system messages
# are text (livekit/agents#1790). ``reasoning`` is its own (console.groq.com/docs/reasoning).
GROQ = replace(
    COMPATIBLE,
    name="groq",
    routes=_CHAT_ONLY,
    refuses=frozenset({"logit_bias", "logprobs", "store", "top_logprobs"}),
    message_members=_MESSAGE | {"reasoning"},
    call_members=_CALL,
    text_roles=frozenset({"system"}),
)

# Unknown members of messages are wrong_api_format (kilocode#10375).
CEREBRAS = replace(
    COMPATIBLE,
    name="cerebras",
    routes=_CHAT_ONLY,
    message_members=_MESSAGE | {"name"},
    call_members=_CALL,
)

# 422 extra_forbidden for every unknown member, inside messages too (openclaude#739, crush#1590,
# github/app#3299); ids of nine letters or digits (opencode#1680, langchain#24668); no user after a
# tool (datapizza-ai#98, litellm#17761), no turn that says nothing (OpenHands#8685). The members
# are those of docs.mistral.ai/api.
MISTRAL = replace(
    COMPATIBLE,
    name="mistral",
    renames={"max_completion_tokens": "max_tokens", "seed": "random_seed"},
    members=frozenset(
        {
            "frequency_penalty", "guardrails", "max_tokens", "messages", "metadata", "model", "n",
            "parallel_tool_calls", "prediction", "presence_penalty", "prompt_mode", "random_seed",
            "reasoning_effort", "response_format", "safe_prompt", "stop", "stream", "temperature",
            "tool_choice", "tools", "top_p",
        }
    ),
    refuses=frozenset({"developer", USER_AFTER_TOOL, NOTHING_SAID}),
    message_members=_MESSAGE | {"prefix"},
    call_members=_CALL,
    tool_ids="alnum9",
)  # fmt: skip

# Unknown query parameters and members are 400 (qadchat#13, ChatterUI#227, page-assist#418), and so
# are these keywords in the schemas of tools (openswarm#24).
GEMINI = replace(
    COMPATIBLE,
    name="gemini",
    refuses=frozenset(
        {
            "frequency_penalty", "logit_bias", "presence_penalty", "schema.$schema",
            "schema.additionalProperties", "schema.const", "seed", "top_k", NUMBERS_IN_ENUM,
            EMPTY_OBJECTS, CALL_ARGUMENTS, IN_WORDS,
        }
    ),
)  # fmt: skip

# Servers that people run themselves

_JSON_ARGUMENTS = frozenset({CALL_ARGUMENTS})

OLLAMA = replace(COMPATIBLE, name="ollama", tool_choice=False, refuses=_JSON_ARGUMENTS)
"""A forced tool call is silently ignored (ollama#17921, ollama#11171).

Arguments of calls have to be JSON (codex-router#161).
"""

LLAMA_CPP = replace(COMPATIBLE, name="llama-cpp", tool_choice=False, refuses=_JSON_ARGUMENTS)
"""Without a tool template a named ``tool_choice`` comes back as plain text.

Arguments of calls that are no JSON are a 500 (OpenHands#13949).
"""

LLAMA_CPP_PYTHON = replace(
    COMPATIBLE,
    name="llama-cpp-python",
    refuses=frozenset({"developer"}),
    text_roles=frozenset({"assistant"}),
    lacks=frozenset({"json_schema"}),
)
"""The role ``developer``, ``json_schema`` and a null content end in validation errors.

Its ``chatml-function-calling`` answers 500 to calls without a content (llama-cpp-python#1805).
"""

FOUNDRY_LOCAL = replace(COMPATIBLE, name="foundry-local", refuses=frozenset({"developer"}))
"""Its documents name the roles system, user and assistant only."""

VLLM = replace(COMPATIBLE, name="vllm", refuses=_JSON_ARGUMENTS)
"""Arguments of calls are read as JSON before the template sees them (vllm#43995)."""

LM_STUDIO = replace(COMPATIBLE, name="lm-studio")

# All of them

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            SDK, GITHUB_DIALECT, GITHUB_LEGACY, AZURE_MODELS, AZURE_OPENAI, FOUNDRY, COMPATIBLE,
            OPENAI, OPENROUTER, TOGETHER, LITELLM, COPILOT, GROQ, CEREBRAS, MISTRAL, GEMINI,
            OLLAMA, LLAMA_CPP, LLAMA_CPP_PYTHON, VLLM, LM_STUDIO, FOUNDRY_LOCAL,
        )
    }
)  # fmt: skip
"""The dialects by name; ``unknown`` is what the SDK itself speaks."""


def dialect_of(value: str | Dialect) -> Dialect:
    """Return the dialect that a name stands for.

    :raises ValueError: for an unknown name; TypeError for something else than a name.
    """
    if isinstance(value, Dialect):
        return value
    if not isinstance(value, str):
        raise TypeError(f"dialect is a name or a Dialect, not {type(value).__name__}.")
    if value not in DIALECTS:
        raise ValueError(f"{value!r} is not a dialect. Known: {', '.join(sorted(DIALECTS))}.")
    return DIALECTS[value]


def read_dialect(name: str, table: Mapping[str, object], known: Mapping[str, Dialect]) -> Dialect:
    """Make a dialect of a table with the fields of :class:`Dialect`.

    ``like`` names the dialect whose values hold where the table is silent; ``openai-compatible``
    unless another is named.

    :raises ValueError: for an unknown field or a value of a wrong kind.
    """
    given = dict(table)
    like = given.pop("like", "openai-compatible")
    if not isinstance(like, str) or like not in known:
        raise ValueError(f"dialects.{name}.like: {like!r} is not one of {', '.join(sorted(known))}")
    values = {field: _value(f"dialects.{name}.{field}", field, v) for field, v in given.items()}
    return replace(known[like], name=name, **values)


def _value(place: str, field: str, value: object) -> Any:
    if field in _SETS or field in _LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{place} is a list of strings")
        strange = sorted(set(value) - CAPABILITIES) if field == "lacks" else []
        if strange:
            known = ", ".join(sorted(CAPABILITIES))
            raise ValueError(
                f"{place}: {strange[0]!r} is not a capability; the capabilities are {known}"
            )
        if field == "drop_headers":
            value = [item.lower() for item in value]
        return frozenset(value) if field in _SETS else tuple(value)
    if field in _MAPS:
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            raise ValueError(f"{place} is a table of strings")
        return MappingProxyType(_kinds(place, value) if field == "error_codes" else dict(value))
    if field in _TEXTS or field == "tool_choice":
        kind, word = (str, "a string") if field in _TEXTS else (bool, "true or false")
        if not isinstance(value, kind):
            raise ValueError(f"{place} is {word}")
        return value
    fields_known = ", ".join(sorted(("like", "tool_choice", *_SETS, *_LISTS, *_MAPS, *_TEXTS)))
    raise ValueError(f"{place} is not a field of a dialect; the fields are {fields_known}")


def _kinds(place: str, table: Mapping[str, str]) -> dict[str, FailureKind]:
    try:
        return {code: FailureKind(kind) for code, kind in table.items()}
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in FailureKind)
        raise ValueError(f"{place}: {error}; failure kinds are {kinds}") from error
