"""The keywords of one call: which are the SDK's, which the client's, and which go into the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from azure.ai.inference.models import JsonSchemaFormat
from langchain_core.utils.function_calling import convert_to_openai_function, convert_to_openai_tool

from ...policies.options import OPTION_NAMES

_OF_SDK = frozenset(
    {
        "frequency_penalty", "max_tokens", "model", "presence_penalty", "seed", "stop",
        "temperature", "tool_choice", "tools", "top_p",
    }
)  # fmt: skip
_OF_CALL = OPTION_NAMES | {
    "connection_timeout", "headers", "params", "raw_request_hook", "raw_response_hook",
    "read_timeout", "retry_total", "timeout",
}  # fmt: skip
_OTHER_NAMES = {
    "max_retries": "retry_total", "extra_headers": "headers", "stop_sequences": "stop",
    "model_name": "model",
}  # fmt: skip
_NESTED = ("model_kwargs", "model_extras", "extra_body")
_NOT_SENT = ("stream", "streaming", "stream_usage")
_OF_MODEL = frozenset(
    {
        "api_key", "async_client", "azure_endpoint", "base_url", "client", "client_kwargs",
        "credential", "endpoint",
    }
)  # fmt: skip
_CHOICES = {"auto": "auto", "none": "none", "any": "required", "required": "required"}
_UNSHOWN = _OF_MODEL | {"headers", "extra_headers"}


def refuse_place(given: Mapping[str, Any]) -> None:
    """See to it that no keyword of a call says where to connect: it would end in the body.

    :raises ValueError: for one that does.
    """
    wrong = sorted(name for name in _OF_MODEL & given.keys() if given[name] is not None)
    if wrong:
        raise ValueError(
            f"{wrong[0]} is not a keyword of a call, because it says where to connect. Make "
            "another model with it, or use configurable_fields."
        )


def public_keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of a call that callbacks and caches may keep: the rest may be secret."""
    return {name: value for name, value in given.items() if name not in _UNSHOWN}


def call_keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of ``complete`` or ``embed``; what is ``None`` is left out."""
    keywords: dict[str, Any] = {}
    extras: dict[str, Any] = {}
    for name, value in _flatten(given).items():
        if name in _OF_CALL:
            if value is not None or name == "fallback":
                keywords[name] = value
        elif value is None or (name == "stop" and not value):
            continue
        elif name == "response_format":
            _put_format(value, keywords, extras)
        else:
            (keywords if name in _OF_SDK else extras)[name] = value
    if isinstance(keywords.get("stop"), str):
        keywords["stop"] = [keywords["stop"]]
    if extras:
        keywords["model_extras"] = extras
    return keywords


def _flatten(given: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in given.items():
        if name in _NESTED:
            flat.update(value or {})
        elif name not in _NOT_SENT:
            flat[_OTHER_NAMES.get(name, name)] = value
    return flat


def _put_format(value: Any, keywords: dict[str, Any], extras: dict[str, Any]) -> None:
    """Give a response format as the SDK wants it, or as it is where the SDK lacks words for it."""
    if isinstance(value, Mapping):
        kind, schema = value.get("type"), value.get("json_schema")
        if kind in ("text", "json_object") and len(value) == 1:
            keywords["response_format"] = kind
        elif kind == "json_schema" and isinstance(schema, Mapping) and _is_whole(schema):
            keywords["response_format"] = JsonSchemaFormat(**schema)
        else:
            extras["response_format"] = dict(value)
    elif isinstance(value, type):
        keywords["response_format"] = JsonSchemaFormat(**json_schema_of(value)["json_schema"])
    else:
        keywords["response_format"] = value


def _is_whole(schema: Mapping[str, Any]) -> bool:
    return {"name", "schema"} <= schema.keys() <= {"name", "schema", "strict", "description"}


def json_schema_of(schema: Any, strict: bool | None = None) -> dict[str, Any]:
    """Return the response format that asks for a schema: a class, or a dict in several forms."""
    if isinstance(schema, Mapping) and schema.get("type") == "json_schema":
        return dict(schema)
    if isinstance(schema, Mapping) and {"name", "schema"} <= schema.keys():
        described = dict(schema)
    else:
        function = convert_to_openai_function(schema, strict=strict)
        described = {"name": function["name"], "schema": function.get("parameters") or {}}
        if function.get("description"):
            described["description"] = function["description"]
    if strict is not None:
        described["strict"] = strict
    return {"type": "json_schema", "json_schema": described}


def wire_tools(tools: Sequence[Any], strict: bool | None = None) -> list[dict[str, Any]]:
    """Return the definitions of functions, pydantic models, dicts and LangChain's own tools."""
    return [convert_to_openai_tool(tool, strict=strict) for tool in tools]


def wire_choice(choice: Any, tools: Sequence[dict[str, Any]]) -> Any:
    """Return a tool choice as it is sent; ``None`` where nothing is to be said of it.

    :param choice: ``auto``, ``none``, ``any`` or ``required``; a tool's name; true for any tool,
        false for none; or a dict in OpenAI's or Anthropic's form.
    :raises ValueError: for a tool that is not among those offered.
    """
    if choice is None or not tools:
        return None
    if isinstance(choice, bool):
        return "required" if choice else "none"
    if isinstance(choice, str):
        return _CHOICES.get(choice) or _choose(choice, tools)
    if not isinstance(choice, dict):
        raise ValueError(f"tool_choice is a string, a bool or a dict, not {choice!r:.80}.")
    name = (choice.get("function") or choice).get("name")
    if name:
        return _choose(name, tools)
    kind = choice.get("type")
    return _CHOICES.get(kind) if isinstance(kind, str) and kind in _CHOICES else choice


def _choose(name: str, tools: Sequence[dict[str, Any]]) -> dict[str, Any]:
    offered = [str((tool.get("function") or tool).get("name")) for tool in tools]
    if name not in offered:
        raise ValueError(
            f"tool_choice={name!r} is not one of the tools offered ({', '.join(offered)}), nor one "
            "of auto, none, any, required."
        )
    return {"type": "function", "function": {"name": name}}
