"""Arguments of tool calls become one JSON text, whatever servers make of them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.arguments import (
    ArgumentPieces,
    as_text,
    is_whole,
    whole_arguments,
)

OBJECT = '{"n": 1, "s": "x"}'
DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "{}"),
        ("", "{}"),
        ("null", "{}"),
        (" null ", "{}"),
        ('""', "{}"),
        ({}, "{}"),
        (OBJECT, OBJECT),
        ({"n": 1}, '{"n":1}'),
        (7, "7"),
        (json.dumps(OBJECT), OBJECT),
        (json.dumps(json.dumps(OBJECT)), OBJECT),
        ('"a text"', '"a text"'),
        ('"{cut"', '"{cut"'),
        ('"unfinished', '"unfinished'),
        (json.dumps(json.dumps(json.dumps(json.dumps(OBJECT)))),) * 2,
        ('{"s": "one\ntwo\t\x01"}', '{"s": "one\\ntwo\\t\\u0001"}'),
        ('{\n  "s": "\\"\n"\n}', '{\n  "s": "\\"\\n"\n}'),
        ("{}" + OBJECT, OBJECT),
        ("null" + OBJECT, OBJECT),
        (OBJECT * 3, OBJECT),
        (f"{OBJECT}\n {OBJECT}\n", OBJECT),
        (OBJECT + '{"n": 2}', OBJECT + '{"n": 2}'),
        (OBJECT + "[1]", OBJECT + "[1]"),
        (OBJECT + "{cut", OBJECT + "{cut"),
        ("null[1]", "null[1]"),
        ("{}null", "{}null"),
        ("{}" * 200, "{}" * 200),
        ("nonsense", "nonsense"),
        (DEEP, DEEP),
    ],
)
def test_whole_arguments_are_one_text(given: object, text: object) -> None:
    """What is no object otherwise stays as it came."""
    assert whole_arguments(given, "{}") == text or given is DEEP is text


def test_a_cut_answer_has_no_arguments_that_did_not_come() -> None:
    """Nothing stands for them, and a placeholder says nothing, whole as in a stream."""
    for one in (None, "", "null", "{}", "{ }", '""', {}):
        assert whole_arguments(one, "", cut=True) == ""
        assert put_together(as_text(one) or "" if not isinstance(one, str) else one, cut=True) == ""
    assert whole_arguments(OBJECT, "", cut=True) == OBJECT
    assert whole_arguments("{}", "") == "{}"


def put_together(*pieces: str, cut: bool = False) -> str:
    """What a reader gets of pieces, the first of which names the tool."""
    call = ArgumentPieces()
    out = [call.take(piece, first=place == 0) for place, piece in enumerate(pieces)]
    return "".join(out) + call.release(cut=cut)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["{}"], "{}"),
        (["null"], "{}"),
        (["", "null"], "{}"),
        (["{}", "", " ", "{}"], "{}"),
        (["{}", '{"n": ', "1}"], '{"n": 1}'),
        (["{ }", '{"n": ', "1}"], '{"n": 1}'),
        (['""', '{"n": ', "1}"], '{"n": 1}'),
        (['{}{"n": ', "1}"], '{"n": 1}'),
        (["null\n" + OBJECT], OBJECT),
        ([OBJECT + OBJECT], OBJECT),
        (['""'], "{}"),
        (["null", "null", '{"n": 1}'], '{"n": 1}'),
        (["", "{", "}"], "{}"),
        ([OBJECT, OBJECT], OBJECT),
        ([OBJECT, OBJECT[:5], OBJECT[5:9], OBJECT[9:]], OBJECT),
        ([OBJECT, OBJECT[:5]], OBJECT),
        ([OBJECT, OBJECT[:5], "else"], OBJECT + OBJECT[:5] + "else"),
        ([OBJECT, '{"n": 2}'], OBJECT + '{"n": 2}'),
        (["", '{"n":', ' 1, "s": "x"}', '{"s":"x","n":1}'], OBJECT.replace('"n": ', '"n": ')),
        (["{", '{"n"', '{"n": 1', OBJECT], OBJECT),
        (['{"n":', '{"n": 1', OBJECT, OBJECT], OBJECT),
        (['{"n": 1', '{"n": 1', OBJECT], OBJECT),
        (['{"n":', OBJECT], OBJECT.replace('"n": ', '"n": ')),
        (['{"a":', '{"a":', " 1}}"], '{"a":{"a": 1}}'),
        (['{"a":', '{"a": 1}', "}"], '{"a":{"a": 1}}'),
        (['{"a":', '{"a":1}}'], '{"a":{"a":1}}'),
        (['{"a":', '{"a":'], '{"a":{"a":'),
        (['{"a": [', '{"b": 1}', "]}"], '{"a": [{"b": 1}]}'),
        (["[1,", '{"b": 1}', "]"], '[1,{"b": 1}]'),
        ([json.dumps(OBJECT)], OBJECT),
        (list(json.dumps(OBJECT)), OBJECT),
        (['"half', " a text"], '"half a text'),
        (['"a\n', "b"], '"a\nb'),
        (["a", "\n"], "a\n"),
        (['{"s": "a\n', '\\', '"\n', '"}\n'], '{"s": "a\\n\\"\\n"}\n'),
        (['{"s": "a', "b\r\nc", '"}'], '{"s": "ab\\r\\nc"}'),
        (['{\n"s"', ': "\t"}'], '{\n"s": "\\t"}'),
    ],
)  # fmt: skip
def test_pieces_come_out_as_one_text(pieces: list[str], text: str) -> None:
    """Placeholders, repetitions and codings leave nothing in it; all else is joined."""
    assert put_together(*pieces) == text


def test_a_placeholder_says_nothing_where_the_answer_was_cut() -> None:
    """The arguments may have been still to come."""
    assert put_together("{}", cut=True) == ""
    assert put_together("null", cut=True) == ""
    assert put_together('{"n"', cut=True) == '{"n"'


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@given(value=OBJECTS, data=st.data(), indent=st.sampled_from([None, 2]), again=st.booleans())
def test_an_object_in_any_pieces_stays_itself(
    value: dict[str, Any], data: st.DataObject, indent: int | None, again: bool
) -> None:
    """To the letter, and also if all of it comes again at the end."""
    text = json.dumps(value, indent=indent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    ends = [0, *cuts, len(text)]
    pieces = ["", *(text[a:b] for a, b in pairwise(ends))]
    if again and len(value):
        pieces.append(text)
    assert put_together(*pieces) == text


@given(value=OBJECTS.filter(bool), data=st.data())
def test_an_object_that_grows_is_read_once(value: dict[str, Any], data: st.DataObject) -> None:
    """Where each piece says all that there is so far."""
    text = json.dumps(value)
    cuts = sorted(
        data.draw(st.lists(st.integers(1, len(text)), min_size=1, max_size=6, unique=True))
    )
    pieces = ["", *(text[:end] for end in [*cuts, len(text), len(text)])]
    assert json.loads(put_together(*pieces)) == value


def test_what_cannot_be_written_is_no_text() -> None:
    """JSON that is nested too deeply can be read, and not always written."""
    assert as_text(DEEP) is None
    assert (as_text(None), as_text([1])) == ("", "[1]")


def test_only_an_object_is_whole() -> None:
    """Raw line ends in it are no fault."""
    assert is_whole('{"s": "\n"}')
    assert not any(map(is_whole, ("", "[]", "{", "null")))


@pytest.mark.parametrize("inner", ["{}{", 'null{"', '\\"\\"{', "{ } {}{}{"])
def test_a_placeholder_inside_a_string_is_a_string(inner: str) -> None:
    """Code in an argument has braces after braces; only what stands before an object is none."""
    text = f'{{"code": "if x {inner.replace(chr(34), "")}"}}'
    assert put_together(text) == text
    assert put_together(text[:9], text[9:]) == text
    assert whole_arguments(text, "{}") == text
