"""What servers refuse of a history, in their words, and the request that is sent next.

The source of each row stands in its name; those without one are of the same kind in other words.
"""

from __future__ import annotations

from typing import Any

from tests.core.failure.refusal_helpers import USER, body, openai, pydantic, tool

Row = tuple[int, Any, dict[str, Any], dict[str, Any]]
_ABSENT = object()


def call(arguments: Any = "{}", name: str = "f", id: str = "c1", **more: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": id, "type": "function", "function": function, **more}


def turn(content: Any = _ABSENT, **members: Any) -> dict[str, Any]:
    said = {} if content is _ABSENT else {"content": content}
    return {"role": "assistant", **said, **members}


def result(id: str = "c1", content: Any = "42", **members: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content, **members}


def history(*turns: dict[str, Any]) -> dict[str, Any]:
    return body(USER, *turns)


CALLS: dict[str, Any] = {"tool_calls": [call()]}
CALLED = turn(None, **CALLS)
SYSTEM = {"role": "system", "content": "Be brief."}
HEARD = turn("Understood.")


def mistral(message: str, type: str = "invalid_request_error", code: Any = None) -> dict[str, Any]:
    return {"object": "error", "message": message, "type": type, "param": None, "code": code}


def google(message: str) -> list[dict[str, Any]]:
    return [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]


def enums(*values: Any, **more: Any) -> dict[str, Any]:
    return tool({"type": "object", "properties": {"a": {"enum": list(values), **more}}})


def only(**members: Any) -> dict[str, Any]:
    return tool({"type": "object", "properties": {"a": members}})


_BARE = {"model": "m", "messages": [USER]}
NO_PARAMETERS = {**_BARE, "tools": [{"type": "function", "function": {"name": "f"}}]}
UNUSED = {"_": {"type": "string", "description": "Not used; leave it out."}}
PATTERN = "string does not match pattern. Expected a string that matches the pattern"
TYPED = "'tools[0].function_declarations[0].parameters.properties[0].value.enum[0]' (TYPE_STRING)"
EMPTY_OBJECT = "parameters.properties: should be non-empty for OBJECT type"
DECLARED = "* GenerateContentRequest.tools[0].function_declarations[0]."

ROWS: dict[str, Row] = {
    # ---- places and types in words
    "a template of two roles": (
        500, openai("Only user and assistant roles are supported!"),
        body(SYSTEM, USER), body({**SYSTEM, "role": "user"}, USER),
    ),
    "Anthropic, null": (
        400, openai("messages.1.content: Input should be a valid string"),
        history(CALLED, result()), history(turn("", **CALLS), result()),
    ),
    "Anthropic, a member": (
        400, openai("messages.1.refusal: Extra inputs are not permitted"),
        history(turn("Hi", refusal="No"), USER), history(turn("Hi"), USER),
    ),
    "Ollama, no content": (
        400, openai("invalid message content type: <nil>"),
        history(CALLED, result()), history(turn("", **CALLS), result()),
    ),
    "Ollama, older, parts": (
        400, openai("json: cannot unmarshal array into Go struct field ChatRequest.messages.content"
                    " of type string"),
        history(turn([{"type": "text", "text": "Hi"}]), USER), history(turn("Hi"), USER),
    ),
    "no content in words": (
        400, openai("Messages with role assistant must have content"),
        history(turn(**CALLS), result()), history(turn(None, **CALLS), result()),
    ),
    "Mistral, a made-up name": (
        400, mistral("Function name was my tool! but must be a-z, A-Z, 0-9, or contain underscores "
                     "and dashes, with a maximum length of 64."),
        history(turn("", tool_calls=[call(name="my tool!")]), result()),
        history(turn("", tool_calls=[call(name="my_tool_")]), result()),
    ),
    # ---- a content that is missing
    "DeepSeek, beside calls (deepseek4j#41)": (
        400,
        openai("Failed to deserialize the JSON body into the target type: messages[1]: missing "
               "field `content` at line 1 column 99"),
        history(turn(**CALLS), result()),
        history(turn(None, **CALLS), result()),
    ),
    "FastAPI, a required content": (
        422,
        {"detail": [{**pydantic("messages", 1, "assistant", "content", type="missing"),
                     "msg": "Field required"}]},
        history(turn(**CALLS), result()),
        history(turn(None, **CALLS), result()),
    ),
    "Groq, missing without calls": (
        400,
        openai("'messages.1' : for 'role:assistant' the following must be satisfied"
               "[('messages.1' : property 'content' is missing)]"),
        history(turn(), USER),
        history(turn(""), USER),
    ),
    "jsonschema, missing": (
        400,
        openai("'content' is a required property - 'messages.1'"),
        history(turn(**CALLS), result()),
        history(turn(None, **CALLS), result()),
    ),
    # ---- a content that is null
    "OpenAI, null without calls (n8n, Internal error: 400)": (
        400,
        openai("Invalid value for 'content': expected a string, got null.",
               "messages.[1].content"),
        history(turn(None), USER),
        history(turn(""), USER),
    ),
    "Cloudflare, null beside calls (opencode.school#174)": (
        400,
        {"success": False, "errors": [{"code": 5006, "message": "AiError: Bad input: Error: Type "
                                       "mismatch of '/messages/1/content', 'null' not in "
                                       "'string'"}]},
        history(CALLED, result()),
        history(turn("", **CALLS), result()),
    ),
    "FastAPI, null beside calls": (
        422,
        {"detail": [pydantic("messages", 1, "assistant", "content", type="string_type")]},
        history(CALLED, result()),
        history(turn("", **CALLS), result()),
    ),
    "serde, null of a tool": (
        422,
        openai("Failed to deserialize: messages[2].content: invalid type: null, expected a string"),
        history(CALLED, result(content=None)),
        history(turn("", **CALLS), result(content="")),
    ),
    # ---- a content that is empty
    "Anthropic behind a proxy, beside calls (nanobot#949)": (
        400,
        openai("messages: text content blocks must be non-empty"),
        history(turn("", **CALLS), result()),
        history(CALLED, result()),
    ),
    "Bedrock, beside calls (jido_ai#215)": (
        400,
        openai("The text field in the ContentBlock object at messages.1.content.0 is blank. Add "
               "text to the text field, and try again."),
        history(turn(" ", **CALLS), result(content="")),
        history(CALLED, result(content="(empty)")),
    ),
    "Anthropic, empty parts (claude-code#23440)": (
        400,
        openai("messages: text content blocks must contain non-whitespace text"),
        body({"role": "user", "content": [{"type": "text", "text": ""},
                                          {"type": "text", "text": "Hi"}]}),
        body({"role": "user", "content": [{"type": "text", "text": "Hi"}]}),
    ),
    "Anthropic, empty parts beside others": (
        400,
        openai("messages.1.content.0: text content blocks must be non-empty"),
        body({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]},
             turn([{"type": "text", "text": "Hi"}, {"text": "\n"}, "odd"])),
        body({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]},
             turn([{"type": "text", "text": "Hi"}, "odd"])),
    ),
    "Moonshot's kind of words": (
        400,
        openai("Invalid request: message at position 1 with role 'assistant' must not be empty"),
        history(turn(""), USER),
        history(turn("(empty)"), USER),
    ),
    "Google, parts (contents.parts)": (
        400,
        google("* GenerateContentRequest.contents[1].parts: contents.parts must not be empty."),
        history(turn([{"type": "text", "text": " "}]), USER),
        history(turn("(empty)"), USER),
    ),
    "Mistral, neither (OpenHands#8685)": (
        400,
        mistral("Assistant message must have either content or tool_calls, but not none."),
        history(turn("", tool_calls=None), USER),
        history(turn("(empty)", tool_calls=None), USER),
    ),
    "Mistral, both (langchain#21196)": (
        400,
        mistral("Assistant message must have either content or tool_calls, but not both."),
        history(turn("I will look.", **CALLS), result()),
        history(turn("", **CALLS), result()),
    ),
    "Cloudflare, parts (TencentDB-Agent-Memory#1313)": (
        400,
        openai("AiError: Bad input: Error: Type mismatch of '/messages/*/content', 'array' not in "
               "'string'"),
        body({"role": "user", "content": [{"type": "text", "text": "Hi"}]}),
        body({"role": "user", "content": "Hi"}),
    ),
    # ---- members that say nothing
    "OpenAI, tool_calls (home-assistant#118577)": (
        400,
        openai("Invalid 'messages[1].tool_calls': empty array. Expected an array with minimum "
               "length 1, but got an empty array instead.", "messages[1].tool_calls",
               "empty_array"),
        history(turn("Hi", tool_calls=[]), USER),
        history(turn("Hi"), USER),
    ),
    "jsonschema, tool_calls": (
        400,
        openai("[] is too short - 'messages.1.tool_calls'"),
        history(turn("Hi", tool_calls=[], audio=None), USER),
        history(turn("Hi"), USER),
    ),
    "FastAPI, tool_calls": (
        422,
        {"detail": [pydantic("messages", 1, "assistant", "tool_calls", type="too_short")]},
        history(turn("Hi", tool_calls=[]), USER),
        history(turn("Hi"), USER),
    ),
    "OpenAI, audio (simple-openai#212)": (
        400,
        openai("Invalid type for 'messages[1].audio': expected an object, but got null instead.",
               "messages[1].audio", "invalid_type"),
        history(turn("Hi", audio=None, refusal=None), USER),
        history(turn("Hi"), USER),
    ),
    "jsonschema, function_call": (
        400,
        openai("None is not of type 'object' - 'messages.1.function_call'"),
        history(turn("Hi", function_call=None), USER),
        history(turn("Hi"), USER),
    ),
    "OpenAI, a name": (
        400,
        openai("Invalid type for 'messages[0].name': expected a string, but got null instead."),
        body({**USER, "name": None}),
        body(USER),
    ),
    # ---- the order of turns
    "Mistral, a user after a tool (datapizza-ai#98)": (
        400,
        mistral("Unexpected role 'user' after role 'tool'", "invalid_request_message_order",
                "3230"),
        history(CALLED, result(), USER),
        history(CALLED, result(), HEARD, USER),
    ),
    "Mistral through a router, a system message after a tool (crush#279)": (
        400,
        {"error": {"message": "Provider returned error", "code": 400, "metadata": {
            "raw": '{"object":"error","message":"Unexpected role \'system\' after role \'tool\'",'
                   '"type":"invalid_request_message_order","param":null,"code":"3230"}'}}},
        history(CALLED, result(), SYSTEM),
        history(CALLED, result(), HEARD, SYSTEM),
    ),
    "a template that wants turns (Scaleway's page on errors, crush#279)": (
        400,
        openai("After the optional system message, conversation roles must alternate user and "
               "assistant roles except for tool calls and results."),
        body(USER, USER, CALLED, result(), {**USER, "content": [{"type": "text", "text": "Go"}]}),
        body({**USER, "content": "Hello\n\nHello"}, CALLED, result(), HEARD,
             {**USER, "content": [{"type": "text", "text": "Go"}]}),
    ),
    "a template, parts and texts": (
        500,
        openai("Conversation roles must alternate user/assistant/user/assistant/..."),
        body({**USER, "content": [{"type": "text", "text": "Hi"}]}, USER),
        body({**USER, "content": [{"type": "text", "text": "Hi"},
                                  {"type": "text", "text": "Hello"}]}),
    ),
    # ---- names and arguments that a model made up
    "OpenAI, a name with a dot (mcp-use#90)": (
        400,
        openai(f"Invalid 'messages[1].tool_calls[0].function.name': {PATTERN} "
               "'^[a-zA-Z0-9_-]+$'.", "messages[1].tool_calls[0].function.name", "invalid_value"),
        history(turn(tool_calls=[call(name="functions.f")]), result(name="functions.f")),
        history(turn(tool_calls=[call(name="functions_f")]), result(name="functions_f")),
    ),
    "OpenAI, no name (continue#11645)": (
        400,
        openai("Invalid 'messages[1].tool_calls[0].function.name': empty string. Expected a "
               "string with minimum length 1, but got an empty string instead."),
        history(turn(tool_calls=[call(name="")]), result()),
        history(turn(tool_calls=[call(name="unknown")]), result()),
    ),
    "Bedrock, a name with a mark": (
        400,
        openai("messages.1.content.0.tool_use.name: String should match pattern "
               "'^[a-zA-Z0-9_-]{1,128}$'"),
        history(turn(tool_calls=[call(name="f<|channel|>commentary")]), result()),
        history(turn(tool_calls=[call(name="f_channel_commentary")]), result()),
    ),
    "llama.cpp, cut arguments (OpenHands#13949)": (
        500,
        openai("Failed to parse tool call arguments as JSON: [json.exception.parse_error.101] "
               "parse error at line 1, column 6"),
        history(turn(tool_calls=[call('{"a": ')]), result()),
        history(turn(tool_calls=[call('{"invalid": "{\\"a\\": "}')]), result()),
    ),
    "vLLM, no JSON (local-inference-lab/vllm#684)": (
        400,
        openai("Expecting value: line 1 column 1 (char 0)"),
        history(turn(tool_calls=[call("Oslo"), call("", id="c2"), call(None, id="c3"), {}]),
                result()),
        history(turn(tool_calls=[call('{"invalid": "Oslo"}'), call(id="c2"), call(id="c3"), {}]),
                result()),
    ),
    "SGLang, no object (sglang#28035)": (
        400,
        openai("'str object' has no attribute 'items'"),
        history(turn(tool_calls=[call('"Oslo"'), call("[1]", id="c2")]), result()),
        history(turn(tool_calls=[call('{"invalid": "\\"Oslo\\""}'),
                                 call('{"invalid": "[1]"}', id="c2")]), result()),
    ),
    "Ollama, arguments (codex-router#161)": (
        400,
        openai("invalid tool call arguments"),
        history(turn(tool_calls=[call('{"a": 1')]), result()),
        history(turn(tool_calls=[call('{"invalid": "{\\"a\\": 1"}')]), result()),
    ),
    "a place, arguments that are objects": (
        400,
        openai("Invalid type for 'messages[1].tool_calls[0].function.arguments': expected a "
               "string, but got an object instead.",
               "messages[1].tool_calls[0].function.arguments", "invalid_type"),
        history(turn(tool_calls=[call({"a": 1}), call([2], id="c2")]), result()),
        history(turn(tool_calls=[call('{"a": 1}'), call('{"invalid": [2]}', id="c2")]), result()),
    ),
    # ---- ids
    "llama.cpp, its template's ids (llama.cpp#26359)": (
        500,
        openai("Tool call IDs should be alphanumeric strings with length 9!"),
        history(turn(tool_calls=[call(id="1697377797897")]), result("1697377797897")),
        history(turn(tool_calls=[call(id="5EqF985yv")]), result("5EqF985yv")),
    ),
    "mlx-lm, the same with 404 (mlx-lm#1375)": (
        404,
        {"error": "Tool call IDs should be alphanumeric strings with length 9!"},
        history(turn(tool_calls=[call(id="1697377797897")]), result("1697377797897")),
        history(turn(tool_calls=[call(id="5EqF985yv")]), result("5EqF985yv")),
    ),
    "Anthropic behind a proxy, odd ids": (
        400,
        openai("messages.1.content.0.tool_use.id: String should match pattern "
               "'^[a-zA-Z0-9_-]+$'"),
        history(turn(tool_calls=[call(id="functions.f:0")]), result("functions.f:0")),
        history(turn(tool_calls=[call(id="S3QaoEYpS")]), result("S3QaoEYpS")),
    ),
    "a place, an id that is short enough": (
        400,
        openai("Invalid 'messages[1].tool_calls[0].id': bad", "messages[1].tool_calls[0].id",
               "invalid_value"),
        history(turn(tool_calls=[call(id="functions.f:0")]), result("functions.f:0")),
        history(turn(tool_calls=[call(id="S3QaoEYpS")]), result("S3QaoEYpS")),
    ),
    # ---- schemas
    "Google, numbers in an enum (opencode#12784)": (
        400,
        google(f"Invalid value at {TYPED}, 1"),
        enums(1, 2, type="integer", description="How near."),
        only(type="integer", description="How near. (one of 1, 2)"),
    ),
    "Google, numbers, texts and null": (
        400,
        google(f"Invalid value at {TYPED}, 2.5"),
        enums("a", 1, 2.5, None),
        only(anyOf=[{"type": "string", "enum": ["a"]},
                    {"type": "number", "description": "(one of 1, 2.5)"}, {"type": "null"}]),
    ),
    "Google, texts and numbers apart": (
        400,
        google(f"Invalid value at {TYPED}, 3"),
        tool({"type": "object", "properties": {"a": {"enum": ["x"]}, "b": {"enum": [True]}}}),
        tool({"type": "object", "properties": {
            "a": {"enum": ["x"]}, "b": {"type": "boolean", "description": "(one of true)"}}}),
    ),
    "Google, an empty text in an enum": (
        400,
        google(f"{DECLARED}parameters.properties[a].enum[0]: cannot be empty"),
        enums("", "a", type="string"),
        only(type="string", description='(one of "", "a")'),
    ),
    "Google, no parameters (agno#2112)": (
        400,
        google(f"{DECLARED}{EMPTY_OBJECT}"),
        tool({"type": "object", "properties": {}, "required": []}),
        NO_PARAMETERS,
    ),
    "Google, an object inside (browser-use#3786)": (
        400,
        google(f"{DECLARED}parameters.properties[a].properties: should be non-empty for OBJECT "
               "type"),
        only(type=["object", "null"], additionalProperties=False),
        only(type=["object", "null"], additionalProperties=False, properties=UNUSED),
    ),
    "Vertex, no parameters (dyad#2251)": (
        400,
        google("Unable to submit request because `list_pages` functionDeclaration parameters "
               "schema should be of type OBJECT."),
        tool({"type": "object", "properties": {}}),
        NO_PARAMETERS,
    ),
}  # fmt: skip
