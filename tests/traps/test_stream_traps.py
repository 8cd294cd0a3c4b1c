"""Streams that the plain SDK misreads, or takes for complete."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.ai.inference import models
from azure.core.exceptions import HttpResponseError, IncompleteReadError

from github_models_azure.client import transport as _transport
from github_models_azure.exceptions import StreamInterruptedError
from github_models_azure.policies import AsyncFallbackPolicy, FallbackPolicy
from tests.harness import DONE, delta, event
from tests.traps.side_helpers import Side, trap
from tests.traps.wire_helpers import Act, Piece, Reply, answer, sse

PARTS = (delta("Hel"), delta("lo"), delta(finish="stop"), DONE)
WHOLE = b"".join(PARTS)


@trap(22)
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(WHOLE.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(PARTS[0] + b": PING\n\n" + b"".join(PARTS[1:]), id="a comment"),
        pytest.param(b": OPENROUTER PROCESSING\n\n" + WHOLE, id="a keep-alive"),
        pytest.param(WHOLE.replace(b"data", b"event: message\ndata"), id="event"),
        pytest.param(WHOLE.replace(b"data", b"id: 7\ndata"), id="id"),
        pytest.param(b"retry: 3000\n\n" + WHOLE, id="retry"),
        pytest.param(WHOLE.replace(b"data: ", b"data:"), id="no space"),
        pytest.param(b"\xef\xbb\xbf" + WHOLE, id="a mark"),
        pytest.param(b"\n" + WHOLE.replace(b', "ch', b',\ndata: "ch'), id="two lines of data"),
    ],
)
def test_every_framing_of_the_standard_is_read(plain: Side, ours: Side, raw: bytes) -> None:
    """Trap 22: the SDK knows ``data: `` and LF alone; anything else is an error half-way."""
    broken = plain.ask(lambda asked: sse(raw), stream=True)
    assert isinstance(broken.error, ValueError)  # JSON's own error is one as well
    assert broken.text != "Hello"
    assert ours.ask(lambda asked: sse(raw), stream=True).text == "Hello"


@trap(22)
def test_lines_that_end_in_cr_alone_are_read(plain: Side, ours: Side) -> None:
    """Trap 22: the standard's third line end gives the plain SDK nothing, without an error."""
    raw = WHOLE.replace(b"\n", b"\r")
    silent = plain.ask(lambda asked: sse(raw), stream=True)
    assert (silent.updates, silent.error) == ([], None)
    assert ours.ask(lambda asked: sse(raw), stream=True).text == "Hello"


@trap(22)
@pytest.mark.parametrize(
    "end",
    [
        pytest.param([delta("Hello", finish="stop")], id="no DONE"),
        pytest.param([delta("Hello", finish="stop"), b"data: [DONE]"], id="DONE without line end"),
        pytest.param([delta("Hello"), delta(finish="odd"), DONE], id="unknown finish reason"),
        pytest.param([delta("Hello", finish="stop"), event(usage=None), DONE], id="usage is null"),
    ],
)
def test_what_the_sdk_reads_well_stays_as_it_is(plain: Side, ours: Side, end: list[Piece]) -> None:
    """Trap 22, its other half: these streams need no cure and get none."""
    for side in (plain, ours):
        assert side.ask(lambda asked: sse(*end), stream=True).text == "Hello"


@trap(23)
def test_an_error_inside_a_stream_is_raised(plain: Side, ours: Side) -> None:
    """Trap 23: the SDK skips the event, and half an answer looks whole."""
    boom = event(error={"code": 502, "message": "upstream is gone"})
    swallowed = plain.ask(lambda asked: sse(PARTS[0], Act.SEEN, boom), stream=True)
    assert (swallowed.text, swallowed.error) == ("Hel", None)
    told = ours.ask(lambda asked: sse(PARTS[0], Act.SEEN, boom), stream=True)
    assert isinstance(told.error, StreamInterruptedError)
    assert told.error.partial_text == "Hel"
    assert "upstream is gone" in str(told.error)


CALL = [{"index": 0, "id": "c", "function": {"name": "pay", "arguments": '{"amount": 1'}}]


@trap(24, 42)
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        pytest.param(PARTS[:2], "Hello", id="between events"),
        pytest.param((*PARTS[:1], PARTS[1][:20]), "Hel", id="inside an event"),
        pytest.param((delta(tool_calls=CALL),), "", id="half a tool call"),
        pytest.param((delta("Hel"), delta("lo", finish="")), "Hello", id="an empty finish reason"),
    ],
)
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_half_an_answer_is_no_answer(
    plain: Side, ours: Side, pieces: tuple[Piece, ...], text: str, framing: str
) -> None:
    """Traps 24 and 42: a body that ends politely, but early, ends the SDK's loop as if whole."""
    half = plain.ask(lambda asked: sse(*pieces, framing=framing), stream=True)
    assert (half.text, half.error) == (text, None)
    told = ours.ask(lambda asked: sse(*pieces, framing=framing), stream=True)
    assert isinstance(told.error, StreamInterruptedError)
    assert (told.text, told.error.partial_text) == (text, text)


@trap(24)
def test_a_cut_is_one_error_for_both_twins(plain: Side, ours: Side) -> None:
    """Trap 24: for a connection that is cut, the SDK's twins raise two errors of two families."""
    cut = plain.ask(lambda asked: sse(PARTS[0], Act.SEEN, Act.CUT), stream=True)
    is_async = plain.twin.is_async
    assert type(cut.error) is (IncompleteReadError if is_async else HttpResponseError)
    told = ours.ask(lambda asked: sse(PARTS[0], Act.SEEN, Act.CUT), stream=True)
    assert type(told.error) is StreamInterruptedError
    assert told.error.partial_text == "Hel"


COMPLETE = {"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}
LIMITED = {"error": {"code": "429", "message": "slow down"}}


@trap(25)
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(answer(COMPLETE), "application/json", id="a whole answer"),
        pytest.param(answer(LIMITED), "slow down", id="an error"),
        pytest.param(answer(b"<html>Welcome", content_type="text/html"), "text/html", id="a page"),
        pytest.param(
            sse(json.dumps(LIMITED).encode()), "without a finish_reason", id="mislabelled"
        ),
        pytest.param(sse(), "without a finish_reason", id="nothing"),
        pytest.param(sse(DONE), "before its first content", id="only DONE"),
    ],
)
def test_what_is_no_stream_is_an_error(plain: Side, ours: Side, reply: Reply, words: str) -> None:
    """Trap 25: the body of the SDK's loop never runs, and nothing says why."""
    silent = plain.ask(lambda asked: reply, stream=True)
    assert (silent.updates, silent.error) == ([], None)
    told = ours.ask(lambda asked: reply, stream=True, fallback_max_wait=0)
    assert told.updates == []
    assert words in str(told.error)
    assert told.trail.attempts[0].failure is not None


@trap(26)
@pytest.mark.parametrize("body", [LIMITED, {"error": "boom"}, {"choices": None}, {}])
def test_an_error_with_status_200_is_an_error(
    plain: Side, ours: Side, body: dict[str, Any]
) -> None:
    """Trap 26: the SDK returns an object without choices, and the caller stumbles over it."""
    odd = plain.ask(lambda asked: answer(body))
    assert odd.error is None
    assert odd.result.choices is None
    told = ours.ask(lambda asked: answer(body), fallback_max_wait=0)
    assert isinstance(told.error, HttpResponseError)
    assert told.trail.attempts[0].failure is not None


@trap(28)
def test_every_choice_of_an_update_has_a_delta(plain: Side, ours: Side) -> None:
    """Trap 28: Azure's filter results come in a choice without one, and loops stumble over it."""
    bare = event(choices=[{"index": 0, "finish_reason": None, "content_filter_offsets": {}}])
    stream = sse(bare, delta("Hello", finish="stop"), DONE)
    deltas = [
        [update.choices[0].delta for update in side.ask(lambda asked: stream, stream=True).updates]
        for side in (plain, ours)
    ]
    assert [found[0] is None for found in deltas] == [True, False]
    assert [[d.content for d in found if d is not None] for found in deltas] == [
        ["Hello"],
        [None, "Hello"],
    ]


@trap(29)
def test_streams_in_a_row_use_one_connection(
    plain: Side, ours: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 29: the SDK leaves the end of the body unread, and the connection with it."""
    monkeypatch.setattr(_transport, "DRAIN_SECONDS", 30.0)
    stream = sse(*PARTS, Act.NEXT)
    assert plain.ask(lambda asked: stream, times=3, stream=True).wire.connections > 1
    reused = ours.ask(lambda asked: stream, times=3, stream=True)
    assert (reused.text, reused.wire.connections) == ("Hello" * 3, 1)


@trap(30)
def test_the_cure_is_in_the_pipeline_alone(plain: Side) -> None:
    """Trap 30: the SDK's own client and stream class read it all once the policy stands there."""
    raw = b": PING\r\n\r\n" + WHOLE.replace(b"\n", b"\r\n")
    policy = AsyncFallbackPolicy if plain.twin.is_async else FallbackPolicy
    made = {"per_call_policies": [policy(None)]}
    assert isinstance(plain.ask(lambda asked: sse(raw), stream=True).error, ValueError)
    cured = plain.ask(lambda asked: sse(raw), made=made, stream=True)
    assert cured.text == "Hello"
    kinds = (models.StreamingChatCompletions, models.AsyncStreamingChatCompletions)
    assert type(cured.result) in kinds


@trap(23, 25)
def test_a_limit_told_inside_a_stream_is_a_limit(plain: Side, ours: Side) -> None:
    """Traps 23 and 25: what breaks before the first content is left for the next target."""
    silent = plain.ask(lambda asked: sse(event(**LIMITED)), stream=True)
    assert (silent.updates, silent.error) == ([], None)
    served = ours.ask(
        lambda asked: sse(event(**LIMITED)) if asked.model == "m" else sse(*PARTS),
        made={"fallback": ["other"]},
        stream=True,
    )
    assert served.text == "Hello"
    failure = served.trail.attempts[0].failure
    assert failure is not None
    assert failure.kind.value == "rate_limited"
