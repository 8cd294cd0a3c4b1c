"""The endpoints and dialects of the settings: how they are written, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal

from azure.core.credentials import AzureKeyCredential
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .._core.request.extras import SECONDS_FORM, checked_seconds
from .._core.trust import BY_USER, Chosen
from ..credentials.entra import Entra
from ..credentials.keys import (
    KeySource,
    MissingKey,
    WithheldKey,
    is_token_entry,
    read_declared,
    read_github_token,
)
from ..endpoints import DIALECTS, Dialect, Endpoint, endpoint_for, origin_of, read_dialect
from ..endpoints.endpoint import is_loopback, without_query
from ..endpoints.presets import PRESETS
from ..registry.schema import extra_members
from .binding import why_source_withheld, why_value_withheld

_COPILOT = "https://api.githubcopilot.com"
_CREDENTIAL_FORM = 'is a table with one of env, keyring, entra, none, such as { env = "MY_KEY" }'


class WrongValuesError(ValueError):
    """Values that are wrong, each with its path in the settings; no value is in it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{path}: {why}" for path, why in problems.items()))
        self.problems = dict(problems)


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError("is a day, such as 2026-08-26") from error


def _seconds(value: object) -> object:
    try:
        return None if value is None else checked_seconds(value)
    except (TypeError, ValueError) as error:  # which show the value
        raise ValueError(SECONDS_FORM) from error


def _table(value: object) -> object:
    if not isinstance(value, dict | CredentialModel):
        raise ValueError(_CREDENTIAL_FORM)
    return value


class CredentialModel(BaseModel):
    """Where an endpoint's key comes from: one of four places."""

    model_config = ConfigDict(extra="forbid")

    env: Annotated[str, Field(min_length=1)] | None = None
    keyring: Annotated[str, Field(min_length=1)] | None = None
    entra: Literal[True] | None = None
    none: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> CredentialModel:
        places = (self.env, self.keyring, self.entra, self.none)
        if sum(value is not None for value in places) != 1:
            raise ValueError("give exactly one of env, keyring, entra, none")
        return self

    def source(self) -> KeySource:
        """Return the place that was given."""
        if self.env is not None:
            return KeySource("env", self.env)
        if self.keyring is not None:
            return KeySource("keyring", self.keyring)
        return KeySource("entra" if self.entra else "none")


class EndpointModel(BaseModel):
    """One endpoint; an entry with a known name may leave out what is known."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = None
    dialect: str | None = None
    credential: Annotated[CredentialModel, BeforeValidator(_table)] | None = None
    headers: dict[str, str] = {}
    retired_on: Annotated[date | None, BeforeValidator(_day)] = None
    moved_to: str | None = None
    extra_body: Annotated[dict[str, Any], BeforeValidator(extra_members)] = {}
    timeout: Annotated[float | None, BeforeValidator(_seconds)] = None


@dataclass(frozen=True, slots=True)
class Declared:
    """The endpoints of the settings, and where the keys come from that were given a place."""

    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    sources: Mapping[str, KeySource] = field(default_factory=dict)


def declare(
    models: Mapping[str, EndpointModel],
    tables: Mapping[str, Mapping[str, Any]],
    environ: Mapping[str, str],
    chosen: Mapping[str, Chosen],
) -> Declared:
    """Make the endpoints of their tables.

    :param tables: the dialects that the settings describe.
    :param chosen: who gave the address or the credential of an endpoint, if it was a file.
    :raises WrongValuesError: with every value that is wrong.
    """
    problems: dict[str, str] = {}
    dialects = _dialects(tables, problems)
    endpoints: dict[str, Endpoint] = {}
    sources: dict[str, KeySource] = {}
    for name, model in models.items():
        path = f"endpoints.{name}"
        try:
            by = chosen.get(name, BY_USER)
            endpoints[name] = _Entry(name, path, model, dialects, environ, by).endpoint()
        except WrongValuesError as error:
            problems.update(error.problems)
        except ValueError as error:
            problems[path] = str(error).rstrip(".")
        if model.credential is not None:
            sources[name] = model.credential.source()
    if problems:
        raise WrongValuesError(problems)
    return Declared(endpoints, sources)


def _dialects(
    tables: Mapping[str, Mapping[str, Any]], problems: dict[str, str]
) -> Mapping[str, Dialect]:
    """Read the tables in an order in which each finds the one that it is like."""
    known = dict(DIALECTS)
    waiting = dict(tables)
    while waiting:
        likes = {name: table.get("like") for name, table in waiting.items()}
        ready = [name for name, like in likes.items() if like == name or like not in list(waiting)]
        for name in ready or list(waiting):
            table = waiting.pop(name)
            path = f"dialects.{name}"
            if name in DIALECTS:
                problems[path] = f"is known already; give yours another name and like = {name!r}"
            elif not isinstance(table.get("like", ""), str):
                problems[f"{path}.like"] = "is the name of a dialect"
            elif not ready:
                problems[f"{path}.like"] = "leads in a circle"
            else:
                try:
                    known[name] = read_dialect(name, table, known)
                except ValueError as error:
                    place, why = _placed(path, str(error).rstrip("."))
                    problems[place] = why
    return known


def _placed(path: str, message: str) -> tuple[str, str]:
    """Part the path of a value from what is said of it."""
    if not message.startswith(f"{path}."):
        return path, message
    place, _, why = message.partition(" ")
    return place.rstrip(":"), why


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry under ``[endpoints]``, with what it is read against."""

    name: str
    path: str
    model: EndpointModel
    dialects: Mapping[str, Dialect]
    environ: Mapping[str, str]
    chosen: Chosen

    def endpoint(self) -> Endpoint:
        """Make the endpoint: what the entry says, then what its name and its URL say.

        :raises ValueError: for what cannot be.
        """
        model = self.model
        if "/" in self.name or not self.name.strip():
            raise ValueError("the name of an endpoint has no slash, and is not empty")
        base = self._base()
        dialect = self._dialect(base)
        retired_on = model.retired_on or base.retired_on
        if model.moved_to is not None:
            Endpoint(self.name, model.moved_to)  # a URL like any other
            if retired_on is None:
                raise self._wrong("retired_on", "is missing: the day from which moved_to is asked")
        source = model.credential.source() if model.credential is not None else None
        endpoint = Endpoint(
            self.name,
            base.url,
            credential=self._credential(source, base),
            dialect=dialect,
            retired_on=retired_on,
            successor=f"Use {without_query(model.moved_to)}." if model.moved_to else base.successor,
            anonymous=source.kind == "none" if source is not None else base.anonymous,
            headers={**base.headers, **model.headers},
            moved_to=model.moved_to or base.moved_to,
            key_variable=base.key_variable if source is None else None,
            defaults=base.defaults,
            extra_body={**base.extra_body, **model.extra_body},
            timeout=base.timeout if model.timeout is None else model.timeout,
        )
        if source is not None and source.kind == "entra":
            self._check_scope(endpoint)
        return endpoint

    def _base(self) -> Endpoint:
        """Return what is known of the URL, or of the name where it says no URL."""
        url = self.model.url
        if url is None and self.name == "copilot":  # no preset: nobody is to ask it unawares
            url = _COPILOT
        if url is None:
            if self.name not in PRESETS:
                names = ", ".join(sorted(PRESETS))
                raise self._wrong("url", f"is missing; only these names have one: {names}")
            return PRESETS[self.name]
        if origin_of(url) == _COPILOT:  # where no endpoint is without its header
            return Endpoint(self.name, url)
        try:
            return endpoint_for(url)
        except ValueError as error:
            raise self._wrong("url", str(error).rstrip(".")) from error

    def _dialect(self, base: Endpoint) -> Dialect:
        wanted = self.model.dialect
        if wanted is not None:
            if wanted not in self.dialects:
                names = ", ".join(sorted(self.dialects))
                raise self._wrong("dialect", f"is one of {names}, or described in [dialects]")
            return self.dialects[wanted]
        if base.origin == _COPILOT:
            return self.dialects["copilot"]
        preset = PRESETS.get(self.name)
        if preset is None or self.model.url is None:
            return base.dialect
        # Stand-ins for GitHub Models speak what their URL says; another service's name is its own.
        if preset.dialect.is_github and base.dialect.name != "unknown":
            return base.dialect
        return preset.dialect

    def _credential(
        self, source: KeySource | None, base: Endpoint
    ) -> AzureKeyCredential | Entra | MissingKey | None:
        if source is None or source.kind == "none":
            return None
        if source.kind == "keyring" and is_token_entry(source.name):
            self._check_token(base)
        why = why_source_withheld(source, base.origin, self.chosen, self.environ)
        unset = source.kind == "env" and not self.environ.get(source.name, "").strip()
        if why is not None and not unset:  # what is not there goes nowhere
            return WithheldKey(f"The endpoint {self.name} is not asked: {why}")
        if source.kind == "entra":
            return Entra()
        key = self.environ.get(source.name) if source.kind == "env" else self._stored(source, base)
        if key and key.strip():
            why = why_value_withheld(source, key, base.origin, self.chosen, self.environ)
            if why is not None:
                return WithheldKey(f"The endpoint {self.name} is not asked: {why}")
            return AzureKeyCredential(key.strip())
        hint = ""
        if source.kind == "keyring" and not _has_keyring():
            hint = (
                ' The package that reads it is missing: pip install "github-models-azure[keyring]".'
            )
        return MissingKey(
            f"The endpoint {self.name} takes its key from {source}, which is not set.{hint}"
        )

    def _stored(self, source: KeySource, base: Endpoint) -> str | None:
        if is_token_entry(source.name):
            return read_github_token()
        return read_declared(source.name, base.origin)

    def _check_token(self, base: Endpoint) -> None:
        here = self.chosen == BY_USER and is_loopback(base.url)
        if not (base.on_github or here):
            raise self._wrong(
                "credential.keyring",
                "is the entry of the GitHub token, which goes to GitHub's hosts only. Keep the key "
                "of this endpoint under another name",
            )

    def _check_scope(self, endpoint: Endpoint) -> None:
        if endpoint.dialect.scope is None:
            raise self._wrong(
                "credential.entra",
                f"Entra's tokens are for Azure, and the dialect {endpoint.dialect} names no scope "
                "for them. Give dialect = 'openai-v1' (Foundry) or 'azure-openai' if Azure "
                "answers there, otherwise a key",
            )

    def _wrong(self, member: str, why: str) -> WrongValuesError:
        return WrongValuesError({f"{self.path}.{member}": why})


def _has_keyring() -> bool:
    try:
        import keyring  # noqa: F401
    except ImportError:
        return False
    return True
