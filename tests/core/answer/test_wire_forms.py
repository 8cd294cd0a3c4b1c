"""Streams that differ from OpenAI's form in what stands around, beside and behind the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure._core.answer.normalise import Form, asked_choices
from github_models_azure._core.answer.pieces import AnswerPieces
from github_models_azure._core.answer.reader import AnswerReader
from github_models_azure._core.answer.stages import AnswerFault


def event(value: object, end: bytes = b"\n\n") -> bytes:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return b"data: " + data + end


def chunk(content: Any = None, finish: Any = None, index: Any = 0, **delta: Any) -> dict[str, Any]:
    delta |= {} if content is None else {"content": content}
    return {"id": "1", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def read(*pieces: bytes, choices: int | None = 1) -> tuple[list[Any], AnswerReader]:
    reader = AnswerReader(choices=choices).open({}, "text/event-stream")
    updates = [update.value for piece in pieces for update in reader.feed(piece)]
    return updates + [update.value for update in reader.end()], reader


PARTS = [event(chunk("Hel")), event(chunk("lo")), event(chunk(finish="stop"))]
DONE = event(b"[DONE]")
NO_CHUNKS: list[Any] = [
    None, 7, "ping", [], [1], {}, {"type": "ping"}, {"ping": 1}, {"event": "heartbeat"},
    b"ping", b"OPENROUTER PROCESSING", b"[BEGIN]", True,
]  # fmt: skip


@pytest.mark.parametrize("value", NO_CHUNKS, ids=str)
@pytest.mark.parametrize("end", [b"\n\n", b"\n", b"\r\n", b"\r"])
def test_data_that_is_no_chunk_is_passed_over(value: Any, end: bytes) -> None:
    """Before the content, within it, behind the finish; events parted by whatever line ends."""
    odd = event(value)
    raw = b"".join([odd, PARTS[0], odd, PARTS[1], PARTS[2], odd, DONE]).replace(b"\n\n", end)
    for pieces in ([raw], [raw[place : place + 1] for place in range(len(raw))]):
        updates, reader = read(*pieces)
        assert reader.text == "Hello"
        assert (reader.done, len(updates)) == (True, 4)


@pytest.mark.parametrize("value", [None, "ping", [1], b"ping"], ids=str)
def test_what_was_passed_over_is_told_if_nothing_else_came(value: Any) -> None:
    """Nobody has to guess why the answer is none."""
    for behind in (b"", DONE):
        with pytest.raises(AnswerFault, match=r"(not JSON: 'ping'|not an object: \w+)$"):
            read(event(value), behind)


@pytest.mark.parametrize(
    "behind",
    [
        event({"error": {"message": "late", "code": 500}}),
        event({"error": "late"}) + DONE,
        b"event: error\n" + event({"message": "late"}),
        event(b'{"cut'),
        event({"choices": "none"}),
        event({"choices": [{"index": 0, "delta": "odd"}]}),
        event(chunk(finish="error")),
        event(b'{"choices": [{"delta": {}}]}\ndata: {"cut')[:-2],
        b"data: {",
    ],
)
def test_nothing_spoils_an_answer_that_has_ended(behind: bytes) -> None:
    """What comes after the last finish reason is forgiven."""
    updates, reader = read(*PARTS, behind)
    assert (reader.text, reader.is_whole) == ("Hello", True)
    assert updates[2]["choices"][0]["finish_reason"] == "stop"


def test_an_answer_is_whole_when_all_its_choices_are() -> None:
    """As many as were asked for; a clean end is enough where fewer came."""
    two = [event(chunk("a")), event(chunk("b", index=1)), event(chunk(finish="stop"))]
    reader = AnswerReader(choices=2)
    for piece in two:
        reader.feed(piece)
    assert not reader.is_whole
    reader.feed(event(chunk(finish="stop", index=1)))
    assert reader.is_whole
    assert not read(*PARTS, choices=2)[1].is_whole
    with pytest.raises(AnswerFault, match="late"):
        read(*two, event({"error": {"message": "late"}}), choices=2)


@pytest.mark.parametrize("start", [0, 1, 5])
def test_an_index_that_counts_chunks_is_that_of_the_one_choice(start: int) -> None:
    """From whatever number; of a whole answer too."""
    raw = [chunk("Hel"), chunk("lo"), chunk(finish="stop")]
    for number, one in enumerate(raw, start):
        one["choices"][0]["index"] = number
    updates, reader = read(*map(event, raw))
    assert (reader.text, reader.is_whole) == ("Hello", True)
    assert {update["choices"][0]["index"] for update in updates} == {0}
    whole: Any = {
        "choices": [{"index": start, "message": {"content": "x"}, "finish_reason": "stop"}]
    }
    answer: Any = AnswerReader(choices=1).whole(whole)
    assert answer["choices"][0]["index"] == 0


@pytest.mark.parametrize("choices", [2, None])
def test_several_choices_keep_their_indexes(choices: int | None) -> None:
    """Where more were asked for, or where nobody knows; and those that stand side by side."""
    updates, reader = read(event(chunk("a", "stop")), event(chunk("b", "stop", 1)), choices=choices)
    assert [update["choices"][0]["index"] for update in updates] == [0, 1]
    assert reader.text == "a"
    both = {"choices": [*chunk("a")["choices"], *chunk("b", index=1)["choices"]]}
    assert Form(choices=1).update(both) is both


@pytest.mark.parametrize(
    ("index", "number"), [("0", 0), ("1", 1), (1.0, 1), ("x", 0), (True, 0), ([], 0), (None, 0)]
)
def test_an_index_is_a_number(index: Any, number: int) -> None:
    """Else it is the place of the choice."""
    updates, _ = read(event(chunk("a", "stop", index)), choices=None)
    assert updates[0]["choices"][0]["index"] == number


TEXTS = [
    (4, "4"),
    (0.5, "0.5"),
    (False, "false"),
    ({"text": "x"}, "x"),
    ({"type": "text", "content": "x"}, "x"),
    ({"n": [1, "ü"]}, '{"n":[1,"ü"]}'),
    (["a", {"type": "text", "text": "b"}], "ab"),
    ("x", "x"),
    (None, None),
]


@pytest.mark.parametrize(("given", "text"), TEXTS, ids=str)
@pytest.mark.parametrize("name", ["content", "reasoning_content", "reasoning", "refusal"])
def test_what_is_declared_as_text_is_text(name: str, given: Any, text: Any) -> None:
    """Numbers and objects, whole and streamed; only content can be a flag."""
    expected = None if given is False and name != "content" else text
    said = {"role": 7, name: given}
    (update, *_), _ = read(event(chunk(**said)), event(chunk("", "stop")))
    message: Any = {"message": said, "finish_reason": "stop", "index": 0}
    answer: Any = AnswerReader().whole({"choices": [message]})
    for fitted in (update["choices"][0]["delta"], answer["choices"][0]["message"]):
        assert (fitted.get(name), fitted["role"]) == (expected, "assistant")


def test_the_head_of_an_answer_is_text_too() -> None:
    """Its id and model; the SDK makes a date of a number."""
    head = {"id": 7, "model": {"name": "m"}, "system_fingerprint": 1, "created": "1700000000"}
    expected = {
        "id": "7",
        "model": '{"name":"m"}',
        "system_fingerprint": "1",
        "created": 1700000000,
    }
    whole: Any = {**head, "choices": [{"index": 0, "message": {"content": ""}}]}
    (update, *_), _ = read(event({**head, "choices": None}), *PARTS)
    for fitted in (AnswerReader().whole(whole), update):
        assert {name: fitted[name] for name in expected} == expected
    assert update["choices"] == []
    assert Form().update({"choices": [], "created": "today"})["created"] is None


def test_text_that_cannot_be_written_is_none() -> None:
    """JSON that is nested too deeply can be read, and not always written."""
    deep: Any = []
    for _ in range(100_000):
        deep = {"a": deep}
    made: Any = Form().update(chunk(deep))
    assert made["choices"][0]["delta"]["content"] == ""


def test_how_many_choices_are_asked_for() -> None:
    """One, unless a number says more."""
    asked = [asked_choices({"n": n}) for n in (None, 1, 0, 3, "3", True)]
    assert asked == [1, 1, 1, 3, 1, 1]


def test_calls_without_an_end_are_set_free_by_the_last_word() -> None:
    """What is held back of their arguments comes with ``[DONE]``."""
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    updates, _ = read(event(chunk(tool_calls=[call])), DONE)
    pieces = [u["choices"][0]["delta"]["tool_calls"][0] for u in updates[:2]]
    assert [one["function"]["arguments"] for one in pieces] == ["", "{}"]


def test_json_over_several_lines_may_end_a_stream() -> None:
    """Without the blank line behind it."""
    laid_out = json.dumps(chunk("lo", "stop"), indent=1).encode().replace(b"\n", b"\ndata: ")
    assert read(PARTS[0], b"data: " + laid_out)[1].text == "Hello"


def test_thoughts_in_parts_take_the_place_of_none() -> None:
    """Where a server sends an empty object beside them."""
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]
    for said in ({"content": parts, "reasoning_content": {}}, {"reasoning": {}, "content": parts}):
        made: Any = Form().update({"choices": [{"index": 0, "delta": said}]})
        delta = made["choices"][0]["delta"]
        assert (delta["content"], delta["reasoning_content"]) == ("Hi", "hm")


def test_an_update_without_an_index_that_is_not_read_is_passed_over() -> None:
    """As foreign clients may hand it on."""
    pieces = AnswerPieces()
    assert pieces.take({"choices": [{"delta": "odd"}]}) == ""
    assert pieces.completion()["choices"] == [
        {"index": 0, "finish_reason": None, "message": {"role": "assistant", "content": None}}
    ]
