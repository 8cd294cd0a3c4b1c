"""Answers of a type, through ``response_format``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.ai.inference.models import JsonSchemaFormat
from pydantic import BaseModel, field_validator
from semantic_kernel.exceptions.service_exceptions import (
    ServiceInvalidExecutionSettingsError,
    ServiceInvalidResponseError,
)

from github_models_azure import trail_of
from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, SECOND, Weather, auto, chat_settings, history
from .test_chat import streamed

ADA = "Ada Lovelace died at the age of 36. Who is it about?"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


class Person(BaseModel):
    name: str
    age: int


class Adult(Person):
    """What no schema can say."""

    @field_validator("age")
    @classmethod
    def _check(cls, age: int) -> int:
        raise ValueError("nobody is that old")


class Plain:
    """A class with annotations only, as the kernel's samples have them."""

    name: str


async def test_a_model_is_answered_with_an_instance(
    service: GitHubModelsChatCompletion, limited: Emulator
) -> None:
    """Whole and streamed, also where the second model answers."""
    message = await service.get_chat_message_content(
        history(ADA), chat_settings(response_format=Person)
    )
    assert message is not None
    assert message.metadata["parsed"] == Person(name="Ada Lovelace", age=36)
    assert json.loads(str(message)) == {"name": "Ada Lovelace", "age": 36}
    assert message.metadata["trail"].fell_back
    assert limited.journal[-1].body["response_format"]["type"] == "json_schema"
    whole = await streamed(service, history(ADA), chat_settings(response_format=Person))
    assert whole.metadata["parsed"] == Person(name="Ada Lovelace", age=36)


async def test_any_type_of_pydantic_will_do(service: GitHubModelsChatCompletion) -> None:
    """``list[Person]`` as well."""
    message = await service.get_chat_message_content(
        history(ADA), chat_settings(response_format=list[Person])
    )
    assert message is not None
    assert message.metadata["parsed"] == [Person(name="Ada Lovelace", age=36)]


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("json_object", "json_object"),
        ({"type": "json_object"}, "json_object"),
        ({"type": "text"}, "text"),
        ({"type": "json_schema", "json_schema": {"name": "P", "schema": SCHEMA}}, "P"),
        ({"type": "json_schema", "json_schema": {"schema": SCHEMA}}, "answer"),
        (JsonSchemaFormat(name="P", schema=SCHEMA, strict=True), "P"),
        (Plain, "Plain"),
    ],
)
async def test_every_form_of_the_kernel_is_understood(
    service: GitHubModelsChatCompletion, emulator: Emulator, wanted: Any, sent: str
) -> None:
    """Words, dicts as in the request, the SDK's class, and classes that pydantic cannot read."""
    settings = chat_settings(response_format=wanted)
    await service.get_chat_message_content(history(f"{ADA} Answer in JSON."), settings)
    told = emulator.journal[-1].body["response_format"]
    assert told.get("json_schema", {}).get("name", told["type"]) == sent
    if told["type"] == "json_schema":
        assert list(told["json_schema"]["schema"]["properties"]) == ["name"]


@pytest.mark.parametrize(
    "wrong",
    [
        "xml",
        {"type": "xml"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"name": "P"}},
    ],
)
def test_a_wrong_format_is_told_at_once(wrong: Any) -> None:
    """Where the settings are made, with what would be right."""
    with pytest.raises(ServiceInvalidExecutionSettingsError, match="json_object"):
        chat_settings(response_format=wrong)


async def test_an_answer_that_stays_wrong_is_an_error(emulator: Emulator) -> None:
    """The kernel's error for it, with ours and its trail behind it."""
    async with GitHubModelsChatCompletion(
        "meta/Llama-3.3-70B-Instruct", endpoint=emulator.inference_url, api_key="k", fallback=None
    ) as service:
        with pytest.raises(ServiceInvalidResponseError, match="no valid Adult") as caught:
            await service.get_chat_message_content(
                history(ADA), chat_settings(response_format=Adult)
            )
    trail = trail_of(caught.value)
    assert trail is not None
    assert len(trail.attempts) == 2


async def test_functions_come_before_the_answer(
    service: GitHubModelsChatCompletion, kernel: Any, weather: Weather, emulator: Emulator
) -> None:
    """Calls are carried out first; the answer after them is the instance."""

    class Report(BaseModel):
        city: str

    settings = auto(response_format=Report)
    message = await service.get_chat_message_content(
        history("What is the weather in Oslo?"), settings, kernel=kernel
    )
    assert weather.asked == ["Oslo"]
    assert message is not None
    assert isinstance(message.metadata["parsed"], Report)
    assert [entry.model for entry in emulator.journal] == [FIRST, FIRST]
    assert SECOND not in str(message.metadata["trail"])
