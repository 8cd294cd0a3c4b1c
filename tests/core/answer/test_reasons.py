"""A finish reason that means failure is one, whole or streamed, before content and after it."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure._core.answer.reader import AnswerReader
from github_models_azure._core.answer.reasons import failed_reason, is_cut, reason_text
from github_models_azure._core.answer.stages import AnswerFault
from github_models_azure._core.failure.kinds import FailureKind

FAILED: list[Any] = [
    "error",
    "insufficient_system_resource",
    "MALFORMED_FUNCTION_CALL",
    "function_call_filter: MALFORMED_FUNCTION_CALL",
    "network_error",
    "networkError",
    "MALFORMED_RESPONSE",
    "UNEXPECTED_TOOL_CALL",
    "unexpectedToolCall",
    "TOO_MANY_TOOL_CALLS",
    "internal-server-error",
    "abort",
    "cancelled",
    "timeout",
    "timed_out",
    "engine_overloaded",
    {"type": "abort", "message": "shut down"},
]
MEANT = ["stop", "length", "tool_calls", "content_filter", "end_turn", "sensitive", "OTHER", "", 7]
FILLED: list[dict[str, Any]] = [
    {"content": "half"},
    {"reasoning_content": "hm"},
    {"refusal": "I will"},
    {"audio": {"id": "1"}},
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]},
]
EMPTY: list[dict[str, Any]] = [{}, {"content": ""}, {"content": None, "tool_calls": []}]


def choice(reason: Any, member: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    inner = {"index": 0, member: {"role": "assistant", **said}, "finish_reason": reason, **more}
    return {"id": "1", "choices": [inner]}


def whole(reason: Any, said: dict[str, Any], **more: Any) -> AnswerFault | None:
    try:
        AnswerReader().whole(choice(reason, "message", said, **more))
    except AnswerFault as fault:
        return fault
    return None


def streamed(reason: Any, said: dict[str, Any], **more: Any) -> tuple[AnswerFault | None, bool]:
    """The fault at the end of a stream, and whether content had come by then."""
    reader = AnswerReader()
    reader.update(choice(None, "delta", said))
    begun = reader.has_content
    try:
        reader.update(choice(reason, "delta", {}, **more))
    except AnswerFault as fault:
        return fault, begun
    return None, begun


@pytest.mark.parametrize("said", EMPTY + FILLED)
@pytest.mark.parametrize("reason", FAILED, ids=str)
def test_a_reason_that_means_failure(reason: Any, said: dict[str, Any]) -> None:
    """The fault says whether the answer had begun: then nobody else may be asked."""
    fault, (later, begun) = whole(reason, said), streamed(reason, said)
    assert fault is not None
    assert later is not None
    assert fault.failure.kind is later.failure.kind is FailureKind.BAD_STREAM
    assert (fault.partial is not None, begun) == (said in FILLED,) * 2
    assert fault.partial in (None, said.get("content") or "")


@pytest.mark.parametrize("native", ["network_error", "MALFORMED_FUNCTION_CALL", "server_error"])
@pytest.mark.parametrize("reason", ["stop", "tool_calls", None, "length"])
def test_the_servers_own_word_counts(native: str, reason: str | None) -> None:
    """Whatever a gateway made of it."""
    more = {"native_finish_reason": native}
    assert whole(reason, {}, **more)
    assert streamed(reason, {}, **more)[0]


@pytest.mark.parametrize("reason", MEANT, ids=str)
def test_other_reasons_are_ends(reason: Any) -> None:
    """Unknown ones too."""
    assert whole(reason, {"content": "x"}) is None
    assert streamed(reason, {"content": "x"})[0] is None
    assert failed_reason({"finish_reason": reason, "native_finish_reason": "STOP"}) is None


def test_the_text_is_that_of_the_first_choice() -> None:
    """Where another one failed."""
    first: Any = {"index": 0, "message": {"content": "whole"}, "finish_reason": "stop"}
    second: Any = {"index": 1, "message": None, "finish_reason": "error"}
    with pytest.raises(AnswerFault) as caught:
        AnswerReader().whole({"choices": [first, second]})
    assert caught.value.partial == "whole"
    with pytest.raises(AnswerFault) as caught:
        AnswerReader().whole({"choices": [second, first]})
    assert caught.value.partial == ""


def test_reasons_become_text() -> None:
    """The text in an object, else JSON; nothing can break that."""
    told = [{"reason": "length"}, {"a": 1}, 7, "x", {1, 2}]
    assert [reason_text(one) for one in told] == ["length", "stop", "7", "x", "stop"]
    filtered = ("content_filter: SAFETY", {"type": "length"}, {"type": "stop"}, False, ["length"])
    assert [is_cut(one) for one in filtered] == [True, True, False, False, True]
    assert [is_cut(one) for one in (None, "length", "MAX_TOKENS", "stop", "tool_calls")] == [
        True, True, True, False, False,
    ]  # fmt: skip
