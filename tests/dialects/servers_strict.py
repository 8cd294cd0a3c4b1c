"""The rules of Gemini, Mistral, Groq and Cerebras, which refuse what they do not know.

Every rule names the public report, or the vendor's page, that it was written from.
"""

from __future__ import annotations

import re

from tests.dialects.servers_http import Reply, Request, as_json
from tests.dialects.servers_rules import STANDARD, keywords, messages_of

SIGNATURE = "EjQKMgEMOdbHc3RyaWN0IHRlc3Qgc2VydmVy"
_SKIPS = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")

# Google


def google_error(*said: str, status: int = 400, name: str = "INVALID_ARGUMENT") -> Reply:
    """An array with one error (ironclaw#1510, ComfyUI-NewBie-LLM-Formatter#3)."""
    error = {"code": status, "message": "\n".join(said), "status": name}
    return as_json([{"error": error}], status)


def google_query(request: Request) -> Reply | None:
    """Refuse every parameter in the query (qadchat#13)."""
    said = [
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
        for name, _ in request.params
    ]
    return google_error(*said) if said else None


def google_members(request: Request) -> Reply | None:
    """Refuse members that the gateway has no field for (ChatterUI#227, page-assist#418)."""
    refused = {"frequency_penalty", "logit_bias", "presence_penalty", "seed", "top_k"}
    unknown = [n for n in request.body if n in refused or n not in STANDARD | {"extra_body"}]
    said = [
        f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
        for name in unknown
    ]
    return google_error(*said) if said else None


def google_schemas(request: Request) -> Reply | None:
    """Refuse keywords in the schemas of tools (openswarm#24, zed#44875)."""
    said = []
    for place, tool in enumerate(request.body.get("tools") or []):
        found = set(keywords(tool["function"].get("parameters")))
        said += [
            f'Invalid JSON payload received. Unknown name "{name}" at '
            f"'tools[0].function_declarations[{place}].parameters': Cannot find field."
            for name in ("$schema", "additionalProperties", "const")
            if name in found
        ]
    return google_error(*said) if said else None


# ironclaw#1510; what counts as signed, and the two stand-ins: ai.google.dev, thought signatures.
def google_signatures(request: Request) -> Reply | None:
    """Refuse a history whose first call of a turn is not signed."""
    for position, message in enumerate(messages_of(request), 1):
        for call in (message.get("tool_calls") or [])[:1]:
            google = (call.get("extra_content") or {}).get("google") or {}
            if google.get("thought_signature") in (SIGNATURE, *_SKIPS):
                continue
            name = call["function"]["name"]
            return google_error(
                "Function call is missing a thought_signature in functionCall parts. This is "
                "required for tools to work correctly, and missing thought_signature may lead to "
                f"degraded model performance. Additional data, function call `default_api:{name}` "
                f", position {position}. Please refer to "
                "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
            )
    return None


# Mistral

_MISTRAL = frozenset(  # docs.mistral.ai/api
    {
        "frequency_penalty", "guardrails", "max_tokens", "messages", "metadata", "model", "n",
        "parallel_tool_calls", "prediction", "presence_penalty", "prompt_mode", "random_seed",
        "reasoning_effort", "response_format", "safe_prompt", "stop", "stream", "temperature",
        "tool_choice", "tools", "top_p",
    }
)  # fmt: skip
_MISTRAL_MESSAGES = {
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls", "prefix"},
    "tool": {"role", "content", "tool_call_id", "name"},
}


# openclaude#739, crush#1590 (the role is part of the place), eca#231 (max_completion_tokens)
def mistral_members(request: Request) -> Reply | None:
    """Refuse every member it does not know, all at once."""
    body = request.body
    unknown = [(["body", name], value) for name, value in body.items() if name not in _MISTRAL]
    for index, message in enumerate(messages_of(request)):
        place, role = ["body", "messages", index], message.get("role")
        if role not in _MISTRAL_MESSAGES:
            tags = ", ".join(map(repr, _MISTRAL_MESSAGES))
            said = f"Input tag {role!r} found using 'role' does not match any of: {tags}"
            tag = {"type": "union_tag_invalid", "loc": place, "msg": said, "input": message}
            return as_json({"detail": [tag]}, 422)
        unknown += [
            ([*place, role, name], value)
            for name, value in message.items()
            if name not in _MISTRAL_MESSAGES[role]
        ]
        for number, call in enumerate(message.get("tool_calls") or []):
            unknown += [
                ([*place, role, "tool_calls", number, name], value)
                for name, value in call.items()
                if name not in ("id", "type", "function", "index")
            ]
    said = "Extra inputs are not permitted"
    detail = [
        {"type": "extra_forbidden", "loc": loc, "msg": said, "input": value}
        for loc, value in unknown
    ]
    return as_json({"detail": detail}, 422) if detail else None


def mistral_error(message: str, kind: str, code: str, status: int = 400) -> Reply:
    """The envelope of what its model servers refuse."""
    told = {"object": "error", "message": message, "type": kind, "param": None, "code": code}
    return as_json({**told, "raw_status_code": status}, status)


# ironclaw#1241 gives the body, opencode#1680 and langchain#24668 the same words
def mistral_ids(request: Request) -> Reply | None:
    """Refuse ids that are not nine letters or digits."""
    for message in messages_of(request):
        ids = [call.get("id") for call in message.get("tool_calls") or []]
        if message.get("role") == "tool":
            ids.append(message.get("tool_call_id"))
        for given in ids:
            if not re.fullmatch(r"[A-Za-z0-9]{9}", str(given)):
                said = f"Tool call id was {given} but must be a-z, A-Z, 0-9, with a length of 9."
                return mistral_error(said, "invalid_function_call", "3280")
    return None


# Groq

_GROQ_MESSAGES = {
    "system": {"role", "content"},
    "developer": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls", "reasoning"},
    "tool": {"role", "content", "tool_call_id"},
}


def groq_error(message: str) -> Reply:
    """A message and a type, no code."""
    return as_json({"error": {"message": message, "type": "invalid_request_error"}}, 400)


# chatbot#21 (store); console.groq.com/docs/openai names logprobs, logit_bias, top_logprobs
def groq_members(request: Request) -> Reply | None:
    """Refuse the first member that it does not take."""
    taken = STANDARD - {"logit_bias", "logprobs", "top_logprobs"}
    taken |= {"include_reasoning", "reasoning_format", "search_settings"}
    strange = next((name for name in request.body if name not in taken), None)
    return None if strange is None else groq_error(f"property '{strange}' is unsupported")


# freellmapi#1070, ServiceStack/llms#17 (members); livekit/agents#1790 (text of system messages)
def groq_messages(request: Request) -> Reply | None:
    """Refuse unknown members inside messages, and lists where a system message has its text."""
    for index, message in enumerate(messages_of(request)):
        place, role = f"messages.{index}", message.get("role")
        wrong = [
            f"('{place}' : property '{name}' is unsupported)"
            for name in message
            if name not in _GROQ_MESSAGES.get(str(role), ())
        ]
        if role == "system" and not isinstance(message.get("content"), str):
            wrong.append(f"('{place}.content' : value must be a string)")
        if wrong:
            listed = ", ".join(wrong)
            return groq_error(
                f"'{place}' : for 'role:{role}' the following must be satisfied[{listed}]"
            )
    return None


# Cerebras


def cerebras_error(message: str, param: str = "validation_error") -> Reply:
    """Everything at the top level."""
    told = {"message": message, "type": "invalid_request_error", "param": param}
    return as_json({**told, "code": "wrong_api_format"}, 400)


# openclaude#740 (store), kilocode#10375 and free-claude-code#1136 (messages, all at once)
def cerebras_members(request: Request) -> Reply | None:
    """Refuse unknown members, in the body and in messages; ``reasoning`` is its own."""
    strange = [f"body.{name}" for name in request.body if name not in STANDARD]
    known = {"role", "content", "name", "tool_calls", "tool_call_id", "reasoning"}
    for index, message in enumerate(messages_of(request)):
        place = f"messages.{index}.{message.get('role')}"
        strange += [f"{place}.{name}" for name in message if name not in known]
    said = [f"{place}: property '{place}' is unsupported" for place in strange]
    return cerebras_error("\n".join(said)) if said else None


def cerebras_schema(request: Request) -> Reply | None:
    """Refuse keywords in the schema of an answer (claude-code-router#708, #338)."""
    wanted = (request.body.get("response_format") or {}).get("json_schema") or {}
    found = set(keywords(wanted.get("schema")))
    refused = ", ".join(repr(name) for name in ("minItems", "items") if name in found)
    if not refused:
        return None
    return cerebras_error(f"Unsupported JSON schema fields: {{{refused}}}", "response_format")
