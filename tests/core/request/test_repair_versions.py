"""What a review with fresh eyes broke in the pure parts, and must not break again."""

from __future__ import annotations

import pickle
from copy import copy
from typing import Any

import pytest

from github_models_azure._core.answer.demands import ForcedCall
from github_models_azure._core.failure.kinds import Failure, FailureKind
from github_models_azure._core.request import fit_messages as history
from github_models_azure._core.request.fit import adapt
from github_models_azure._core.request.repairs import lessons_of
from github_models_azure.endpoints import DIALECTS, Endpoint
from tests.core.answer.framed import FramedReader
from tests.harness import DONE, delta

CALL = {"id": "call-1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TURNS = [
    {"role": "assistant", "content": "x", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call-1", "content": "y"},
]


@pytest.mark.parametrize(
    ("param", "learnt"),
    [
        ("messages.0.content,role,tool_calls", set()),
        ("messages.1.tool_call_id,name", {"messages.name"}),
        (
            "messages.0.tool_calls.0.function,id,extra_content",
            {"messages.tool_calls.extra_content"},
        ),
    ],
)
def test_no_refusal_empties_a_message(param: str, learnt: set[str]) -> None:
    """What a message or a call consists of is never left out, whoever asks for it."""
    failure = Failure(FailureKind.WRONG_DIALECT, param=param)
    assert lessons_of(failure, {"model": "m", "messages": TURNS}) == learnt


def test_new_ids_are_told_from_one_growing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set made anew for each id took twelve seconds for a history of eight thousand calls."""
    sets: list[set[str]] = []
    make = history._new_id

    def noted(given: str, taken: set[str]) -> str:
        sets.append(taken)
        return make(given, taken)

    monkeypatch.setattr(history, "_new_id", noted)
    made = [{**CALL, "id": f"call_abcdefgh{number}"} for number in range(50)]
    said = [{"role": "assistant", "tool_calls": [call]} for call in made]
    adapted, _ = adapt({"model": "m", "messages": said}, frozenset(), DIALECTS["mistral"])
    messages: Any = adapted["messages"]
    assert len({message["tool_calls"][0]["id"] for message in messages}) == 50
    assert len(sets) == 50
    assert all(one is sets[0] for one in sets)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_was_cut_has_not_ignored_the_demand(reason: str) -> None:
    """A filter and a limit have their own name; another target is not to be asked for them."""
    message = {"role": "assistant", "content": "I would"}
    cut = {"choices": [{"index": 0, "finish_reason": reason, "message": message}]}
    assert ForcedCall("f").whole(cut) is cut
    reader = FramedReader(demanded="f")
    out = b"".join([reader.feed(delta("I would")), reader.feed(delta(finish=reason) + DONE)])
    assert reader.has_content
    assert out.count(b"data: ") == 3


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_endpoints_travel_between_processes(name: str) -> None:
    """A list of targets may be given to workers of a pool."""
    headers = dict.fromkeys(DIALECTS[name].required_headers, "x")
    endpoint = Endpoint("e", "https://e.example/v1", "key", name, headers=headers)
    assert pickle.loads(pickle.dumps(endpoint)) == endpoint
    assert copy(endpoint.dialect) == endpoint.dialect
