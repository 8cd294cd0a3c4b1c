"""The headers of a 200: the upstream deployment's, which say nothing of the user's quota."""

from __future__ import annotations

from .names import Family, ServedModel

# Two captures of 2026: 20000 requests and 2,000,000 tokens a minute for the gpt-4o family,
# 1000 and 1,000,000 for gpt-4.1-mini.
_LARGE = (20000, 2_000_000)
_SMALL = (1000, 1_000_000)


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
    headers = [
        ("x-request-id", request_id),
        ("x-ms-rai-invoked", "true"),
        ("x-content-type-options", "nosniff"),
    ]
    if client_request_id:
        headers.append(("x-ms-client-request-id", client_request_id))
    if model.family is Family.OPENAI:
        headers += [
            ("apim-request-id", request_id),
            ("azureml-model-session", "emulated"),
            ("x-accel-buffering", "no"),
            ("x-ms-deployment-name", model.name),
            ("x-ms-region", "Emulated"),
            *_rate_limits(model.name, use),
        ]
    elif model.family is Family.SERVERLESS:
        headers += [
            ("azureml-model-group", f"{model.upstream}-emulated"),
            ("prompt_token_len", str(prompt_tokens)),
            ("sampling_token_len", str(completion_tokens)),
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
