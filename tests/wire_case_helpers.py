"""What real servers send beside OpenAI's form: one table, which every reader is tried on.

Each case says the same thing whole and streamed: the text ``{"n": 4}``, or a call of ``Answer``
with these arguments. The answer to a tool's result is always the text "Done".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness import DONE, Answer, Sent, chat, delta, error, event, stream
from tests.loopback import Journal, Raw, serve

TEXT = '{"n": 4}'
SSE, JSON = "text/event-stream", "application/json"
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "Answer",
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}},
    },
}
REFUSAL = "This response_format type is unavailable now"


@dataclass(frozen=True)
class Case:
    """One instance: the chunks of its stream, and the label and the bytes of its whole answer.

    :ivar calls: how many calls of ``Answer`` it makes; 0 if it says the text.
    """

    chunks: Sequence[bytes]
    label: str
    whole: bytes
    calls: int = 0


def numbered(index: Any, content: Any, finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": {"content": content}, "finish_reason": finish}
    return event(id="1", created=1, model="m", choices=[choice])


def message(finish: Any = "stop", **members: Any) -> bytes:
    """A whole answer."""
    inner = {"role": "assistant", "content": None, **members}
    choice = {"index": 0, "finish_reason": finish, "message": inner}
    return json.dumps({"id": "1", "created": 1, "model": "m", "choices": [choice]}).encode()


def call(arguments: Any = TEXT, **members: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "Answer", "arguments": arguments}, **members}


def calling(*calls: dict[str, Any]) -> bytes:
    return message("tool_calls", tool_calls=list(calls))


def piece(arguments: Any = None, name: str | None = None, **members: Any) -> bytes:
    function = {} if name is None else {"name": name}
    function |= {} if arguments is None else {"arguments": arguments}
    return delta(tool_calls=[{**members, "function": function}])


PLAIN = [delta('{"n"'), delta(": 4}"), delta("", "stop"), DONE]
END = [delta(finish="tool_calls"), DONE]
FAULT = event(error={"message": "the upstream fell over", "code": 502})

CASES: dict[str, Case] = {
    "line ends alone, and a frame behind": Case(
        [b"".join(PLAIN).replace(b"\n\n", b"\r\n").replace(b"data: ", b"id: 7\r\ndata:")],
        JSON, message(content=TEXT) + b"\n\ndata: [DONE]\n\n",
    ),
    "pings before and behind": Case(
        [b"data: null\n\ndata: ping\n\n", *PLAIN[:3], event(type="ping"), b"data: 0\n\n", DONE],
        SSE, b"event: ping\ndata: {}\n\n" + b"".join(PLAIN),
    ),
    "choices that are null": Case(
        [event(id="1", choices=None), *PLAIN[:3], event(choices=None, usage=None), DONE],
        JSON, b": waiting\n\n" + message(content=TEXT) + b"[DONE]",
    ),
    "an index that counts from 0": Case(
        [numbered(0, '{"n"'), numbered(1, ": 4"), numbered(2, "}"), numbered(3, "", "stop"), DONE],
        SSE, b"data: " + message(content=TEXT) + b"\n\n",
    ),
    "numbers and objects in place of texts": Case(
        [delta('{"n": '), numbered("0", 4), numbered(None, {"text": "}"}), *PLAIN[2:]],
        JSON, message({"type": "stop"}, content={"type": "text", "text": TEXT}),
    ),
    "an error behind the end": Case(
        [*PLAIN[:3], FAULT], SSE, b"".join(PLAIN[:3]) + FAULT,
    ),
    "rubbish behind the end": Case(
        [*PLAIN[:3], b'data: {"choices": [{"ind'], SSE, b"".join(PLAIN[:3]) + b"data: {cut",
    ),
    "an id for each piece, and the name": Case(
        [piece("", "Answer", index=0, id="a"), piece('{"n"', "Answer", index=0, id="b"),
         piece(": 4}", "Answer", index=0, id="c"), piece("", "Answer", index=0, id="d"), *END],
        JSON, calling(call(id="undefined")), 1,
    ),
    "null before the arguments": Case(
        [piece("null", "Answer", index=0, id="None"), piece('{"n"', index=0),
         piece(": 4}", index=0, id="null"), *END],
        JSON, calling(call("null" + TEXT, id="null")), 1,
    ),
    "one call under several indexes": Case(
        [piece("", "Answer", index=0, id="a"), piece('{"n"', index=1), piece(": 4}", index=2),
         piece("", index=3), *END],
        JSON, calling(call("{}" + TEXT, id=7)), 1,
    ),
    "two calls under one index": Case(
        [piece(TEXT, "Answer", index=0), piece('{"n": ', "Answer", index=0), piece("5}", index=0),
         *END],
        JSON, calling(call(id="0"), call('{"n": 5}', id="0")), 2,
    ),
    "arguments as an object": Case(
        [piece({}, "Answer", index=0, id="a"), piece({"n": 4}, index=0), *END],
        JSON, calling(call({"n": 4})), 1,
    ),
    "arguments encoded twice": Case(
        [piece('"{\\"n\\"', "Answer", index=0, id="a"), piece(': 4}"', index=0), *END],
        JSON, calling(call(json.dumps(TEXT))), 1,
    ),
    "arguments that come again": Case(
        [piece("", "Answer", index=0, id="a"), piece('{"n":', index=0), piece(" 4}", index=0),
         piece(TEXT, "Answer", index=0, id="a"), *END],
        SSE, piece(TEXT, "Answer", index=0, id="a") + piece(TEXT, index=0) + b"".join(END), 1,
    ),
    "all so far in every piece": Case(
        [piece("{", "Answer", index=0, id="a"), piece('{"n":', index=0), piece('{"n": 4', index=0),
         piece(TEXT, index=0), *END],
        JSON, calling(call(TEXT + TEXT, id="a")), 1,
    ),
}  # fmt: skip

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def is_told(body: Mapping[str, Any]) -> bool:
    """Whether a tool's result is in a conversation."""
    return any(one["role"] == "tool" for one in body["messages"])


def answer_to(case: Case, sent: Sent) -> Answer:
    """The answer of a fake transport; a call is made only if tools are offered."""
    body = sent.body
    if body.get("response_format") and case.calls:
        return error(400, "invalid_request_error", REFUSAL)
    if is_told(body):
        done = stream(delta("Done", "stop"), DONE)
        return done if body.get("stream") else chat("m", "Done")
    if body.get("stream"):
        return stream(*case.chunks)
    return Answer(200, case.whole, {"content-type": case.label})


@contextmanager
def served(case: Case) -> Iterator[Journal]:
    """A server on loopback that answers so."""

    def answer(body: dict[str, Any]) -> Raw:
        said = answer_to(case, Sent("POST", "", {}, body, {}))
        label = said.headers.get("content-type", JSON)
        return said.status, {"content-type": label}, said.content

    with serve(answer) as journal:
        journal.url += "/v1"
        yield journal


def arguments(case: Case) -> list[dict[str, Any]]:
    """The arguments of the calls that a case makes."""
    return [{"n": 4}, {"n": 5}][: case.calls]
