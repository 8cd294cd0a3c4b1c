"""Services that refuse what they do not know."""

from __future__ import annotations

from dataclasses import replace

from .compatible import COMPATIBLE

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
# github/app#3299); ids of nine letters or digits (opencode#1680, langchain#24668). The members are
# those of docs.mistral.ai/api.
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
    refuses=frozenset({"developer"}),
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
            "schema.additionalProperties", "schema.const", "seed", "top_k",
        }
    ),
)  # fmt: skip
