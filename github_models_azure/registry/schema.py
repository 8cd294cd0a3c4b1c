"""The shapes of model data that come from outside, for pydantic; imported on use only."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .._core.request.extras import checked_members

LONGEST_NAME = 200
_MOST_TOKENS = 1_000_000_000


def _iso_date(value: object) -> object:
    # Left to itself pydantic reads a number as a timestamp.
    if type(value) is date or value is None:
        return value
    with suppress(ValueError):
        if isinstance(value, str):
            return date.fromisoformat(value)
    raise ValueError("should be a date like 2026-07-30")


def _one_word(value: str) -> str:
    if not value.isprintable() or any(map(str.isspace, value)):
        raise ValueError("should be printable, without white space")
    return value


def _readable(value: str) -> str:
    # The texts are printed in terminals: no line feeds, escapes or lone surrogates.
    return "".join(filter(str.isprintable, " ".join(value.split())))


def extra_members(value: object) -> dict[str, object]:
    """Check members of a body, for pydantic."""
    try:
        return checked_members(value)
    except TypeError as error:  # pydantic lets it pass
        raise ValueError(str(error)) from error


def _not_empty(value: str) -> str:
    if not value:
        raise ValueError("should not be empty")
    return value


def _slashed(value: str) -> str:
    if not all(value.partition("/")):
        raise ValueError("should be of the form publisher/model")
    return value


Word = Annotated[
    str, Field(min_length=1, max_length=LONGEST_NAME, strict=True), AfterValidator(_one_word)
]
CatalogId = Annotated[Word, AfterValidator(_slashed)]
Text = Annotated[str, Field(max_length=4000, strict=True), AfterValidator(_readable)]
Label = Annotated[Text, AfterValidator(_not_empty)]
Tokens = Annotated[int, Field(strict=True, ge=0, le=_MOST_TOKENS)]
Limit = Annotated[int, Field(strict=True, ge=1, le=_MOST_TOKENS)]
Flag = Annotated[bool, Field(strict=True)]
Day = Annotated[date, BeforeValidator(_iso_date)]


class ModelRow(BaseModel):
    """Fields of a model as an overlay may give them; ``None`` makes a fact unknown."""

    model_config = ConfigDict(extra="forbid")

    name: Text = ""
    publisher: Text = ""
    registry: Word | None = None
    legacy_name: Word | None = None
    version: Word | None = None
    summary: Text | None = None
    purpose: Text | None = None
    tier: Word | None = None
    quota_class: Word | None = None
    max_input_tokens: Tokens | None = None
    max_output_tokens: Tokens | None = None
    input_modalities: list[Word] | None = None
    output_modalities: list[Word] | None = None
    tool_calling: Flag | None = None
    parallel_tool_calls: Flag | None = None
    streaming: Flag | None = None
    json_schema: Flag | None = None
    reasoning: Flag | None = None
    prompt_cache: Flag | None = None
    reasoning_effort: Flag | None = None
    rejects: list[Word] = []
    min_api_version: Word | None = None
    tags: list[Text] = []
    deprecated_on: Day | None = None
    retired_on: Day | None = None
    successor: Word | None = None
    extra_body: Annotated[dict[str, Any], BeforeValidator(extra_members)] = {}


class OverlayRow(ModelRow):
    """One entry of a user's overlay."""

    aliases: list[Word] = []


class TierRow(BaseModel):
    """The quota of a user-made tier, for every plan."""

    model_config = ConfigDict(extra="forbid")

    requests_per_minute: Limit | None = None
    requests_per_day: Limit | None = None
    input_tokens_per_request: Limit | None = None
    output_tokens_per_request: Limit | None = None
    concurrent_requests: Limit | None = None
    tokens_per_minute: Limit | None = None


class CatalogLimits(BaseModel):
    """The ``limits`` of a catalogue entry."""

    max_input_tokens: Tokens | None = None
    max_output_tokens: Tokens | None = None


class CatalogEntry(BaseModel):
    """One entry of ``GET /catalog/models``; members of later versions are let through."""

    id: CatalogId
    name: Label
    publisher: Label
    rate_limit_tier: Word
    registry: Word | None = None
    summary: Text | None = None
    html_url: Word | None = None
    version: Word | None = None
    capabilities: list[Word] | None = None
    limits: CatalogLimits | None = None
    tags: list[Text] | None = None
    supported_input_modalities: list[Word] | None = None
    supported_output_modalities: list[Word] | None = None


class BundledModel(ModelRow):
    """One row of ``catalog.json``."""

    id: CatalogId
    name: Label
    publisher: Label
    purpose: Label
    sources: dict[str, str]


class BundledAlias(BaseModel):
    """One group of aliases in ``catalog.json``."""

    model_config = ConfigDict(extra="forbid")

    to: Word
    reason: Label
    substitute: bool = False
    names: Annotated[list[Word], Field(min_length=1)]


class BundledElsewhere(BaseModel):
    """Names of models that GitHub Models never had, and where they are served."""

    model_config = ConfigDict(extra="forbid")

    names: Annotated[list[Word], Field(min_length=1)]
    offer: Label
    source: Annotated[str, Field(pattern="^(seen|reported|unconfirmed): ")]
    checked: Day


class BundledCatalog(BaseModel):
    """The whole of ``catalog.json``."""

    model_config = ConfigDict(extra="forbid")

    about: list[str]
    sources: dict[str, Annotated[str, Field(pattern="^(seen|reported|unconfirmed): ")]]
    default_source: str
    quota_source: str
    quota_columns: list[str]
    quotas: dict[str, dict[str, list[Limit | None] | None]]
    alias_source: str
    aliases: list[BundledAlias]
    elsewhere: list[BundledElsewhere]
    recommended_source: str
    recommended: dict[str, list[Word]]
    models: list[BundledModel]
