"""What the chat model and the embeddings share: where to connect, what falls back to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    field_serializer,
    field_validator,
    model_validator,
)
from typing_extensions import Self

from ...endpoints import Endpoint, Target
from ...endpoints.presets import endpoint_for
from ...policies.options import OPTION_NAMES
from ...registry import ModelRegistry, default_registry
from ...settings.load import load_settings
from ...tokens import Encoder
from ._clients import Clients

if TYPE_CHECKING:
    from langchain_core.language_models import ModelProfile

# The route is read apart; who observes calls goes into client_kwargs, beside LangChain's callbacks.
_POLICY = tuple(sorted(OPTION_NAMES - {"fallback", "observer"}))
_OTHER_NAMES = {
    "model_name": "model",
    "azure_endpoint": "base_url",
    "request_timeout": "timeout",
    "stop_sequences": "stop",
}


class Connected(BaseModel):
    """The fields and clients of a model that speaks through this package."""

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        extra="forbid",
        hide_input_in_errors=True,  # it may hold the key
        protected_namespaces=(),
    )

    model: str | None = None
    """Model id, ``endpoint-name/model-id``, or ``auto``; left out: the one of the settings."""

    base_url: str | None = None
    """Base URL or known name of the endpoint; left out: the one of the settings.

    One with a query, which may hold a key, becomes an ``endpoint``: that is never written down.
    """

    api_key: SecretStr | None = None
    """Key of the endpoint; left out: the one of the settings, or a GitHub token."""

    endpoint: Any = Field(default=None, exclude=True, repr=False)
    """An ``Endpoint`` in place of ``base_url``; a text is taken as the latter."""

    credential: Any = Field(default=None, exclude=True, repr=False)
    """A token credential in place of ``api_key``; a text is taken as the latter."""

    timeout: float | None = None
    """Seconds that one call may take in all, with its attempts and waits."""

    max_retries: int | None = Field(default=None, ge=0)
    """How often one target is asked again; the fallback to others is not counted here."""

    fallback: Any = ""
    """``"tier"``, targets, a mapping of model to targets, or ``None`` for no other target; an empty
    text, as one left out: that of the settings."""

    fallback_on: list[str] | None = None
    fallback_max_wait: float | None = None
    fallback_max_attempts: int | None = None
    attempt_timeout: float | None = None
    max_answer_bytes: int | None = None
    max_event_bytes: int | None = None
    max_error_bytes: int | None = None
    adapt: str | None = None
    plan: str | None = None
    allow_retired: bool | None = None
    registry: Any = Field(default=None, exclude=True, repr=False)
    ledger: Any = Field(default=None, exclude=True, repr=False)
    tokenizer: Callable[[str], Any] | Encoder | None = Field(default=None, exclude=True, repr=False)

    client: Any = Field(default=None, exclude=True, repr=False)
    """A ready sync client, used for sync calls; closing it is its owner's business."""

    async_client: Any = Field(default=None, exclude=True, repr=False)
    """A ready async client, used for async calls."""

    client_kwargs: dict[str, Any] = Field(default_factory=dict, exclude=True, repr=False)
    """Further keywords of the clients, such as ``headers`` or ``connection_timeout``."""

    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Further members of the request body."""

    _clients: Clients = PrivateAttr(default_factory=Clients)
    _client_classes: ClassVar[Callable[[], tuple[Any, Any]]]

    @model_validator(mode="before")
    @classmethod
    def _read_other_names(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        read = dict(values)
        for name, meant in _OTHER_NAMES.items():
            if name in read and name not in cls.model_fields and meant in cls.model_fields:
                _move(read, name, meant)
        if isinstance(read.get("base_url"), Endpoint):
            _move(read, "base_url", "endpoint")
        if isinstance(read.get("endpoint"), str):
            _move(read, "endpoint", "base_url")
        if isinstance(read.get("credential"), str):
            _move(read, "credential", "api_key")
        for one, other in (("base_url", "endpoint"), ("api_key", "credential")):
            if read.get(one) is not None and read.get(other) is not None:
                raise ValueError(f"{one} and {other} say the same thing; give one of them.")
        _hide_query(read)
        unknown = sorted(read.keys() - cls.model_fields.keys())
        if unknown:
            raise ValueError(
                f"{cls.__name__} has no field {unknown[0]!r}. A member of the request body goes "
                f"into model_kwargs={{{unknown[0]!r}: ...}}, a keyword of the client into "
                "client_kwargs."
            )
        return read

    @field_validator("fallback", mode="before")
    @classmethod
    def _write_fallback(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {model: _texts(targets) for model, targets in value.items()}
        return _texts(value)

    @field_serializer("fallback")
    def _name_targets(self, value: Any) -> Any:
        """Write targets by their names: pydantic would write down the keys of their endpoints."""
        if isinstance(value, Mapping):
            return {model: self._name_targets(targets) for model, targets in value.items()}
        if isinstance(value, list | tuple):
            return [str(one) for one in value]
        return value

    @model_validator(mode="after")
    def _take_model_of_settings(self) -> Self:
        if self.model is None and not self._has_clients:
            given = (self.base_url, self.api_key, self.endpoint, self.credential)
            self.model = load_settings(decided=any(one is not None for one in given)).model
            self.model_fields_set.discard("model")
        return self

    @property
    def _has_clients(self) -> bool:
        return self.client is not None or self.async_client is not None

    @property
    def _policy_options(self) -> dict[str, Any]:
        """The keywords of the fallback that were given."""
        given = {name: getattr(self, name) for name in _POLICY}
        options = {name: value for name, value in given.items() if value is not None}
        if self.fallback != "":
            options["fallback"] = None if self.fallback == "none" else self.fallback
        return options

    @property
    def _place(self) -> str:
        """What tells models apart that are written down alike, for LangChain's caches."""
        if isinstance(self.endpoint, Endpoint):
            return f"{self.endpoint.name} {self.endpoint.base_url()}"
        ready = [client for client in (self.client, self.async_client) if client is not None]
        return " ".join(str(getattr(client, "_model", None)) for client in ready)

    @property
    def _client_options(self) -> dict[str, Any]:
        options = dict(self.client_kwargs)
        named = {
            "endpoint": self.endpoint if self.endpoint is not None else self.base_url,
            "credential": self.credential,
            "model": self.model,
            "timeout": self.timeout,
            "retry_total": self.max_retries,
        }
        if self.api_key is not None:
            named["credential"] = self.api_key.get_secret_value()
        options.update({name: value for name, value in named.items() if value is not None})
        return {**options, **self._policy_options}

    @property
    def _call_options(self) -> dict[str, Any]:
        """What a ready client, which was made without this model's fields, is told per call."""
        if not self._has_clients:
            return {}
        options = self._policy_options
        named = {"model": self.model, "timeout": self.timeout, "retry_total": self.max_retries}
        return {**options, **{key: value for key, value in named.items() if value is not None}}

    def _sync_client(self) -> Any:
        if self._has_clients:
            return _ready(self.client, "client", "sync")
        make, _ = type(self)._client_classes()
        return self._clients.get(make, self._client_options)

    async def _get_async_client(self) -> Any:
        if self._has_clients:
            return _ready(self.async_client, "async_client", "async")
        _, make = type(self)._client_classes()
        return await self._clients.aget(make, self._client_options)

    def close(self) -> None:
        """Close the connections of the sync calls; the next call opens others."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the connections of the sync calls, and of the async ones on this event loop."""
        await self._clients.aclose()

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied._clients = Clients()
        return copied

    def __getstate__(self) -> dict[Any, Any]:
        if self._has_clients:
            raise TypeError("A model that was given a ready client cannot be pickled.")
        return super().__getstate__()


def _hide_query(values: dict[str, Any]) -> None:
    """Put a URL that may hold a secret where it is not shown.

    :raises ValueError: for one with a user name or a password.
    """
    url = values.get("base_url")
    if isinstance(url, str) and "://" in url and ("?" in url or "@" in url):
        values["endpoint"] = endpoint_for(values.pop("base_url"), known=load_settings().endpoints)


def _move(values: dict[str, Any], name: str, meant: str) -> None:
    value = values.pop(name)
    if values.get(meant) is not None and values[meant] != value:
        raise ValueError(f"{name} and {meant} say the same thing; give one of them.")
    values[meant] = value


def _texts(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [str(one) if _is_plain(one) else one for one in value]
    return value


def _is_plain(target: Any) -> bool:
    return isinstance(target, Target) and target.endpoint is None


def _ready(client: Any, name: str, kind: str) -> Any:
    if client is None:
        raise ValueError(
            f"This model was given a ready client, but none for {kind} calls: pass {name}= too, "
            "or neither, to have both made from base_url, api_key and the settings."
        )
    return client


def profile_of(model: str | None, registry: ModelRegistry | None) -> ModelProfile | None:
    """Return the profile of a model; ``None`` where the registry does not know it.

    The token limits are the model's own; what a Copilot plan let through was less.
    """
    if model is None:
        return None
    known = registry or default_registry()
    info = known.find(model) or known.find(model.partition("/")[2])
    if info is None:
        return None
    tools, images = info.tool_calling, info.supports("images")
    facts: dict[str, Any] = {
        "name": info.name or info.id,
        "max_input_tokens": info.max_input_tokens,
        "max_output_tokens": info.max_output_tokens,
        "text_inputs": info.supports("chat"),
        "text_outputs": info.supports("chat"),
        "image_inputs": images,
        "image_url_inputs": images,
        "image_tool_message": images,
        "audio_inputs": info.supports("audio"),
        "reasoning_output": info.reasoning,
        "tool_calling": tools,
        "tool_choice": tools,
        "structured_output": info.json_schema,
        "temperature": False if "temperature" in info.rejects else None,
    }
    profile: Any = {name: fact for name, fact in facts.items() if fact is not None}
    return profile  # type: ignore[no-any-return]
