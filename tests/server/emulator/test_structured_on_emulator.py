"""Structured output on the emulator: what a model restricts is kept to, as keyword or in words."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import AnyUrl, BaseModel, Field

from github_models_azure import ChatCompletionsClient, Endpoint
from github_models_azure.server.emulator import Emulator


class Stay(BaseModel):
    begins: dt.datetime
    day: dt.date
    at: dt.time
    lasts: dt.timedelta
    id: UUID
    home: AnyUrl
    code: Annotated[str, Field(pattern="^[A-Z]{3}-[0-9]{2}$")]
    nights: Annotated[int, Field(ge=3, le=9)]
    price: Annotated[float, Field(gt=10, lt=11)]
    step: Annotated[int, Field(multiple_of=7, ge=20)]
    guests: Annotated[list[str], Field(min_length=2, max_length=3)]
    note: Annotated[str, Field(min_length=40, max_length=50)]
    until: dt.date | None = None


ASK: Any = [{"role": "user", "content": "Book a room in JSON."}]


@pytest.mark.parametrize("dialect", ["github", "openai", "openai-v1"])
@pytest.mark.parametrize("model", ["openai/gpt-4.1", "mistral-ai/mistral-medium-2505"])
def test_restricted_values_are_answered(dialect: str, model: str) -> None:
    """Dates, times, UUIDs, URLs, patterns and bounds, in every form in which they are told."""
    with Emulator(plan="enterprise") as emulator:
        own = Endpoint("own", emulator.inference_url, credential="k", dialect=dialect)
        with ChatCompletionsClient(own, model=model, fallback=None) as client:
            answer = client.complete(messages=ASK, response_model=Stay)
        assert isinstance(answer.parsed, Stay)  # type: ignore[attr-defined]
        (entry,) = emulator.journal
        body: Any = entry.body
        if model.startswith("openai/"):
            schema = body["response_format"]["json_schema"]["schema"]
            assert ("format" in schema["properties"]["day"]) is (dialect != "openai-v1")
