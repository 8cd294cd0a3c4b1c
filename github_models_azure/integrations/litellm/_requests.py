"""From what LiteLLM hands a provider to the body and the keywords of a call of our clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from github_models_azure.policies.options import OPTION_NAMES

PROVIDER = "github_models"
"""What stands before the first slash of a model: ``github_models/openai/gpt-4.1``."""

_SDK_MEMBERS = frozenset(
    {
        "frequency_penalty", "max_tokens", "messages", "model", "presence_penalty",
        "response_format", "seed", "stop", "stream", "temperature", "tool_choice", "tools", "top_p",
        "dimensions", "encoding_format", "input", "input_type",
    }
)  # fmt: skip
"""The members of a body that need no ``extra-parameters`` header."""

_PASS_THROUGH = {"extra-parameters": "pass-through"}
_LITELLMS_OWN = frozenset(
    {
        "annotations", "cache_control", "images", "provider_specific_fields", "reasoning_items",
        "thinking_blocks",
    }
)  # fmt: skip
"""What LiteLLM adds to messages and tools for other providers, or to the answers it gave."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as LiteLLM hands it over; ``options`` are this package's own and azure-core's."""

    model: str
    body: dict[str, Any]
    options: dict[str, Any]
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    logging: Any = field(default=None, repr=False)
    response: Any = field(default=None, repr=False)

    @property
    def asked(self) -> Any:
        """The messages, or the texts to embed."""
        return self.body.get("messages", self.body.get("input"))

    @property
    def provider(self) -> str:
        """The name under which LiteLLM knows the provider of this call."""
        details = getattr(self.logging, "model_call_details", None) or {}
        return str(details.get("custom_llm_provider") or PROVIDER)

    @property
    def from_sync(self) -> bool:
        """Whether LiteLLM's sync ``completion`` made this call, also where it is async."""
        return str(getattr(self.logging, "call_type", "")) == "completion"

    @classmethod
    def chat(cls, given: Mapping[str, Any], *, stream: bool = False) -> Call:
        """Read the arguments of ``completion`` and its like."""
        return cls._of(given, {"messages": _messages(given["messages"])}, stream=stream)

    @classmethod
    def embedding(cls, given: Mapping[str, Any]) -> Call:
        """Read the arguments of ``embedding`` and its like."""
        texts = given["input"]
        return cls._of(given, {"input": [texts] if isinstance(texts, str) else texts})

    @classmethod
    def _of(cls, given: Mapping[str, Any], body: dict[str, Any], *, stream: bool = False) -> Call:
        params = {
            name: value
            for name, value in (given.get("optional_params") or {}).items()
            if value is not None
        }
        options = {name: params.pop(name) for name in OPTION_NAMES & params.keys()}
        options |= _timeout(given.get("timeout"))
        if "max_retries" in params:  # LiteLLM's and OpenAI's word for retries of the same target
            options["retry_total"] = params.pop("max_retries")
        extra_headers = params.pop("extra_headers", None) or {}
        extra_body = params.pop("extra_body", None) or {}
        params.pop("stream", None)
        tools = {"tools": _without(params["tools"])} if "tools" in params else {}
        whole = {"model": given["model"], **body, **params, **tools, **extra_body}
        headers = {**(given.get("headers") or {}), **extra_headers}
        if whole.keys() - _SDK_MEMBERS:
            headers = {**_PASS_THROUGH, **headers}
        if stream:
            whole["stream"] = True
        if headers:
            options["headers"] = headers
        return cls(
            model=given["model"],
            body=whole,
            options=options,
            api_base=given.get("api_base") or None,
            api_key=given.get("api_key") or None,
            logging=given.get("logging_obj"),
            response=given.get("model_response"),
        )


def _messages(messages: Iterable[Any]) -> list[dict[str, Any]]:
    """Return messages as plain dicts, those of LiteLLM's own answers too."""
    return [_message(message) for message in messages]


def _message(message: Any) -> dict[str, Any]:
    given = message if isinstance(message, Mapping) else message.model_dump()
    kept = {
        name: _without(value)
        for name, value in given.items()
        if name not in _LITELLMS_OWN and (value is not None or name == "content")
    }
    if kept.get("content", "") is None and not (kept.keys() & {"tool_calls", "function_call"}):
        del kept["content"]
    return kept


def _without(value: Any) -> Any:
    """Leave LiteLLM's own members out of the parts of a content and of tools."""
    if not isinstance(value, list):
        return value
    return [
        {name: inner for name, inner in part.items() if name not in _LITELLMS_OWN}
        if isinstance(part, Mapping)
        else part
        for part in value
    ]


def _timeout(given: Any) -> dict[str, Any]:
    """Return a timeout as keywords: a number bounds the whole call, httpx's parts one attempt."""
    if isinstance(given, httpx.Timeout):
        parts = {"connection_timeout": given.connect, "read_timeout": given.read}
        return {name: value for name, value in parts.items() if value is not None}
    return {} if given is None else {"timeout": float(given)}
