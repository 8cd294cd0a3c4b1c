"""The service's refusals: status, body and headers, as public sightings gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .json_value import Json, compact

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A refusal ready for the wire."""

    status: int
    body: bytes
    media_type: str | None = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


class ServiceRefusal(Exception):
    """Raised while a request is judged; carries the answer that the caller gets."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(f"{answer.status}")
        self.answer = answer


def from_json(status: int, body: Json, *headers: tuple[str, str]) -> ErrorAnswer:
    """Return a refusal with a JSON body."""
    return ErrorAnswer(status, compact(body).encode(), JSON_TYPE, headers)


def text(status: int, body: str, *headers: tuple[str, str]) -> ErrorAnswer:
    """Return a refusal with a plain-text body."""
    return ErrorAnswer(status, body.encode(), TEXT_TYPE, headers)


def gateway(status: int, code: str, message: str, *headers: tuple[str, str]) -> ErrorAnswer:
    """Return the envelope of the GitHub gateway, whose ``details`` repeat the message."""
    error = {"code": code, "message": message, "details": message}
    return from_json(status, {"error": error}, *headers)


def upstream(
    message: str,
    *,
    code: str | None,
    param: str | None = None,
    type: str | None = "invalid_request_error",
    status: int = 400,
) -> ErrorAnswer:
    """Return the envelope of Azure OpenAI, as it comes through the gateway."""
    error: Json = {"message": message, "type": type, "param": param, "code": code}
    return from_json(status, {"error": error})


def bad_credentials() -> ErrorAnswer:
    """Return the answer to a missing or wrong token."""
    return gateway(401, "unauthorized", "Bad credentials")


def models_permission() -> ErrorAnswer:
    """Return the answer to a token without ``models: read``."""
    return gateway(
        401, "unauthorized", "The `models` permission is required to access this endpoint"
    )


def no_access(model: str) -> ErrorAnswer:
    """Return the answer to a model that the plan, or a policy, does not include."""
    return gateway(403, "no_access", f"No access to model: {model}")


def unknown_model(model: str, *, legacy: bool) -> ErrorAnswer:
    """Return the answer to an unknown name: 400 on the legacy host, 404 on the new one."""
    return gateway(400 if legacy else 404, "unknown_model", f"Unknown model: {model}")


def unknown_model_text() -> ErrorAnswer:
    """Return what the new host answered to a bare name in July 2025."""
    return text(
        400,
        "Model not found; expected format: {publisher}/{model_name}. Valid models can be found by "
        "calling /catalog/models.\n",
    )


def unavailable_model(name: str) -> ErrorAnswer:
    """Return the answer to a listed model that the plan does not reach."""
    return gateway(400, "unavailable_model", f"Unavailable model: {name}")


def too_large(name: str, limit: int) -> ErrorAnswer:
    """Return the answer to more input tokens than the tier lets through."""
    return gateway(
        413,
        "tokens_limit_reached",
        f"Request body too large for {name} model. Max size: {limit} tokens.",
    )


def rate_limited(
    type: str, limit: int, span: int, wait: int, headers: Mapping[str, str] | None = None
) -> ErrorAnswer:
    """Return the 429 of one limit: words, ``retry-after`` and the service's own headers.

    :param headers: replace the usual ones of the same name; an empty value leaves one out.
    """
    message = (
        f"Rate limit of {limit} per {span}s exceeded for {type}. "
        f"Please wait {wait} seconds before retrying."
    )
    told = {
        "retry-after": str(wait),
        "x-ratelimit-timeremaining": str(wait),
        "x-ratelimit-type": type,
        "x-ms-error-code": "RateLimitReached",
    }
    told.update({name.lower(): value for name, value in (headers or {}).items()})
    sent = tuple((name, value) for name, value in told.items() if value)
    return gateway(429, "RateLimitReached", message, *sent)


def empty_messages() -> ErrorAnswer:
    """Return the answer to ``messages: []``, which health checks use as a cheap probe."""
    return upstream("Invalid 'messages': empty array", code="empty_array", param="messages")


def max_tokens_too_large(param: str, given: int, limit: int) -> ErrorAnswer:
    """Return the answer to more output tokens than the model itself can write."""
    return upstream(
        f"{param} is too large: {given}. This model supports at most {limit} completion tokens, "
        f"whereas you provided {given}.",
        code="invalid_value",
        param=param,
    )


def unsupported_parameter(param: str) -> ErrorAnswer:
    """Return the answer to a parameter that a reasoning model refuses."""
    hint = " Use 'max_completion_tokens' instead." if param == "max_tokens" else ""
    return upstream(
        f"Unsupported parameter: '{param}' is not supported with this model.{hint}",
        code="unsupported_parameter",
        param=param,
    )


def unsupported_value(param: str, value: str) -> ErrorAnswer:
    """Return the answer to a value that the model refuses, such as a role or a temperature."""
    return upstream(
        f"Unsupported value: '{param}' does not support {value} with this model.",
        code="unsupported_value",
        param=param,
    )


def only_the_default(param: str, value: Json) -> ErrorAnswer:
    """Return the answer of the gpt-5 family to another temperature than 1."""
    message = (
        f"Unsupported value: '{param}' does not support {compact(value)} with this model. "
        "Only the default (1) value is supported."
    )
    # gabrii/Cursor-Azure-GPT-5#33, on Azure OpenAI.
    return upstream(message, code="unsupported_value", param=param)


def invalid(param: str, message: str, *, code: str = "invalid_type") -> ErrorAnswer:
    """Return the answer to a member of the body that is not what it must be."""
    return upstream(f"Invalid '{param}': {message}", code=code, param=param)


def no_word_json() -> ErrorAnswer:
    """Return the answer to ``json_object`` without a prompt that says so (xray.koplugin#33)."""
    message = (
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
        "'json_object'."
    )
    return upstream(message, code=None, param="messages")


def too_deep() -> ErrorAnswer:
    """Return the answer to a schema with too many levels; the words are ours [unconfirmed]."""
    return upstream("Invalid schema: it is nested too deeply.", code=None, param="response_format")


def misplaced_image(index: int, role: str) -> ErrorAnswer:
    """Return the answer to an image in a message that is not the user's."""
    message = (
        f"Invalid 'messages[{index}]'. Image URLs are only allowed for messages with role 'user', "
        f"but this message with role '{role}' contains an image URL."
    )
    return upstream(message, code="invalid_value", param=f"messages[{index}]")


def api_version_too_old(name: str, oldest: str) -> ErrorAnswer:
    """Return the answer to an o-series model called with too old an ``api-version``."""
    message = f"Model {name} is enabled only for api versions {oldest} and later"
    return from_json(400, {"error": {"code": "BadRequest", "message": message}})


def content_filtered() -> ErrorAnswer:
    """Return the answer to a prompt that the content filter refuses."""
    safe: Json = {"filtered": False, "severity": "safe"}
    verdict: Json = {
        "hate": safe,
        "jailbreak": {"filtered": False, "detected": False},
        "self_harm": safe,
        "sexual": safe,
        "violence": {"filtered": True, "severity": "medium"},
    }
    error: Json = {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
        "management policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": verdict,
        },
    }
    return from_json(400, {"error": error})


def extra_forbidden(unknown: Mapping[tuple[str, ...], Json]) -> ErrorAnswer:
    """Return the 422 of a Mistral deployment to members it does not know, by their location."""
    detail: Json = [
        {
            "type": "extra_forbidden",
            "loc": ["body", *location],
            "msg": "Extra inputs are not permitted",
            "input": value,
            "url": "https://errors.pydantic.dev/2.10/v/extra_forbidden",
        }
        for location, value in unknown.items()
    ]
    error: Json = {"code": "Invalid input", "message": compact({"detail": detail}), "status": 422}
    return from_json(422, {"error": error})


def invalid_messages(*problems: str) -> ErrorAnswer:
    """Return the 422 whose ``error`` is an array of sentences."""
    return from_json(422, {"error": list(problems)})


def tools_not_enabled() -> ErrorAnswer:
    """Return what the vLLM deployment of Llama-4-Scout said to tools."""
    return from_json(
        400,
        {
            "object": "error",
            "message": '"auto" tool choice requires --enable-auto-tool-choice and '
            "--tool-call-parser to be set",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
    )


def wrong_operation(name: str, operation: str, *, openai: bool) -> ErrorAnswer:
    """Return the answer to an embeddings model asked to chat, or the reverse."""
    if openai:
        message = (
            f"The {operation} operation does not work with the specified model, {name}. "
            "Please choose different model and try again."
        )
        return from_json(400, {"error": {"code": "OperationNotSupported", "message": message}})
    return text(
        404,
        "NOT FOUND",
        ("ms-azureml-model-error-reason", "model_error"),
        ("ms-azureml-model-error-statuscode", "404"),
    )


def page_not_found() -> ErrorAnswer:
    """Return the answer to a path that does not exist."""
    return text(404, "404 page not found")


def wrong_method() -> ErrorAnswer:
    """Return the answer to a method that the path does not take."""
    return text(405, "Method Not Allowed", ("allow", "POST"))


def malformed_json() -> ErrorAnswer:
    """Return the answer to a body that is not JSON."""
    return gateway(400, "bad_request", "The request body is not valid JSON.")


def not_an_object() -> ErrorAnswer:
    """Return the answer to a JSON body that is not an object."""
    return gateway(400, "bad_request", "The request body must be a JSON object.")


def wrong_content_type(given: str) -> ErrorAnswer:
    """Return the answer to a body of another media type."""
    shown = given or "none"
    return gateway(
        415, "unsupported_media_type", f"Content-Type must be application/json, not {shown}."
    )


def body_too_large(limit: int) -> ErrorAnswer:
    """Return the answer to more bytes than the emulator reads."""
    return gateway(413, "request_too_large", f"Request body exceeds {limit} bytes.")


def brownout() -> ErrorAnswer:
    """Return the 410 that answers everything since the service was retired."""
    message = "GitHub Models is temporarily unavailable as part of a scheduled retirement brownout."
    error: Json = {"code": "github_models_retirement_brownout", "message": message}
    return from_json(410, {"error": error})


SUNSET_LINK = (
    "<https://github.blog/changelog/2026-07-01-github-models-is-being-fully-retired-on-july-30-2026"
    '>; rel="deprecation"'
)


def sunset() -> ErrorAnswer:
    """Return the empty 403 that accounts without earlier use met before the end."""
    headers = (
        ("deprecation", "@1777939200"),
        ("sunset", "Thu, 30 Jul 2026 00:00:00 GMT"),
        ("link", SUNSET_LINK),
    )
    return ErrorAnswer(403, b"", None, headers)


# Word for word, with the typo of the second link, and a day of the week that was a Thursday.
DEPRECATION_HEADERS: tuple[tuple[str, str], ...] = (
    ("deprecation", "Fri, 17 July 2025 00:00:00 GMT"),
    ("sunset", "Fri, 17 Oct 2025 00:00:00 GMT"),
    (
        "link",
        "<https://github.blog/changelog/2025-07-17-deprecation-of-azure-endpoint-for-github-models/"
        '>; rel="deprecation"',
    ),
    ("link", '<https://github.models.ai/inference>; rel="alternate"'),
)
