"""Formats, patterns and bounds of a model: keywords for who takes them, words for who does not."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import AnyUrl, BaseModel, Field

from github_models_azure import Endpoint, MemoryLedger
from tests.client.structured_helpers import adaptations, ask
from tests.harness import URL, Answer, Sent, Service, Twin, chat, error


class Booking(BaseModel):
    day: dt.date
    at: dt.time
    id: UUID
    home: AnyUrl
    code: Annotated[str, Field(pattern="^[A-Z]{3}$", min_length=3)]
    nights: Annotated[int, Field(ge=1, le=9)] | None = None
    price: Annotated[float, Field(gt=0, lt=100)]
    guests: Annotated[list[str], Field(min_length=1)]


class Looking(BaseModel):
    word: Annotated[str, Field(pattern="^a")]


VALUES = {
    "day": "2026-01-15", "at": "09:00:00", "id": "00000000-0000-4000-8000-000000000000",
    "home": "https://example.com/", "code": "ABC", "nights": 2, "price": 9.5, "guests": ["Ada"],
}  # fmt: skip
GOOD = json.dumps(VALUES)
KEPT = {
    "day": {"type": "string", "format": "date"},
    "at": {"type": "string", "format": "time"},
    "id": {"type": "string", "format": "uuid"},
    "home": {"type": "string", "description": "(format uri; at least 1 characters)"},
    "code": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "(at least 3 characters)"},
    "nights": {
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}],
    },
    "price": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100},
    "guests": {"type": "array", "items": {"type": "string"}, "minItems": 1},
}
WORDS = ("format date", "matching ^[A-Z]{3}$", "at least 1; at most 9", "more than 0", "1 items")


def properties(sent: Sent) -> Any:
    return sent.body["response_format"]["json_schema"]["schema"]["properties"]


def booked(twin: Twin, service: Service, dialect: str, **options: Any) -> Any:
    endpoint = Endpoint("own", URL, "k", dialect=dialect)
    client = {"endpoint": endpoint, **options}
    return ask(twin, service, response_model=Booking, client=client)


@pytest.mark.parametrize("dialect", ["openai", "unknown", "github"])
def test_keywords_stay_where_strict_mode_takes_them(twin: Twin, dialect: str) -> None:
    """Those on OpenAI's page; a URL's format and lengths, which are not on it, are said."""
    service = Service(lambda sent: chat(sent.model, GOOD))
    assert booked(twin, service, dialect).parsed == Booking.model_validate(VALUES)
    schema = properties(service.sent[0])
    kept = {name: {**one} for name, one in schema.items()}
    kept["nights"].pop("description", None)
    assert kept == KEPT


@pytest.mark.parametrize("dialect", ["azure-openai", "openai-v1", "gemini"])
def test_they_are_said_where_it_does_not(twin: Twin, dialect: str) -> None:
    """Nothing is lost: the description says them, and the answer is validated."""
    service = Service(lambda sent: chat(sent.model, GOOD))
    assert booked(twin, service, dialect).parsed.nights == 2
    told = json.dumps(properties(service.sent[0]))
    assert not {'"pattern"', '"minimum"', '"minItems"', '"exclusiveMinimum"'} & set(
        told.split(": ")
    )
    assert all(word in told for word in WORDS)
    assert '"format":' not in told


@pytest.mark.parametrize(
    "words",
    [
        "Invalid schema for response_format 'Booking': In context=('properties', 'code'), "
        "'pattern' is not permitted.",
        "Invalid schema for response_format 'Booking': In context=('properties', 'day'), 'date' is "
        "not a valid format.",
    ],
)
def test_a_refused_keyword_is_said_from_then_on(twin: Twin, words: str) -> None:
    """The same way once more, in words; the next call knows, and the way stays open."""

    def strict(sent: Sent) -> Answer:
        rich = '"pattern":' in json.dumps(sent.body)
        refused = error(400, None, words)
        return refused if rich else chat(sent.model, GOOD)

    service, ledger = Service(strict), MemoryLedger()
    for asked in (2, 3):
        answer = booked(twin, service, "unknown", ledger=ledger)
        assert answer.parsed.code == "ABC"
        assert len(service.sent) == asked
        assert adaptations(answer)[-1].endswith("response_format json_schema, strict")


def test_another_refusal_of_the_schema_is_no_lesson_about_keywords(twin: Twin) -> None:
    """What is refused in words as well leads to the next way."""

    def strict(sent: Sent) -> Answer:
        if sent.body.get("response_format", {}).get("type") == "json_schema":
            return error(400, None, "Invalid schema for response_format 'Booking': too deep")
        return chat(sent.model, GOOD)

    service = Service(strict)
    assert booked(twin, service, "unknown").parsed.price == 9.5
    forms = [sent.body["response_format"]["type"] for sent in service.sent]
    assert forms == ["json_schema", "json_schema", "json_object"]
