"""LangChain's messages say what real servers send, whole and streamed."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure.exceptions import StreamInterruptedError
from tests.harness import DONE, Answer, Service, delta, stream
from tests.integrations.langchain.side_helpers import Side
from tests.wire_case_helpers import (
    TEXT,
    TOOL,
    Case,
    answer_to,
    arguments,
    each_case,
    message,
    piece,
)

both = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


def ask(side: Side, service: Service, *, streamed: bool) -> Any:
    model = side.chat(service, client={"fallback": None}).bind_tools([TOOL])
    return side.stream(model) if streamed else side.invoke(model)


@both
@each_case
def test_a_message_says_it(side: Side, case: Case, streamed: bool) -> None:
    """Valid calls, and no invalid ones."""
    said = ask(side, Service(lambda sent: answer_to(case, sent)), streamed=streamed)
    assert [one["args"] for one in said.tool_calls] == arguments(case)
    assert {one["name"] for one in said.tool_calls} <= {"Answer"}
    assert len({one["id"] for one in said.tool_calls}) == case.calls
    assert not said.invalid_tool_calls
    assert said.content == ("" if case.calls else TEXT)


CUT = ['{"n": 4', '{"n": "a', '{"n": "a\\', '{"n": [4', '{"n": ["a', "", '{"n": 4, "m"']


@both
@pytest.mark.parametrize("finish", ["length", "content_filter", "MAX_TOKENS"])
@pytest.mark.parametrize("written", CUT)
def test_cut_arguments_are_never_valid(
    side: Side, written: str, finish: str, streamed: bool
) -> None:
    """LangChain mends what it can, and a tool would be run with half of them."""
    call = {"id": "a", "function": {"name": "Answer", "arguments": written}}
    pieces = [piece(written, "Answer", index=0, id="a"), delta(finish=finish), DONE]
    whole = Answer(200, message(finish, tool_calls=[call]), {"content-type": "application/json"})
    said = ask(
        side, Service(lambda sent: stream(*pieces) if streamed else whole), streamed=streamed
    )
    assert said.tool_calls == []
    (invalid,) = said.invalid_tool_calls
    assert (invalid["name"], invalid["id"]) == ("Answer", "a")
    assert invalid["args"].startswith(written)


@both
def test_whole_arguments_before_the_limit_are_valid(side: Side, streamed: bool) -> None:
    """The answer was cut behind them."""
    call = {"id": "a", "function": {"name": "Answer", "arguments": TEXT}}
    pieces = [piece(TEXT, "Answer", index=0, id="a"), delta(finish="length"), DONE]
    whole = Answer(200, message("length", tool_calls=[call]), {"content-type": "application/json"})
    said = ask(
        side, Service(lambda sent: stream(*pieces) if streamed else whole), streamed=streamed
    )
    assert [one["args"] for one in said.tool_calls] == [{"n": 4}]


@both
def test_a_failed_answer_is_no_message(side: Side, streamed: bool) -> None:
    """What had come is on the error."""
    pieces = [delta("half"), delta(finish="network_error"), DONE]
    whole = Answer(200, message("network_error", content="half"))
    whole.headers["content-type"] = "application/json"
    service = Service(lambda sent: stream(*pieces) if streamed else whole)
    with pytest.raises(StreamInterruptedError) as caught:
        ask(side, service, streamed=streamed)
    assert caught.value.partial_text == "half"
