"""JSON whose form only the prompt describes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_helpers import Service, service

JSON: dict[str, Any] = {"response_format": {"type": "json_object"}}


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("A joke, as JSON with 'setup' and 'punchline' keys.", ["setup", "punchline"]),
        ('Answer in JSON with "a", "b", and "c" as keys', ["a", "b", "c"]),
        ("JSON with the keys name, age and city, please", ["name", "age", "city"]),
        ("JSON. Fields: name, age", ["name", "age"]),
        ("JSON with the key `name` only", ["name"]),
        ("JSON with properties named first-name, last-name", ["first-name", "last-name"]),
    ],
)
def test_named_keys_are_those_of_the_answer(
    emulated: Service, prompt: str, keys: list[str]
) -> None:
    """Neither more nor fewer, in their order."""
    assert list(json.loads(emulated.chat(prompt, **JSON).message["content"])) == keys


def test_the_names_of_keys_are_no_values(emulated: Service) -> None:
    """What else the prompt speaks of is."""
    prompt = "Who is \"Ada Lovelace\"? JSON with 'name' and 'title' keys."
    answer = json.loads(emulated.chat(prompt, **JSON).message["content"])
    assert answer["name"] == "Ada Lovelace"
    assert answer["title"] not in ("name", "title")


def test_a_schema_in_the_prompt_is_followed(emulated: Service) -> None:
    """Wherever it stands; other braces are passed over."""
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    }
    text = f"as json, not {{this}}, not {{}}, but: {json.dumps(schema)}. Ada Lovelace was 36."
    answer = json.loads(emulated.chat(text, **JSON).message["content"])
    assert answer == {"name": "Ada Lovelace", "age": 36}


@pytest.mark.parametrize(
    "prompt", ["Answer in json", "The key to success, in JSON", "JSON {", "JSON " + "{" * 5000]
)
def test_no_form_gets_the_usual_object(emulated: Service, prompt: str) -> None:
    """As before: an answer that says that it is emulated."""
    answer = json.loads(emulated.chat(prompt, **JSON).message["content"])
    assert answer.keys() == {"answer", "emulated", "model"}


def test_text_is_not_shaped(emulated: Service) -> None:
    """Only who asks for JSON gets it."""
    content = emulated.chat("Explain the keys 'a' and 'b'").message["content"]
    assert content.startswith("[emulated")
