"""The headers of a 200 and the bodies of plain chat answers, in the shape of each family.

The headers are the upstream deployment's, which say nothing of the user's quota.
"""

from __future__ import annotations

from collections.abc import Sequence

from .completion import Choice, Completion, WrittenCall
from .json_value import Json
from .names import Family, ServedModel

FINGERPRINT = "fp_emulated"

# Two captures of 2026: 20000 requests and 2,000,000 tokens a minute for the gpt-4o family,
# 1000 and 1,000,000 for gpt-4.1-mini.
_LARGE = (20000, 2_000_000)
_SMALL = (1000, 1_000_000)

_SAFE: Json = {"filtered": False, "severity": "safe"}
SAFE_RESULTS: Json = {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}
_ABSENT: Json = {"filtered": False, "detected": False}
_SAFE_PLAIN_RESULTS: Json = {
    "hate": _SAFE,
    "protected_material_code": _ABSENT,
    "protected_material_text": _ABSENT,
    "self_harm": _SAFE,
    "sexual": _SAFE,
    "violence": _SAFE,
}
FILTERED_RESULTS: Json = {
    "hate": _SAFE,
    "self_harm": _SAFE,
    "sexual": _SAFE,
    "violence": {"filtered": True, "severity": "medium"},
}
PROMPT_FILTER_RESULTS: Json = [
    {
        "prompt_index": 0,
        "content_filter_results": {
            "hate": _SAFE,
            "jailbreak": _ABSENT,
            "self_harm": _SAFE,
            "sexual": _SAFE,
            "violence": _SAFE,
        },
    }
]


def chat_body(completion: Completion, model: ServedModel, created: int) -> Json:
    """Return the body of a plain answer; members in the order of the recordings."""
    if model.family is Family.OPENAI:
        return {
            "choices": [_openai_choice(choice) for choice in completion.choices],
            "created": created,
            "id": chat_id(completion, model),
            "model": model.upstream,
            "object": "chat.completion",
            "prompt_filter_results": PROMPT_FILTER_RESULTS,
            "system_fingerprint": FINGERPRINT,
            "usage": usage_of(completion, model),
        }
    if model.family is Family.XAI:
        return {
            "id": chat_id(completion, model),
            "model": model.upstream,
            "choices": [_xai_choice(choice) for choice in completion.choices],
            "usage": {"audio_prompt_tokens": 0, **usage_of(completion, model)},
            "created": created,
            "object": "chat.completion",
            "prompt_filter_results": None,
            "system_fingerprint": FINGERPRINT,
        }
    return {
        "choices": [_serverless_choice(choice) for choice in completion.choices],
        "created": created,
        "id": chat_id(completion, model),
        "model": model.upstream,
        "object": "chat.completion",
        "usage": usage_of(completion, model),
    }


def chat_id(completion: Completion, model: ServedModel) -> str:
    """Return the id of an answer as its family writes it."""
    digits = completion.id[:32]
    if model.family is Family.OPENAI:
        return f"chatcmpl-emulated{digits[:20]}"
    if model.family is Family.XAI:
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return digits


def usage_of(completion: Completion, model: ServedModel) -> dict[str, Json]:
    """Return the ``usage`` object of an answer."""
    prompt, written = completion.prompt_tokens, completion.completion_tokens
    if model.family is Family.SERVERLESS:
        return {
            "completion_tokens": written,
            "prompt_tokens": prompt,
            "total_tokens": prompt + written,
        }
    spent: dict[str, Json] = {
        "accepted_prediction_tokens": 0,
        "audio_tokens": 0,
        "reasoning_tokens": completion.reasoning_tokens,
        "rejected_prediction_tokens": 0,
    }
    read: dict[str, Json] = {"audio_tokens": completion.audio_tokens, "cached_tokens": 0}
    usage: dict[str, Json] = {
        "completion_tokens": written,
        "completion_tokens_details": spent,
        "prompt_tokens": prompt,
        "prompt_tokens_details": read,
        "total_tokens": prompt + written,
    }
    if model.family is Family.XAI:
        read.update(text_tokens=prompt, image_tokens=0)
        usage.update(num_sources_used=0)
    return usage


def _filter_results(choice: Choice) -> Json:
    """Return what the content filter found in a whole choice; tool calls are not judged."""
    if choice.finish == "content_filter":
        return FILTERED_RESULTS
    return {} if choice.calls else _SAFE_PLAIN_RESULTS


def serverless_call(call: WrittenCall) -> Json:
    """Return a tool call without ``index`` and ``type``, as Mistral's deployments stream it."""
    return {"function": {"arguments": call.arguments, "name": call.name}, "id": call.id}


def _openai_choice(choice: Choice) -> Json:
    message: dict[str, Json] = {
        "annotations": [],
        "content": choice.text,
        "refusal": None,
        "role": "assistant",
    }
    if choice.calls:
        message["tool_calls"] = [
            {
                "function": {"arguments": call.arguments, "name": call.name},
                "id": call.id,
                "type": "function",
            }
            for call in choice.calls
        ]
    return {
        "content_filter_results": _filter_results(choice),
        "finish_reason": choice.finish,
        "index": choice.index,
        "logprobs": None,
        "message": message,
    }


def _serverless_choice(choice: Choice) -> Json:
    calls: Sequence[Json] | None = [
        {
            "function": {"arguments": call.arguments, "call_id": None, "name": call.name},
            "id": call.id,
            "type": "function",
        }
        for call in choice.calls
    ]
    return {
        "finish_reason": choice.finish,
        "index": choice.index,
        "message": {
            "content": choice.text or "",
            "role": "assistant",
            "tool_calls": calls or None,
        },
    }


def xai_call(index: int, call: WrittenCall) -> Json:
    """Return a tool call with its ``index``, as grok sends it, streamed or not."""
    return {
        "id": call.id,
        "index": index,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def _xai_choice(choice: Choice) -> Json:
    message: dict[str, Json] = {"role": "assistant", "content": choice.text or ""}
    if choice.calls:
        message["tool_calls"] = [xai_call(i, call) for i, call in enumerate(choice.calls)]
    return {"index": choice.index, "message": message, "finish_reason": choice.finish}


def answer_headers(
    model: ServedModel,
    *,
    request_id: str,
    client_request_id: str | None,
    use: tuple[int, int],
    prompt_tokens: int,
    completion_tokens: int,
) -> tuple[tuple[str, str], ...]:
    """Return the headers of a successful answer of ``model``.

    :param use: the requests and tokens of the deployment's present minute, this one included.
    """
    if model.family is Family.XAI:
        return (
            ("apim-request-id", request_id),
            ("x-content-type-options", "nosniff"),
            ("x-ms-region", "Emulated"),
        )
    headers = [("x-request-id", request_id), ("x-ms-rai-invoked", "true")]
    if model.family is Family.SERVERLESS:
        headers += [
            ("azureml-model-group", f"{model.upstream}-emulated"),
            ("azureml-model-session", "emulated"),
            ("prompt_token_len", str(prompt_tokens)),
            ("sampling_token_len", str(completion_tokens)),
        ]
        return tuple(headers)
    if client_request_id:
        headers.append(("x-ms-client-request-id", client_request_id))
    headers += [
        ("x-content-type-options", "nosniff"),
        ("apim-request-id", request_id),
        ("azureml-model-session", "emulated"),
        ("x-accel-buffering", "no"),
        ("x-ms-deployment-name", model.name),
        ("x-ms-region", "Emulated"),
        *_rate_limits(model.name, use),
    ]
    return tuple(headers)


def _rate_limits(name: str, use: tuple[int, int]) -> list[tuple[str, str]]:
    requests, tokens = _LARGE if name.startswith("gpt-4o") else _SMALL
    return [
        ("x-ratelimit-abusepenalty-active", "False"),
        ("x-ratelimit-key", name),
        ("x-ratelimit-limit-requests", str(requests)),
        ("x-ratelimit-limit-tokens", str(tokens)),
        ("x-ratelimit-remaining-requests", str(max(requests - use[0], 0))),
        ("x-ratelimit-remaining-tokens", str(max(tokens - use[1], 0))),
        ("x-ratelimit-renewalperiod-requests", "60"),
        ("x-ratelimit-renewalperiod-tokens", "60"),
        ("x-ratelimit-reset-requests", "0"),
        ("x-ratelimit-reset-tokens", "0"),
    ]
