"""For any typed function, the schema accepts exactly what the function accepts.

Four things are known to differ, and each is left out as narrowly as it can be:

- ``uniqueItems``: a set takes a list with an item twice, and keeps one. The comparison drops the
  keyword.
- Formats: what is a date or a UUID is for pydantic to say. The comparison asks it.
- Text for decimals: the schema says no more of it in some versions of pydantic. Decimals are
  compared where they are right only; so are enums and literals of 0 and 1, for which pydantic
  takes ``false`` and ``true``.
- Strict schemas demand every member and refuse others, also inside objects. Here what is left out,
  or too much for an object that takes more, is forgiven; and what they say in words only, such as
  the length of a tuple, is not judged.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter, ValidationError

from github_models_azure.tools import Tool, ToolArgumentsError
from github_models_azure.tools._walk import transform
from tests.tools.type_helpers import DECIMAL, FORMATTED, NUMBERS, PLAIN, TEXT, Case, cases, kinds

FORMATS = {
    "date": dt.date,
    "date-time": dt.datetime,
    "time": dt.time,
    "duration": dt.timedelta,
    "uuid": uuid.UUID,
}
often = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | NUMBERS | TEXT | st.sampled_from(["a", "one"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "tag", "other"]), inner, max_size=2)
    ),
    max_leaves=3,
)


def reads(name: str) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(FORMATS[name])

    def check(value: object) -> bool:
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError:
            return not isinstance(value, str)
        return True

    return check


CHECKER = FormatChecker(formats=())
for name in FORMATS:
    CHECKER.checkers[name] = (reads(name), ())


def validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=CHECKER)


def schema_of(tool: Tool) -> dict[str, Any]:
    schema = dict(tool.parameters or {})
    Draft202012Validator.check_schema(schema)
    return schema


def accepts(tool: Tool, arguments: Any) -> bool:
    try:
        tool.validate(json.dumps(arguments))
    except ToolArgumentsError:
        return False
    return True


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container with each key or index in it."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, (dict, list)):
        for key, inner in list(members):
            yield value, key
            if isinstance(inner, (dict, list)):
                yield from places(inner)


@st.composite
def corrupted(draw: st.DrawFn, case: Case, written: str) -> Any:
    """Return the arguments of a call with one thing replaced, removed, added or spelt anew."""
    arguments = json.loads(json.dumps(getattr(case, written)))
    found = list(places(arguments))
    numbers = [(holder, key) for holder, key in found if type(holder[key]) is int]
    how = draw(st.sampled_from(["replace", "remove", "add", "spell"]))
    if how == "spell" and numbers:
        holder, key = draw(st.sampled_from(numbers))
        holder[key] = float(holder[key])
    elif how == "remove" and found:
        holder, key = draw(st.sampled_from(found))
        del holder[key]
    elif how == "replace" and found:
        holder, key = draw(st.sampled_from(found))
        holder[key] = draw(JUNK)
    else:
        objects = [arguments, *(holder for holder, _ in found if isinstance(holder, dict))]
        draw(st.sampled_from(objects))[draw(st.sampled_from(["a", "other"]))] = draw(JUNK)
    return arguments


OPEN = kinds(*PLAIN, *FORMATTED)
CLOSED = kinds(*PLAIN, left_out="dict tuple")


@often
@given(cases(kinds(*PLAIN, *FORMATTED, DECIMAL)))
def test_what_a_type_holds_is_accepted(case: Case) -> None:
    """A value's JSON fits the schema, and is read as an equal value."""
    tool = Tool.of(case.function, name="f")
    assert validator(schema_of(tool)).is_valid(case.plain)
    assert tool.validate(json.dumps(case.plain)) == case.values
    assert tool.call(tool.validate(case.plain)) == case.values


@often
@given(st.data())
def test_schema_and_function_refuse_the_same(data: st.DataObject) -> None:
    """Arguments with something wrong in them are refused by both or by neither."""
    case = data.draw(cases(OPEN))
    arguments = data.draw(corrupted(case, "plain"))
    tool = Tool.of(case.function, name="f")
    judged = transform(schema_of(tool), lambda one: {**one, "uniqueItems": False})
    assert validator(judged).is_valid(arguments) == accepts(tool, arguments)


@often
@given(cases(kinds(*PLAIN, *FORMATTED, DECIMAL, left_out="dict")))
def test_what_a_type_holds_is_accepted_strictly(case: Case) -> None:
    """With ``null`` for all that is left out, the JSON fits the strict schema and is read."""
    tool = Tool.of(case.function, name="f", strict=True)
    assert validator(schema_of(tool)).is_valid(case.strict)
    assert tool.validate(json.dumps(case.strict)) == case.values


@often
@given(st.data())
def test_strict_schema_and_function_refuse_the_same(data: st.DataObject) -> None:
    """Arguments with something wrong in them are refused by both or by neither."""
    case = data.draw(cases(CLOSED))
    arguments = data.draw(corrupted(case, "strict"))
    tool = Tool.of(case.function, name="f", strict=True)
    schema = schema_of(tool)
    if validator(schema).is_valid(arguments):
        assert accepts(tool, arguments)
    elif not validator(_forgiving(schema, case.function)).is_valid(arguments):
        assert not accepts(tool, arguments)


def _forgiving(schema: dict[str, Any], function: Any) -> dict[str, Any]:
    """Return a strict schema that forgives members left out, and others inside objects."""

    def forgive(one: dict[str, Any]) -> dict[str, Any]:
        closed = {"required", "additionalProperties"}
        return {key: value for key, value in one.items() if key not in closed}

    needed = schema_of(Tool.of(function, name="f")).get("required", [])
    made: dict[str, Any] = transform(schema, forgive)
    return {**made, "required": needed, "additionalProperties": False}
