"""What servers were reported to say in words of their own, and what it means, whole and streamed.

About `_core/failure/wordings.py` and `_core/failure/rules.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from github_models_azure._core.failure.classify import (
    classify_ok_body,
    classify_response,
    classify_stream_error,
)
from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope
from github_models_azure._core.failure.wordings import (
    lacking_capability,
    output_cap,
    refused_in_words,
)

NOW = 1_795_221_000.0
K = FailureKind


def refused(message: str, code: object = None, **more: object) -> dict[str, Any]:
    error = {"message": message, "type": "invalid_request_error", "code": code, **more}
    return {"error": error}


def whole(status: int, body: object, headers: Mapping[str, str] | None = None) -> Failure:
    return classify_response(status, headers or {}, json.dumps(body).encode(), now=NOW)


def each_way(status: int, body: dict[str, Any]) -> list[Failure]:
    """The failure under its status, in a 200 that states it, and in a stream that does."""
    told = {"error": {**body["error"], "status": status}}
    found = classify_ok_body(told, content_type="application/json", now=NOW)
    assert found is not None
    return [whole(status, body), found, classify_stream_error(told, now=NOW)]


STATUSES = [
    (420, K.RATE_LIMITED), (498, K.RATE_LIMITED), (409, K.UNAVAILABLE), (424, K.UNAVAILABLE),
    (425, K.UNAVAILABLE), (499, K.UNAVAILABLE), (406, K.UNCLEAR), (418, K.UNCLEAR),
    (451, K.UNCLEAR), (400, K.UNCLEAR), (422, K.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_status_without_words_has_its_kind(status: int, kind: K) -> None:
    """Busy, not now, or nobody knows whose fault; the body need not say a word."""
    assert whole(status, {}).kind is kind
    assert {one.kind for one in each_way(status, refused("Something"))} == {kind}


TOOLS = "This model does not support tools"
WORDS: list[tuple[str, int, dict[str, Any], K]] = [
    # tools and images
    ("ollama#6027", 400, refused("registry.ollama.ai/library/llama3:8b does not support tools"),
     K.WRONG_DIALECT),
    ("OpenRouter", 404, refused("No endpoints found that support tool use. To learn more about "
     "provider routing, visit: https://openrouter.ai/docs", 404), K.WRONG_DIALECT),
    ("OpenRouter, images", 404, refused("No endpoints found that support image input", 404),
     K.WRONG_DIALECT),
    ("function calling", 400, refused("Function calling is not enabled for models/gemma-3-27b-it"),
     K.WRONG_DIALECT),
    ("tool use", 400, refused("Tool use isn't supported by this model."), K.WRONG_DIALECT),
    ("vision", 400, refused("This model doesn't support vision."), K.WRONG_DIALECT),
    ("image_url", 400, refused("Invalid content type. image_url is only supported by certain "
     "models."), K.WRONG_DIALECT),
    ("multimodal", 400, refused("x is not a multimodal model and cannot accept images"),
     K.WRONG_DIALECT),
    ("Groq, quoted", 400, refused("`tool calling` is not supported with this model"),
     K.WRONG_DIALECT),
    ("llama.cpp, tools", 500, refused("tools param requires --jinja flag"), K.WRONG_DIALECT),
    ("unsupported tools", 400, refused("Tool use with function calling is unsupported by the "
     "model."), K.WRONG_DIALECT),
    ("vLLM, images", 400, refused("m is not a multimodal model"), K.WRONG_DIALECT),
    ("vLLM, 0 images", 400, refused("At most 0 image(s) may be provided in one request."),
     K.WRONG_DIALECT),
    ("Bedrock, streams", 400, refused("This model doesn't support tool use in streaming mode."),
     K.WRONG_DIALECT),
    # what the server's own model wrote
    ("Groq", 400, refused("Failed to call a function. Please adjust your prompt. See "
     "'failed_generation' for more details.", "tool_use_failed"), K.WRONG_DIALECT),
    ("Groq, no code", 400, refused("tool call validation failed: attempted to call tool 'x' which "
     "was not in request.tools"), K.WRONG_DIALECT),
    ("Groq, JSON", 400, refused("Failed to generate JSON. Please adjust your prompt.",
     "json_validate_failed"), K.WRONG_DIALECT),
    # context overflow
    ("Anthropic", 400, refused("prompt is too long: 213462 tokens > 200000 maximum"), K.TOO_LARGE),
    ("xAI", 400, refused("This model's maximum prompt length is 131072 but the request contains "
     "537812 tokens"), K.TOO_LARGE),
    ("Copilot", 400, refused("prompt token count of 130000 exceeds the limit of 128000"),
     K.TOO_LARGE),
    ("Moonshot", 400, refused("Invalid request: Your request exceeded model token limit: 262144 "
     "(requested: 269030)"), K.TOO_LARGE),
    ("Alibaba", 400, refused("<400> InternalError.Algo.InvalidParameter: Range of input length "
     "should be [1, 204800]"), K.TOO_LARGE),
    ("Z.ai", 400, refused("Prompt exceeds max length", "1261"), K.TOO_LARGE),
    ("Bedrock", 400, refused("Input is too long for requested model."), K.TOO_LARGE),
    ("LM Studio", 400, refused("The number of tokens to keep from the initial prompt is greater "
     "than the context length"), K.TOO_LARGE),
    ("TGI", 422, refused("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` "
     "tokens and 20 `max_new_tokens`"), K.TOO_LARGE),
    ("vLLM, both", 400, refused("'max_tokens' is too large: 5000. This model's maximum context "
     "length is 4096 tokens and your request has 100 input tokens"), K.TOO_LARGE),
    ("vLLM, prompt", 400, refused("The decoder prompt (length 5000) is longer than the maximum "
     "model length of 4096."), K.TOO_LARGE),
    ("TGI, inputs", 422, refused("Input validation error: `inputs` must have less than 4096 tokens."
     " Given: 5000"), K.TOO_LARGE),
    ("total", 400, refused("The total number of tokens exceeds the limit of 8192"), K.TOO_LARGE),
    ("llama.cpp", 500, refused("the request exceeds the available context size"), K.TOO_LARGE),
    # too many requests, and not now, under a status that does not say so
    ("GitHub, 403", 403, refused("You have exceeded a secondary rate limit. Please wait a few "
     "minutes before you try again."), K.RATE_LIMITED),
    ("a rate, 400", 400, refused("Rate limit exceeded for this key"), K.RATE_LIMITED),
    ("busy, 400", 400, refused("The model is currently loading, try again"), K.UNAVAILABLE),
    ("busy, 422", 422, refused("The server is overloaded"), K.UNAVAILABLE),
    # a model that is not there
    ("Gemini, 404", 404, refused("models/gemini-1.0-pro is not found for API version v1beta"),
     K.MODEL_GONE),
    ("DeepSeek, model", 400, refused("Model Not Exist"), K.MODEL_GONE),
    ("Bedrock, model", 400, refused("The provided model identifier is invalid."), K.MODEL_GONE),
    # more tokens than the model writes
    ("max tokens", 400, refused("Max tokens must be <= 4096 for this model"), K.WRONG_DIALECT),
    ("DeepSeek", 400, refused("Invalid max_tokens value, the valid range of max_tokens is "
     "[1, 8192]"), K.WRONG_DIALECT),
    ("OpenAI", 400, refused("max_tokens is too large: 20000. This model supports at most 8192 "
     "completion tokens, whereas you provided 20000.", "invalid_value", param="max_tokens"),
     K.WRONG_DIALECT),
    ("Vertex", 400, refused("Unable to submit request because it has a maxOutputTokens value of "
     "20000 but the supported range is from 1 (inclusive) to 8193 (exclusive)."), K.WRONG_DIALECT),
    ("Claude", 400, refused("max_tokens: 20000 > 8192, which is the maximum allowed number of "
     "output tokens for claude-3-5"), K.WRONG_DIALECT),
    ("pydantic", 422, refused("Input should be less than or equal to 4096", "less_than_equal",
     param="max_tokens"), K.WRONG_DIALECT),
    ("between", 400, refused("max_tokens must be between 1 and 8192"), K.WRONG_DIALECT),
    # parameters, values and roles
    ("xAI, stop", 400, refused("Argument not supported on this model: stop"), K.WRONG_DIALECT),
    ("a template of two roles", 500, refused("Only user and assistant roles are supported!"),
     K.WRONG_DIALECT),
    ("temperature", 400, refused("invalid temperature: only 1 is allowed for this model"),
     K.WRONG_DIALECT),
    ("logprobs", 400, refused("The `logprobs` option is currently not available"), K.WRONG_DIALECT),
    ("stream_options", 400, refused("Extra inputs are not permitted, field: 'stream_options', "
     "value: {}"), K.WRONG_DIALECT),
    ("seed", 422, refused("got an unexpected keyword argument 'seed'"), K.WRONG_DIALECT),
    ("tool_choice", 400, refused("The tool_choice parameter does not support being set to required "
     "or object in thinking mode"), K.WRONG_DIALECT),
    ("DeepSeek, role", 422, refused("Failed to deserialize the JSON body into the target type: "
     "messages[0].role: unknown variant `developer`, expected one of `system`, `user`"),
     K.WRONG_DIALECT),
    ("Gemma, role", 400, refused("Developer instruction is not enabled for models/gemma-3-27b-it"),
     K.WRONG_DIALECT),
    ("a template", 500, refused("Jinja Exception: System role not supported"), K.WRONG_DIALECT),
    # money
    ("DeepSeek, money", 400, refused("Insufficient Balance"), K.QUOTA_EXHAUSTED),
    ("Anthropic, money", 400, refused("Your credit balance is too low to access the Anthropic "
     "API."), K.QUOTA_EXHAUSTED),
    ("Fireworks", 412, refused("Account X is suspended, possibly due to reaching the monthly "
     "spending limit or failure to pay past invoices", "PRECONDITION_FAILED"), K.QUOTA_EXHAUSTED),
    ("Alibaba, money", 400, refused("Access denied, please make sure your account is in good "
     "standing.", "Arrearage"), K.QUOTA_EXHAUSTED),
    ("Moonshot, money", 429, refused("Your account is suspended due to insufficient balance",
     type="exceeded_current_quota_error"), K.QUOTA_EXHAUSTED),
    ("Z.ai, money", 429, refused("Insufficient balance or no resource package. Please recharge.",
     "1113"), K.QUOTA_EXHAUSTED),
    ("Anthropic, limit", 400, refused("You have reached your specified API usage limits. You will "
     "regain access on 2026-12-01 at 00:00 UTC."), K.QUOTA_EXHAUSTED),
    ("xAI, money", 403, refused("Your newly created team doesn't have any credits yet."),
     K.QUOTA_EXHAUSTED),
    ("OpenRouter, key", 403, refused("Key limit exceeded (total limit).", 403), K.QUOTA_EXHAUSTED),
    ("LiteLLM, money", 400, refused("Budget has been exceeded! Current cost: 2.0, Max budget: 1.0",
     type="budget_exceeded"), K.QUOTA_EXHAUSTED),
    # content
    ("DeepSeek, content", 400, refused("Content Exists Risk"), K.CONTENT_FILTERED),
    ("OpenAI, content", 400, refused("Your input was flagged as potentially violating our usage "
     "policy.", "invalid_prompt"), K.CONTENT_FILTERED),
    # the caller's own
    ("no JSON", 400, refused("We could not parse the JSON body of your request."), K.REJECTED),
    ("missing", 400, refused("Missing required parameter: 'messages'.",
     "missing_required_parameter", param="messages"), K.REJECTED),
    ("none", 400, refused("Invalid 'messages': empty array", "empty_array", param="messages"),
     K.REJECTED),
    ("orphan", 400, refused("Invalid parameter: messages with role 'tool' must be a response to a "
     "preceeding message with 'tool_calls'."), K.REJECTED),
    # what one server refuses and the next takes
    ("Mistral, order", 400, refused("Expected last role User or Tool but got assistant", "3230"),
     K.UNCLEAR),
    ("empty content", 400, refused("messages[1].content must not be empty"),
     K.WRONG_DIALECT),
    ("a history", 400, refused("Missing required parameter: 'messages[1].content'.",
     "missing_required_parameter", param="messages[1].content"), K.WRONG_DIALECT),
    ("no tool calls", 400, refused("[] is too short - 'messages.1.tool_calls'", "empty_array",
     param="messages.1.tool_calls"), K.WRONG_DIALECT),
    ("DEGRADED", 400, refused("Function id 'f': DEGRADED function cannot be invoked"), K.UNCLEAR),
    ("an image", 400, refused("Unable to download the image"), K.UNCLEAR),
    ("a format", 400, refused("You uploaded an unsupported image. Please make sure your image has "
     "of one the following formats: ['png', 'jpeg', 'gif', 'webp'].", "invalid_image_format"),
     K.UNCLEAR),
    ("a type", 400, refused("The image is not supported: image/bmp"), K.UNCLEAR),
    ("many images", 400, refused("Requests with images are not allowed to have more than 10"),
     K.UNCLEAR),
    ("an address", 400, refused("Image URLs are not supported, use base64"), K.UNCLEAR),
    ("names of tools", 400, refused("Duplicate tool names are not allowed"), K.UNCLEAR),
    ("many messages", 400, refused("The messages array is too long"), K.UNCLEAR),
    ("one call", 400, refused("This model only supports single tool-calls at once!"), K.UNCLEAR),
    ("a schema", 400, refused("Invalid schema for function 'f'", "invalid_function_parameters"),
     K.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "kind"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS]
)
def test_what_is_said_in_words_has_its_kind(status: int, body: dict[str, Any], kind: K) -> None:
    """Whether it comes as a refusal, under a 200 or in a stream; and it is about the model."""
    found = each_way(status, body)
    assert [one.kind for one in found] == [kind] * 3
    if kind is not K.QUOTA_EXHAUSTED:
        assert {one.scope for one in found} == {Scope.TARGET}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("prompt is too long: 9 tokens > 8 maximum", K.TOO_LARGE),
        ("m does not support tools", K.WRONG_DIALECT),
        ("Insufficient credits", K.QUOTA_EXHAUSTED),
        ("max_tokens must be less than or equal to 8192", K.WRONG_DIALECT),
        ("The model `x` has been deprecated", K.MODEL_GONE),
        ("Content Exists Risk", K.CONTENT_FILTERED),
        ("Failed to call a function.", K.WRONG_DIALECT),
        ("Something odd", K.BAD_STREAM),
    ],
)
def test_words_count_where_an_event_states_no_status(message: str, kind: K) -> None:
    """Only those that leave no doubt; of any other error the stream is broken."""
    assert classify_stream_error({"error": {"message": message}}).kind is kind


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("Unsupported parameter `top_k` for this model", "top_k"),
        ("'parallel_tool_calls' is not permitted", "parallel_tool_calls"),
        ("reasoning_effort is unsupported here", "reasoning_effort"),
        ("Model `gpt-x` does not accept 'logit_bias'", "logit_bias"),
        ("The model does not support `my_own` at all", "my_own"),
        ("temperature must be 1 for this model", "temperature"),
        ("Argument not supported on this model: presencePenalty", "presence_penalty"),
        ("Model does not support parallel tool calls", "parallel_tool_calls"),
        ("Parallel function calling is not supported by this model", "parallel_tool_calls"),
        ("Model grok-4 does not support parameter stop.", "stop"),
        ("`temperature` and `top_p` cannot both be specified for this model.", "top_p"),
        ("Only user, assistant and tool roles are supported!", "messages.role.*"),
        ("only temperature=1 is supported", "temperature"),
        ("Unknown role: developer", "messages.role.developer"),
        ("Role 'system' is not supported", "messages.role.system"),
        ("m does not support system messages", "messages.role.system"),
        ("Invalid value: 'developer'. Supported values are: 'system'", "messages.role.developer"),
        ("Invalid 'messages[1].tool_calls[0].function.name': string does not match pattern",
         "messages.1.tool_calls.0.function.name"),
        ("The value at messages.3.content.1.member.toolUse.name failed to satisfy constraint",
         "messages.0.tool_calls.0.function.name"),
        ("temperature: must be at most 2", None),
        ("Model `gpt-x` is not supported by any provider", None),
        ("'a' is not of type 'object'", None),
    ],
)  # fmt: skip
def test_the_refused_member_is_read_out_of_words(message: str, param: str | None) -> None:
    """So that it can be mended; a value out of range, a model's name or a type is none."""
    assert refused_in_words(message) == param


@pytest.mark.parametrize(
    ("message", "member"),
    [
        ("m does not support tools", "tools"),
        ("At most 0 image(s) may be provided in one request.", "image_url"),
        ("This model does not support image uploads", "image_url"),
        ("m does not support image/vision input", "image_url"),
        ("This model doesn't support tool use in streaming mode.", ""),
        ("Tools are not supported together with JSON mode", ""),
        ("response_format is not supported with tools", ""),
        ("Unsupported image type: image/tiff", None),
        ("Multiple images are not supported", None),
        ("Duplicate tool names are not allowed", None),
        ("This model does not support parallel function calling", None),
        ("Tools with type 'web_search' are not supported", None),
        ("Image generation is not supported", None),
    ],
)
def test_a_model_lacks_what_it_never_takes(message: str, member: str | None) -> None:
    """One odd image, or two things at once, teach nothing that would hold for the next call."""
    assert lacking_capability(message) == member


@pytest.mark.parametrize(
    ("message", "cap"),
    [
        ("the valid range of max_tokens is [1, 8192]", 8192),
        ("This model supports at most 16,384 completion tokens", 16384),
        ("`max_tokens` must be less than or equal to `8192`", 8192),
        ("max_tokens (20000) exceeds model's maximum output tokens (8192) for model m", 8192),
        ("maxOutputTokens: supported range is from 1 (inclusive) to 8193 (exclusive)", 8193),
        ("max_tokens: 20000 > 8192, which is the maximum allowed", 8192),
        ("The maximum tokens you requested exceeds the model limit of 4096", 4096),
        ("max_tokens must be between 1 and 8192", 8192),
        ("'max_tokens' must be in range: 1..4096", 4096),
        ("The output length is over the model's maximum output length (4096)", 4096),
        ("max_completion_tokens is too large", 0),
        ("max_tokens must be at least 16", None),
        ("max_tokens is too large for the context", None),
        ("too large", None),
    ],
)
def test_the_most_tokens_that_a_model_writes(message: str, cap: int | None) -> None:
    """Zero where no number is told; nothing where it is about something else."""
    assert output_cap(message) == cap
    assert whole(400, refused(message)).max_output_tokens == (cap or None)


@pytest.mark.parametrize(
    ("message", "cap"),
    [
        ("prompt is too long: 213462 tokens > 200000 maximum", 200000),
        ("This model's maximum prompt length is 131072 but the request contains 537812", 131072),
        ("prompt token count of 130000 exceeds the limit of 128000", 128000),
        ("Your request exceeded model token limit: 262144 (requested: 269030)", 262144),
        ("Range of input length should be [1, 204800]", 204800),
        ("`inputs` tokens + `max_new_tokens` must be <= 4096", 4096),
        ("too many tokens: total number of tokens in the prompt cannot exceed 4081", 4081),
        ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.", 4096),
        ("`inputs` must have less than 4096 tokens", 4096),
    ],
)
def test_the_most_tokens_that_a_model_reads(message: str, cap: int) -> None:
    """In any words; smaller targets are not asked then."""
    assert whole(400, refused(message)).max_input_tokens == cap


@pytest.mark.parametrize("status", [400, 406, 418, 422])
def test_a_server_may_ask_to_be_asked_again(status: int) -> None:
    """``x-should-retry: true`` makes an outage of a refusal, and not of the caller's fault."""
    again = {"X-Should-Retry": "true"}
    assert whole(status, refused("Something"), again).kind is K.UNAVAILABLE
    assert whole(status, refused("Something"), {"x-should-retry": "false"}).kind is K.UNCLEAR
    assert whole(status, refused("", "empty_array"), again).kind is K.REJECTED


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("told", "final"), [("false", True), ("true", False), (None, False)])
def test_a_server_may_ask_to_be_left_alone(status: int, told: str | None, final: bool) -> None:
    """``x-should-retry: false`` says that the same request is refused again."""
    headers = {} if told is None else {"x-should-retry": told}
    assert whole(status, {}, headers).final is final


@pytest.mark.parametrize(
    ("status", "body", "guessed"),
    [
        (402, refused("Insufficient credits"), True),
        (402, {}, True),
        (400, refused("Insufficient balance"), True),
        (404, {}, True),
        (405, {}, True),
        (401, {}, False),
        (403, refused("Forbidden"), False),
        (410, refused("x", "github_models_retirement_brownout"), False),
        (429, refused("x", "insufficient_quota"), False),
    ],
)
def test_what_is_only_likely_of_an_endpoint_says_so(
    status: int, body: dict[str, Any], guessed: bool
) -> None:
    """A code of the server's own is no guess."""
    failure = whole(status, body)
    assert (failure.scope, failure.guessed) == (Scope.ENDPOINT, guessed)


def test_a_page_of_html_is_a_guess_too() -> None:
    """One route may lead to a portal, and the next to a model."""
    failure = classify_ok_body("<html>", content_type="text/html")
    assert failure is not None
    assert (failure.scope, failure.guessed) == (Scope.ENDPOINT, True)


INNER = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {}}}


@pytest.mark.parametrize(
    ("error", "details"),
    [
        ({"innererror": INNER}, {"innererror": INNER}),
        ({"param": "prompt", "innererror": INNER}, {"param": "prompt", "innererror": INNER}),
        ({"param": "messages"}, {"param": "messages"}),
        ({}, None),
        ({"innererror": "text"}, None),
        ({"innererror": {"x": "y " * 9000}}, None),
    ],
)
def test_an_error_under_a_200_is_kept_whole(error: dict[str, Any], details: Any) -> None:
    """``param`` and ``innererror`` come with it, unless they are absurdly long."""
    body = {"error": {"code": "content_filter", "message": "filtered", **error}}
    found = classify_ok_body(body, content_type=None)
    assert found is not None
    for failure in (found, classify_stream_error(body)):
        assert (None if failure.details is None else json.loads(failure.details)) == details
