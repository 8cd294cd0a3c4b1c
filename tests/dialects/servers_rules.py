"""What a provider refuses, and in which words: small rules, the first that objects answers.

Every rule names the public report, or the vendor's page, that it was written from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.dialects.servers_http import Reply, Request, as_json

Rule = Callable[[Request], Reply | None]

STANDARD = frozenset(
    {
        "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens",
        "messages", "metadata", "model", "n", "parallel_tool_calls", "prediction",
        "presence_penalty", "reasoning_effort", "response_format", "seed", "service_tier", "stop",
        "stream", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p",
        "user",
    }
)  # fmt: skip


def chosen(*rules: Rule) -> Rule:
    """One rule out of several, asked in order."""

    def rule(request: Request) -> Reply | None:
        return next((reply for one in rules if (reply := one(request)) is not None), None)

    return rule


def messages_of(request: Request) -> list[dict[str, Any]]:
    """The messages of a chat body."""
    return [m for m in request.body.get("messages") or [] if isinstance(m, dict)]


def openai_error(message: str, param: str | None, code: str | None, status: int = 400) -> Reply:
    """OpenAI's envelope."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return as_json({"error": error}, status)


def keywords(schema: Any) -> Iterator[str]:
    """The keywords of a JSON schema at every depth; the names of properties are none."""
    if isinstance(schema, list):
        for item in schema:
            yield from keywords(item)
    elif isinstance(schema, dict):
        for name, inner in schema.items():
            yield name
            named = name in ("properties", "$defs") and isinstance(inner, dict)
            yield from keywords(list(inner.values()) if named else inner)


def unpaired(refuse: Callable[[str], Reply]) -> Rule:
    """Results must belong to calls, and calls have results (OpenAI's words)."""

    def rule(request: Request) -> Reply | None:
        waiting: set[Any] = set()
        for message in messages_of(request):
            if message.get("role") == "tool":
                if message.get("tool_call_id") not in waiting:
                    return refuse("messages with role 'tool' must follow their 'tool_calls'.")
                waiting.discard(message["tool_call_id"])
            elif waiting:
                break
            else:
                waiting = {call.get("id") for call in message.get("tool_calls") or []}
        if waiting:
            return refuse(f"'tool_call_id's did not have response messages: {sorted(waiting)}")
        return None

    return rule


# OpenAI, and Foundry in front of it


# vscode-copilot-release#11584, Cursor-Azure-GPT-5#33, smolagents#1671: one at a time
def reasoning(applies: Callable[[Any], bool]) -> Rule:
    """Refuse what the gpt-5 family refuses, for models to which that applies."""

    def rule(request: Request) -> Reply | None:
        body = request.body
        if not applies(body.get("model")):
            return None
        unsupported = "Unsupported parameter: '{}' is not supported with this model."
        if body.get("max_tokens") is not None:
            said = unsupported.format("max_tokens") + " Use 'max_completion_tokens' instead."
            return openai_error(said, "max_tokens", "unsupported_parameter")
        if body.get("temperature") not in (None, 1):
            said = (
                f"Unsupported value: 'temperature' does not support {body['temperature']} with "
                "this model. Only the default (1) value is supported."
            )
            return openai_error(said, "temperature", "unsupported_value")
        if body.get("stop") is not None:
            return openai_error(unsupported.format("stop"), "stop", "unsupported_parameter")
        return None

    return rule


# vercel/ai#5171, camel#2215
def ids_of_40(request: Request) -> Reply | None:
    """Refuse ids of more than 40 characters."""
    for index, message in enumerate(messages_of(request)):
        ids = {f"messages[{index}].tool_call_id": message.get("tool_call_id")}
        for place, call in enumerate(message.get("tool_calls") or []):
            ids[f"messages[{index}].tool_calls[{place}].id"] = call.get("id")
        for where, given in ids.items():
            if given is not None and len(given) > 40:
                said = (
                    f"Invalid '{where}': string too long. Expected a string with maximum length "
                    f"40, but got a string with length {len(given)} instead."
                )
                return openai_error(said, where, "string_above_max_length")
    return None


def foundry(deployments: Mapping[str, str]) -> Rule:
    """A resource with these deployments, each of a model."""

    def rule(request: Request) -> Reply | None:
        key = (request.header("authorization") or request.header("api-key") or "").strip()
        if not key:
            return as_json({"error": {"code": "401", "message": "Access denied"}}, 401)
        model = deployments.get(request.body.get("model", ""))
        if any(name == "api-version" for name, _ in request.params):
            # JetBrains/koog#2150 for OpenAI's models, pydantic-ai#5066 for the others.
            openai = model is None or re.match(r"gpt-\d|o\d", model)
            said = (
                "API version not supported"
                if openai
                else "api-version query parameter is not allowed when using /v1 path"
            )
            return as_json({"error": {"code": "BadRequest", "message": said}}, 400)
        if model is None and request.method == "POST":
            # openllmetry's recording of a resource, 2026-03-31.
            said = "The API deployment for this resource does not exist."
            return openai_error(said, None, "DeploymentNotFound", 404)
        return None

    return rule


# Servers at home


def ollama_models(*known: str) -> Rule:
    """Refuse models that were not pulled."""

    def rule(request: Request) -> Reply | None:
        model = request.body.get("model")
        if request.method == "GET" or model in known:
            return None
        told = {"message": f"model '{model}' not found", "type": "not_found_error", "code": None}
        return as_json({"error": told}, 404)

    return rule


def llama_key(key: str) -> Rule:
    """Refuse other keys than the one it was started with (seen: llama-cpp-python 0.3.36)."""

    def rule(request: Request) -> Reply | None:
        if request.header("authorization") == f"Bearer {key}":
            return None
        return as_json({"detail": "Invalid API key"}, 401)

    return rule


# Seen of llama-cpp-python 0.3.36: 500, with the report of the validation as a text. Where its
# error handler does not stand between, FastAPI's own 422 carries the same as data.
def llama_validation(*, as_422: bool) -> Rule:
    """Refuse the role developer, and json_schema."""

    def rule(request: Request) -> Reply | None:
        wrong = []
        for index, message in enumerate(messages_of(request)):
            if message.get("role") == "developer":
                wrong += [
                    _literal(("messages", index, f"ChatCompletionRequest{kind}Message", "role"),
                             f"'{kind.lower()}'", "developer")
                    for kind in ("System", "User", "Assistant", "Tool", "Function")
                ]  # fmt: skip
        kind = (request.body.get("response_format") or {}).get("type")
        if kind not in (None, "text", "json_object"):
            wrong.append(_literal(("response_format", "type"), "'text' or 'json_object'", kind))
        if not wrong:
            return None
        if as_422:
            return as_json({"detail": wrong}, 422)
        listed = "\n".join(f"  {one}" for one in wrong)
        plural = "s" if len(wrong) > 1 else ""
        return llama_error(f"{len(wrong)} validation error{plural}:\n{listed}\n")

    return rule


def _literal(place: tuple[Any, ...], expected: str, given: str) -> dict[str, Any]:
    said = f"Input should be {expected}"
    head = {"type": "literal_error", "loc": ("body", *place), "msg": said, "input": given}
    return {**head, "ctx": {"expected": expected}}


def llama_error(message: str, status: int = 500) -> Reply:
    """Every failure is an internal one."""
    told = {"message": message, "type": "internal_server_error", "param": None, "code": None}
    return as_json({"error": told}, status)
