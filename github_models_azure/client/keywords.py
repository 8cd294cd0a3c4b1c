"""Keywords that are nearly right: what to write instead is said before anything is sent."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from azure.ai import inference as _sdk
from azure.ai.inference.models import JsonSchemaFormat

from ..policies.options import CLIENT_NAMES, CORE_NAMES, OPTION_NAMES

_BODY_MEMBERS = frozenset(
    {
        "audio", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
        "metadata", "modalities", "n", "parallel_tool_calls", "prediction", "reasoning_effort",
        "safety_identifier", "service_tier", "store", "stream_options", "top_k", "top_logprobs",
        "user", "verbosity",
    }
)  # fmt: skip
"""Members of a chat body that the SDK has no keyword for."""

_FOR_OPENAI = "headers of the endpoint: endpoint=Endpoint(name, url, headers={'OpenAI-%s': ...})"
_ELSEWHERE: Mapping[str, str] = {
    "api_base": "endpoint=",
    "api_key": "credential=",
    "azure_ad_token": "credential=",
    "azure_ad_token_provider": "credential=",
    "azure_deployment": "model=",
    "azure_endpoint": "endpoint=",
    "base_url": "endpoint=",
    "default_headers": "headers=",
    "fallback_model": "fallback=",
    "fallback_models": "fallback=",
    "http_client": "transport=",
    "max_retries": "retry_total=",
    "num_retries": "retry_total=",
    "organization": _FOR_OPENAI % "Organization",
    "project": _FOR_OPENAI % "Project",
    "request_timeout": "timeout=",
}
"""What other SDKs call what a client takes here under another name."""

_THEIRS = {
    name
    for client in (_sdk.ChatCompletionsClient, _sdk.EmbeddingsClient)
    for name in inspect.signature(client).parameters
}
_OPTIONS = (*sorted(CLIENT_NAMES | CORE_NAMES | _THEIRS), "validate")
_NEAR = 0.85
"""How alike two names are of which one is a slip: ``plans`` and ``plan``, not ``adapter``."""

_SHORT = 4

_CALLS = {
    "complete": (_sdk.ChatCompletionsClient.complete,),
    "embed": (_sdk.EmbeddingsClient.embed, _sdk.ImageEmbeddingsClient.embed),
}
_WHAT = {"complete": ("messages", "[UserMessage('...')]"), "embed": ("input", "['...']")}


def checked(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse what a client would ignore though it was meant; what is merely unknown passes.

    Frameworks hand over settings of their own, which the SDK ignores too.

    :raises TypeError: for another SDK's name of something that clients take, for a near miss of an
        option, and for tools and formats that cannot be sent.
    """
    kept = dict(keywords)
    for name in keywords:
        if name in _ELSEWHERE:
            if kept.pop(name) is None:  # azure-core would stumble over some of them
                continue
            raise TypeError(f"A client takes no {name}. Write {_ELSEWHERE[name]}")
        if (meant := _meant(name, _OPTIONS)) is not None:
            raise TypeError(f"{name!r} is not a keyword of a client. Write {meant}=")
    _check_format(keywords.get("response_format"))
    _check_tools(keywords.get("tools"))
    return kept


def check_keywords(keywords: Mapping[str, Any]) -> None:
    """Refuse keywords that a call cannot take.

    :raises TypeError: for members of the body, with the way to send them; the SDK would hand them
        to the socket layer.
    """
    wrong = sorted(_BODY_MEMBERS & keywords.keys())
    if wrong:
        extras = ", ".join(f"{name!r}: {keywords[name]!r:.40}" for name in wrong)
        raise TypeError(
            f"{wrong[0]!r} is not a keyword of this call; send it as model_extras={{{extras}}}."
        )


def check_call(method: str, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
    """Refuse what a call cannot take and say what to write.

    :param method: ``complete`` or ``embed``.
    :raises TypeError: for a body that is a list or text, a near miss of a keyword, and for
        messages, tools and formats of another kind than the SDK's.
    """
    check_keywords(keywords)
    if args and isinstance(args[0], str | list | tuple):
        name, example = _WHAT[method]
        raise TypeError(
            f"{method}() takes a whole request body as its one argument, not "
            f"{_kind_of(args[0])}. Write {method}({name}={example})."
        )
    known = _known(method)
    for name in keywords.keys() - known:
        if (meant := _meant(name, tuple(sorted(known)))) is not None:
            raise TypeError(
                f"{name!r} is not a keyword of {method}(). Write {meant}=, or, for a member of the "
                f"request body of that name, model_extras={{{name!r}: {keywords[name]!r:.40}}}."
            )
    if method == "complete":
        _check_messages(keywords.get("messages"))
        _check_format(keywords.get("response_format"))
        _check_tools(keywords.get("tools"))


def _check_messages(messages: object) -> None:
    single = isinstance(messages, str | Mapping)
    texts = isinstance(messages, list | tuple) and any(isinstance(one, str) for one in messages)
    if single or texts:
        got = _kind_of(messages) if single else "a list with text in it"
        raise TypeError(
            f"messages is a list of messages, not {got}. "
            "Write messages=[UserMessage('...')], or messages=[{'role': 'user', 'content': '...'}]."
        )


def _check_format(wanted: object) -> None:
    if isinstance(wanted, type):
        raise TypeError(
            f"response_format is 'text', 'json_object' or a JsonSchemaFormat, not the class "
            f"{wanted.__name__}. For an instance of it write "
            f"complete(..., response_model={wanted.__name__})."
        )
    if isinstance(wanted, Mapping) and not isinstance(wanted, JsonSchemaFormat):
        kind = wanted.get("type")
        write = (
            f"response_format={kind!r}"
            if kind in ("text", "json_object")
            else "response_format=JsonSchemaFormat(name=..., schema=...)"
        )
        raise TypeError(
            "response_format is 'text', 'json_object' or a JsonSchemaFormat, not a mapping. "
            f"Write {write}."
        )


def _check_tools(tools: object) -> None:
    if tools is None or isinstance(tools, Mapping):
        listed: tuple[object, ...] = () if tools is None else (tools,)
    else:
        listed = tuple(tools) if isinstance(tools, list | tuple) else (tools,)
    if not isinstance(tools, list | tuple | None) or not all(map(_is_definition, listed)):
        wrong = next((one for one in listed if not _is_definition(one)), tools)
        raise TypeError(
            f"tools is a list of definitions, not {_named(wrong)}. Write "
            "tools=[Tool.of(function).definition()] with Tool from github_models_azure.tools, or "
            "give the function itself to a ToolRunner, which runs it too."
        )


def _is_definition(one: object) -> bool:
    return isinstance(one, Mapping) or (hasattr(one, "as_dict") and not isinstance(one, type))


def _named(value: object) -> str:
    if isinstance(value, Mapping):
        return "one definition without a list around it"
    return f"{value.__name__}" if hasattr(value, "__name__") else f"{value!r:.60}"


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "a single message"


@lru_cache(maxsize=8)
def _known(method: str) -> frozenset[str]:
    theirs = {name for call in _CALLS[method] for name in inspect.signature(call).parameters}
    return frozenset(theirs | OPTION_NAMES | CORE_NAMES | {"response_model"})


@lru_cache(maxsize=256)  # the same few keywords of azure-core, call after call
def _meant(name: str, known: tuple[str, ...]) -> str | None:
    """Return the name of which another one is a slip; ``None`` if it is known or like none."""
    from difflib import get_close_matches

    if name in known:
        return None
    written = name.lower().replace("-", "_")
    if len(written) > _SHORT:
        for one in known:
            if sorted(one) == sorted(written):  # letters that changed places
                return one
    return next(iter(get_close_matches(written, known, 1, _NEAR)), None)
