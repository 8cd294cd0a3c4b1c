"""What stands around an answer does not make it another one, whole or streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure._core.answer.framing import first_data, is_framed, value_in
from github_models_azure._core.answer.reader import AnswerReader
from github_models_azure._core.answer.stages import AnswerFault
from github_models_azure._core.failure.classify import classify_response
from github_models_azure._core.failure.kinds import Failure, FailureKind
from github_models_azure._core.route.needs import Operation


def completion(content: str | None = "Hi", finish: Any = "stop", **members: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **members}
    return {"id": "1", "choices": [{"index": 0, "finish_reason": finish, "message": message}]}


WHOLE = json.dumps(completion())


def event(value: object) -> str:
    return f"data: {json.dumps(value)}\n\n"


def chunk(content: str | None = None, finish: Any = None, index: int = 0, **delta: Any) -> str:
    delta |= {} if content is None else {"content": content}
    return event({"choices": [{"index": index, "delta": delta, "finish_reason": finish}]})


DONE = "data: [DONE]\n\n"


def read(text: str, **keywords: Any) -> Any:
    reader = AnswerReader(**keywords).open({}, "text/event-stream")
    return reader.whole(text)


def fault(text: str) -> tuple[Failure, str | None]:
    with pytest.raises(AnswerFault) as caught:
        read(text)
    return caught.value.failure, caught.value.partial


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        WHOLE + "\n\ndata: [DONE]\n\n",
        WHOLE + "[DONE]",
        WHOLE + "\r\nevent: done\r\ndata:[DONE]",
        "\ufeff\n" + WHOLE,
        ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n" + WHOLE + "\n: bye",
        "data: " + WHOLE,
        event(completion()) + DONE,
        chunk("H") + chunk("i", "stop") + DONE,
        chunk("H") + chunk("i", "stop"),
        (chunk("H") + chunk("i", "stop") + DONE).replace("\n\n", "\n"),
        "event: message\r\nid: 1\r\n" + chunk("Hi", "stop"),
        ": ping\n\n" + event(None) + chunk("Hi", "stop") + event({"error": "late"}),
    ],
)
def test_a_plain_answer_may_be_framed(text: str) -> None:
    """JSON with ``[DONE]`` or comments around it, or an event stream."""
    (choice,) = read(text)["choices"]
    assert choice["message"]["content"] == "Hi"
    assert choice["finish_reason"] == "stop"


def test_all_choices_of_a_framed_answer_are_read() -> None:
    """Each with its own calls and end."""
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    text = chunk("A", index=1) + chunk(tool_calls=[call]) + chunk(finish="stop")
    one, two = read(text + chunk(finish="length", index=1) + DONE, choices=2)["choices"]
    assert one["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert (one["finish_reason"], two["finish_reason"]) == ("tool_calls", "length")
    assert two["message"]["content"] == "A"


def test_embeddings_may_be_framed() -> None:
    """The frame has nothing to do with what is asked for."""
    body = {"data": [{"index": 0, "embedding": [1.0]}]}
    reader = AnswerReader(Operation.EMBEDDINGS)
    assert reader.whole(json.dumps(body) + "\n[DONE]") == body


@pytest.mark.parametrize(
    ("text", "kind", "partial"),
    [
        (event({"error": {"code": 429, "message": "slow"}}), FailureKind.RATE_LIMITED, None),
        ("event: error\n" + event({"message": "no"}) + DONE, FailureKind.BAD_STREAM, None),
        (chunk("Hal"), FailureKind.BAD_STREAM, "Hal"),
        (chunk("Hal") + event({"error": "down"}), FailureKind.BAD_STREAM, "Hal"),
        (chunk("Hal", "error"), FailureKind.BAD_STREAM, None),
        (chunk("Hal") + chunk(finish="abort"), FailureKind.BAD_STREAM, "Hal"),
        (DONE, FailureKind.BAD_STREAM, None),
        (json.dumps({"error": {"code": 429, "message": "slow"}}) + DONE, FailureKind.RATE_LIMITED,
         None),
        (WHOLE + WHOLE, FailureKind.UNAVAILABLE, None),
        (WHOLE + " and more", FailureKind.UNAVAILABLE, None),
        ("{cut", FailureKind.UNAVAILABLE, None),
        ("no JSON", FailureKind.UNAVAILABLE, None),
    ],
)  # fmt: skip
def test_a_framed_failure_is_one(text: str, kind: FailureKind, partial: str | None) -> None:
    """With what it says, and with the text that had come."""
    failure, text_before = fault(text)
    assert (failure.kind, text_before) == (kind, partial)


@pytest.mark.parametrize(
    "value",
    [
        {"status": "queued", "message": "3 before you"},
        {"code": 200, "message": "success"},
        {"code": "0", "message": "ok"},
        {"status": "processing", "message": ""},
    ],
)
def test_what_goes_well_or_goes_on_is_no_error(value: dict[str, Any]) -> None:
    """Before the content, between two pieces of it and behind the end."""
    said = event(value)
    text = said + chunk("H") + said + chunk("i", "stop") + said + DONE
    assert read(text)["choices"][0]["message"]["content"] == "Hi"
    told = {"status": "INVALID_ARGUMENT", "code": 17, "message": "no"}
    for name in ("status", "code"):
        failure, _ = fault(event({name: told[name], "message": "no"}) + chunk("Hi", "stop"))
        assert failure.message == "no"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "body",
    [
        event({"error": {"message": "too many requests", "code": "slow_down"}}),
        "event: error\r\ndata: "
        + json.dumps({"message": "too many requests", "code": "slow_down"}),
        ": hm\n\n" + event({"code": "slow_down", "message": "too many requests"}) + DONE,
        "id: 1\ndata: \n\n"
        + event([{"error": {"code": "slow_down", "message": "too many requests"}}]),
    ],
)
def test_an_error_body_may_be_an_event(status: int, body: str) -> None:
    """Under its own status too, and under any label."""
    failure = classify_response(status, {"content-type": "text/event-stream"}, body.encode(), now=0)
    assert failure.message == "too many requests"
    assert failure.code == "slow_down"


def test_only_event_streams_have_data() -> None:
    """JSON and pages begin otherwise."""
    assert not any(map(is_framed, (b"{}", b"<html>", b"", b"datum: 1")))
    assert [first_data(one) for one in ("{}", ": hm\n\n", DONE, "data: a\ndata: b")] == [
        None, None, None, "a",
    ]  # fmt: skip
    assert value_in("[1]") is None
