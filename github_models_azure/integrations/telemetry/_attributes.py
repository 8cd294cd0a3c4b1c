"""What spans and metrics say of a call, an attempt and an answer: pure, from values to attributes.

Names of ``gen_ai``, ``server``, ``http`` and ``error`` are those of the semantic conventions;
``tests/integrations/telemetry`` compares them. What those have no name for is ``github_models.*``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from ..._core.failure.kinds import Failure
from ...policies import AttemptStart, CallStart
from ...trail import Attempt, Pause, Skip, Trail

Attributes = dict[str, Any]

_PROVIDERS = {
    "azure-models": "azure.ai.inference",
    "azure-openai": "azure.ai.openai",
    "foundry-local": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "github": "azure.ai.inference",
    "github-legacy": "azure.ai.inference",
    "mistral": "mistral_ai",
    "openai-v1": "azure.ai.openai",
    "unknown": "azure.ai.inference",  # what the SDK itself speaks
}
"""The conventions' name for who answers, by dialect; other dialects bear the provider's name."""

_SYSTEMS = {"azure.ai.inference": "az.ai.inference", "azure.ai.openai": "az.ai.openai"}
"""How the older ``gen_ai.system``, which the SDK's own instrumentation still sets, calls them."""

_NUMBERS = {
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_tokens": "gen_ai.request.max_tokens",
    "n": "gen_ai.request.choice.count",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "temperature": "gen_ai.request.temperature",
    "top_k": "gen_ai.request.top_k",
    "top_p": "gen_ai.request.top_p",
}
_USAGE = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
}
_DETAILS = (
    ("prompt_tokens_details", "cached_tokens", "gen_ai.usage.cache_read.input_tokens"),
    ("completion_tokens_details", "reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OUTPUTS = {"json_object": "json", "json_schema": "json", "text": "text"}


def call_attributes(call: CallStart) -> Attributes:
    """Say what a call asks for."""
    return {
        "github_models.requested": call.requested,
        "github_models.operation": call.operation,
        "github_models.stream": call.streamed,
    }


LEFT_OUT = {
    "Attempt.started": "the span of the attempt has its own start",
    "Attempt.seconds": "the span of the attempt has its own length",
    "Failure.message": "servers repeat in it what they were sent; `capture_content` records it",
    "Failure.param": "servers repeat in it what they were sent",
    "Failure.max_output_tokens": "it is a fact of the model, not of the attempt",
    "Failure.guessed": "it decides who is asked next, which the next spans show",
    "Failure.final": "it decides who is asked next, which the next spans show",
    "Failure.details": "servers repeat in it what they were sent",
    "Adaptation.target": "an adaptation is counted only: its words may quote the request",
    "Adaptation.change": "an adaptation is counted only: its words may quote the request",
    "Adaptation.lossy": "an adaptation is counted only: its words may quote the request",
    "Trail.events": "each has a span, an event or its place in a count",
    "Trail.usage": "the span of the attempt has what the server counted, and no estimate",
    "Trail.spent": "the span of the attempt has what the server counted, and no estimate",
}
"""The fields of a trail that no span shows, each with the reason."""

_SAID_OTHERWISE = {"Attempt.target", "Attempt.status", "Attempt.failure", "Attempt.retry"}
"""The fields of a trail that spans show under another name than their own, or earlier."""


def trail_attributes(trail: Trail) -> Attributes:
    """Say how a call went."""
    served = {} if trail.served_by is None else {"github_models.served_by": trail.served_by}
    return {
        **served,
        "github_models.attempts": len(trail.attempts),
        "github_models.skipped": len(trail.skipped),
        "github_models.adaptations": len(trail.adaptations),
        "github_models.waited": float(trail.waited),
        "github_models.fell_back": trail.fell_back,
        "github_models.emulated": trail.emulated,
    }


def common_attributes(call: CallStart, attempt: AttemptStart) -> Attributes:
    """Say who is asked: what the conventions want on spans and metrics alike."""
    provider = _PROVIDERS.get(attempt.dialect, attempt.dialect)
    parts = urlsplit(attempt.url)
    attributes: Attributes = {
        "gen_ai.operation.name": call.operation,
        "gen_ai.provider.name": provider,
        "server.address": parts.hostname or "",
        "server.port": parts.port or _DEFAULT_PORTS.get(parts.scheme, 443),
    }
    if attempt.model is not None:
        attributes["gen_ai.request.model"] = attempt.model
    return attributes


def attempt_attributes(call: CallStart, attempt: AttemptStart) -> Attributes:
    """Say what is asked of one target, and why it is this one; no text of the prompt."""
    attributes = common_attributes(call, attempt)
    provider = attributes["gen_ai.provider.name"]
    attributes |= {
        "gen_ai.system": _SYSTEMS.get(provider, provider),
        "github_models.target": attempt.target,
        "github_models.requested": call.requested,
        "github_models.attempt": attempt.number,
        "github_models.retry": attempt.retry,
    }
    moved = fallback(call, attempt)
    if moved is not None:
        attributes["github_models.fallback.from"], attributes["github_models.fallback.reason"] = (
            moved
        )
    return attributes | dict(_asked(call, attempt.body))


def fallback(call: CallStart, attempt: AttemptStart) -> tuple[str, str] | None:
    """Give the target that an attempt stands in for, and why; ``None`` where it is no fallback.

    The reason is the failure kind of the attempt before, or ``skipped`` where none was made.
    """
    if attempt.retry or attempt.target == call.requested:
        return None
    previous = attempt.previous
    if previous is None or previous.failure is None:
        return call.requested, "skipped"
    return previous.target, previous.failure.kind.value


def _asked(call: CallStart, body: Mapping[str, object]) -> Iterator[tuple[str, Any]]:
    if call.streamed:
        yield "gen_ai.request.stream", True
    for member, name in _NUMBERS.items():
        value = body.get(member)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value
    form = body.get("response_format")
    kind = form.get("type") if isinstance(form, Mapping) else form
    if isinstance(kind, str) and kind in _OUTPUTS:
        yield "gen_ai.output.type", _OUTPUTS[kind]
    if isinstance(dimensions := body.get("dimensions"), int):
        yield "gen_ai.embeddings.dimension.count", dimensions
    if isinstance(encoding := body.get("encoding_format"), str):
        yield "gen_ai.request.encoding_formats", [encoding]


def answer_attributes(answer: Mapping[str, object]) -> Attributes:
    """Say what came back, without its text."""
    return dict(_answered(answer))


def _answered(answer: Mapping[str, object]) -> Iterator[tuple[str, Any]]:
    for member in ("id", "model"):
        value = answer.get(member)
        if isinstance(value, str) and value:
            yield f"gen_ai.response.{member}", value
    reasons = [reason for reason in map(_reason, choices(answer)) if reason]
    if reasons:
        yield "gen_ai.response.finish_reasons", reasons
    usage = answer.get("usage")
    if isinstance(usage, Mapping):
        for member, name in _USAGE.items():
            if (count := _count(usage.get(member))) is not None:
                yield name, count
        for holder, member, name in _DETAILS:
            details = usage.get(holder)
            if isinstance(details, Mapping) and (count := _count(details.get(member))):
                yield name, count


def choices(answer: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """Give the choices of an answer that are objects."""
    found = answer.get("choices")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _reason(choice: Mapping[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def outcome_attributes(attempt: Attempt | None, error: object) -> Attributes:
    """Say how an attempt ended.

    Of an error neither span nor metric has the text: servers repeat in it what they were sent.
    """
    attributes: Attributes = {}
    if attempt is not None:
        if attempt.status is not None:
            attributes["http.response.status_code"] = attempt.status
        attributes |= _members(attempt, "github_models")
        if attempt.failure is not None:
            attributes |= _members(attempt.failure, "github_models.failure")
    kind = error_type(None if attempt is None else attempt.failure, error)
    return attributes if kind is None else {**attributes, "error.type": kind}


def skip_attributes(skip: Skip) -> Attributes:
    """Say which target is passed over, and why."""
    attributes: Attributes = {
        "github_models.target": skip.target,
        "github_models.reason": skip.reason,
    }
    if skip.kind is not None:
        attributes["github_models.failure.kind"] = skip.kind.value
    return attributes


def pause_attributes(pause: Pause) -> Attributes:
    """Say how long the wait was, and for which target."""
    return {"github_models.target": pause.target, "github_models.waited": pause.seconds}


def _members(value: Attempt | Failure, prefix: str) -> Attributes:
    """Make attributes of the fields that are known and not said otherwise."""
    owner = type(value).__name__
    named = {one.name: getattr(value, one.name) for one in fields(value)}
    return {
        f"{prefix}.{name}": member.value if isinstance(member, Enum) else member
        for name, member in named.items()
        if member is not None and f"{owner}.{name}" not in LEFT_OUT.keys() | _SAID_OTHERWISE
    }


def error_type(failure: Failure | None, error: object) -> str | None:
    """Name what went wrong: a status, an exception's class, or a failure kind."""
    if failure is not None and failure.status is not None and failure.status >= 400:
        return str(failure.status)
    if isinstance(error, BaseException):
        kind = type(error)
        if failure is None or not kind.__module__.startswith(__package__.partition(".")[0] + "._"):
            module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            return f"{module}{kind.__qualname__}"
    return None if failure is None else failure.kind.value
