"""What a model refuses of a chat request, in the words of its upstream."""

from __future__ import annotations

from collections.abc import Iterator

from . import errors
from .chat_request import ChatRequest
from .errors import ErrorAnswer
from .history_check import history_refusals
from .json_value import Json, JsonObject, as_count, as_list, as_object, as_text
from .names import Family, ServedModel
from .settings import EmulatorSettings
from .strict_check import schema_refusals

# The body of the Azure AI Model Inference API; the Mistral deployments refuse anything else.
_MISTRAL_MEMBERS = frozenset(
    {
        "model", "messages", "frequency_penalty", "presence_penalty", "temperature", "top_p",
        "max_tokens", "response_format", "stop", "tools", "tool_choice", "seed", "stream", "n",
        "random_seed", "safe_prompt",
    }
)  # fmt: skip
_PARAMETERS = (
    "max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "stop", "tools",
    "parallel_tool_calls", "reasoning_effort", "stream_options", "logprobs", "logit_bias",
)  # fmt: skip
_NEUTRAL: dict[str, float] = {
    "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0,
}  # fmt: skip
_RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
}


def refusal_of(
    body: JsonObject,
    request: ChatRequest,
    model: ServedModel,
    *,
    api_version: str | None,
    settings: EmulatorSettings,
) -> ErrorAnswer | None:
    """Return the first reason for which ``model`` refuses the request, ``None`` when it answers."""
    for reason in _reasons(body, request, model, api_version, settings):
        return reason
    return None


def _reasons(
    body: JsonObject,
    request: ChatRequest,
    model: ServedModel,
    api_version: str | None,
    settings: EmulatorSettings,
) -> Iterator[ErrorAnswer]:
    oldest = model.info.min_api_version
    # Leaving the version out was allowed on both hosts; only a stated, older one was refused.
    if oldest and api_version and api_version[:10] < oldest[:10]:
        yield errors.api_version_too_old(model.name, oldest)
    if model.is_mistral:
        yield from _mistral(body)
    else:
        yield from _parameters(body, model)
        yield from _ranges(body)
    yield from _roles(body, model)
    openai = model.family is Family.OPENAI
    if openai:
        yield from _places_of_images(body)
        yield from history_refusals(body.get("messages"))
    yield from schema_refusals(body, strict=openai)
    if openai and request.format == "json_object" and "json" not in request.prompt_text.lower():
        yield errors.no_word_json()
    if request.stream and model.info.streaming is False:
        yield errors.unsupported_value("stream", "true")
    yield from _output_limit(body, model)
    if request.tools and request.tool_choice.mode != "none" and _refuses_tools(model, settings):
        yield errors.tools_not_enabled()
    if settings.filter_word and settings.filter_word in request.prompt_text:
        yield errors.content_filtered()


def _refuses_tools(model: ServedModel, settings: EmulatorSettings) -> bool:
    return "llama-4-scout" in model.name and settings.scout_tools == "error"


def _mistral(body: JsonObject) -> Iterator[ErrorAnswer]:
    unknown: dict[tuple[str, ...], Json] = {}
    for name, value in body.items():
        if name in _MISTRAL_MEMBERS:
            continue
        members = as_object(value)
        if name == "stream_options" and members:
            unknown.update({(name, inner): told for inner, told in members.items()})
        else:
            unknown[(name,)] = value
    if unknown:
        yield errors.extra_forbidden(unknown)
    roles = {as_text(as_object(entry).get("role")) for entry in as_list(body.get("messages"))}
    if "developer" in roles:
        yield errors.invalid_messages(
            "Input should be 'system'",
            "Input should be 'user'",
            "Input should be 'assistant'",
            "Input should be 'tool'",
        )


def _parameters(body: JsonObject, model: ServedModel) -> Iterator[ErrorAnswer]:
    for name in _PARAMETERS:
        value = body.get(name)
        if value is None or value == [] or name not in model.info.rejects:
            continue
        if name in _NEUTRAL and value == _NEUTRAL[name]:
            continue
        if name == "reasoning_effort":
            yield errors.upstream(
                "Unknown parameter: 'reasoning_effort'.",
                code="unknown_parameter",
                param="reasoning_effort",
            )
        elif name == "temperature" and model.name.startswith("gpt-5"):
            yield errors.only_the_default(name, value)
        else:
            yield errors.unsupported_parameter(name)


def _ranges(body: JsonObject) -> Iterator[ErrorAnswer]:
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield errors.invalid(name, "expected a number.")
        elif not low <= value <= high:
            yield errors.invalid(
                name,
                f"expected a value from {low:g} to {high:g}, got {value:g}.",
                code="invalid_value",
            )


def _roles(body: JsonObject, model: ServedModel) -> Iterator[ErrorAnswer]:
    for index, entry in enumerate(as_list(body.get("messages"))):
        role = as_text(as_object(entry).get("role"))
        if role in ("system", "developer") and role in model.info.rejects:
            yield errors.unsupported_value(f"messages[{index}].role", f"'{role}'")


def _places_of_images(body: JsonObject) -> Iterator[ErrorAnswer]:
    for index, entry in enumerate(map(as_object, as_list(body.get("messages")))):
        role = as_text(entry.get("role"))
        kinds = [as_object(part).get("type") for part in as_list(entry.get("content"))]
        if role != "user" and "image_url" in kinds:
            yield errors.misplaced_image(index, role)


def _output_limit(body: JsonObject, model: ServedModel) -> Iterator[ErrorAnswer]:
    limit = model.info.max_output_tokens
    # Seen of the OpenAI deployments only; the others write what they can.
    if not limit or model.family is not Family.OPENAI:
        return
    for name in ("max_completion_tokens", "max_tokens"):
        given = as_count(body.get(name))
        if given is not None and given > limit:
            yield errors.max_tokens_too_large(name, given, limit)
