"""The endpoints that are known by name, with the day each went away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlsplit

from .._core.failure.error_body import clean_text
from .endpoint import Endpoint, origin_of, with_credential

_ADVICE = (
    "Set GITHUB_MODELS_ENDPOINT (or endpoint=) to a service you can use, such as Foundry's "
    "https://YOUR-RESOURCE.services.ai.azure.com/openai/v1, together with its key, or list "
    "targets elsewhere in fallback=."
)

# github.blog/changelog/2026-07-30-github-models-is-now-retired
GITHUB = Endpoint(
    "github",
    "https://models.github.ai/inference",
    dialect="github",
    retired_on=date(2026, 7, 30),
    successor=_ADVICE,
)

# github.blog/changelog/2025-07-17-deprecation-of-azure-endpoint-for-github-models
GITHUB_AZURE = Endpoint(
    "github-azure",
    "https://models.inference.ai.azure.com",
    dialect="github-legacy",
    retired_on=date(2025, 10, 17),
    successor=_ADVICE,
)

DEFAULT_ENDPOINT = GITHUB_AZURE

_SERVICES = (
    # platform.openai.com/docs/api-reference. "openai" alone is the publisher in openai/gpt-4.1.
    Endpoint(
        "openai-api", "https://api.openai.com/v1", None, "openai", key_variable="OPENAI_API_KEY"
    ),
    # openrouter.ai/docs/quickstart
    Endpoint(
        "openrouter", "https://openrouter.ai/api/v1", None, "openrouter",
        key_variable="OPENROUTER_API_KEY",
    ),
    # console.groq.com/docs/openai
    Endpoint(
        "groq", "https://api.groq.com/openai/v1", None, "groq", key_variable="GROQ_API_KEY"
    ),
    # inference-docs.cerebras.ai/resources/openai
    Endpoint(
        "cerebras", "https://api.cerebras.ai/v1", None, "cerebras", key_variable="CEREBRAS_API_KEY"
    ),
    # docs.mistral.ai/api
    Endpoint(
        "mistral", "https://api.mistral.ai/v1", None, "mistral", key_variable="MISTRAL_API_KEY"
    ),
    # ai.google.dev/gemini-api/docs/openai
    Endpoint(
        "gemini", "https://generativelanguage.googleapis.com/v1beta/openai", None, "gemini",
        key_variable="GEMINI_API_KEY",
    ),
    # docs.together.ai/docs/openai-api-compatibility
    Endpoint(
        "together", "https://api.together.xyz/v1", None, "together",
        key_variable="TOGETHER_API_KEY",
    ),
    # ollama.com/blog/cloud-models
    Endpoint(
        "ollama-cloud", "https://ollama.com/v1", None, "ollama", key_variable="OLLAMA_API_KEY"
    ),
)  # fmt: skip

# The ports that these servers listen on unless told otherwise; they ask for no key.
_LOCAL = (
    Endpoint("ollama", "http://localhost:11434/v1", None, "ollama", anonymous=True),
    Endpoint("llama-cpp", "http://localhost:8080/v1", None, "llama-cpp", anonymous=True),
    Endpoint(
        "llama-cpp-python", "http://localhost:8000/v1", None, "llama-cpp-python", anonymous=True
    ),
    Endpoint("vllm", "http://localhost:8000/v1", None, "vllm", anonymous=True),
    Endpoint("lm-studio", "http://localhost:1234/v1", None, "lm-studio", anonymous=True),
    Endpoint("foundry-local", "http://localhost:5273/v1", None, "foundry-local", anonymous=True),
    Endpoint(
        "litellm", "http://localhost:4000/v1", None, "litellm", key_variable="LITELLM_API_KEY"
    ),
)

PRESETS: Mapping[str, Endpoint] = MappingProxyType(
    {endpoint.name: endpoint for endpoint in (GITHUB, GITHUB_AZURE, *_SERVICES, *_LOCAL)}
)
"""The endpoints that are known by name; their keys are read when a client is made."""

# learn.microsoft.com, "Migrate from Azure AI Inference to OpenAI": the end of the /models route.
_AZURE_MODELS_END = date(2026, 8, 26)

_LOOPBACK = re.compile(r"//(?:127\.0\.0\.1|\[::1\]):")
_ORGANISATION = re.compile(r"/?orgs/[\w.-]+/inference/?")
_AZURE_HOST = r"[\w-]+\.(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)"
_SHAPES = (
    # GitHub Models' own base paths: the emulator, or a proxy in the service's place.
    (re.compile(r"[^/]*(/orgs/[^/]+)?/inference/?"), "github"),
    # Foundry answers 400 to any api-version there (goai#54, pydantic-ai#5066).
    (re.compile(r"[^/]*(/api/projects/[^/]+)?/openai/v1/?"), "openai-v1"),
    (re.compile(rf"{_AZURE_HOST}/openai/deployments/[^/]+/?"), "azure-openai"),
    (re.compile(rf"{_AZURE_HOST}/models/?"), "azure-models"),
)


def endpoint_for(
    value: str | Endpoint | None,
    credential: object = None,
    *,
    known: Mapping[str, Endpoint] = PRESETS,
) -> Endpoint:
    """Return the endpoint that a name, a URL, an organisation path or ``None`` stands for.

    ``None`` is the default endpoint, ``/orgs/{org}/inference`` the one of an organisation on GitHub
    Models. A ``credential`` given here replaces the endpoint's own.

    :raises ValueError: for text that is neither a known name nor a URL.
    """
    if isinstance(value, Endpoint):
        found = value
    elif value is None:
        found = DEFAULT_ENDPOINT
    elif value in known:
        found = known[value]
    elif _ORGANISATION.fullmatch(value):
        path = value.strip("/")
        found = replace(GITHUB, name=f"github/{path}", url=f"https://models.github.ai/{path}")
    elif "://" in value:
        found = _from_preset_url(value) if known is PRESETS else _from_url(value, known)
    else:
        names = ", ".join(sorted(known))
        raise ValueError(
            f"The endpoint {clean_text(value, 60)!r} is neither a URL nor a known name. "
            f"Known names: {names}. Pass a key as credential, not as endpoint."
        )
    return found if credential is None else with_credential(found, credential)


@lru_cache(maxsize=64)  # of the same few URLs, client after client
def _from_preset_url(url: str) -> Endpoint:
    return _from_url(url, PRESETS)


def _from_url(url: str, known: Mapping[str, Endpoint]) -> Endpoint:
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path.rstrip("/")
    preset = _preset_at(origin_of(url), path, known)
    if preset is not None:
        if preset is GITHUB and not path:  # OpenHands' page names the bare host
            url = f"{GITHUB.url}{'?' if parts.query else ''}{parts.query}"
        return replace(preset, url=url)
    place = parts.netloc.rpartition("@")[2].lower()
    shown = f"{host}{parts.path}"
    dialect = next((name for shape, name in _SHAPES if shape.fullmatch(shown)), "unknown")
    if dialect == "azure-models":
        return azure_models(url, name=place)
    if host == "api.githubcopilot.com":
        dialect = "copilot"
    return Endpoint(place, url, dialect=dialect)


def _preset_at(origin: str, path: str, known: Mapping[str, Endpoint]) -> Endpoint | None:
    """Find the endpoint at an address: by its base URL, on the services' own hosts by the host."""
    origin = _LOOPBACK.sub("//localhost:", origin)
    exact = [
        one
        for one in known.values()
        if _LOOPBACK.sub("//localhost:", one.origin) == origin
        and urlsplit(one.url).path.rstrip("/") == path
    ]
    if exact:  # of two servers on one port, who answers is not known
        return exact[0] if len({one.dialect.name for one in exact}) == 1 else None
    hosts = (one for one in PRESETS.values() if one.origin == origin and one.url[:5] == "https")
    return next(hosts, None)


def azure_models(url: str, credential: object = None, *, name: str = "azure-models") -> Endpoint:
    """Declare the retired ``/models`` route of an Azure AI resource.

    The same host, key and deployment name serve ``/openai/v1``, which is asked in its place from
    2026-08-26 on (docs.baseten.co; learn.microsoft.com, "Migrate from Azure AI Inference to
    OpenAI").
    """
    parts = urlsplit(url)
    return Endpoint(
        name,
        url,
        credential,
        "azure-models",
        retired_on=_AZURE_MODELS_END,
        successor=f"Use https://{parts.netloc}/openai/v1 with the same key and deployment name.",
        moved_to=f"{parts.scheme}://{parts.netloc}/openai/v1",
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A model on an endpoint; written ``endpoint-name/model-id``.

    ``endpoint`` is ``None`` for a model on the client's own endpoint.
    """

    model: str
    endpoint: Endpoint | None = None

    def __post_init__(self) -> None:
        model: object = self.model
        if not isinstance(model, str) or not model.strip():
            raise ValueError(f"A target needs a model id, not {model!r}.")

    def __str__(self) -> str:
        return self.model if self.endpoint is None else f"{self.endpoint.name}/{self.model}"


def parse_target(value: str | Target, known: Mapping[str, Endpoint] = PRESETS) -> Target:
    """Read ``endpoint-name/model-id``; without a known endpoint name in front, it is a model id.

    :raises ValueError: for an empty text.
    :raises TypeError: for anything but a text or a :class:`Target`.
    """
    if isinstance(value, Target):
        return value
    if not isinstance(value, str):
        raise TypeError(f"A target is a string or a Target, not {value!r}.")
    name, slash, model = value.partition("/")
    if slash and name in known:
        return Target(model, known[name])
    return Target(value)
