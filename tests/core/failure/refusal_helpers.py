"""What servers were publicly reported to answer where they refuse, and what is to be sent then.

The source of each row stands in its name.
"""

from __future__ import annotations

import json
from typing import Any

USER = {"role": "user", "content": "Hello"}
CALL = {"id": "call_PTLP8xhu3uwZk4l3nlnrrJha", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}  # fmt: skip
LONG = "fc_0f0e50a1476a6c35006912c58dc9f8819192c25864eb16f07f"


def body(*messages: Any, **members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages) or [USER], **members}


def thinking(**members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "Hi", **members}


def calling(**members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "tool_calls": [{**CALL, **members}]}


def tool(schema: Any) -> dict[str, Any]:
    return body(tools=[{"type": "function", "function": {"name": "f", "parameters": schema}}])


def answer_in(schema: Any) -> dict[str, Any]:
    format_ = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    return body(response_format=format_)


def pydantic(*loc: Any, type: str = "extra_forbidden", **more: Any) -> dict[str, Any]:
    return {"type": type, "loc": ["body", *loc], "msg": "Extra inputs are not permitted", **more}


def openai(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return {"error": error}


def groq(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error"}}


def cerebras(message: str, param: str = "validation_error") -> dict[str, Any]:
    error_type = "invalid_request_error"
    return {"message": message, "type": error_type, "param": param, "code": "wrong_api_format"}


def gemini(*lines: str) -> list[dict[str, Any]]:
    message = "\n".join(f"Invalid JSON payload received. {line}" for line in lines)
    violations = [{"description": message}]
    details = [
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
    ]
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": details}
    return [{"error": error}]


def unknown(name: str, place: str) -> str:
    return f"Unknown name \"{name}\" at '{place}': Cannot find field."


DECLARED = "tools[0].function_declarations[0].parameters"
DEEP = f"{DECLARED}.properties[6].value.items.properties[2].value.items.any_of[0]"
SIGNATURE = (
    "Function call is missing a thought_signature in functionCall parts. This is required for "
    "tools to work correctly, and missing thought_signature may lead to degraded model "
    "performance. Additional data, function call `default_api:f` , position 2."
)
NEEDS_STRING = (
    "'messages.0' : for 'role:system' the following must be satisfied"
    "[('messages.0.content' : value must be a string)]"
)
NEEDS_NO_REASONING = (
    "'messages.0' : for 'role:assistant' the following must be satisfied"
    "[('messages.0' : property 'reasoning_content' is unsupported)]"
)
CEREBRAS_PATH = "messages.0.assistant.reasoning_content"
LENGTH = (
    "string too long. Expected a string with maximum length 40, but got a string with length 53"
)
ID_TOO_LONG = f"Invalid 'messages[1].tool_calls[0].id': {LENGTH} instead."
NO_MAX_TOKENS = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead."
)
NO_TEMPERATURE = (
    "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) "
    "value is supported."
)
LLAMA_ROLE = (
    "5 validation errors:\n  {'type': 'literal_error', 'loc': ('body', 'messages', 0, "
    "'ChatCompletionRequestSystemMessage', 'role'), 'msg': \"Input should be 'system'\", 'input': "
    "'developer', 'ctx': {'expected': \"'system'\"}}\n  {'type': 'literal_error', 'loc': ('body', "
    "'messages', 0, 'ChatCompletionRequestUserMessage', 'role'), 'msg': \"Input should be 'user'\"}"
)
LLAMA_FORM = (
    "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
    "'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}\n"
)
MISTRAL_ID = "Tool call id was {} but must be a-z, A-Z, 0-9, with a length of 9."

ROWS: dict[str, tuple[int, Any, dict[str, Any], dict[str, Any]]] = {
    "OpenAI, Azure: max_tokens (Flowise#5060)": (
        400,
        openai(NO_MAX_TOKENS, "max_tokens", "unsupported_parameter"),
        body(max_tokens=5),
        body(max_completion_tokens=5),
    ),
    "OpenAI: temperature (Flowise#5060)": (
        400,
        openai(NO_TEMPERATURE, "temperature", "unsupported_value"),
        body(temperature=0.5),
        body(),
    ),
    "Mistral, a member (openclaude#739)": (
        422,
        {"detail": [pydantic("store", input=False), pydantic("max_completion_tokens", input=9)]},
        body(store=False),
        body(),
    ),
    "Mistral, JSON in a message (mistralai/platform-docs-public#7)": (
        422,
        {"object": "error", "message": json.dumps({"detail": [pydantic("frequency_penalty")]}),
         "type": "internal_error_proxy", "param": None, "code": "1000"},
        body(frequency_penalty=0.0),
        body(),
    ),
    "Mistral, in messages, with the role (crush#1590)": (
        422,
        {"detail": [pydantic("messages", n, "assistant", "reasoning_content", input="\n")
                    for n in (0, 2)]},
        body(thinking(reasoning_content="hm"), USER, thinking(reasoning_content="so")),
        body(thinking(), USER, thinking()),
    ),
    "Mistral, an object in a message (mistral-go#2)": (
        422,
        {"object": "error", "message": {"detail": [pydantic("messages", 0, "user", "name")]},
         "type": "invalid_request_error", "param": None, "code": None},
        body({**USER, "name": "Ann"}),
        body(USER),
    ),
    "Mistral, in tool calls (after crush#1590)": (
        422,
        {"detail": [pydantic("messages", 0, "assistant", "tool_calls", 0, "index")]},
        body(calling(index=0)),
        body(calling()),
    ),
    "Mistral, ids (ironclaw#1241)": (
        400,
        {"object": "error", "message": MISTRAL_ID.format(CALL["id"]),
         "type": "invalid_function_call", "param": None, "code": "3280", "raw_status_code": 400},
        body(calling()),
        body(calling(id="s5r73EprN")),
    ),
    "Mistral, an empty id (openclaw#23740)": (
        400,
        {"object": "error", "message": MISTRAL_ID.replace("{} ", ""), "param": None, "code": None},
        body(calling(id="")),
        body(calling(id="fqA4S4SKU")),
    ),
    "Groq, a member (chatbot#21)": (
        400,
        groq("property 'store' is unsupported, did you mean 'stop'?"),
        body(store=True),
        body(),
    ),
    "Groq, in messages (AstrBot#5946)": (
        400,
        groq(NEEDS_NO_REASONING),
        body(thinking(reasoning_content="hm")),
        body(thinking()),
    ),
    "Groq, text only for system (livekit/agents#1790)": (
        400,
        groq(NEEDS_STRING),
        body({"role": "system", "content": [{"type": "text", "text": "Be brief."}]}, USER),
        body({"role": "system", "content": "Be brief."}, USER),
    ),
    "Cerebras, in messages (kilocode#10375)": (
        400,
        cerebras(f"{CEREBRAS_PATH}: property '{CEREBRAS_PATH}' is unsupported"),
        body(thinking(reasoning_content="hm")),
        body(thinking()),
    ),
    "Cerebras, schema fields (claude-code-router#708)": (
        400,
        cerebras("Unsupported JSON schema fields: {'minItems', 'items'}", "response_format"),
        answer_in({"type": "array", "minItems": 1, "items": {}, "x": {"items": {}}}),
        answer_in({"type": "array", "x": {}}),
    ),
    "Cerebras, schema fields as a list (claude-code-router#338)": (
        400,
        cerebras('Unsupported JSON schema fields: ["items", "minItems"]', "response_format"),
        answer_in({"type": "array", "minItems": 1, "items": {}}),
        answer_in({"type": "array"}),
    ),
    "Gemini, a member (page-assist#418)": (
        400,
        gemini('Unknown name "frequency_penalty": Cannot find field.'),
        body(frequency_penalty=0.5),
        body(),
    ),
    "Gemini, schemas, all it names (openswarm#24)": (
        400,
        gemini(unknown("$schema", DECLARED), unknown("additionalProperties", DEEP),
               unknown("propertyNames", DEEP)),
        tool({"$schema": "s", "items": {"propertyNames": {}, "additionalProperties": False}}),
        tool({"items": {}}),
    ),
    "Gemini, a deep place (claude-code-router#187)": (
        400,
        gemini(unknown("additionalProperties", DEEP), unknown("additionalProperties", DEEP)),
        tool({"additionalProperties": False}),
        tool({}),
    ),
    "Gemini, const (zed#44875)": (
        400,
        gemini(unknown("const", f"{DECLARED}.properties[8].value.any_of[0]")),
        tool({"properties": {"const": {"anyOf": [{"const": "a"}]}}}),
        tool({"properties": {"const": {"anyOf": [{"enum": ["a"]}]}}}),
    ),
    "Gemini, signatures (openclaude#67)": (
        400,
        [{"error": {"code": 400, "message": SIGNATURE, "status": "INVALID_ARGUMENT"}}],
        body(calling()),
        body(calling(
            extra_content={"google": {"thought_signature": "skip_thought_signature_validator"}}
        )),
    ),
    "OpenAI, long ids (agno#5382)": (
        400,
        openai(ID_TOO_LONG, "messages[1].tool_calls[0].id", "string_above_max_length"),
        body(USER, calling(id=LONG), {"role": "tool", "tool_call_id": LONG, "content": "1"}),
        body(USER, calling(id="2TLcBFK2S"),
             {"role": "tool", "tool_call_id": "2TLcBFK2S", "content": "1"}),
    ),
    "OpenAI through a proxy, long ids without a param (litellm#17343)": (
        400,
        openai(f"Github_copilotException - {ID_TOO_LONG}"),
        body(USER, calling(id=LONG)),
        body(USER, calling(id="2TLcBFK2S")),
    ),
    "llama-cpp-python, developer": (
        500,
        {"error": {"message": LLAMA_ROLE, "type": "internal_server_error", "param": None,
                   "code": None}},
        body({"role": "developer", "content": "x"}, USER),
        body({"role": "system", "content": "x"}, USER),
    ),
    "FastAPI, developer": (
        422,
        {"detail": [pydantic("messages", 0, "ChatCompletionRequestSystemMessage", "role",
                             type="literal_error", input="developer")]},
        body({"role": "developer", "content": "x"}, USER),
        body({"role": "system", "content": "x"}, USER),
    ),
    "Mistral, developer": (
        422,
        {"detail": [{"type": "union_tag_invalid", "loc": ["body", "messages", 1],
                     "msg": "Input tag 'developer' found using 'role' does not match any of the "
                     "expected tags: 'system', 'user', 'assistant', 'tool'", "input": {}}]},
        body(USER, {"role": "developer", "content": "x"}),
        body(USER, {"role": "system", "content": "x"}),
    ),
    "a role that is none of a list": (
        400,
        openai("'developer' is not one of ['system', 'assistant', 'user'] - 'messages.0.role'"),
        body({"role": "developer", "content": "x"}, USER),
        body({"role": "system", "content": "x"}, USER),
    ),
}  # fmt: skip

UNMENDED: dict[str, tuple[int, Any, dict[str, Any]]] = {
    "Gemini, a list of types (genoffice#186)": (
        400,
        gemini(f"Unknown name \"type\" at '{DECLARED}': Proto field is not repeating, cannot "
               "start list."),
        tool({"type": ["string", "null"]}),
    ),
    "vLLM without a parser of tools (vllm#10463)": (
        400,
        {"object": "error", "code": 4, "message": '"auto" tool choice requires '
         "--enable-auto-tool-choice and --tool-call-parser to be set"},
        tool({}),
    ),
    "Copilot, another API (litellm#23332)": (
        400,
        openai("model x does not support this API", "model", "unsupported_api_for_model"),
        body(),
    ),
    "llama-cpp-python, json_schema": (500, openai(LLAMA_FORM), answer_in({})),
    "llama.cpp, images": (500, openai("image input is not supported"), body()),
    "Mistral, tools it does not take (php-mistral#76)": (
        422,
        {"object": "Error", "detail": [pydantic("tools", input=[{}])], "code": 3001},
        tool({}),
    ),
}  # fmt: skip
