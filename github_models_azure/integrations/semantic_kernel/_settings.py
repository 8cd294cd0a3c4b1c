"""What a prompt may set: the kernel's settings, and the keywords of our clients made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from azure.ai.inference.models import JsonSchemaFormat
from pydantic import Field, PydanticUserError, TypeAdapter, field_validator
from pydantic.errors import PydanticSchemaGenerationError
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.exceptions.service_exceptions import ServiceInvalidExecutionSettingsError
from semantic_kernel.schema.kernel_json_schema_builder import KernelJsonSchemaBuilder

_BY_SERVICE = "Set by the service, from the function choice behaviour."
_KEYWORDS = (
    "frequency_penalty", "max_tokens", "presence_penalty", "seed", "temperature", "top_p",
)  # fmt: skip
_BY_CALL = frozenset({"input", "messages", "model", "send", "stream"})
_MEMBERS = {  # members of the body that the SDK has no keyword for, by the name of their setting
    "logit_bias": "logit_bias",
    "logprobs": "logprobs",
    "max_completion_tokens": "max_completion_tokens",
    "metadata": "metadata",
    "number_of_responses": "n",
    "reasoning_effort": "reasoning_effort",
    "store": "store",
    "top_logprobs": "top_logprobs",
    "user": "user",
}


class _OwnSettings(PromptExecutionSettings):
    """What the settings for chat and for embeddings share.

    ``ai_model_id`` is the model of this prompt, where it is not the service's. ``extra_parameters``
    are further members of the request, ``call_options`` keywords of the client's call, such as
    ``{"fallback": [...], "timeout": 30}``. A keyword that is none of these is an error; settings
    for services in general may hold more, and of those the rest is left aside.
    """

    ai_model_id: str | None = None
    extra_parameters: dict[str, Any] | None = None
    # Headers among the options may hold a secret, and the kernel keeps all that was given twice.
    call_options: Annotated[dict[str, Any] | None, Field(repr=False)] = None
    extension_data: Annotated[dict[str, Any], Field(default_factory=dict, repr=False)]

    def __init__(self, service_id: str | None = None, **kwargs: Any) -> None:
        unknown = [name for name in kwargs if name not in type(self).model_fields]
        if unknown:
            raise ServiceInvalidExecutionSettingsError(
                f"{type(self).__name__} has no {', '.join(unknown)}. Further members of the "
                "request go into extra_parameters, keywords of the client into call_options."
            )
        super().__init__(service_id, **kwargs)

    @field_validator("call_options")
    @classmethod
    def _free_options(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if taken := sorted(_BY_CALL.intersection(value or ())):
            raise ServiceInvalidExecutionSettingsError(
                f"call_options holds {', '.join(taken)}, which the service sets itself; a model "
                "for one prompt is named by ai_model_id."
            )
        return value

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> _OwnSettings:
        # The kernel copies settings for each call; ledgers and credentials are there to be shared.
        shared = {id(value): value for value in (self.call_options or {}).values()}
        return super().__deepcopy__({**shared, **(memo or {})})

    def _given(self, names: Mapping[str, str]) -> dict[str, Any]:
        values = {name: getattr(self, own) for own, name in names.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _with_options(self, keywords: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
        members = {**members, **(self.extra_parameters or {})}
        options = self.call_options or {}
        members.update(options.get("model_extras") or {})
        if members:
            keywords["model_extras"] = members
        return {**options, **keywords}


class GitHubModelsChatPromptExecutionSettings(_OwnSettings):
    """The settings of chat/completions.

    ``response_format`` is ``"text"``, ``"json_object"``, a dict as in the request, the SDK's
    ``JsonSchemaFormat``, or the type that the answer is to be an instance of: a pydantic model,
    a dataclass, ``list[str]`` ... Of a type the message has the instance as
    ``metadata["parsed"]``.
    """

    frequency_penalty: Annotated[float | None, Field(ge=-2.0, le=2.0)] = None
    logit_bias: dict[str | int, float] | None = None
    logprobs: bool | None = None
    max_completion_tokens: Annotated[int | None, Field(gt=0)] = None
    max_tokens: Annotated[int | None, Field(gt=0)] = None
    metadata: dict[str, str] | None = None
    number_of_responses: Annotated[int | None, Field(ge=1, le=128)] = None
    parallel_tool_calls: bool | None = None
    presence_penalty: Annotated[float | None, Field(ge=-2.0, le=2.0)] = None
    reasoning_effort: str | None = None
    response_format: Any = None
    seed: int | None = None
    stop: str | list[str] | None = None
    store: bool | None = None
    temperature: Annotated[float | None, Field(ge=0.0, le=2.0)] = None
    tool_choice: Annotated[Any, Field(description=_BY_SERVICE)] = None
    tools: Annotated[list[dict[str, Any]] | None, Field(description=_BY_SERVICE)] = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    user: str | None = None

    @field_validator("response_format")
    @classmethod
    def _known_format(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in ("text", "json_object"):
            raise ServiceInvalidExecutionSettingsError(
                f"response_format is {value!r}; as a string it is 'text' or 'json_object'."
            )
        if isinstance(value, dict):
            schema = value.get("json_schema")
            if value.get("type") not in ("text", "json_object", "json_schema") or (
                value["type"] == "json_schema"
                and not (isinstance(schema, dict) and isinstance(schema.get("schema"), dict))
            ):
                raise ServiceInvalidExecutionSettingsError(
                    f"response_format is {value!r:.200}; as a dict its type is 'text', "
                    "'json_object', or 'json_schema' with {'name': ..., 'schema': {...}} beside."
                )
        return value

    def prepare_settings_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return the keywords of the client's ``complete``, apart from messages and model."""
        keywords = self._given({name: name for name in _KEYWORDS})
        members = self._given(_MEMBERS)
        if self.stop is not None:
            keywords["stop"] = [self.stop] if isinstance(self.stop, str) else self.stop
        if self.tools:
            keywords["tools"] = self.tools
            if self.tool_choice is not None:
                keywords["tool_choice"] = getattr(self.tool_choice, "value", self.tool_choice)
            if self.parallel_tool_calls is not None:
                members["parallel_tool_calls"] = self.parallel_tool_calls
        return self._with_options({**keywords, **_format(self.response_format)}, members)


class GitHubModelsEmbeddingPromptExecutionSettings(_OwnSettings):
    """The settings of embeddings."""

    dimensions: Annotated[int | None, Field(gt=0)] = None
    encoding_format: Literal["base64", "float"] | None = None
    input_type: Literal["text", "query", "document"] | None = None
    user: str | None = None

    def prepare_settings_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return the keywords of the client's ``embed``, apart from input and model."""
        names = ("dimensions", "encoding_format", "input_type")
        keywords = self._given({name: name for name in names})
        return self._with_options(keywords, self._given({"user": "user"}))


def _format(wanted: Any) -> dict[str, Any]:
    if wanted is None:
        return {}
    if isinstance(wanted, str | JsonSchemaFormat):
        return {"response_format": wanted}
    if isinstance(wanted, dict):
        if wanted["type"] != "json_schema":
            return {"response_format": wanted["type"]}
        return {"response_format": JsonSchemaFormat({"name": "answer", **wanted["json_schema"]})}
    if _is_plain_class(wanted):
        schema = KernelJsonSchemaBuilder.build(wanted, structured_output=True)
        return {
            "response_format": JsonSchemaFormat(name=wanted.__name__, schema=schema, strict=True)
        }
    return {"response_model": wanted}


def _is_plain_class(wanted: Any) -> bool:
    """Tell a class with nothing but annotations, which the kernel describes and pydantic cannot."""
    try:
        TypeAdapter(wanted)
    except (PydanticSchemaGenerationError, PydanticUserError):
        return isinstance(wanted, type)
    return False
