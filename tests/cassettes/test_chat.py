"""Plain answers."""

from __future__ import annotations

import json

import pytest

from github_models_azure import trail_of
from tests.cassettes.deck import Deck

OPENAI, MISTRAL = "openai/gpt-4.1-mini", "mistral-ai/mistral-small-2503"


@pytest.mark.parametrize("model", [OPENAI, MISTRAL], ids=["openai", "mistral"])
def test_a_question_is_answered(deck: Deck, model: str) -> None:
    """The text, why it ends and what it cost arrive, in the shape of each family."""
    answer = deck.ask(deck.client(model=model))
    assert "Paris" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    trail = trail_of(answer)
    assert (trail.served_by, len(trail.events)) == (f"github/{model}", 1)


def test_an_answer_keeps_to_a_schema(deck: Deck) -> None:
    """A JSON schema is sent as the service took it, and the answer fits it."""
    from azure.ai.inference.models import JsonSchemaFormat

    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    wanted = JsonSchemaFormat(name="place", schema=schema, strict=True)
    answer = deck.ask(deck.client(model=OPENAI), "I live in Oslo.", response_format=wanted)
    assert json.loads(answer.choices[0].message.content) == {"city": "Oslo"}
