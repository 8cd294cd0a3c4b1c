"""One ``[llm]`` table as OpenHands writes it, with the ``LLM_*`` variables over it, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .._core.request.fit import is_sendable
from ..exceptions import SettingsError
from .model import LLM_FIELDS, LLM_IGNORED, LLM_PREFIX, near
from .provider_members import ProviderMembers, is_member, names_of, read_members
from .providers import Place, UnplacedError, place, provider_of

_LONGEST = 86_400.0
_VERSION = re.compile(r"v1|latest|preview|\d{4}-\d{2}-\d{2}(-preview)?")
WHERE = ("api_key", "api_version", "base_url", "custom_llm_provider", "ollama_base_url")
"""What says where a model is: a model of the same provider takes it over from ``[llm]``."""

_FOREIGN = (
    "A provider's own members begin with its name. If the file is another program's, set "
    "GITHUB_MODELS_APPLICATIONS=false."
)
LOCAL = "local"
"""The embedding model that OpenHands' template names."""


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is a number, not true or false")
    return value


def _filled(value: object) -> object:
    """Read an empty text as none: OpenHands' template is full of them."""
    return None if isinstance(value, str) and not value.strip() else value


def _version(value: str | None) -> str | None:
    if value is not None and _VERSION.fullmatch(value) is None:
        raise ValueError("is a version such as 2024-10-21 or 2024-12-01-preview, or latest")
    return value


def _sendable(value: str | None) -> str | None:
    if value is not None and not is_sendable(value):
        raise ValueError("has a line end or another character that a header cannot carry")
    return value


_Text = Annotated[str | None, BeforeValidator(_filled)]
_Switch = Annotated[bool | None, BeforeValidator(_filled)]
_Whole = Annotated[int, BeforeValidator(_number)]
_Seconds = Annotated[float, BeforeValidator(_number), Field(ge=0, le=_LONGEST)]


class LlmModel(BaseModel):
    """One table; the defaults of the retries are OpenHands' own (its ``LLMConfig``)."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, allow_inf_nan=False)

    model: _Text = None
    api_key: Annotated[_Text, AfterValidator(_sendable)] = None
    base_url: _Text = None
    api_version: Annotated[_Text, AfterValidator(_version)] = None
    custom_llm_provider: _Text = None
    ollama_base_url: _Text = None
    num_retries: Annotated[_Whole, Field(ge=0, le=1000)] = 8
    retry_min_wait: _Seconds = 15
    retry_max_wait: _Seconds = 120
    retry_multiplier: _Seconds = 2
    timeout: Annotated[_Seconds | None, BeforeValidator(_filled)] = None
    temperature: Annotated[float | None, BeforeValidator(_number), Field(ge=0)] = None
    top_p: Annotated[float | None, BeforeValidator(_number), Field(ge=0, le=1)] = None
    max_output_tokens: Annotated[int | None, BeforeValidator(_number), Field(ge=0)] = None
    embedding_model: _Text = None
    embedding_deployment_name: _Text = None
    drop_params: _Switch = None
    disable_vision: _Switch = None
    caching_prompt: _Switch = None

    @property
    def tries(self) -> int:
        """How often one model is asked: OpenHands counts the first attempt too."""
        return max(1, self.num_retries)

    @property
    def waits(self) -> float:
        """The seconds that its retries may wait in all."""
        total, wait = 0.0, self.retry_multiplier
        for _ in range(self.tries - 1):
            total += max(self.retry_min_wait, min(wait, self.retry_max_wait))
            wait = min(wait * 2, _LONGEST)
        return total

    @property
    def provider(self) -> str | None:
        """The provider that is named, or stands in front of the model."""
        return provider_of(self.model, self.custom_llm_provider)

    @property
    def embeddings(self) -> str | None:
        """The model of the embeddings; what OpenHands calls ``local`` runs in its own process."""
        named = self.embedding_model if self.embedding_model != LOCAL else None
        return self.embedding_deployment_name or named

    def place(self) -> Place:
        """Find the endpoint that the values alone tell.

        :raises UnplacedError: where they tell none.
        """
        if self.model is None:
            raise UnplacedError("model", "is missing")
        return self._place(self.model, self.custom_llm_provider)

    def place_embeddings(self, chats: Place) -> Place | None:
        """Find the endpoint of the embeddings; ``None`` if no model is named for them.

        It is that of the chats, also if another provider stands in front of the model: on GitHub
        and OpenRouter that is part of its id.
        """
        name = self.embeddings
        if name is None:
            return None
        if self.provider is None:
            return Place(chats.endpoint, name)
        return self._place(name, self.provider)

    @property
    def is_local(self) -> bool:
        """Whether ``ollama_base_url`` says where the model is."""
        return self.base_url is None and (self.provider or "").startswith("ollama")

    def _place(self, model: str, provider: str | None) -> Place:
        local = self.ollama_base_url if self.is_local else None
        return place(model, self.base_url or local, provider, self.api_version)


@dataclass(frozen=True, slots=True)
class LlmTable:
    """One table as it is written, and where it stands.

    :param by_variable: the values that came from the environment.
    """

    path: str
    values: Mapping[str, object]
    file: Path | None
    by_variable: frozenset[str] = frozenset()

    def origin(self, name: str) -> str:
        """Say where a setting stands, or would stand."""
        if name in self.by_variable or self.file is None:
            return LLM_PREFIX + name.upper()
        return f"{self.path}.{name} in {self.file}"

    def model(self) -> LlmModel:
        """Check the values.

        :raises SettingsError: with one line for each that is wrong.
        """
        _, problems = self._provider_members()
        lines = [*self._strangers(), *(f"{self.origin(n)}: {why}." for n, why in problems.items())]
        values = {name: value for name, value in self.values.items() if _filled(value) is not None}
        try:
            made = LlmModel.model_validate(values)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                name = str(problem["loc"][0])
                why = problem["msg"].removeprefix("Value error, ")
                lines.append(f"{self.origin(name)}: {why}")
        if lines:  # the error of pydantic is no cause to show: it repeats all values
            raise SettingsError("\n".join(lines))
        return made

    def place(self, model: LlmModel) -> Place:
        """Find the endpoint.

        :raises SettingsError: where none can be told.
        """
        try:
            return model.place()
        except UnplacedError as error:
            local = error.field == "base_url" and model.base_url is None and model.ollama_base_url
            field = "ollama_base_url" if local else error.field
            raise SettingsError(f"{self.origin(field)}: {error}.") from error

    @property
    def own(self) -> ProviderMembers:
        """What the members of its provider come to."""
        return self._provider_members()[0]

    def _names(self) -> tuple[str, ...]:
        """Return the names of the provider: those written, that of its endpoint, the table's."""
        place = {name: text for name in ("model", *WHERE) if (text := self._text(name))}
        endpoint: str | None = None
        with suppress(UnplacedError, ValidationError):
            endpoint = LlmModel.model_validate(place).place().endpoint.name
        return names_of(self.values, endpoint, self.path.rpartition(".")[2])

    def _text(self, name: str) -> str | None:
        value = self.values.get(name)
        return value if isinstance(value, str) and value.strip() else None

    def _provider_members(self) -> tuple[ProviderMembers, dict[str, str]]:
        if self.values.keys() <= LLM_FIELDS | LLM_IGNORED:
            return ProviderMembers(), {}
        return read_members(self.values, self._names())

    def _strangers(self) -> Iterator[str]:
        names = self._names() if self.values.keys() - LLM_FIELDS - LLM_IGNORED else ()
        for name, value in self.values.items():
            if name not in LLM_FIELDS | LLM_IGNORED and not is_member(name, value, names):
                meant = near(name)
                hint = (
                    f"; did you mean {meant}?"
                    if meant
                    else f". Known: {', '.join(sorted(LLM_FIELDS))}. {_FOREIGN}"
                )
                yield f"{self.path}.{name:.60} in {self.file}: is not known{hint}"
