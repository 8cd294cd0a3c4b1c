"""The ground floor of the settings: what they come to, and the names that they go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from azure.core.credentials import AzureKeyCredential

from .._core.trust import BY_USER, Chosen
from ..credentials.keys import KeySource
from ..endpoints import Endpoint
from ..endpoints.endpoint import is_loopback, without_query
from ..endpoints.presets import PRESETS

PREFIX = "GITHUB_MODELS_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
API_KEY = PREFIX + "API_KEY"
FILE_NAME = "github-models.toml"

LOGAI_PREFIX = "LOGAI_"
LOGAI_TOKEN = "LOGAI_GITHUB_TOKEN"  # noqa: S105 - the name of a variable
LLM_PREFIX = "LLM_"
LLM_FILE = "config.toml"
LLM_FIELDS = frozenset(
    {
        "api_key", "api_version", "base_url", "caching_prompt", "custom_llm_provider",
        "disable_vision", "drop_params", "embedding_deployment_name", "embedding_model",
        "fallback_llms", "max_output_tokens", "model", "num_retries", "ollama_base_url",
        "retry_max_wait", "retry_min_wait", "retry_multiplier",
        "temperature", "timeout", "top_p",
    }
)  # fmt: skip
"""What counts of an ``[llm]`` table; ``caching_prompt`` is the service's business by now."""

# OpenHands' LLMConfig of 0.9 to 1.0, and the LLM of openhands-sdk 1.58.
LLM_IGNORED = frozenset(
    {
        "api_mode", "auth_type", "aws_access_key_id", "aws_bedrock_runtime_endpoint",
        "aws_profile_name", "aws_region_name", "aws_role_name", "aws_secret_access_key",
        "aws_session_name", "aws_session_token", "capability_overrides", "completion_kwargs",
        "correct_num", "custom_tokenizer", "disable_stop_word", "embedding_base_url",
        "enable_encrypted_reasoning",
        "extended_thinking_budget", "extra_headers", "fallback_strategy", "for_routing",
        "force_string_serializer", "inline_image_urls", "input_cost_per_token",
        "litellm_extra_body", "log_completions", "log_completions_folder", "max_input_tokens",
        "max_message_chars", "model_canonical_name", "modify_params", "native_tool_calling",
        "openrouter_app_name", "openrouter_site_url", "output_cost_per_token",
        "prompt_cache_retention", "provider_connection_id", "reasoning_effort",
        "reasoning_summary", "safety_settings", "seed", "service_id", "stream",
        "stream_idle_timeout", "subscription_vendor", "top_k", "usage_id",
    }
)  # fmt: skip

LLM_MISSED = frozenset(
    {
        "completion_kwargs", "enable_encrypted_reasoning", "extended_thinking_budget",
        "extra_headers", "litellm_extra_body", "reasoning_effort", "reasoning_summary",
        "safety_settings", "seed", "top_k",
    }
)  # fmt: skip
"""What of those would change answers, so that its absence is warned of."""

_DESTINATION = ("api_key", "base_url", "custom_llm_provider")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a client that its arguments leave open.

    ``options`` are keywords of the fallback policy, ``overlays`` changes to the model registry and
    ``tiers`` user-made quotas. ``sources`` says of the endpoints that were given a credential where
    it comes from. ``file`` is the settings file that was read, if one was.

    What another application's settings add: ``retries`` of the policy, ``call`` for each chat
    call, ``origins`` of the settings that are theirs, ``notes`` on what is set and does not count.
    ``warnings`` are those of the notes that are logged too, once.
    ``vectors`` are the endpoint and the model of its embeddings. ``lent`` is one whose keys may go
    to their own origins, for the endpoint is ours.

    Who chose what, where it was not the user: ``file_by`` the file, ``endpoint_by`` the endpoint,
    ``api_key_by`` its key, ``endpoints_by`` the address or the credential of endpoints by name.
    """

    endpoint: str | None = None
    api_key: str | None = field(default=None, repr=False)
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=lambda: PRESETS)
    sources: Mapping[str, KeySource] = field(default_factory=dict)
    overlays: Mapping[str, Any] = field(default_factory=dict)
    tiers: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None
    retries: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    vectors: tuple[str, str] | None = None
    lent: Application | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    applications: bool = True
    file_by: Chosen = BY_USER
    endpoint_by: Chosen = BY_USER
    api_key_by: Chosen = BY_USER
    endpoints_by: Mapping[str, Chosen] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show what is set, and no value that may be a secret."""
        where = None if self.endpoint is None else without_query(self.endpoint)
        options, endpoints = sorted(self.options), sorted(self.endpoints)
        return (
            f"Settings(endpoint={where!r}, model={self.model!r}, options={options}, "
            f"endpoints={endpoints}, file={str(self.file or '')!r})"
        )

    def for_vectors(self, *, texts: bool) -> Settings:
        """Leave out what an application says of chat models, for clients of embeddings.

        :param texts: take the model that it names for the embeddings of texts.
        """
        theirs = self.origins.keys()
        options = {n: v for n, v in self.options.items() if n != "fallback" or n not in theirs}
        endpoint, model = self.endpoint, None if "model" in theirs else self.model
        if texts and self.vectors is not None:
            endpoint, model = self.vectors
        return replace(self, endpoint=endpoint, model=model, options=options, call={})

    def key_for(
        self, endpoint: Endpoint, *, stand_in: bool = False
    ) -> tuple[AzureKeyCredential, KeySource] | None:
        """Return an application's key for the same origin, and where it comes from.

        That of an application that cannot say where its service is goes to what stands in the
        service's place on this machine, too.

        :param stand_in: the user chose the endpoint, and so may give it another's place.
        """
        if self.lent is None:
            return None
        taken = stand_in and self.lent.placeless and stands_in(endpoint)
        for name, source in self.lent.sources.items():
            theirs = self.lent.endpoints[name]
            if (taken or theirs.origin == endpoint.origin) and isinstance(
                theirs.credential, AzureKeyCredential
            ):
                return theirs.credential, source
        return None


@dataclass(frozen=True, slots=True)
class Application:
    """What the settings of an application come to.

    ``endpoint`` names the first of ``endpoints``, ``vectors`` that of the embeddings and their
    model. ``call`` holds keywords of each chat call,
    ``retries`` those of the back-off. ``origins`` says of each setting where it comes from,
    ``notes`` what is set and does not count, and ``over_files`` whether the settings come from the
    environment, which goes before every file. ``by_file`` tells
    whether a file has a part in the choice of the endpoint, and ``by`` who made it.
    ``placeless``: it means GitHub Models and has no setting that says where that is.
    """

    endpoint: str
    model: str
    endpoints: Mapping[str, Endpoint]
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    vectors: tuple[str, str] | None = None
    sources: Mapping[str, KeySource] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    over_files: bool = False
    placeless: bool = False
    by_file: bool = False
    by: Chosen = BY_USER

    def __repr__(self) -> str:
        """Show what it is, and no value that may be a secret."""
        return f"Application({without_query(self.endpoint)!r}, {self.model!r})"


def stands_in(endpoint: Endpoint) -> bool:
    """Return whether an endpoint on this machine has GitHub Models' shape."""
    return endpoint.dialect.is_github and is_loopback(endpoint.url)


def says_where(variables: Mapping[str, str]) -> bool:
    """Tell whether ``LLM_*`` variables name a model and where it is.

    ``LLM_MODEL`` alone is the setting of other programs too, such as ``llm``.
    """
    return "model" in variables and any(name in variables for name in _DESTINATION)


def near(name: str) -> str | None:
    """Return the key that was probably meant."""
    from difflib import get_close_matches

    known = sorted(LLM_FIELDS | LLM_IGNORED)
    return next(iter(get_close_matches(name.lower(), known, 1, 0.8)), None)
