"""Tiny strict servers on loopback, one function per provider, each as picky as the real one.

A server answers chat requests plain and streamed, refuses what its provider is known to refuse,
and keeps a journal. A test tells it what to say, and to fail on demand:

    with gemini() as server:
        server.answer_tool_call("get_weather", city="Oslo")
        ... a client on server.url ...
        assert server.bodies[0]["tools"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.dialects import servers_failures as failures
from tests.dialects import servers_rules as rules
from tests.dialects import servers_strict as strict
from tests.dialects.servers_answers import Manner
from tests.dialects.servers_http import Break, Reply, Request
from tests.dialects.servers_machine import Provider, StrictServer

__all__ = [
    "DEPLOYMENTS", "PROVIDERS", "SIGNATURE", "Break", "Request", "StrictServer", "cerebras",
    "foundry_v1", "gemini", "groq", "llama_cpp_python", "mistral", "ollama", "openai", "openrouter",
]  # fmt: skip

SIGNATURE = strict.SIGNATURE
DEPLOYMENTS = {
    "my-gpt-4o": "gpt-4o",
    "my-gpt-5": "gpt-5-mini",
    "my-llama": "Llama-3.3-70B-Instruct",
}


def foundry_v1(deployments: Mapping[str, str] = DEPLOYMENTS) -> StrictServer:
    """A Foundry resource below ``/openai/v1``: no api-version, deployments by name."""
    # JetBrains/koog#2150, pydantic-ai#5066, Pulse#1867, Flowise#5060

    def of_openai(model: Any, pattern: str) -> bool:
        return deployments.get(model, "").startswith(tuple(pattern.split()))

    def ids(request: Request) -> Reply | None:
        openai = of_openai(request.body.get("model"), "gpt- o1 o3 o4")
        return rules.ids_of_40(request) if openai else None

    return StrictServer(
        Provider(
            "foundry_v1",
            "/openai/v1",
            failures.azure,
            checks=(rules.foundry(deployments),),
            chat=(
                rules.reasoning(lambda model: of_openai(model, "gpt-5 o1 o3 o4")),
                ids,
                rules.unpaired(lambda said: rules.openai_error(said, "messages", None)),
            ),
            manner=Manner(opening={"choices": [], "id": "", "model": "", "object": ""}),
            lost={"error": {"code": "404", "message": "Resource not found"}},
        )
    )


def openai() -> StrictServer:
    """OpenAI with a model of the gpt-5 family."""
    # smolagents#1671, Cursor-Azure-GPT-5#33, vercel/ai#5171
    return StrictServer(
        Provider(
            "openai",
            "/v1",
            failures.nested,
            chat=(
                rules.reasoning(lambda model: True),
                rules.ids_of_40,
                rules.unpaired(lambda said: rules.openai_error(said, "messages", None)),
            ),
        )
    )


def gemini() -> StrictServer:
    """Gemini's OpenAI paths: no query, a signature on every call, errors in an array."""
    # qadchat#13, openswarm#24, ironclaw#1510; no index in streams and finish "stop": microclaw#230
    return StrictServer(
        Provider(
            "gemini",
            "/v1beta/openai",
            failures.google,
            checks=(strict.google_query,),
            chat=(
                strict.google_members,
                strict.google_schemas,
                strict.google_signatures,
                rules.unpaired(strict.google_error),
            ),
            manner=Manner(
                call_id="function-call-{:019d}",
                finish="stop",
                fragments=False,
                indexed=False,
                signature=SIGNATURE,
            ),
        )
    )


def mistral() -> StrictServer:
    """Mistral: 422 for every extra, ids of nine, streamed calls without index and type."""

    # crush#1590, opencode#1680; the stream: Azure/azure-sdk-assets, mistral-large-2411
    def refuse(said: str) -> Reply:
        return strict.mistral_error(said, "invalid_request_message_order", "3230")

    return StrictServer(
        Provider(
            "mistral",
            "/v1",
            failures.mistral,
            chat=(strict.mistral_members, strict.mistral_ids, rules.unpaired(refuse)),
            manner=Manner(call_id="mCall{:04d}", fragments=False, indexed=False, typed=False),
            lost={"detail": "Not Found"},
        )
    )


def groq() -> StrictServer:
    """Groq: no unknown member anywhere, system messages as text, limits as Go durations."""
    # chatbot#21, freellmapi#1070, livekit/agents#1790
    return StrictServer(
        Provider(
            "groq",
            "/openai/v1",
            failures.groq,
            chat=(strict.groq_members, strict.groq_messages, rules.unpaired(strict.groq_error)),
            manner=Manner(call_id="call_{:04d}", headers=failures.GROQ_LIMITS),
            embeds=False,
        )
    )


def cerebras() -> StrictServer:
    """Cerebras: errors at the top level, a subset of JSON schema."""
    # kilocode#10375, openclaude#740, claude-code-router#708
    return StrictServer(
        Provider(
            "cerebras",
            "/v1",
            failures.cerebras,
            chat=(
                strict.cerebras_members,
                strict.cerebras_schema,
                rules.unpaired(strict.cerebras_error),
            ),
            embeds=False,
            lost={"message": "Not Found", "type": "not_found_error", "code": "not_found"},
        )
    )


def openrouter(*, crlf: bool = False) -> StrictServer:
    """OpenRouter: comments between the events; late failures hide behind a 200.

    :param crlf: end lines with CRLF, as some servers do (microsoft/semantic-kernel#11956).
    """
    # openai-go#227 (comments), maki#980 and OmniRoute#8210 (errors inside a stream)
    manner = Manner(comments=b": OPENROUTER PROCESSING\n\n", crlf=crlf)
    return StrictServer(Provider("openrouter", "/api/v1", failures.openrouter, manner=manner))


def ollama(*models: str) -> StrictServer:
    """Ollama: ``tool_choice`` makes no difference, models have to be pulled first.

    :param models: those that are there; ``llama3.2`` unless some are named.
    """
    # ollama#17921, ollama#11171
    return StrictServer(
        Provider(
            "ollama",
            "/v1",
            failures.ollama,
            checks=(rules.ollama_models(*(models or ("llama3.2",))),),
            manner=Manner(call_id="call_{:08d}", heeds_tool_choice=False),
        )
    )


def llama_cpp_python(*, key: str = "key", as_422: bool = False) -> StrictServer:
    """The server of llama-cpp-python: a key of its own, no developer role, no json_schema.

    :param key: what it was started with as ``--api_key``.
    :param as_422: refuse in FastAPI's own shape, not in that of its error handler.
    """
    # seen of version 0.3.36 with a random model
    return StrictServer(
        Provider(
            "llama_cpp_python",
            "/v1",
            failures.llama,
            checks=(rules.llama_key(key),),
            chat=(rules.llama_validation(as_422=as_422),),
            lost={"detail": "Not Found"},
        )
    )


PROVIDERS: Mapping[str, Callable[[], StrictServer]] = {
    "foundry_v1": foundry_v1,
    "gemini": gemini,
    "mistral": mistral,
    "groq": groq,
    "cerebras": cerebras,
    "openrouter": openrouter,
    "ollama": ollama,
    "llama_cpp_python": llama_cpp_python,
    "openai": openai,
}
"""A server of each provider, with its defaults."""
