"""What an answer says beside its text: tokens, and who was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

from ...trail import Trail, trail_as_json

PROVIDER = "github_models"

_LISTS = {
    "attempt": "attempts",
    "skipped": "skipped",
    "waited": "waits",
    "adapted": "adaptations",
}
_NAMES = {"kind": "failure", "status": "failure_status"}


def usage_metadata(usage: object) -> UsageMetadata | None:
    """Return the tokens of an answer in LangChain's words; ``None`` where none were counted."""
    if not isinstance(usage, Mapping):
        return None
    read, written = token_count(usage, "prompt_tokens"), token_count(usage, "completion_tokens")
    if read is None and written is None:
        return None
    read, written = read or 0, written or 0
    total = token_count(usage, "total_tokens")
    made = UsageMetadata(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written if total is None else total,
    )
    if ins := _input_details(usage):
        made["input_token_details"] = ins
    if outs := _output_details(usage):
        made["output_token_details"] = outs
    return made


def _input_details(usage: Mapping[str, Any]) -> InputTokenDetails:
    told = usage.get("prompt_tokens_details")
    details: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    made = InputTokenDetails()
    if (audio := token_count(details, "audio_tokens")) is not None:
        made["audio"] = audio
    cached = token_count(details, "cached_tokens")
    if cached is None:
        cached = token_count(usage, "prompt_cache_hit_tokens")  # DeepSeek
    if cached is not None:
        made["cache_read"] = cached
    if (stored := token_count(details, "cache_write_tokens")) is not None:  # OpenRouter
        made["cache_creation"] = stored
    return made


def _output_details(usage: Mapping[str, Any]) -> OutputTokenDetails:
    told = usage.get("completion_tokens_details")
    details: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    made = OutputTokenDetails()
    if (audio := token_count(details, "audio_tokens")) is not None:
        made["audio"] = audio
    if (thought := token_count(details, "reasoning_tokens")) is not None:
        made["reasoning"] = thought
    return made


def token_count(counts: Mapping[str, Any], name: str) -> int | None:
    """Return a count; ``None`` where a server has something else in its place."""
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def answer_metadata(answer: Mapping[str, Any], trail: Trail | None) -> dict[str, Any]:
    """Return the response metadata of an answer; all of it can be written as JSON.

    ``served_by`` is the target that answered, ``attempts`` how many requests were sent, ``trail``
    every step. A client without a fallback policy leaves these out.
    """
    metadata: dict[str, Any] = {"model_provider": PROVIDER}
    served = trail.served_by if trail is not None else None
    name = answer.get("model") or served
    if name:
        metadata["model_name"] = name
    for member in ("id", "created", "system_fingerprint", "service_tier"):
        if answer.get(member):
            metadata[member] = answer[member]
    if answer.get("prompt_filter_results"):
        metadata["prompt_filter_results"] = answer["prompt_filter_results"]
    if trail is None:
        return metadata
    return {
        **metadata,
        "requested": trail.requested,
        "served_by": served,
        "fell_back": trail.fell_back,
        "attempts": len(trail.attempts),
        "trail": trail_data(trail),
    }


def trail_data(trail: Trail) -> dict[str, Any]:
    """Return a trail as JSON with a list for each kind of step.

    What is known of a failure stands in its attempt: ``failure`` is its kind.
    """
    told: dict[str, Any] = trail_as_json(trail)
    steps: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS.values()}
    for step in told.pop("events"):
        steps[_LISTS[step.pop("event")]].append(step)
    return {**told, **steps, "attempts": [_flat(step) for step in steps["attempts"]]}


def _flat(attempt: dict[str, Any]) -> dict[str, Any]:
    failure = attempt["failure"]
    if failure is None:
        return {**attempt, "message": None}
    renamed = {_NAMES.get(name, name): value for name, value in failure.items()}
    return {**attempt, **renamed}
