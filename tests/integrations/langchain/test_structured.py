"""`with_structured_output`: all methods, all kinds of schema."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from langchain_core.exceptions import OutputParserException
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from tests.harness import SECOND, Service, chat, limited

from . import emulator_helpers as emulated
from .side_helpers import Side


class Person(BaseModel):
    """Somebody who is mentioned in a text."""

    name: str
    age: int = Field(ge=0)


class PersonDict(TypedDict):
    """Somebody who is mentioned in a text."""

    name: Annotated[str, ..., "How they are called"]
    age: int


SCHEMAS: dict[str, Any] = {
    "pydantic": Person,
    "typeddict": PersonDict,
    "schema": Person.model_json_schema(),
}
QUESTION = "Ada Lovelace died at the age of 36. Answer as JSON with the keys name and age."


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("strict", [None, True])
def test_the_emulator_answers_in_the_schema(
    side: Side, method: Any, kind: str, strict: bool | None
) -> None:
    """A class gives instances, everything else dicts."""
    asked = emulated.chat().with_structured_output(SCHEMAS[kind], method=method, strict=strict)
    found = side.invoke(asked, QUESTION)
    wanted = {"name": "Ada Lovelace", "age": 36}
    assert found == (Person(**wanted) if kind == "pydantic" else wanted)
    assert side.chunks(asked, QUESTION)[-1] == found


def test_json_of_a_form_that_the_prompt_describes(side: Side) -> None:
    """json_mode sends no schema, and needs none."""
    model = emulated.chat()
    found = side.invoke(model.with_structured_output(method="json_mode"), QUESTION)
    assert found.keys() == {"name", "age"}
    assert emulated.bodies()[-1]["response_format"] == {"type": "json_object"}


def test_what_is_sent(side: Side) -> None:
    """A forced call of one tool, or a response format; `strict` where it was set."""
    service = Service(lambda sent: chat(sent.model, '{"name": "Ada", "age": 36}'))
    model = side.chat(service)
    side.invoke(model.with_structured_output(Person, method="json_schema", strict=True))
    told = service.sent[-1].body["response_format"]["json_schema"]
    assert (told["name"], told["strict"]) == ("Person", True)
    assert told["description"] == "Somebody who is mentioned in a text."
    assert told["schema"]["additionalProperties"] is False
    side.invoke(model.with_structured_output(Person, method="json_schema"))
    assert "strict" not in service.sent[-1].body["response_format"]["json_schema"]
    given = {"type": "json_schema", "json_schema": {"name": "P", "schema": {"type": "object"}}}
    side.invoke(model.with_structured_output(given, method="json_schema"))
    assert service.sent[-1].body["response_format"] == given
    inner = {"name": "P", "schema": {"type": "object"}}
    side.invoke(model.with_structured_output(inner, method="json_schema", temperature=0))
    assert service.sent[-1].body["response_format"] == {"type": "json_schema", "json_schema": inner}
    assert service.sent[-1].body["temperature"] == 0


def test_raw_answers_are_kept_beside(side: Side) -> None:
    """An answer that cannot be read does not raise then."""
    content = ['{"name": "Ada", "age": -1}', '{"name": "Ada", "age": 36}']
    service = Service(lambda sent: chat(sent.model, content.pop()))
    asked = side.chat(service).with_structured_output(
        Person, method="json_schema", include_raw=True
    )
    good, bad = side.invoke(asked), side.invoke(asked)
    assert (good["parsed"], good["parsing_error"]) == (Person(name="Ada", age=36), None)
    assert (bad["raw"].content, bad["parsed"]) == ('{"name": "Ada", "age": -1}', None)
    assert isinstance(bad["parsing_error"], OutputParserException)


def test_an_answer_that_cannot_be_read_raises(side: Side) -> None:
    """LangChain's own error."""
    service = Service(lambda sent: chat(sent.model, "I'd rather not."))
    with pytest.raises(OutputParserException):
        side.invoke(side.chat(service).with_structured_output(Person, method="json_schema"))


@pytest.mark.parametrize(
    ("schema", "options", "said"),
    [
        (Person, {"method": "xml"}, "method is one of function_calling, json_schema, json_mode"),
        (Person, {"method": "json_mode", "strict": True}, "strict has no meaning"),
        (None, {}, "needs a schema"),
    ],
)
def test_what_does_not_go_together(schema: Any, options: Any, said: str) -> None:
    """It is told at once."""
    with pytest.raises(ValueError, match=said):
        emulated.chat().with_structured_output(schema, **options)


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_a_fallback_keeps_the_form(side: Side, method: Any) -> None:
    """The next target is asked for the same schema."""
    emulated.limit()
    model = emulated.chat(fallback=[emulated.SECOND])
    asked = model.with_structured_output(Person, method=method, include_raw=True)
    found = side.invoke(asked, QUESTION)
    assert found["parsed"] == Person(name="Ada Lovelace", age=36)
    assert found["raw"].response_metadata["served_by"].endswith(emulated.SECOND)


def test_the_trail_is_of_the_answer_that_was_read(side: Side) -> None:
    """Also where a fake service answers."""
    service = Service(
        lambda sent: (
            chat(sent.model, '{"name": "Ada", "age": 36}') if sent.model == SECOND else limited()
        )
    )
    asked = side.chat(service, fallback=[SECOND]).with_structured_output(
        Person, method="json_schema", include_raw=True
    )
    assert side.invoke(asked)["raw"].response_metadata["attempts"] == 2
