"""Everything that can be told to go wrong does, for as many requests as told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_helpers import WEATHER, Service, service
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.server.emulator import Fault, FaultKind
from github_models_azure.server.emulator.faults import (
    Break,
    FaultQueue,
    Stall,
    disturbed_body,
    disturbed_stream,
    fault_from_json,
)

EVENTS = [b"1", b"2", b"34", b"5"]


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


def break_next(emulated: Service, kind: str, **members: Any) -> None:
    emulated.state.faults.add(fault_from_json({"kind": kind, **members}))


@pytest.mark.parametrize(
    "name", ["openai/gpt-4o", "GPT-4o", "github/openai/gpt-4o", "gpt-4o-2024-11-20", "gpt-4"]
)
def test_a_fault_means_a_model_under_all_its_names(emulated: Service, name: str) -> None:
    """However the test writes it, and whatever path it is asked on; another model is spared."""
    for path, asked in (
        ("/inference/chat/completions", "openai/gpt-4o"),
        ("/chat/completions", "gpt-4o"),
    ):
        break_next(emulated, "status", model=name, status=503)
        other = emulated.post("/inference/chat/completions", model_body("openai/gpt-4.1"))
        assert other.status == 200
        assert emulated.post(path, model_body(asked)).status == 503


def model_body(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        (Fault(FaultKind.CUT_STREAM, after=2), [b"1", b"2", Break()]),
        (Fault(FaultKind.CUT_STREAM, after=2, polite=True), [b"1", b"2"]),
        (Fault(FaultKind.CUT_STREAM, after=2, mid_event=True), [b"1", b"2", b"3", Break()]),
        (Fault(FaultKind.CUT_STREAM, after=0), [Break()]),
        (Fault(FaultKind.STALL, after=1, seconds=9), [b"1", Stall(9), b"2", b"34", b"5"]),
        (Fault(FaultKind.SLOW_FIRST_BYTE, seconds=9), [Stall(9), *EVENTS]),
        (Fault(FaultKind.EMPTY_STREAM), []),
        (None, EVENTS),
    ],
)
def test_a_fault_changes_the_steps_of_a_stream(fault: Fault | None, steps: list[Any]) -> None:
    """Cut, stalled, late or empty: decided without a connection."""
    assert list(disturbed_stream(EVENTS, fault)) == steps


def test_a_malformed_chunk_stands_between_good_ones(emulated: Service) -> None:
    """The stream goes on after an event that is not JSON."""
    break_next(emulated, "malformed_chunk", after=2)
    answer = emulated.chat(stream=True)
    events = answer.text.split("\n\n")
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(events[2].removeprefix("data: "))
    assert answer.text.endswith("[DONE]\n\n")


def test_an_error_event_ends_the_stream(emulated: Service) -> None:
    """An error instead of the next chunk, and no `[DONE]`."""
    break_next(emulated, "error_event", after=3)
    answer = emulated.chat(stream=True)
    assert answer.status == 200
    assert "error" in answer.events[-1]
    assert "[DONE]" not in answer.text


@pytest.mark.parametrize(("polite", "complete"), [(False, False), (True, True)])
def test_a_cut_stream_has_no_end(emulated: Service, polite: bool, complete: bool) -> None:
    """A rude cut drops the connection; a polite one only lacks finish reason and `[DONE]`."""
    break_next(emulated, "cut_stream", after=3, polite=polite)
    answer = emulated.chat(stream=True)
    assert len(answer.events) == 3
    assert answer.complete is complete
    assert emulated.state.limiter.running() == 0


def test_a_plain_answer_is_cut_in_half(emulated: Service) -> None:
    """The announced length never arrives."""
    break_next(emulated, "cut_stream")
    answer = emulated.chat()
    assert 0 < len(answer.body) < int(answer.headers["content-length"])
    assert not answer.complete


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        (Fault(FaultKind.CUT_STREAM), [b"12", Break()]),
        (Fault(FaultKind.STALL, seconds=3), [b"12", Stall(3), b"34"]),
        (Fault(FaultKind.SLOW_FIRST_BYTE, seconds=3), [Stall(3), b"1234"]),
        (Fault(FaultKind.EMPTY_STREAM), [b""]),
        (Fault(FaultKind.MALFORMED_CHUNK), [b"12"]),
        (None, [b"1234"]),
    ],
)
def test_a_fault_changes_the_steps_of_a_plain_answer(fault: Fault | None, steps: list[Any]) -> None:
    """The same kinds mean something for an answer that is not streamed."""
    assert list(disturbed_body(b"1234", fault)) == steps


def test_a_plain_answer_may_be_an_error_after_all(emulated: Service) -> None:
    """An error event without a stream is an error body on a 200."""
    break_next(emulated, "error_event")
    answer = emulated.chat()
    assert answer.status == 200
    assert answer.error["code"] == "server_error"


def test_a_status_may_have_any_body(emulated: Service) -> None:
    """Another service's error can be put into this one's mouth."""
    break_next(emulated, "status", status=402, body='{"error":{"code":402}}')
    answer = emulated.chat()
    assert (answer.status, answer.error) == (402, {"code": 402})


def test_a_slow_first_byte_comes_in_the_end(emulated: Service) -> None:
    """A short pause changes nothing but the time."""
    break_next(emulated, "slow_first_byte", seconds=0.001)
    assert emulated.chat(stream=True).text.endswith("[DONE]\n\n")


def test_an_empty_stream_ends_at_once(emulated: Service) -> None:
    """200, the right content type, and not one event."""
    break_next(emulated, "empty_stream")
    answer = emulated.chat(stream=True)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_server_error_with_retry_after(emulated: Service) -> None:
    """Status and headers are as told."""
    break_next(emulated, "status", status=503, headers={"Retry-After": "7"})
    answer = emulated.chat()
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


def test_a_server_error_without_retry_after(emulated: Service) -> None:
    """The default is a bare 500 with a JSON error."""
    break_next(emulated, "status")
    answer = emulated.chat()
    assert answer.status == 500
    assert "retry-after" not in answer.headers
    assert answer.error["type"] == "server_error"


def test_a_rate_limit_with_given_headers(emulated: Service) -> None:
    """Words from the fault; a header may be replaced, added or left out."""
    headers = {"retry-after": "6m0s", "x-ratelimit-timeremaining": "", "x-extra": "1"}
    members = {"type": "UserByModelByDay", "limit": 50, "span": 86400, "seconds": 5631}
    break_next(emulated, "rate_limit", headers=headers, **members)
    answer = emulated.chat()
    assert answer.error["message"] == (
        "Rate limit of 50 per 86400s exceeded for UserByModelByDay. "
        "Please wait 5631 seconds before retrying."
    )
    assert answer.headers["retry-after"] == "6m0s"
    assert answer.headers["x-extra"] == "1"
    assert "x-ratelimit-timeremaining" not in answer.headers


def test_an_html_page(emulated: Service) -> None:
    """What a proxy in between would say."""
    break_next(emulated, "html_error")
    answer = emulated.chat()
    assert answer.status == 502
    assert answer.headers["content-type"].startswith("text/html")


def test_a_200_that_is_not_json(emulated: Service) -> None:
    """The content type lies."""
    break_next(emulated, "non_json")
    answer = emulated.chat()
    assert answer.status == 200
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(answer.body)


def test_a_200_with_an_error_body(emulated: Service) -> None:
    """The status says success and the body does not."""
    break_next(emulated, "error_in_200")
    answer = emulated.chat(stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.error["code"] == "server_error"


def test_tool_calls_for_ever(emulated: Service) -> None:
    """The model calls its tool again whatever the results say."""
    break_next(emulated, "tool_calls_forever", times=None)
    messages: list[Any] = [{"role": "user", "content": "Hello"}]
    body = {"model": "openai/gpt-4o", "tools": [WEATHER], "messages": messages}
    for _ in range(5):
        answer = emulated.post("/inference/chat/completions", body)
        ((name, _),) = answer.calls
        call = answer.message["tool_calls"][0]
        messages += [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": "no"},
        ]
        assert name == "get_weather"


def test_a_fault_may_be_for_one_model(emulated: Service) -> None:
    """Other models go on as if nothing were wrong."""
    break_next(emulated, "status", model="openai/GPT-4o")
    assert emulated.chat(model="openai/gpt-4.1").status == 200
    assert emulated.chat(model="openai/gpt-4o").status == 500


def test_a_fault_lasts_as_long_as_told(emulated: Service) -> None:
    """Two requests are hit and the third is not; the journal names the fault."""
    break_next(emulated, "status", times=2)
    assert [emulated.chat().status for _ in range(3)] == [500, 500, 200]
    assert [e.fault for e in emulated.state.journal.entries()] == ["status", "status", None]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(1, 3)), max_size=8))
def test_every_fault_strikes_exactly_as_often_as_told(faults: list[Any]) -> None:
    """Faults for a model wait for that model, and none is lost or doubled."""
    queue = FaultQueue()
    for model, times in faults:
        queue.add(Fault(FaultKind.STATUS, times=times, model=model))
    struck = [queue.take("a") for _ in range(40)] + [queue.take("b") for _ in range(40)]
    assert sum(fault is not None for fault in struck) == sum(times for _, times in faults)
    assert queue.pending() == ()


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "earthquake"},
        {},
        {"kind": "stall", "second": 3},
        {"kind": "stall", "seconds": -1},
        {"kind": "status", "times": 0},
        {"kind": "status", "status": 99},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(members: Any) -> None:
    """Wrong kinds, members and numbers are told at once."""
    with pytest.raises(ValueError, match=r"\w"):
        fault_from_json(members)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_faults_survive_the_control_api(kind: FaultKind) -> None:
    """A fault written as JSON reads back as itself."""
    fault = Fault(kind, times=None, model="m", after=3, headers={"a": "b"}, status=503, span=0)
    assert fault_from_json(fault.as_json()) == fault
