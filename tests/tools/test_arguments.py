"""The text that a model writes as arguments, which may be anything."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.tools import ToolArgumentsError
from github_models_azure.tools._arguments import read_arguments, with_integers


@pytest.mark.parametrize("text", ["", "  \n", "null", " null ", "{}", "\ufeff{}", None])
def test_no_arguments(text: str | None) -> None:
    """Empty text and ``null`` are what models write where there is nothing to say."""
    assert read_arguments(text) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1.0}', 1.0),
        ('{"a": 1e2}', 100.0),
        ('{"a": 1.5}', 1.5),
        ('{"a": 123456789012345678901234567890}', 123456789012345678901234567890),
        ('{"a": "\\ud83d\\ude00"}', "\U0001f600"),
        ('{"a": {"b": [null, true]}}', {"b": [None, True]}),
    ],
)
def test_values_are_read(text: str, value: Any) -> None:
    """Integers keep all their digits, floats stay floats."""
    read = read_arguments(text)["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "the arguments: should be one JSON object, not a list; got []"),
        ("3", "the arguments: should be one JSON object, not a number; got 3"),
        ("true", "the arguments: should be one JSON object, not a boolean; got true"),
        ('"{}"', 'the arguments: should be one JSON object, not a text; got "{}"'),
        ('{"a": 1} thanks', "the arguments: are not JSON: Extra data at character 9; got thanks"),
        ('{"a": 1}{}', "the arguments: are not JSON: Extra data at character 8; got {}"),
        ('{"a": 1', "the arguments: are not JSON: Expecting ',' delimiter at character 7; "
         "the text ends there"),
        ("{'a': 1}", "the arguments: are not JSON: Expecting property name enclosed in double "
         "quotes at character 1; got 'a': 1}"),
        ('{"a": NaN}', "the arguments: hold NaN, which is not a JSON number"),
        ('{"a": -Infinity}', "the arguments: hold -Infinity, which is not a JSON number"),
        ('{"a": 1e999}', "the arguments: hold a number that is too large: 1e999"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "c: is given twice"),
        ('{"a": "\\ud83d"}', "a: holds half of a surrogate pair, which is not a character"),
        ('{"\\ud83d": 1}',
         "the arguments: holds half of a surrogate pair, which is not a character"),
    ],
)  # fmt: skip
def test_texts_that_are_refused(text: str, message: str) -> None:
    """The one line says what is wrong, and where."""
    with pytest.raises(ToolArgumentsError) as caught:
        read_arguments(text)
    assert str(caught.value) == message
    assert caught.value.problems == (message,)


@pytest.mark.parametrize("digits", [310, 5000])
def test_huge_integers_are_refused_shortly(digits: int) -> None:
    """Neither Python's limit of digits nor an endless line reaches the model."""
    with pytest.raises(ToolArgumentsError, match=r"too large: 1+\.\.\.$"):
        read_arguments(f'{{"a": {"1" * digits}}}')


@pytest.mark.parametrize("depth", [110, 200_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """Nesting ends neither in a recursion error nor in one of pydantic's."""
    with pytest.raises(ToolArgumentsError, match="are nested"):
        read_arguments(f'{{"a": {"[" * depth}{"]" * depth}}}')


def test_a_mapping_is_read_as_its_json() -> None:
    """What was parsed already is judged in the same way."""
    read = read_arguments(MappingProxyType({"a": 1.0, "b": MappingProxyType({"c": 2})}))
    assert read == {"a": 1.0, "b": {"c": 2}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.0, "2"),
        (1e20, "100000000000000000000"),
        ([1.5, [2.0], True], "[1.5, [2], True]"),
        ({"a": 1.0, "b": "1.0"}, "{'a': 1, 'b': '1.0'}"),
    ],
)
def test_numbers_without_fraction_can_be_made_integers(value: Any, expected: str) -> None:
    """At any depth, and nothing else is changed."""
    assert repr(with_integers(value)) == expected


@pytest.mark.parametrize("value", [1, 1.5, True, "1.0", None, [1, {"a": [2.5]}], {}])
def test_what_needs_no_change_is_the_same_object(value: Any) -> None:
    """So that the caller can tell whether a second look is worth it."""
    assert with_integers(value) is value


def test_a_deep_mapping_is_refused() -> None:
    """As deep text is."""
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ToolArgumentsError, match="the arguments: are nested too deeply"):
        read_arguments(deep)
    while deep:  # taken apart from outside: freeing it at once is deep too
        deep = deep.pop("a")


def circular() -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["a"] = made
    return made


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"a": float("nan")}, "hold NaN"),
        ({"a": object()}, "are not JSON: object is not a JSON value"),
        ({"a": b"x"}, "are not JSON: bytes is not a JSON value"),
        (circular(), "Circular reference"),
    ],
)
def test_a_mapping_that_is_no_json_is_refused(mapping: Any, message: str) -> None:
    """Python values are no arguments of a model."""
    with pytest.raises(ToolArgumentsError, match=message):
        read_arguments(mapping)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but the declared error comes out."""
    try:
        read = read_arguments(text)
    except ToolArgumentsError as error:
        lines = str(error).splitlines()
    else:
        lines = [repr(read)]
    assert len(lines) == 1


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(10**300), 10**300)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("ab"), inner),
            max_leaves=20,
        ),
        max_size=5,
    )
)  # fmt: skip
def test_json_objects_are_read_as_python_reads_them(value: dict[str, Any]) -> None:
    """The result equals that of ``json.loads``, from text and from the object."""
    text = json.dumps(value)
    assert read_arguments(text) == json.loads(text)
    assert read_arguments(value) == json.loads(text)
