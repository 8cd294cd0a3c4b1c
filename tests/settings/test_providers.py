"""Models as LiteLLM writes them: which endpoint each leads to, in which dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.endpoints.presets import PRESETS
from github_models_azure.settings.providers import PROVIDERS, UnplacedError, place

OWN = "https://llm.example/v1"
GITHUB = "https://models.github.ai"
FOUNDRY = "https://r.services.ai.azure.com"
AZURE = "https://r.openai.azure.com"


@pytest.mark.parametrize(
    ("model", "preset", "name"),
    [
        ("openai/gpt-4o", "openai-api", "gpt-4o"),
        ("gpt-4o-mini", "openai-api", "gpt-4o-mini"),
        ("o3-mini", "openai-api", "o3-mini"),
        ("openrouter/meta-llama/llama-3.3", "openrouter", "meta-llama/llama-3.3"),
        ("groq/openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("gemini/gemini-2.5-pro", "gemini", "gemini-2.5-pro"),
        ("mistral/mistral-large", "mistral", "mistral-large"),
        ("ollama/llama3.2", "ollama", "llama3.2"),
        ("ollama_chat/llama3.2", "ollama", "llama3.2"),
        ("together_ai/x/y", "together", "x/y"),
        ("cerebras/llama", "cerebras", "llama"),
        ("github/gpt-4o", "github-azure", "gpt-4o"),
        ("GROQ/x", "groq", "x"),
    ],
)
def test_a_provider_with_a_url_of_its_own(model: str, preset: str, name: str) -> None:
    """The prefix is the provider's; the rest is the id."""
    found = place(model)
    assert found.endpoint is PRESETS[preset]
    assert found.model == name


@pytest.mark.parametrize(
    ("model", "base_url", "url", "dialect"),
    [
        ("my-model", OWN, OWN, "unknown"),
        ("openai/my-model", OWN, OWN, "openai-compatible"),
        ("groq/x", OWN, OWN, "groq"),
        ("ollama/x", "http://127.0.0.1:99", "http://127.0.0.1:99/v1", "ollama"),
        ("ollama/x", "http://127.0.0.1:99/v1/", "http://127.0.0.1:99/v1", "ollama"),
        ("hosted_vllm/x", OWN, OWN, "vllm"),
        ("lm_studio/x", OWN, OWN, "lm-studio"),
        ("litellm_proxy/x", "https://llm.example", "https://llm.example", "litellm"),
        ("deepseek/x", OWN, OWN, "openai-compatible"),
        ("openai/x", OWN + "/chat/completions", OWN, "openai-compatible"),
        ("openai/x", f"{FOUNDRY}/openai/v1/", f"{FOUNDRY}/openai/v1", "openai-v1"),
        ("github/x", OWN, OWN, "github-legacy"),
        ("azure_ai/x", OWN, OWN, "unknown"),
        ("azure_ai/x", FOUNDRY, f"{FOUNDRY}/models", "azure-models"),
        ("azure_ai/x", f"{FOUNDRY}/models", f"{FOUNDRY}/models", "azure-models"),
        ("azure_ai/x", f"{FOUNDRY}/openai/v1", f"{FOUNDRY}/openai/v1", "openai-v1"),
        ("azure_ai/x", AZURE, f"{AZURE}/openai/deployments/x", "azure-openai"),
        ("azure/a b", AZURE, f"{AZURE}/openai/deployments/a%20b", "azure-openai"),
        ("azure/x", OWN[:-3], "https://llm.example/openai/deployments/x", "azure-openai"),
        (
            "azure_ai/gpt-4o",
            "https://models.inference.ai.azure.com",
            "https://models.inference.ai.azure.com",
            "github-legacy",
        ),
    ],
)
def test_a_base_url_says_where(model: str, base_url: str, url: str, dialect: str) -> None:
    """The dialect is the URL's, where it is known, else the provider's."""
    found = place(model, base_url)
    assert (found.endpoint.url, found.endpoint.dialect.name) == (url, dialect)
    assert found.model == model.partition("/")[2] or found.model == model
    assert found.endpoint.credential is None


def test_another_host_is_not_offered_the_vendors_key() -> None:
    """GROQ_API_KEY belongs to Groq, whatever the prefix says."""
    assert place("groq/x").endpoint.key_variable == "GROQ_API_KEY"
    assert place("groq/x", OWN).endpoint.key_variable is None


@pytest.mark.parametrize(
    ("version", "url"),
    [
        ("2024-10-21", f"{AZURE}/openai/deployments/x?api-version=2024-10-21"),
        ("latest", f"{AZURE}/openai/v1"),
        ("v1", f"{AZURE}/openai/v1"),
    ],
)
def test_the_api_version_of_azure(version: str, url: str) -> None:
    """A day is sent, and ``latest`` is the route without versions."""
    assert place("azure/x", AZURE, api_version=version).endpoint.url == url


def test_a_version_is_not_sent_where_none_is_taken() -> None:
    """Foundry's /openai/v1 answers 400 to any."""
    found = place("azure_ai/x", f"{FOUNDRY}/openai/v1", api_version="2024-10-21")
    assert "api-version" not in found.endpoint.url
    assert found.unused == f"{found.endpoint.origin} takes no api-version"
    assert place("azure/x", AZURE, api_version="latest").unused is None


@pytest.mark.parametrize(
    "base_url", [f"{GITHUB}/inference", "https://models.inference.ai.azure.com"]
)
def test_a_version_is_sent_to_what_is_of_githubs_shape(base_url: str) -> None:
    """In place of the SDK's own; what the URL says already stays."""
    found = place("openai/gpt-4o", base_url, api_version="2024-10-21")
    assert (found.endpoint.url, found.unused) == (f"{base_url}?api-version=2024-10-21", None)
    stated = f"{base_url}?api-version=2024-12-01-preview"
    found = place("openai/gpt-4o", stated, api_version="2024-10-21")
    assert (found.endpoint.url, found.unused) == (stated, "the base_url states one")
    found = place("openai/gpt-4o", f"{base_url}?x=1", api_version="2024-10-21")
    assert found.endpoint.url == f"{base_url}?x=1&api-version=2024-10-21"


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [
        ("meta-llama/Llama", "openai", "meta-llama/Llama"),
        ("openai/meta-llama/Llama", "openai", "meta-llama/Llama"),
        ("Llama", "openai", "Llama"),
    ],
)
def test_the_provider_may_be_given_beside_the_model(model: str, provider: str, name: str) -> None:
    """As ``custom_llm_provider``; its own prefix is taken off."""
    assert place(model, OWN, provider).model == name


def test_a_publisher_is_no_provider_on_github() -> None:
    """There ``meta/...`` is the model's id."""
    found = place("meta/llama-3.3-70b-instruct", "https://models.github.ai/inference")
    assert found.model == "meta/llama-3.3-70b-instruct"
    assert found.endpoint.name == "github"


@pytest.mark.parametrize(
    ("model", "base_url", "provider", "field", "says"),
    [
        ("azure_ai/x", None, None, "base_url", "is missing"),
        ("azure/x", None, None, "base_url", "is missing"),
        ("hosted_vllm/x", None, None, "base_url", "hosted_vllm has no URL of its own"),
        ("claude-sonnet-4", None, None, "model", "names no provider"),
        ("azure-ai/x", OWN, None, "model", "write openai/MODEL"),
        ("openai/", OWN, None, "model", "no model"),
        ("anthropic/claude", None, None, "model", "a protocol of its own"),
        ("x", OWN, "bedrock", "custom_llm_provider", "a protocol of its own"),
        ("x", OWN, "grok", "custom_llm_provider", "that is not known"),
        ("openai/x", "llm.example/v1", None, "base_url", "is a URL"),
        ("openai/x", "ftp://llm.example/v1", None, "base_url", "no http(s) scheme"),
        ("openai/x", "https://u:pw@llm.example/v1", None, "base_url", "user name or password"),
        ("ollama/x", "http://[half", None, "base_url", ""),
    ],
)
def test_what_cannot_be_placed_is_a_clear_error(
    model: str, base_url: str | None, provider: str | None, field: str, says: str
) -> None:
    """It names the setting that is wrong, and what to write."""
    with pytest.raises(UnplacedError) as caught:
        place(model, base_url, provider)
    assert caught.value.field == field
    assert says in str(caught.value)
    assert "pw" not in str(caught.value)


@given(
    st.text(max_size=40),
    st.none() | st.text(max_size=40) | st.just(OWN),
    st.none() | st.sampled_from(sorted(PROVIDERS)),
    st.none() | st.text(max_size=12),
)
def test_any_text_is_placed_or_refused(
    model: str, base_url: str | None, provider: str | None, version: str | None
) -> None:
    """No other error, whatever stands in a file."""
    try:
        found = place(model, base_url, provider, version)
    except UnplacedError:
        return
    assert found.endpoint.origin.startswith("http")


@pytest.mark.parametrize("provider", ["openai", "github", None])
@pytest.mark.parametrize("name", ["openai/gpt-4.1", "gpt-4o"])
def test_github_in_front_of_a_model_is_githubs_without_a_url(
    provider: str | None, name: str
) -> None:
    """OpenHands' page writes ``custom_llm_provider = "openai"`` beside it."""
    found = place(f"github/{name}", None, provider)
    assert (found.endpoint, found.model) == (PRESETS["github-azure"], name)


def test_behind_another_url_it_is_that_servers_own_name() -> None:
    """As a LiteLLM proxy has it."""
    found = place("github/gpt-4o", OWN, "openai")
    assert (found.endpoint.url, found.model) == (OWN, "github/gpt-4o")
