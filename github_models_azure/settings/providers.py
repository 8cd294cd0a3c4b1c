"""From a model as LiteLLM writes it, ``provider/model``, to the endpoint that serves it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from .._core.failure.redact import HIDDEN
from ..endpoints import Endpoint, azure_models, endpoint_for
from ..endpoints.endpoint import without_query
from ..endpoints.presets import PRESETS

# docs.litellm.ai/docs/providers; the endpoint of ours that each one's default URL belongs to.
_SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "cerebras": "cerebras",
        "gemini": "gemini",
        "github": "github-azure",
        "groq": "groq",
        "mistral": "mistral",
        "ollama": "ollama",
        "ollama_chat": "ollama",
        "openai": "openai-api",
        "openrouter": "openrouter",
        "together_ai": "together",
    }
)
# They have no URL of their own; the dialect is what stands behind one.
_SERVERS: Mapping[str, str] = MappingProxyType(
    {
        "custom_openai": "openai-compatible",
        "hosted_vllm": "vllm",
        "litellm_proxy": "litellm",
        "llamafile": "llama-cpp",
        "lm_studio": "lm-studio",
        "openai_like": "openai-compatible",
        "vllm": "vllm",
        # Services that are like OpenAI's, and of which nothing more is known here.
        **dict.fromkeys(
            (
                "dashscope", "deepinfra", "deepseek", "featherless_ai", "fireworks_ai",
                "moonshot", "nebius", "nvidia_nim", "openhands", "perplexity", "sambanova", "xai",
            ),
            "openai-compatible",
        ),
    }
)  # fmt: skip
_AZURE = frozenset({"azure", "azure_ai"})
_OTHER_PROTOCOLS = frozenset(
    {
        "anthropic", "bedrock", "cohere", "cohere_chat", "databricks", "github_copilot",
        "huggingface", "replicate", "sagemaker", "vertex_ai", "vertex_ai_beta", "watsonx",
    }
)  # fmt: skip
PROVIDERS = frozenset({*_SERVICES, *_SERVERS, *_AZURE})
"""The providers that can be asked."""

_OPENAI_MODELS = re.compile(r"(ft:)?(gpt-|chatgpt-|o\d)[\w.:-]*")
_VERSIONLESS = ("v1", "latest", "preview")  # LiteLLM asks /openai/v1 for these
_DIALECT_OF = {"openai": "openai-compatible", "github": "github-legacy"}


class UnplacedError(ValueError):
    """No endpoint can be told; ``field`` is the setting that is wrong or missing."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is served, and its id there; ``unused`` says why no version is sent."""

    endpoint: Endpoint
    model: str
    unused: str | None = None


def provider_of(model: str | None, given: str | None) -> str | None:
    """Return the provider that is given, else the one in front of the model's name."""
    if given:
        return given.strip().lower()
    prefix, slash, _ = (model or "").partition("/")
    known = prefix.lower()
    return known if slash and (known in PROVIDERS or known in _OTHER_PROTOCOLS) else None


def place(
    model: str,
    base_url: str | None = None,
    provider: str | None = None,
    api_version: str | None = None,
) -> Place:
    """Find the endpoint of a model, without a credential.

    :param provider: LiteLLM's ``custom_llm_provider``, in place of the prefix of the model.
    :raises UnplacedError: where no endpoint can be told; its text holds no secret.
    """
    found = _place(model, base_url, provider, api_version)
    return found if api_version is None else _versioned(found, api_version)


def _place(
    model: str, base_url: str | None, provider: str | None, api_version: str | None
) -> Place:
    found = provider_of(model, provider)
    if found == "openai" and base_url is None and is_github(model):
        found = "github"  # OpenHands' page writes both, and there is no such model at OpenAI
    if found is None:
        return _without_provider(model, base_url)
    if found not in PROVIDERS:
        field = "custom_llm_provider" if provider else "model"
        raise UnplacedError(field, _refusal(found))
    prefix, _, rest = model.partition("/")
    name = rest if prefix.lower() == found else model
    if not name.strip():
        raise UnplacedError("model", "names a provider and no model")
    if found in _AZURE:
        return Place(_azure(found, name, base_url, api_version), name)
    return Place(_service(found, base_url), name)


def is_github(model: str | None) -> bool:
    """Return whether LiteLLM's name of GitHub Models stands in front of a model."""
    return (model or "").lower().startswith("github/")


def _without_provider(model: str, base_url: str | None) -> Place:
    if base_url is not None:
        endpoint = _from_url(base_url)
        if "/" not in model or endpoint.dialect.is_github:  # publisher/name is GitHub's own form
            return Place(endpoint, model)
    elif _OPENAI_MODELS.fullmatch(model):
        return Place(PRESETS["openai-api"], model)
    if "/" in model:
        raise UnplacedError(
            "model",
            "does not begin with a known provider. For a server like OpenAI's, write "
            f"openai/MODEL and its base_url; the known ones are {_known()}",
        )
    raise UnplacedError(
        "model",
        "names no provider, such as groq/MODEL, and there is no base_url; the known ones are "
        f"{_known()}",
    )


def _refusal(provider: str) -> str:
    if provider in _OTHER_PROTOCOLS:
        return (
            f"the provider {provider!r} speaks a protocol of its own, which this package does not. "
            "Put a LiteLLM proxy in front of it and name that as litellm_proxy/MODEL with its "
            "base_url"
        )
    return f"names a provider that is not known; the known ones are {_known()}"


def _known() -> str:
    return ", ".join(sorted(PROVIDERS))


def _service(provider: str, base_url: str | None) -> Endpoint:
    preset = PRESETS[_SERVICES[provider]] if provider in _SERVICES else None
    if base_url is None:
        if preset is None:
            raise UnplacedError("base_url", f"is missing: {provider} has no URL of its own")
        return preset
    endpoint = _from_url(base_url)
    if provider.startswith("ollama") and urlsplit(endpoint.url).path in ("", "/"):
        endpoint = _from_url(f"{endpoint.base_url()}/v1")  # its own API begins at the root
    if endpoint.dialect.name != "unknown":
        return endpoint
    known = _DIALECT_OF.get(provider) or (preset.dialect if preset else _SERVERS[provider])
    return Endpoint(endpoint.name, endpoint.url, dialect=known)


def _azure(provider: str, model: str, base_url: str | None, api_version: str | None) -> Endpoint:
    if base_url is None:
        raise UnplacedError(
            "base_url",
            f"is missing: {provider} names a kind of resource, not which one. It is such as "
            "https://RESOURCE.services.ai.azure.com/openai/v1",
        )
    endpoint = _from_url(base_url)
    parts = urlsplit(endpoint.url)
    root = f"{parts.scheme}://{parts.netloc}"
    bare = parts.path.rstrip("/") == ""
    if bare and (provider == "azure" or ".openai.azure." in parts.netloc):
        if api_version in _VERSIONLESS:
            return _from_url(f"{root}/openai/v1")
        url = f"{root}/openai/deployments/{quote(model, safe='')}"
        endpoint = Endpoint(endpoint.name, url, dialect="azure-openai")
    elif bare and ".services.ai.azure." in parts.netloc:
        endpoint = azure_models(f"{root}/models", name=endpoint.name)
    return endpoint


def _versioned(found: Place, version: str) -> Place:
    """Add the version to the URL of an endpoint that takes one."""
    endpoint = found.endpoint
    query = urlsplit(endpoint.url).query
    if endpoint.dialect.api_version == "drop":
        # Azure's route without versions was chosen by this one.
        chosen = version in _VERSIONLESS and endpoint.dialect.name == "openai-v1"
        return found if chosen else replace(found, unused=f"{endpoint.origin} takes no api-version")
    if "api-version=" in query:
        return replace(found, unused="the base_url states one")
    mark = "&" if query else "?"
    url = f"{endpoint.url}{mark}api-version={quote(version, safe='')}"
    return replace(found, endpoint=replace(endpoint, url=url))


def _from_url(base_url: str) -> Endpoint:
    """Read a base URL, also one that was copied with the path of the chat completions."""
    bare, mark, query = base_url.strip().partition("?")
    bare = bare.rstrip("/").removesuffix("/chat/completions")
    if "://" not in bare:
        raise UnplacedError("base_url", "is a URL such as https://llm.example/v1")
    try:
        return endpoint_for(f"{bare}{mark}{query}")
    except ValueError as error:
        why = str(error).replace(f"{without_query(bare)!r}", HIDDEN).rstrip(".")
    raise UnplacedError("base_url", why)
