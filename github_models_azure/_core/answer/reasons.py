"""Finish reasons: what each server's own means in OpenAI's words, and which tell of a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

STOP, LENGTH, FILTERED, CALLS = "stop", "length", "content_filter", "tool_calls"
_REASONS: Mapping[str, str] = {
    "eos": STOP,  # Together, openai-dotnet#267
    "eos_token": STOP,  # text-generation-inference#2344, and watsonx, ragas#1548
    "stop_sequence": STOP,  # text-generation-inference, router/src/lib.rs
    "end_turn": STOP,  # Anthropic's own, handed through: bedrock-access-gateway#11
    "max_tokens": LENGTH,  # the same
    "tool_use": CALLS,  # the same
    "model_length": LENGTH,  # Mistral's OpenAPI document, ChatCompletionChoice
    "model_context_window_exceeded": LENGTH,  # Anthropic's and Zhipu's
    "function_call": CALLS,  # OpenAI, deprecated: openai-openapi#88
    "sensitive": FILTERED,  # Zhipu's own, beside network_error
    # Gemini's own (ai.google.dev/api/generate-content#FinishReason), seen through its OpenAI
    # endpoint: Vibe-Trading#308; what they mean in OpenAI's words: envoyproxy/ai-gateway#2118.
    "STOP": STOP,
    "MAX_TOKENS": LENGTH,
    **dict.fromkeys(("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"), FILTERED),
}
_GEMINI_FILTERED = "content_filter: "  # followed by one of its own, LightRAG#3086
_NAMES = ("type", "reason", "name", "value")  # of an object in place of a text: SGLang's "type"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+")
_FAILED = frozenset(
    {
        "abort", "aborted", "canceled", "cancelled", "disconnected", "error", "errored", "errors",
        "exception", "fail", "failed", "failure", "insufficient", "interrupted", "malformed",
        "overload", "overloaded", "timeout", "unavailable",
    }
)  # fmt: skip
"""Words in reasons that say that the answer failed: DeepSeek's ``insufficient_system_resource``
(can1357/oh-my-pi#8563), Gemini's ``MALFORMED_FUNCTION_CALL`` (python-genai#1836), Zhipu's
``network_error``, vLLM's ``abort``."""
_FAILED_TOO = frozenset({"timed_out", "too_many_tool_calls", "unexpected_tool_call"})  # Gemini's


def reason_text(reason: object) -> str:
    """Return a finish reason as text, which some servers send as an object or a number."""
    if isinstance(reason, str):
        return reason
    if isinstance(reason, Mapping):
        reason = next((reason[name] for name in _NAMES if isinstance(reason.get(name), str)), None)
        return reason if isinstance(reason, str) else STOP
    try:
        return json.dumps(reason)
    except (TypeError, ValueError, RecursionError):
        return STOP


def fitted_reason(reason: str, *, has_calls: bool) -> str:
    """Return a reason as the SDK names it; Gemini stops at calls too (python-genai#2868)."""
    filtered = reason.startswith(_GEMINI_FILTERED)
    fitted = FILTERED if filtered else _REASONS.get(reason, reason)
    return CALLS if fitted == STOP and has_calls else fitted


def is_cut(reason: object) -> bool:
    """Return whether an answer may have ended in the middle; one without a reason may have."""
    if reason is None or isinstance(reason, list):
        return True
    return fitted_reason(reason_text(reason), has_calls=False) in (LENGTH, FILTERED)


def failed_reason(choice: Mapping[str, object]) -> str | None:
    """Return the reason by which a choice says that its answer failed; ``None`` if none does.

    What OpenRouter calls ``native_finish_reason`` counts too, beside whatever was made of it.
    """
    for name in ("finish_reason", "native_finish_reason"):
        reason = choice.get(name)
        if reason and _means_failure(told := reason_text(reason)):
            return told
    return None


@lru_cache(maxsize=256)
def _means_failure(reason: str) -> bool:
    own = _HUMP.sub("_", reason[:200].rpartition(":")[2].strip()).lower()
    return own in _FAILED_TOO or not _FAILED.isdisjoint(_WORD.findall(own))
