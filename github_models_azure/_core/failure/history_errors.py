"""The words in which servers refuse what goes back to them, and the lesson in each.

Sources are public reports; the words of their own that other servers have for the same are covered
where they name the same thing. What fits none of them is judged by its code, as any refusal.
"""

from __future__ import annotations

import re

from ..request.fit_schemas import EMPTY_OBJECTS, NUMBERS_IN_ENUM
from ..request.history import (
    CALL_ARGUMENTS,
    CALL_NAME,
    CONTENT_BESIDE_CALLS,
    EMPTY_CONTENT,
    EMPTY_MEMBERS,
    MISSING_CONTENT,
    NOTHING_SAID,
    NULL_BESIDE_CALLS,
    NULL_CONTENT,
    PARTS,
    ROLE_ORDER,
    USER_AFTER_TOOL,
)

_CALL_ID = "tool_call_id"
_PLAIN_ID = "tool_ids=plain40"
_NULL = f"{NULL_CONTENT} {NULL_BESIDE_CALLS}"
_PLACE = r"\bmessages\W{1,3}(?:\d+|\*)\W{1,3}(?:assistant\W{1,3}|user\W{1,3}|tool\W{1,3})?"
_NOT_NULL = r"(?:got|found|received|type:) ['\"`]?(?:null|none)\b|\b(?:not|cannot) be null\b"
_USERS = r"['\"`]?(?:user|system|developer)['\"`]?"
_BLANK = (
    r"(?:(?:must|should|can|may|could) ?not be (?:empty|blank)|cannot be (?:empty|blank)"
    r"|(?:must|should|has to|have to) be non-?\s?empty|(?:is|are) (?:empty|blank)\b"
    r"|non-?whitespace|empty string|too short|at least (?:1|one) character)"
)

_REFUSALS = tuple(
    (re.compile(pattern, re.IGNORECASE), lesson)
    for pattern, lesson in (
        # deepseek4j#41; jsonschema's words; groq's; pydantic's
        (
            rf"missing (?:(?:a|the|required) )*(?:field|parameter|property|member|key)s?:?\W{{0,3}}"
            rf"(?:{_PLACE})?content\b"
            rf"|['\"`]content['\"`] is (?:a )?(?:required|missing)"
            rf"|\b(?:field|property|member) ['\"`]?content['\"`]? is (?:required|missing)"
            rf"|{_PLACE}content\b\W{{0,3}} (?:this )?(?:field )?(?:is )?(?:required|missing)"
            r"|\bcontent field is (?:required|missing)|\bassistant must have content\b",
            MISSING_CONTENT,
        ),
        # n8n's page on OpenAI's "expected a string, got null"; Cloudflare (opencode.school#174)
        (
            rf"\bcontent\b.{{0,80}}?(?:{_NOT_NULL}|\bnull['\"`]? not in ['\"`]?string)"
            r"|\bnone is not of type ['\"`]string['\"`].{0,40}\.content\b"
            r"|\bcontent type: <nil>",  # of Ollama
            _NULL,
        ),
        (r"\bcannot unmarshal array\b.{0,80}\.content of type string\b", PARTS),
        (r"/content['\"`]?, ['\"`]array['\"`] not in ['\"`]string['\"`]", PARTS),
        # solbrowse#16, OpenHands#8685; langchain#21196, copilot-cli#4884
        (r"\bcontent['\"`]? or ['\"`]?tool_calls\b.{0,20}\bnot none\b", NOTHING_SAID),
        (r"\bcontent['\"`]? or ['\"`]?tool_calls\b.{0,20}\bnot both\b", CONTENT_BESIDE_CALLS),
        (r"\bcontent['\"`]? or ['\"`]?tool_calls\b", NOTHING_SAID),
        # nanobot#949, jido_ai#215 (Bedrock), anthropics/claude-code#23440
        (
            rf"(?:\bcontent(?: blocks?| parts?| field)?|\btext field|\bcontents?\W{{0,2}}parts"
            rf"|\bmessage (?:at|with|\W?\d))\b.{{0,80}}?{_BLANK}"
            r"|\bnon-?empty content\b|\bmust have a text parameter\b",
            EMPTY_CONTENT,
        ),
        # datapizza-ai#98, crush#279
        (
            rf"\brole {_USERS} after (?:role )?['\"`]?tool\b"
            rf"|\b{_USERS}(?: role| message| turn)?s? (?:can ?not|must not|may not) (?:directly )?"
            r"(?:follow|come after) (?:a |the )?['\"`]?tool\b",
            USER_AFTER_TOOL,
        ),
        (r"\broles must alternate\b|\balternate (?:between )?['\"`]?user\b", ROLE_ORDER),
        # chatbox#2079, home-assistant#118577, simple-openai#212, jsonschema's words
        (
            rf"{_PLACE}(?:tool_calls\b['\"`]?|(?!content)\w+['\"`]?).{{0,60}}?"
            rf"(?:\bempty array\b|\btoo short\b|{_NOT_NULL})"
            r"|(?:\[\] is too short|\bnone is not of type\b|\[\] should be non-empty).{0,40}"
            r"messages\W{1,2}\d+\W{1,2}(?!content)\w+['\"`]?$"
            r"|\btool_calls\b.{0,40}(?:\bempty (?:array|list)\b|not be empty|at least (?:1|one)"
            r"|non-?empty)",
            EMPTY_MEMBERS,
        ),
        # mcp-use#90, continue#11645; Bedrock's and Anthropic's own names for it
        (
            r"\btool_calls\W{1,2}\d+\W{1,2}function\W{1,2}name\b|\btool_?use\W{1,2}name\b"
            r"|\binvalid function name\b|^function name was .{0,500}\bmust be a-z, A-Z, 0-9\b",
            CALL_NAME,
        ),
        # vllm#684 (local-inference-lab), sglang#28035, codegraff#752, codex-router#161,
        # OpenHands#13949; Python's own words for text that is no JSON
        (
            r"\b(?:tool|function|call)\w*\W{1,3}(?:calls? )?arguments?\b.{0,80}\bjson\b"
            r"|\barguments\b.{0,40}\b(?:valid|invalid|must be|not)\b.{0,20}\bjson\b"
            r"|\binvalid tool call arguments\b|\btool_?use\W{1,2}input\b"
            r"|\bfunction_?call\W{1,2}args\b"
            r"|\btool_calls\W{1,2}\d+\W{1,2}function\W{1,2}arguments\b"
            r"|\bhas no attribute ['\"`]items['\"`]"
            r"|^(?:expecting (?:value|property name|',' delimiter|':' delimiter)|extra data"
            r"|unterminated string starting at|invalid control character at)\b.{0,80}\(char \d+\)",
            CALL_ARGUMENTS,
        ),
        # llama.cpp#26359, vllm#12332: the template behind the server judges ids
        (
            r"\btool call ids? (?:should|must) be alphanumeric\b"
            r"|\btool call id .{0,500}\bmust be a-z, A-Z, 0-9\b|\blength of 9\b",
            _CALL_ID,
        ),
        (
            r"\b(?:tool_?use|tool_result|tool_call)\W{0,2}_?(?:tool_?use_?)?id\b.{0,80}"
            r"(?:match (?:the )?pattern|invalid characters?)",
            _PLAIN_ID,
        ),
        # opencode#12784, bifrost#25, hermes-agent#15082
        (
            r"\benum\W{1,2}\d+\W{0,3}(?:.{0,20}\(TYPE_STRING\)|.{0,5}cannot be empty)",
            NUMBERS_IN_ENUM,
        ),
        (r"\benum\b.{0,60}(?:only|must be|should be).{0,20}\bstrings?\b", NUMBERS_IN_ENUM),
        # agno#2112, browser-use#3786, dyad#2251
        (
            r"\bshould be non-?empty for OBJECT type\b"
            r"|\bparameters schema should be of type OBJECT\b"
            r"|\bobject\b.{0,40}\bmust have (?:at least one|non-?empty) propert",
            EMPTY_OBJECTS,
        ),
    )
)
# Codes of pydantic's for a member that is missing, null or empty; the history is judged by what
# stands at the place that they name.
_JUDGED_BY_PLACE = frozenset(
    {
        "missing", "dict_type", "list_type", "string_type", "model_type", "too_short",
        "model_attributes_type", "string_too_short", "string_pattern_mismatch", "empty_array",
        "invalid_type", "invalid_value", "empty_string", "json_invalid", "value_error.missing",
        "type_error.none.not_allowed",
    }
)  # fmt: skip
# Anthropic's and Bedrock's endpoints write the place before the words.
_STATED_PLACE = re.compile(r"(?i)^(messages\.\d+\.content): input should be a valid string\b")
_IN_HISTORY = re.compile(
    r"messages\.\d+\.(?:(?:assistant|system|tool|user|developer)\.)?"
    r"(?:content|audio|tool_calls|function_call|name|refusal|reasoning_content|tool_call_id"
    r"|tool_calls\.\d+\.(?:id|function\.(?:name|arguments)))"
)


def refused_in_history(text: str, param: str, names: tuple[str, ...]) -> str | None:
    """Return what a refusal says of the history, as a member refused; ``None`` if it says nothing.

    :param text: its message.
    :param param: the member that it names, dotted; empty if it names none.
    :param names: its codes and types, in lower case.
    """
    if _IN_HISTORY.fullmatch(param) and _JUDGED_BY_PLACE.intersection(names):
        return param
    if stated := _STATED_PLACE.search(text):
        return stated[1]
    return next((lesson for pattern, lesson in _REFUSALS if pattern.search(text)), None)
