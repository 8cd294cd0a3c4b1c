"""Taking JSON out of what models say around it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.json_text import is_json, json_start, json_texts

PROSE = st.text(st.characters(exclude_characters='{}[]"<>', codec="utf-8"), max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', ['{"a": 1}']),
        ('\ufeff {"a": 1}\r\n', ['{"a": 1}']),
        ("[1]", ["[1]"]),
        ("3", ["3"]),
        ("null", ["null"]),
        ('```json\n{"a": 1}\n```', ['{"a": 1}']),
        ('Sure! {"a": {"b": [1]}} Anything else?', ['{"a": {"b": [1]}}']),
        ('{"a": "```{}```"} and more', ['{"a": "```{}```"}']),
        ('As in [1]: {"a": 1}', ['{"a": 1}', "[1]"]),
        ('{"a": 1} or rather {"a": 12}', ['{"a": 12}', '{"a": 1}']),
        ('<think>{"a": "long enough"}</think>{"a": 1}', ['{"a": 1}']),
        ('so {"a": 1}?\n</think>\n\n{"a": 2}', ['{"a": 2}']),
        ('see {"a": "</think>"} here', ['{"a": "</think>"}']),
        ('{"a": {"b": 1', []),
        ('{"a": [{"b": 1}', ['{"b": 1}']),
        ("{not JSON}", []),
        ("prose", []),
        ("", []),
        ("{}{}{}{}{}{}{}", ["{}"] * 5),
    ],
)
def test_json_is_taken_out(text: str, found: list[str]) -> None:
    """Whole texts as they are; else the outermost objects, the longest first, then arrays."""
    assert list(json_texts(text)) == found


@given(value=OBJECTS, before=PROSE, after=PROSE, fence=st.sampled_from(["", "```\n", "```json\n"]))
def test_an_object_is_found_in_prose(
    value: dict[str, object], before: str, after: str, fence: str
) -> None:
    """Whatever stands around it, in a code fence or not, the one object comes first."""
    written = json.dumps(value, indent=1)
    text = f"{before}\n{fence}{written}\n{fence[:3]}{after}"
    assert json.loads(json_texts(text)[0]) == value


@given(VALUES)
def test_pure_json_is_left_as_it_is(value: object) -> None:
    """JSON of any kind is the answer itself."""
    written = json.dumps(value)
    assert is_json(written)
    assert json_texts(written) == (written,)


@given(st.text(st.sampled_from('{}[]",:tru1e-E.\\u0 \n`</think>a'), max_size=200) | st.text())
def test_nothing_makes_it_fail(text: str) -> None:
    """Junk is no exception, and all that is found is JSON that stands in the text."""
    for found in json_texts(text):
        assert is_json(found)
        assert found in text
    start = json_start(text)
    assert start is None or text.endswith(start)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 50_000, "[" + "9" * 10_000, '{"a":1,' * 30_000]
)
def test_absurd_texts_end(text: str) -> None:
    """What is nested or cut beyond measure is given up, not read for ever."""
    assert json_texts(text) == ()


def test_the_way_to_an_error_is_not_counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder counts the lines before each error: what it is given begins near by."""
    far: list[int] = []

    class Watched(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[object, int]:
            far.append(idx)
            return super().raw_decode(s, idx)

    monkeypatch.setattr("github_models_azure._core.answer.json_text._DECODER", Watched())
    assert json_texts("{" * 20_000 + ' {"a": 1} [2] ' + "x" * 9_000 + '{"b": 12}') == (
        '{"b": 12}', '{"a": 1}', "[2]",
    )  # fmt: skip
    assert max(far) <= 5_000


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('Sure: {"a": [', '{"a": ['),
        ("```json\n[1, {", "[1, {"),
        ('<think>{}</think>{"a', '{"a'),
        ("none yet", None),
    ],
)
def test_a_growing_text_begins_where_its_json_does(text: str, start: str | None) -> None:
    """Prose and thoughts before it are left out."""
    assert json_start(text) == start
