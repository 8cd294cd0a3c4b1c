"""The shape of the settings, checked by pydantic; loaded only where something is set."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from azure.core.credentials import AzureKeyCredential
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from ._core.plan import MOVES_ON
from ._settings import PREFIX, Settings
from .endpoints import Endpoint
from .endpoints.presets import PRESETS, endpoint_for
from .exceptions import CredentialUnavailableError, SettingsError

_OPTIONS = (
    "plan", "fallback_on", "fallback_max_wait", "fallback_max_attempts", "attempt_timeout",
    "adapt", "allow_retired",
)  # fmt: skip


_SHOWN = frozenset({*_OPTIONS, "fallback", "model"})
"""The settings whose wrong values are repeated in an error; all others might hold a key."""

_FORMS = "is 'tier', 'none', a list of targets, or a table of models with such lists"


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("is a number, not true or false")
    return value


def _targets(value: Any) -> Any:
    """Read what the fallback may be: as written in the file, as JSON, or parted by commas."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"is not JSON: {error}") from error
    if isinstance(value, str):
        return value if value in ("tier", "none") else _parts(value)
    if value is None:
        return None
    lists = value.values() if isinstance(value, dict) else [value]
    for listed in lists:
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise ValueError(_FORMS)
    return value


def _kinds(value: Any) -> Any:
    given = _parts(value) if isinstance(value, str) else value
    known = sorted(kind.value for kind in MOVES_ON)
    if given is None:
        return None
    if not isinstance(given, list) or not set(map(str, given)) <= set(known):
        raise ValueError(f"is a list of failure kinds; known are {', '.join(known)}")
    return given


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


_Number = BeforeValidator(_number)


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
    fallback: Annotated[Any, NoDecode, BeforeValidator(_targets)] = None
    fallback_on: Annotated[Any, NoDecode, BeforeValidator(_kinds)] = None
    fallback_max_wait: Annotated[float | None, _Number] = Field(default=None, ge=0)
    fallback_max_attempts: Annotated[int | None, _Number] = Field(default=None, ge=1)
    attempt_timeout: Annotated[float | None, _Number] = Field(default=None, ge=0.001)
    adapt: Literal["lenient", "strict"] | None = None
    allow_retired: bool | None = None
    endpoints: dict[str, _EndpointModel] = {}
    models: dict[str, dict[str, Any]] = {}
    tiers: dict[str, dict[str, Any]] = {}


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
        api_key=model.api_key.strip() if model.api_key else None,
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
    key: str | None
    if model.env is not None:
        key, place = environ.get(model.env, ""), f"the environment variable {model.env}"
    else:
        key, place = _from_keyring(str(model.keyring)), f"the keyring entry {model.keyring}"
    if key and key.strip():
        return AzureKeyCredential(key.strip())
    return MissingKey(f"The endpoint {name} takes its key from {place}, which is not set.")


def _from_keyring(entry: str) -> str | None:
    with contextlib.suppress(Exception):  # no keyring package, or a backend that cannot answer
        import keyring

        found = keyring.get_password("github-models", entry)
        return found if isinstance(found, str) else None
    return None


def _explain(error: ValueError, variables: Mapping[str, str], file: Path | None) -> str:
    place = f" in {file}" if file else ""
    if isinstance(error, SourceError):
        wrong = next((name for name in sorted(variables) if _is_broken(name, variables)), PREFIX)
        return f"{wrong}: is not JSON; it takes what the table of that name takes in the file."
    if not isinstance(error, ValidationError):
        return f"The settings{place} are wrong: {str(error).rstrip('.')}."
    lines = []
    for problem in error.errors(include_url=False):
        setting = str(problem["loc"][0]) if problem["loc"] else ""
        variable = PREFIX + setting.upper()
        path = ".".join(str(part) for part in problem["loc"])
        name = variable if variable in variables else f"{path}{place}"
        shown = f" (got {problem['input']!r:.80})" if setting in _SHOWN else ""
        lines.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}{shown}")
    return "\n".join(dict.fromkeys(lines))


def _is_broken(name: str, variables: Mapping[str, str]) -> bool:
    if name.removeprefix(PREFIX).lower() not in ("endpoints", "models", "tiers"):
        return False
    try:
        json.loads(variables[name])
    except ValueError:
        return True
    return False
