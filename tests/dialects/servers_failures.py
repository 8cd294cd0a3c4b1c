"""What each provider says with a status that a test asked for."""

from __future__ import annotations

from tests.dialects import servers_rules as rules
from tests.dialects import servers_strict as strict
from tests.dialects.servers_http import Reply, as_json


def nested(status: int) -> Reply:
    if status == 429:
        # OpenAI's Go durations: community.openai.com/t/1268905.
        told = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
        return as_json({"error": told}, 429, ("x-ratelimit-reset-requests", "6m0s"))
    return as_json({"error": {"message": "failed", "type": "server_error", "code": None}}, status)


def azure(status: int) -> Reply:
    # crmne/ruby_llm's recording of Foundry, 2026-08-19.
    headers = (("retry-after", "1"), ("retry-after-ms", "0")) if status == 429 else ()
    code = "RateLimitReached" if status == 429 else str(status)
    return as_json({"error": {"code": code, "message": "failed"}}, status, *headers)


def google(status: int) -> Reply:
    if status != 429:
        return strict.google_error("failed", status=status, name="INTERNAL")
    # google.rpc.RetryInfo: the wait is in the body alone.
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "57.23s"}
    told = {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [retry]}
    return as_json([{"error": told}], 429)


def mistral(status: int) -> Reply:
    code = "1300" if status == 429 else "1000"
    return strict.mistral_error(
        "failed", "rate_limited" if status == 429 else "error", code, status
    )


GROQ_LIMITS = (
    ("x-ratelimit-remaining-requests", "14370"),
    ("x-ratelimit-reset-requests", "2m59.56s"),
    ("x-ratelimit-reset-tokens", "7.66s"),
)


def groq(status: int) -> Reply:
    if status != 429:
        return nested(status)
    # aider#3265; the headers: console.groq.com/docs/rate-limits, retry-after only with a 429.
    said = "Rate limit reached for model `m` on tokens per minute. Please try again in 5.289s."
    told = {"message": said, "type": "tokens", "code": "rate_limit_exceeded"}
    return as_json({"error": told}, 429, *GROQ_LIMITS, ("retry-after", "6"))


def cerebras(status: int) -> Reply:
    # inference-docs.cerebras.ai/support/rate-limits: float seconds until the reset.
    limits = (("x-ratelimit-reset-requests-day", "33011.38"),) if status == 429 else ()
    kind = "too_many_requests_error" if status == 429 else "server_error"
    told = {"message": "failed", "type": kind, "param": "quota", "code": "request_quota_exceeded"}
    return as_json(told, status, *limits)


def openrouter(status: int) -> Reply:
    # maki#980: the code is a number, the upstream's kind stands in the metadata.
    kind = "rate_limit_exceeded" if status == 429 else "provider_unavailable"
    metadata = {"error_type": kind}
    told = {"code": status, "message": "Provider returned error", "metadata": metadata}
    return as_json({"error": told}, status)


def ollama(status: int) -> Reply:
    return as_json({"error": {"message": "failed", "type": "api_error", "code": None}}, status)


def llama(status: int) -> Reply:
    return rules.llama_error("failed", status)
