"""The settings that other applications wrote: OpenHands' and LogAI's. Which of them count, if any.

This module is light; ``[llm]`` tables and ``LLM_*`` variables are read by ``_settings_llm``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AzureKeyCredential

from ..credentials.github import KeySource
from ..endpoints import GITHUB_AZURE, Endpoint
from ..exceptions import SettingsError

if TYPE_CHECKING:
    from .load import Settings

LLM_PREFIX = "LLM_"
LLM_FILE = "config.toml"
LLM_FIELDS = frozenset(
    {
        "api_key", "api_version", "base_url", "caching_prompt", "custom_llm_provider",
        "disable_vision", "drop_params", "fallback_llms", "max_output_tokens", "model",
        "num_retries", "ollama_base_url", "retry_max_wait", "retry_min_wait", "retry_multiplier",
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
        "embedding_deployment_name", "embedding_model", "enable_encrypted_reasoning",
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
LOGAI_PREFIX = "LOGAI_"
LOGAI_PROVIDER = "LOGAI_LLM_PROVIDER"
_LOGAI_MODEL = "gpt-4o"

_DESTINATION = ("api_key", "base_url", "custom_llm_provider")


@dataclass(frozen=True, slots=True)
class Application:
    """What the settings of an application come to.

    ``endpoint`` names the first of ``endpoints``. ``call`` holds keywords of each chat call,
    ``retries`` those of the back-off. ``origins`` says of each setting where it comes from, and
    ``over_files`` whether that is the environment, which goes before every file.
    """

    endpoint: str
    model: str
    endpoints: Mapping[str, Endpoint]
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, KeySource] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    over_files: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The settings of applications as they lie there.

    ``notes`` say what is set and does not count, without a value; ``broken`` why the nearest
    ``config.toml`` with an ``[llm]`` heading cannot be read.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)
    file: Path | None = None
    logai: bool = False
    notes: tuple[str, ...] = ()
    broken: SettingsError | None = None

    @property
    def by_variables(self) -> bool:
        """Whether the environment alone says where to go."""
        return self.logai or says_where(self.variables)

    def read(self, environ: Mapping[str, str]) -> Application | None:
        """Read what counts; ``None`` where nothing does.

        :raises SettingsError: with one line for each wrong value.
        """
        if self.broken is not None and not self.logai:
            raise self.broken
        if says_where(self.variables) or (self.table and not self.logai):
            from .llm_route import read_llm

            return read_llm(self.variables, self.table, self.file, environ)
        return _read_logai(environ) if self.logai else None


def find_applications(
    environ: Mapping[str, str],
    documents: Iterable[tuple[Path, Mapping[str, Any] | SettingsError]],
    named: tuple[Path, Mapping[str, Any]] | None = None,
) -> Found:
    """Look for settings of applications.

    :param documents: each ``config.toml`` upwards that has an ``[llm]`` table, the nearest first;
        an error in place of a table that cannot be read.
    :param named: the file and the table that ``GITHUB_MODELS_CONFIG`` names, if it is such a file.
    """
    variables = {
        name: value
        for name in sorted(LLM_FIELDS - {"fallback_llms"})
        if (value := environ.get(LLM_PREFIX + name.upper(), "")).strip()
    }
    notes: list[str] = []
    broken: SettingsError | None = None
    file, table = named or (None, MappingProxyType({}))
    for path, other in documents if named is None else ():
        if isinstance(other, SettingsError):
            broken = other
            break
        why = _foreign(other)
        if why is None:
            file, table = path, other
            break
        notes.append(f"{path} is not used: {why}.")
    if variables and not (table or broken or says_where(variables)):
        names = ", ".join(LLM_PREFIX + name.upper() for name in variables)
        notes.append(
            f"Set and not used: {names}. LLM_* variables count where LLM_MODEL is set together "
            "with LLM_API_KEY, LLM_BASE_URL or LLM_CUSTOM_LLM_PROVIDER, or where a config.toml "
            "has an [llm] table."
        )
        variables = {}
    notes.extend(_misspelt(environ) if variables else ())
    logai = environ.get(LOGAI_PROVIDER, "").strip().lower() == "github"
    return Found(variables, table, file, logai, tuple(notes), broken)


def says_where(variables: Mapping[str, str]) -> bool:
    """Tell whether ``LLM_*`` variables name a model and where it is.

    ``LLM_MODEL`` alone is the setting of other programs too, such as ``llm``.
    """
    return "model" in variables and any(name in variables for name in _DESTINATION)


def is_route(name: str, value: object) -> bool:
    """Tell whether a member of ``[llm]`` is a table with another model."""
    return isinstance(value, Mapping) and name not in LLM_FIELDS | LLM_IGNORED


def near(name: str) -> str | None:
    """Return the key that was probably meant."""
    from difflib import get_close_matches

    known = sorted(LLM_FIELDS | LLM_IGNORED)
    return next(iter(get_close_matches(name.lower(), known, 1, 0.8)), None)


def _foreign(table: Mapping[str, Any]) -> str | None:
    """Say why a file that nobody named is some other program's; ``None`` where it is OpenHands'."""
    if not isinstance(table.get("model"), str):
        return "its [llm] table names no model"
    for name, value in table.items():
        known = name in LLM_FIELDS | LLM_IGNORED
        if not (known or isinstance(value, Mapping) or near(name)):
            return f"[llm] has {name!r:.40}, which OpenHands does not know"
    return None


def _misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        meant = name.removeprefix(LLM_PREFIX).lower()
        if name == LLM_PREFIX + meant.upper() and meant not in LLM_FIELDS | LLM_IGNORED:
            other = near(meant)
            if other is not None:
                yield f"{name} is not used: did you mean {LLM_PREFIX}{other.upper()}?"


def _read_logai(environ: Mapping[str, str]) -> Application:
    """Read LogAI's settings for GitHub Models: a provider, a token and a model.

    github.com/david-parker-softrams/observability-assistant, "GitHub Models as LLM Provider".
    """
    token, model = (LOGAI_PREFIX + "GITHUB_TOKEN", LOGAI_PREFIX + "GITHUB_MODEL")
    endpoint, sources = replace(GITHUB_AZURE, name="logai"), {}
    key = environ.get(token, "").strip()
    if key:
        endpoint = replace(endpoint, credential=AzureKeyCredential(key))
        sources["logai"] = KeySource("env", token)
    chosen = environ.get(model, "").strip()
    return Application(
        endpoint="logai",
        model=chosen or _LOGAI_MODEL,
        endpoints={"logai": endpoint},
        sources=sources,
        origins={"endpoint": LOGAI_PROVIDER, "model": model if chosen else "the default of LogAI"},
        over_files=True,
    )


def joined(own: Settings, said: frozenset[str], found: Application) -> Settings:
    """Lay an application's settings beside our own.

    :param said: the settings that ``GITHUB_MODELS_*`` variables give.
    """
    ours = said & {"endpoint", "api_key"} or (
        not found.over_files and (own.endpoint is not None or own.api_key is not None)
    )
    if ours:  # an endpoint and its key, model and route belong together
        return replace(own, lent=tuple(found.endpoints.values()))
    above = {name: value for name, value in own.options.items() if name in said}
    layers = (own.options, found.options) if found.over_files else (found.options, own.options)
    options: dict[str, Any] = {}
    for layer in (*layers, above):
        options.update(layer)
    endpoints = {**own.endpoints, **found.endpoints}
    theirs = found.model
    if theirs.partition("/")[0] in endpoints:  # or it would be read as another endpoint's
        theirs = f"{found.endpoint}/{theirs}"
    keeps_model = "model" in said or not found.over_files
    model = own.model if keeps_model and own.model is not None else theirs
    won = {name for name, value in found.options.items() if options[name] is value}
    won |= {"endpoint", *found.retries, *found.call, *(["model"] if model is theirs else [])}
    return replace(
        own,
        endpoint=found.endpoint,
        api_key=None,
        model=model,
        options=options,
        endpoints=endpoints,
        sources={**own.sources, **found.sources},
        retries=found.retries,
        call=found.call,
        origins={name: origin for name, origin in found.origins.items() if name in won},
    )
