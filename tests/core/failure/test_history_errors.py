"""From the words in which a history is refused to the request that is sent next.

About `_core/request/history.py`, `_core/request/fit_content.py`, `_core/request/fit_calls.py` and
`_core/request/fit_turns.py` too.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from github_models_azure._core.failure.history_errors import refused_in_history
from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope
from github_models_azure._core.request.fit import adapt
from github_models_azure._core.request.fit_turns import fit_turns
from github_models_azure._core.request.history import (
    EMPTY_CONTENT,
    NULL_BESIDE_CALLS,
    ROLE_ORDER,
    USER_AFTER_TOOL,
)
from github_models_azure._core.request.repairs import lessons_of, repair
from github_models_azure.endpoints import DIALECTS
from tests.core.failure.history_rows import CALLS, ROWS, call, history, result, turn
from tests.core.failure.refusal_helpers import USER
from tests.core.failure.test_refusals import classify


@pytest.mark.parametrize("row", ROWS)
def test_a_refused_history_leads_to_the_fitted_one(row: str) -> None:
    """Read, learnt and fitted; told the same again, nothing more is learnt."""
    status, answer, payload, mended = ROWS[row]
    before = copy.deepcopy(payload)
    failure = classify(status, answer)
    assert (failure.kind, failure.scope) == (FailureKind.WRONG_DIALECT, Scope.TARGET)
    lessons = repair(failure, payload, frozenset(), DIALECTS["unknown"])
    sent, changes = adapt(payload, lessons)
    assert sent == mended
    assert changes
    assert payload == before
    for _ in range(4):  # from missing to null, from null to an empty text, from that to a word
        lessons |= lessons_of(failure, adapt(payload, lessons)[0])
    assert lessons_of(failure, adapt(payload, lessons)[0]) <= lessons


KNOWN = {
    "openai": (
        "OpenAI, tool_calls",
        "OpenAI, audio",
        "OpenAI, null",
        "OpenAI, a name",
        "OpenAI, no",
    ),
    "azure-openai": ("jsonschema, tool_calls", "jsonschema, function_call", "OpenAI, a name with"),
    "openai-v1": ("FastAPI, tool_calls", "OpenAI, no name"),
    "mistral": ("Mistral, a user", "Mistral through", "Mistral, neither"),
    "gemini": ("Google, numbers in", "Google, no parameters", "Google, an empty text", "Vertex"),
    "llama-cpp": ("llama.cpp, cut", "vLLM, no JSON"),
    "vllm": ("vLLM, no JSON", "SGLang, no object"),
    "ollama": ("Ollama, arguments", "SGLang, no object"),
    "llama-cpp-python": ("Cloudflare, null beside", "FastAPI, null beside"),
}


@pytest.mark.parametrize(
    ("dialect", "row"),
    [(dialect, row) for dialect, begun in KNOWN.items() for row in ROWS if row.startswith(begun)],
)
def test_what_is_known_of_a_server_is_fitted_before_it_refuses(dialect: str, row: str) -> None:
    """The dialect does alone what the refusal would teach, ids of its own apart."""
    _, _, payload, mended = ROWS[row]
    sent, changes = adapt(payload, frozenset(), DIALECTS[dialect])
    assert changes
    assert adapt(mended, frozenset(), DIALECTS[dialect])[0] == sent
    for message, fitted in zip(sent["messages"], mended["messages"], strict=True):
        assert message.keys() <= fitted.keys()
        assert message.get("content") == fitted.get("content")


def test_lessons_that_contradict_each_other_leave_a_word() -> None:
    """A server that takes neither null nor an empty text beside calls is told something."""
    payload = history(turn("", **CALLS), result())
    both = frozenset({NULL_BESIDE_CALLS, EMPTY_CONTENT})
    messages: Any = adapt(payload, both)[0]["messages"]
    assert messages[1]["content"] == "(empty)"
    assert adapt(payload, both, replace(DIALECTS["unknown"], message_members={"role"}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Invalid 'messages': empty array. Expected an array with minimum length 1.",
        "Invalid value for 'temperature': expected a number, got null.",
        "The model does not exist.",
        "The prompt is empty",
        "Missing required parameter: 'model'.",
        "",
    ],
)
def test_what_is_about_something_else_is_no_refused_history(text: str) -> None:
    """Other members, the whole list of messages, and what says nothing."""
    assert refused_in_history(text, "", ()) is None


@pytest.mark.parametrize(
    ("param", "lessons"),
    [
        ("messages.0.content", {"messages.content.empty"}),
        ("messages.1.content", {"messages.content.null_beside_calls"}),
        ("messages.2.content", {"messages.content.missing"}),
        ("messages.3.content", {"messages.content.null"}),
        ("messages.1.tool_calls.0.id", {"tool_ids=alnum9"}),
        ("messages.1.tool_calls.1.id", {"tool_ids=max40"}),
        ("messages.1.tool_calls.id", {"tool_ids=max40"}),
        ("messages.2.tool_call_id", {"tool_ids=plain40"}),
        ("messages.1.tool_calls.0.function.arguments", {"messages.tool_calls.function.arguments"}),
        ("messages.3.audio", {"messages.*.empty"}),
        (
            "messages.content.null messages.tool.user",
            {"messages.content.null", "messages.tool.user"},
        ),
        ("schema.enum.numbers", {"schema.enum.numbers"}),
        ("tool_ids=plain40", {"tool_ids=plain40"}),
    ],
)
def test_a_refused_place_is_judged_by_what_stands_there(param: str, lessons: set[str]) -> None:
    """Missing, null, empty, or an id of a shape that is not taken."""
    said = [
        turn(" "),
        turn(None, tool_calls=[call(id="call_1")]),
        {"role": "tool", "tool_call_id": "f:0"},
        turn(None, audio=None),
    ]
    failure = Failure(FailureKind.WRONG_DIALECT, param=param)
    assert lessons_of(failure, {"messages": said}) == lessons


def test_turns_with_calls_are_not_joined() -> None:
    """Only what is nothing but a content can be; a strange message is left alone."""
    said: list[object] = [USER, turn("Hi"), turn("Yes", **CALLS), result(), "odd", "odd"]
    for refused in (ROLE_ORDER, USER_AFTER_TOOL):
        assert fit_turns(said, frozenset({refused})) == (said, [])
    joined, (change,) = fit_turns([turn("Hi"), turn(None)], frozenset({ROLE_ORDER}))
    assert joined == [turn([{"type": "text", "text": "Hi"}])]
    assert change.text == "turns of the assistant in a row joined"
