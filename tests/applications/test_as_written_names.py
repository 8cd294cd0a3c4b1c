"""Every model that the guides and programs of the field name is answered, or says why not.

Against the emulator a name gives an answer by the model that it means; at the real addresses, with
a token, nothing is sent, and the error says that the service is retired and what would answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import EndpointRetiredError
from github_models_azure.registry import default_registry
from tests.cli.program import Program
from tests.harness import HELLO, Service, Twin, chat

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator
    from github_models_azure.server.gateway import Gateway

MEDIUM, PLUS = "mistral-ai/mistral-medium-2505", "cohere/cohere-command-r-plus-08-2024"
LLAMA = "meta/meta-llama-3.1-405b-instruct"
# OpenHands' page, with github/ in front; a name stands for itself unless another id is given.
PAGE: dict[str, str | None] = {
    "openai/gpt-4.1": None,
    "openai/gpt-4.1-mini": None,
    "openai/o3": None,
    "meta/llama-3.3-70b-instruct": None,
    "mistral-ai/mistral-large-2411": MEDIUM,
    "mistral-ai/codestral-2501": None,
    "mistral-ai/ministral-3b": None,
    "deepseek/deepseek-v3-0324": None,
    "deepseek/deepseek-r1": None,
    "microsoft/mai-ds-r1": None,
    "microsoft/phi-4": None,
}
SHOWN: dict[str, str | None] = {
    "GPT-4.1": "openai/gpt-4.1",
    "GPT-4o": "openai/gpt-4o",
    "o1": "openai/o1",
    "o3": "openai/o3",
    "o4-mini": "openai/o4-mini",
    "Llama 3.3 70B": "meta/llama-3.3-70b-instruct",
    "Llama 4 Maverick": "meta/llama-4-maverick-17b-128e-instruct-fp8",
    "Llama 4 Scout": "meta/llama-4-scout-17b-16e-instruct",
    "Llama 3.1 405B": LLAMA,
    "Phi-4": "microsoft/phi-4",
    "MAI-DS-R1": "microsoft/mai-ds-r1",
    "Phi-4 Multimodal": "microsoft/phi-4-multimodal-instruct",
    "DeepSeek-R1": "deepseek/deepseek-r1",
    "Mistral Large": MEDIUM,
    "Mistral Medium": MEDIUM,
    "Grok 3": "xai/grok-3",
    "Grok 3-Mini": "xai/grok-3-mini",
    "Cohere Command R+": PLUS,
    "AI21 Jamba 1.5": "ai21-labs/ai21-jamba-1.5-large",
}
# OpenHands' list of variables, LogAI, and a backend for evaluation
OTHERS: dict[str, str | None] = {
    "gpt-4": "openai/gpt-4o",
    "gpt-4o": "openai/gpt-4o",
    "llama-3.1-405b": LLAMA,
    "gpt-4o-mini": "openai/gpt-4o-mini",
    "gpt-4.1": "openai/gpt-4.1",
    "gpt-5-mini": "openai/gpt-5-mini",
    "meta-llama-3.1-405b-instruct": LLAMA,
    "mistral-large-2407": MEDIUM,
    "phi-4": "microsoft/phi-4",
    "cohere-command-r-plus": PLUS,
    "azure_ai/gpt-4o": "openai/gpt-4o",
    "openai/gpt-4o": None,
    "openai/gpt-4o-mini": None,
    "openai/gpt-3.5-turbo": "openai/gpt-4o-mini",
    "meta/llama-3.1-8b": "meta/meta-llama-3.1-8b-instruct",
    "meta/llama-3.1-70b": "meta/llama-3.3-70b-instruct",
    "deepseek/deepseek-chat": "deepseek/deepseek-v3-0324",
    "microsoft/phi-3-medium": "microsoft/phi-3-medium-128k-instruct",
}
NAMES = {name: id_ or name for name, id_ in {**PAGE, **SHOWN, **OTHERS}.items()}
WRITTEN = [*NAMES, *(f"github/{name}" for name in PAGE)]
FEW = ["github/openai/gpt-4.1", "github/mistral-ai/mistral-large-2411", "azure_ai/gpt-4o", "gpt-4"]
ADDRESSES = [
    "https://models.github.ai",
    "https://models.github.ai/inference",
    "https://models.inference.ai.azure.com",
]
TOKEN = "github_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz"


def meant(name: str) -> str:
    return NAMES[name.removeprefix("github/")]


@pytest.fixture(autouse=True)
def _fresh_demo() -> Iterator[None]:
    """Leave the demo's emulator, which the whole process shares, as if it had not been used."""
    yield
    from github_models_azure.server.emulator import runner

    for running in runner._running:
        running.reset()


@pytest.fixture(scope="module")
def gate(emulated: Emulator) -> Iterator[Gateway]:
    from github_models_azure.server.gateway import Gateway

    with Gateway(emulated.inference_url, "key", fallback=None) as running:
        yield running


def ask(twin: Twin, endpoint: str | None = None, **options: Any) -> Any:
    """Ask over a real connection."""
    if endpoint is not None:
        options = {"credential": "key", "fallback": None, **options}
    client = twin.package.ChatCompletionsClient(endpoint, **options)
    if not twin.is_async:
        with client:
            return client.complete(messages=HELLO)

    async def asked() -> Any:
        async with client:
            return await client.complete(messages=HELLO)

    return asyncio.run(asked())


@pytest.mark.parametrize("name", WRITTEN)
def test_a_client_gets_an_answer(twin: Twin, service: Emulator, name: str) -> None:
    """By the model that the name means."""
    answer = ask(twin, service.inference_url, model=name)
    assert f"[emulated {meant(name)}]" in answer.choices[0].message.content


@pytest.mark.parametrize("name", WRITTEN)
def test_a_fallback_gets_an_answer(service: Emulator, name: str) -> None:
    """When the first model is limited."""
    twin, first = Twin("sync"), "openai/gpt-5"
    service.fault("rate_limit", model=first, type="UserByModelByDay", seconds=80_000)
    answer = ask(twin, service.inference_url, model=first, fallback=[name])
    assert f"[emulated {meant(name)}]" in answer.choices[0].message.content
    assert trail_of(answer).attempts[0].target.endswith(first)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", WRITTEN)
def test_the_gateway_gives_an_answer(gate: Gateway, service: Emulator, name: str) -> None:
    """To a program that knows nothing but its URL."""
    body = {"model": name, "messages": HELLO}
    answer = requests.post(f"{gate.v1_url}/chat/completions", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    assert f"[emulated {meant(name)}]" in answer.text


@pytest.mark.parametrize("name", [*FEW, "Llama 3.3 70B"])
def test_the_demo_gives_an_answer(twin: Twin, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """``GITHUB_TOKEN=demo_token`` is enough, also for a fallback."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    for options in ({"model": name}, {"model": "core42/jais-30b-chat", "fallback": [name]}):
        assert f"[emulated {meant(name)}]" in ask(twin, **options).choices[0].message.content


@pytest.mark.parametrize("name", [*FEW, "Llama 3.3 70B"])
def test_the_command_line_gives_an_answer(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In the demo, and ``models NAME`` knows it."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    outcome = program("chat", "--model", name, "--no-stream", "Hello")
    assert outcome.code == 0, outcome.err
    assert f"[emulated {meant(name)}]" in outcome.out
    assert program("models", name).code == 0


def page(url: str, key: str, provider: str, names: tuple[str, str]) -> str:
    """OpenHands' file, with one fallback."""
    first, second = names
    given = f'\nbase_url = "{url}"' if url else ""
    given += f'\ncustom_llm_provider = "{provider}"' if provider else ""
    return (
        f'[llm]\nmodel = "{first}"\napi_key = "{key}"{given}\nnum_retries = 1\n\n'
        f'[llm.fallback1]\nmodel = "{second}"\napi_key = "{key}"{given}\n'
    )


PAIRS = [
    ("github/openai/gpt-4.1", "github/meta/llama-3.3-70b-instruct"),
    ("github/meta/llama-3.3-70b-instruct", "github/mistral-ai/mistral-large-2411"),
]


@pytest.mark.parametrize("names", PAIRS)
@pytest.mark.parametrize("provider", ["openai", "github", ""])
def test_openhands_file_gives_an_answer(
    twin: Twin, service: Emulator, provider: str, names: tuple[str, str]
) -> None:
    """Its first model, and its fallback if that is limited."""
    text = page(service.inference_url, "key", provider, names)
    Path("config.toml").write_text(text, "utf-8")
    for number, name in enumerate(names):
        if number:
            first = meant(names[0])
            service.fault("rate_limit", model=first, type="UserByModelByDay", seconds=80_000)
        answer = ask(twin)
        assert f"[emulated {meant(name)}]" in answer.choices[0].message.content


@pytest.mark.parametrize("provider", ["openai", "github", ""])
@pytest.mark.parametrize("url", ["https://models.github.ai", ""])
def test_openhands_file_is_answered_by_the_demo(twin: Twin, url: str, provider: str) -> None:
    """The key is the switch, on the address as it stands or on none."""
    Path("config.toml").write_text(page(url, "demo_token", provider, PAIRS[0]), "utf-8")
    answer = ask(twin)
    assert "[emulated openai/gpt-4.1]" in answer.choices[0].message.content


def test_the_demo_answers_a_fallback_of_a_client_elsewhere(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own server refuses the connection; both ways to list targets name the service."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    targets = ["github/openai/gpt-4.1"]
    for fallback in (targets, {"*": targets}):
        answer = ask(twin, "http://127.0.0.1:9/v1", model="m", fallback=fallback, retry_total=0)
        assert "[emulated openai/gpt-4.1]" in answer.choices[0].message.content


def test_the_fallback_of_an_openhands_file_is_answered_by_the_demo(twin: Twin) -> None:
    """If the first model is one that the service has no more."""
    pair = ("github/core42/jais-30b-chat", "github/meta/llama-3.3-70b-instruct")
    Path("config.toml").write_text(
        page("https://models.github.ai", "demo_token", "openai", pair), "utf-8"
    )
    answer = ask(twin)
    assert f"[emulated {meant(pair[1])}]" in answer.choices[0].message.content


@pytest.mark.parametrize(
    "variables",
    [
        {
            "LLM_MODEL": "github/openai/gpt-4.1",
            "LLM_API_KEY": "demo_token",
            "LLM_BASE_URL": "https://models.github.ai",
            "LLM_CUSTOM_LLM_PROVIDER": "openai",
        },
        {"LLM_MODEL": "github/openai/gpt-4.1", "LLM_API_KEY": "demo_token"},
        {
            "LOGAI_LLM_PROVIDER": "github",
            "LOGAI_GITHUB_TOKEN": "demo_token",
            "LOGAI_GITHUB_MODEL": "github/openai/gpt-4.1",
        },
    ],
    ids=["openhands", "litellm", "logai"],
)
def test_variables_are_answered_by_the_demo(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """As OpenHands' page and LogAI's write them."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    answer = ask(twin)
    assert "[emulated openai/gpt-4.1]" in answer.choices[0].message.content


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("address", ADDRESSES)
def test_at_the_real_addresses_nothing_is_sent(twin: Twin, address: str, name: str) -> None:
    """The error says that the service is retired and what to set."""
    behind = Service(lambda sent: chat(sent.model))
    client = twin.client(behind, address, credential=TOKEN, model=name, fallback=[name])
    with pytest.raises(EndpointRetiredError, match="was retired on 2") as caught:
        twin.complete(client)
    assert "Set GITHUB_MODELS_ENDPOINT" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert behind.sent == []


NEVER = ["claude-3-5-sonnet", "claude-3-5-haiku", "deepseek-v2.5", "github/claude-3-5-sonnet"]


@pytest.mark.parametrize("name", NEVER)
@pytest.mark.parametrize("address", ADDRESSES)
def test_what_github_never_had_is_told_beside_the_retirement(
    twin: Twin, address: str, name: str
) -> None:
    """And nothing is sent."""
    behind = Service(lambda sent: chat(sent.model))
    client = twin.client(behind, address, credential=TOKEN, model=name, fallback=None)
    with pytest.raises(EndpointRetiredError, match="was retired on 2") as caught:
        twin.complete(client)
    assert f"GitHub Models never had {name.removeprefix('github/')}: " in str(caught.value)
    assert behind.sent == []


@pytest.mark.parametrize("name", NEVER)
def test_the_emulator_never_had_it_either(
    twin: Twin, gate: Gateway, service: Emulator, program: Program, name: str
) -> None:
    """The error of a client, the gateway and the command line says who serves it."""
    said = f"GitHub Models never had {name}: "
    with pytest.raises(HttpResponseError, match="Unknown model") as caught:
        ask(twin, service.inference_url, model=name)
    assert said in str(caught.value)
    body = {"model": name, "messages": HELLO}
    answer = requests.post(f"{gate.v1_url}/chat/completions", json=body, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_model")
    assert said in answer.json()["error"]["message"]
    place = ("--endpoint", service.inference_url, "--token", "key", "--fallback", "none")
    outcome = program("chat", *place, "--model", name, "Hello")
    assert said in outcome.error
    assert said in program("models", name).error


@pytest.mark.parametrize("name", WRITTEN)
def test_the_registry_knows_the_name(name: str) -> None:
    """The model itself, which may be retired, or the one that answers for it."""
    info = default_registry().get(name)
    assert meant(name) in (info.id, info.successor)


@pytest.mark.parametrize("model", default_registry(), ids=lambda model: model.id)
def test_every_name_of_a_model_is_its_own(model: Any) -> None:
    """As the marketplace showed it, and with ``github/`` in front of any."""
    for name in filter(None, (model.id, model.legacy_name, model.name)):
        assert default_registry().get(name) is model
        assert default_registry().get(f"github/{name}") is model
