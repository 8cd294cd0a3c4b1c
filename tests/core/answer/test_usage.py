"""The usage of an answer: told by its server, or estimated and marked; whole and streamed alike."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from github_models_azure._core.answer.usage import Spending, Usage
from github_models_azure._core.route.tokens import TokenCounter, estimate_text

TOLD = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
CALL = {
    "id": "1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"at": "Rome"}'},
}


def words(text: str) -> int:
    return len(text.split())


def body(*messages: object, **members: object) -> dict[str, Any]:
    choices = [{"index": place, "message": said} for place, said in enumerate(messages)]
    return {"choices": choices, **members}


def update(said: object, index: object = 0, **members: object) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": said}], **members}


def whole(given: dict[str, Any], count: TokenCounter = estimate_text) -> Usage | None:
    spending = Spending(10, count=count)
    assert spending.whole(given) is given
    return spending()


def streamed(*updates: dict[str, Any], count: TokenCounter = estimate_text) -> Usage | None:
    spending = Spending(10, count=count)
    for one in updates:
        assert spending.update(one) is one
    return spending()


def test_what_the_server_says_is_taken_as_it_is() -> None:
    """It is not marked, and not compared with an estimate; zeros are counts too."""
    said = {"content": "a much longer text than was counted"}
    assert whole(body(said, usage=TOLD)) == Usage(7, 5, 12)
    assert streamed(update(said), update({}, usage=TOLD)) == Usage(7, 5, 12)
    zeros = dict.fromkeys(TOLD, 0)
    assert whole(body(said, usage=zeros)) == Usage(0, 0, 0)
    assert whole(body(said, usage={**TOLD, "total_tokens": None})) == Usage(7, 5, 12)
    assert whole(body(said, usage={**TOLD, "total_tokens": 20})) == Usage(7, 5, 20)


def test_the_last_word_of_a_stream_counts() -> None:
    """Some send the usage so far with every update; an empty one at the end takes none away."""
    first, last = {**TOLD, "completion_tokens": 1}, TOLD
    empty = dict.fromkeys(TOLD)
    assert streamed(update({}, usage=first), update({}, usage=last)) == Usage(7, 5, 12)
    assert streamed(update({}, usage=last), update({}, usage=empty)) == Usage(7, 5, 12)


@pytest.mark.parametrize("usage", [None, {}, "7", dict.fromkeys(TOLD), {"prompt_tokens": True}])
def test_without_usage_it_is_estimated_and_marked(usage: object) -> None:
    """By the rule that the route goes by, prompt and answer."""
    said = {"role": "assistant", "content": "Hello there, this is it."}
    tokens = estimate_text(str(said["content"]))
    expected = Usage(10, tokens, 10 + tokens, estimated=True)
    assert whole(body(said, usage=usage)) == expected
    assert streamed(update(said, usage=usage), update({})) == expected


def test_what_is_told_in_part_is_kept_and_the_rest_estimated() -> None:
    """The mark stays: not all of it was counted."""
    said = {"content": "one two three four"}
    assert whole(body(said, usage={"prompt_tokens": 3})) == Usage(3, 5, 8, estimated=True)
    assert whole(body(said, usage={"completion_tokens": 4})) == Usage(10, 4, 14, estimated=True)


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        ({"content": None, "tool_calls": [CALL]}, ["weather", '{"at": "Rome"}']),
        ({"content": "Well.", "reasoning_content": "Let me think."}, ["Well.", "Let me think."]),
        ({"reasoning": "Hm, hm.", "reasoning_content": "Hm, hm."}, ["Hm, hm."]),
        ({"refusal": "I will not do that."}, ["I will not do that."]),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}, ["f", '{"a": 1}']),
        ({"tool_calls": [{"function": {"name": None}}, {"function": 3}, 3]}, []),
        ({"content": [1], "tool_calls": "odd", "refusal": 3}, []),
        ({}, []),
    ],
)
def test_all_that_is_said_counts(said: dict[str, Any], texts: list[str]) -> None:
    """Text, thoughts, refusals, and tool calls with their names; a stream counts the same."""
    tokens = estimate_text("".join(texts))
    expected = Usage(10, tokens, 10 + tokens, estimated=True)
    assert whole(body(said)) == expected
    assert streamed(update(said)) == expected


@pytest.mark.parametrize("count", [estimate_text, words])
def test_the_pieces_of_a_stream_count_as_the_whole(count: TokenCounter) -> None:
    """However it is cut, and if the name of the tool comes in every piece."""
    text, arguments = "Bonjour, \u00e7a va? A word or two.", '{"at": "Rome", "days": 3}'
    said = {
        "content": text,
        "tool_calls": [{"function": {"name": "weather", "arguments": arguments}}],
    }
    pieces = [update({"content": letter}) for letter in text]
    pieces += [
        update({"tool_calls": [{"index": 0, "function": {"name": "weather", "arguments": part}}]})
        for part in (arguments[:5], arguments[5:])
    ]
    assert streamed(*pieces, count=count) == whole(body(said), count=count)


def test_each_choice_is_a_text_of_its_own() -> None:
    """Interleaved or not; an index that is none is the place in the list."""
    expected = whole(body({"content": "one two"}, {"content": "three"}), count=words)
    assert expected == Usage(10, 3, 13, estimated=True)
    pieces = (update({"content": "one "}), update({"content": "three"}, 1))
    assert streamed(*pieces, update({"content": "two"}, None), count=words) == expected


def test_odd_bodies_count_nothing() -> None:
    """Neither choices that are none nor messages that are none are an error."""
    for odd in ({}, {"choices": None}, {"choices": ["x"]}, body(None), body("x")):
        assert whole(odd) == Usage(10, 0, 10, estimated=True)
        assert streamed(odd) == Usage(10, 0, 10, estimated=True)


def test_nothing_is_counted_until_it_is_read() -> None:
    """A stream then gives what it has so far."""
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return 1

    spending = Spending(10, count=count)
    spending.whole(body({"content": "Hello"}))
    assert counted == []
    assert spending() == spending() == Usage(10, 1, 11, estimated=True)
    stream = Spending(10)
    stream.update(update({"content": "Four"}))
    assert stream() == Usage(10, 2, 12, estimated=True)
    stream.update(update({"content": " more words"}))
    assert stream() == Usage(10, 4, 14, estimated=True)
    assert estimate_text("Four more words") == 4


def test_no_text_is_held_for_counts() -> None:
    """Neither of a stream, nor of an answer whose server counts or that was counted already."""
    text = "a secret of some length"
    stream, told, counted = Spending(10), Spending(10), Spending(10)
    stream.update(update({"content": text}))
    told.update(update({"content": text}))
    told.whole(body({"content": text}, usage=TOLD))
    counted.whole(body({"content": text}))
    assert text in held(counted)
    counted()
    assert not [one for one in (stream, told, counted) if text in held(one)]


def held(spending: Spending) -> str:
    return repr([getattr(spending, name) for name in Spending.__slots__])


@pytest.mark.parametrize(
    ("inputs", "usage", "expected"),
    [
        (["a", "b c"], {"prompt_tokens": 4, "total_tokens": 4}, Usage(4, 0, 4)),
        (["a", "b c"], None, Usage(3, 0, 3, estimated=True)),
        ("b c", None, Usage(2, 0, 2, estimated=True)),
        ([[1, 2, 3], [4]], None, Usage(4, 0, 4, estimated=True)),
        ([{"image": "data:..."}], None, None),
        ([{"image": "data:..."}], {"prompt_tokens": 9, "total_tokens": 9}, Usage(9, 0, 9)),
        (None, None, None),
    ],
)
def test_embeddings_use_what_they_are_made_of(
    inputs: object, usage: object, expected: Usage | None
) -> None:
    """All texts together, tokens as they are; of images no estimate is known."""
    spending = Spending(None, inputs, words)
    spending.whole({"data": [{"embedding": [0.1]}], "usage": usage})
    assert spending() == expected
    assert "0.1" not in held(spending)


def test_a_copy_keeps_the_counts_alone() -> None:
    """Tokenizers cannot always be pickled, and texts would be heavy."""
    spending = Spending(10, count=lambda text: words(text))
    spending.whole(body({"content": "one two"}))
    expected = Usage(10, 2, 12, estimated=True)
    assert pickle.loads(pickle.dumps(spending)) == copy.deepcopy(spending) == expected
