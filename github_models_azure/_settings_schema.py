"""The shape of the settings, checked by pydantic; loaded only where something is set."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from azure.core.credentials import AzureKeyCredential
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ._settings import PREFIX, Settings
from .endpoints import Endpoint
from .endpoints.presets import PRESETS, endpoint_for
from .exceptions import CredentialUnavailableError, SettingsError

Targets = Literal["tier", "none"] | list[str] | dict[str, list[str]]
_OPTIONS = (
    "plan", "fallback_on", "fallback_max_wait", "fallback_max_attempts", "attempt_timeout",
    "adapt", "allow_retired",
)  # fmt: skip


class _CredentialModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    env: str | None = None
    keyring: str | None = None
    none: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> _CredentialModel:
        if sum(value is not None for value in (self.env, self.keyring, self.none)) != 1:
            raise ValueError("give exactly one of env, keyring, none")
        return self


class _EndpointModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    dialect: Literal["github", "github-legacy", "openai-v1", "unknown"] | None = None
    credential: _CredentialModel | None = None


class _SettingsModel(BaseSettings):
    model_config = SettingsConfigDict(extra="forbid", env_prefix=PREFIX)

    endpoint: str | None = None
    api_key: str | None = None
    model: str | None = None
    plan: Literal["free", "pro", "business", "enterprise"] | None = None
    fallback: Annotated[Targets | None, NoDecode] = None
    fallback_on: Annotated[list[str] | None, NoDecode] = None
    fallback_max_wait: float | None = Field(default=None, ge=0)
    fallback_max_attempts: int | None = Field(default=None, ge=1)
    attempt_timeout: float | None = Field(default=None, gt=0)
    adapt: Literal["lenient", "strict"] | None = None
    allow_retired: bool | None = None
    endpoints: dict[str, _EndpointModel] = {}
    models: dict[str, dict[str, Any]] = {}
    tiers: dict[str, dict[str, Any]] = {}

    @field_validator("fallback", "fallback_on", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in ("tier", "none"):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


@dataclass(frozen=True, slots=True)
class MissingKey:
    """Stands for a key that the settings name and that is not there; says so when it is used."""

    message: str

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Raise what is missing.

        :raises CredentialUnavailableError: always.
        """
        raise CredentialUnavailableError(self.message)


def validate(
    variables: Mapping[str, str],
    table: Mapping[str, Any],
    file: Path | None,
    environ: Mapping[str, str],
) -> Settings:
    """Check the variables and the file's table; return the settings they make.

    :raises SettingsError: with one line for each wrong value.
    """
    known = {PREFIX + name.upper() for name in _SettingsModel.model_fields}
    unknown = sorted(variables.keys() - known)
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting. Known: {', '.join(sorted(known))}.")
    try:
        model = _build(variables, table)
        endpoints = {**PRESETS, **_endpoints(model.endpoints, environ)}
    except (ValidationError, ValueError) as error:
        raise SettingsError(_explain(error, variables, file)) from error
    options: dict[str, Any] = {
        name: value for name in _OPTIONS if (value := getattr(model, name)) is not None
    }
    if model.fallback is not None:
        options["fallback"] = None if model.fallback == "none" else model.fallback
    return Settings(
        endpoint=model.endpoint,
        api_key=model.api_key,
        model=model.model,
        options=options,
        endpoints=endpoints,
        overlays=model.models,
        tiers=model.tiers,
        file=file,
    )


def _build(variables: Mapping[str, str], table: Mapping[str, Any]) -> _SettingsModel:
    class Sourced(_SettingsModel):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *args: Any, **kwargs: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            environment = EnvSettingsSource(settings_cls)
            environment.env_vars = {name.lower(): value for name, value in variables.items()}
            return environment, InitSettingsSource(settings_cls, init_kwargs=dict(table))

    return Sourced()


def _endpoints(
    models: Mapping[str, _EndpointModel], environ: Mapping[str, str]
) -> dict[str, Endpoint]:
    made = {}
    for name, model in models.items():
        if "/" in name:
            raise ValueError(f"endpoints.{name}: the name of an endpoint has no slash")
        guessed = endpoint_for(model.url)
        made[name] = Endpoint(
            name,
            model.url,
            credential=_credential(name, model.credential, environ),
            dialect=model.dialect or guessed.dialect,
            anonymous=model.credential is not None and model.credential.none is True,
            retired_on=guessed.retired_on,
            successor=guessed.successor,
        )
    return made


def _credential(name: str, model: _CredentialModel | None, environ: Mapping[str, str]) -> Any:
    if model is None or model.none:
        return None
    if model.env is not None:
        key, place = environ.get(model.env), f"the environment variable {model.env}"
    else:
        key, place = _from_keyring(str(model.keyring)), f"the keyring entry {model.keyring}"
    if key:
        return AzureKeyCredential(key)
    return MissingKey(f"The endpoint {name} takes its key from {place}, which is not set.")


def _from_keyring(entry: str) -> str | None:
    with contextlib.suppress(Exception):  # no keyring package, or a backend that cannot answer
        import keyring

        found = keyring.get_password("github-models", entry)
        return found if isinstance(found, str) else None
    return None


def _explain(error: ValueError, variables: Mapping[str, str], file: Path | None) -> str:
    place = f" in {file}" if file else ""
    if not isinstance(error, ValidationError):
        return f"The settings{place} are wrong: {error}."
    lines = []
    for problem in error.errors(include_url=False):
        path = ".".join(str(part) for part in problem["loc"])
        variable = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else ""
        name = variable if variable in variables else f"{path}{place}"
        shown = "" if "key" in path else f" (got {problem['input']!r:.80})"
        lines.append(f"{name}: {problem['msg']}{shown}")
    return "\n".join(dict.fromkeys(lines))
