"""Fitting a body to what a target refuses, and saying what was changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings

from github_models_azure._core.request.dialect import Dialect
from github_models_azure._core.request.fit import ESSENTIAL, RENAMES, SDK, adapt, droppable
from github_models_azure._core.trail_events import Change
from github_models_azure.endpoints import DIALECTS
from tests.core.body_helpers import bodies, dialects, lessons, nested

MISTRAL = DIALECTS["mistral"]


def said(*roles: str) -> list[dict[str, str]]:
    return [{"role": role, "content": "x"} for role in roles]


def dropped(text: str, *, lossy: bool = True) -> Change:
    return Change(f"{text} dropped", lossy)


@pytest.mark.parametrize(
    ("body", "rejects", "adapted", "changes"),
    [
        (
            {"max_tokens": 5},
            {"max_tokens"},
            {"max_completion_tokens": 5},
            [Change("max_tokens sent as max_completion_tokens")],
        ),
        (
            {"max_completion_tokens": 5},
            {"max_completion_tokens"},
            {"max_tokens": 5},
            [Change("max_completion_tokens sent as max_tokens")],
        ),
        (
            {"max_tokens": 5, "max_completion_tokens": 6},
            {"max_tokens"},
            {"max_completion_tokens": 6},
            [dropped("max_tokens=5")],
        ),
        (
            {"max_tokens": 5},
            {"max_tokens", "max_completion_tokens"},
            {},
            [dropped("max_tokens=5")],
        ),
        (
            {"temperature": 0.5, "top_p": 1},
            {"temperature", "system"},
            {"top_p": 1},
            [dropped("temperature=0.5")],
        ),
        ({"stop": ["x" * 100]}, {"stop"}, {}, [dropped("stop=" + repr(["x" * 100])[:40])]),
        ({"never_heard_of": 1}, {"never_heard_of"}, {}, [dropped("never_heard_of=1")]),
        (
            {"tool_choice": "auto", "response_format": {"type": "text"}},
            {"tool_choice", "response_format"},
            {},
            [
                dropped("tool_choice='auto'", lossy=False),
                dropped("response_format={'type': 'text'}", lossy=False),
            ],
        ),
        (
            {"messages": said("system", "developer", "system"), "seed": 1},
            {"system", "developer", "seed"},
            {"messages": said("user", "user", "user")},
            [
                dropped("seed=1"),
                Change("role system sent as user"),
                Change("role developer sent as user"),
            ],
        ),
        (
            {"tools": [{"function": {"parameters": {"title": "T", "minItems": 1}}}]},
            {"schema.title", "schema.minItems"},
            {"tools": [{"function": {"parameters": {}}}]},
            [
                Change("schema keyword minItems dropped", lossy=True),
                Change("schema keyword title dropped"),
            ],
        ),
    ],
)
def test_what_a_target_refuses_is_changed_and_declared(
    body: dict[str, Any], rejects: set[str], adapted: dict[str, Any], changes: list[Change]
) -> None:
    """Renamed where nothing is lost, else dropped; messages and schemas are fitted inside."""
    assert adapt(body, frozenset(rejects)) == (adapted, tuple(changes))


@pytest.mark.parametrize(
    ("body", "rejects"),
    [
        ({"temperature": 1}, set()),
        ({"temperature": 1}, {"top_p", "max_tokens", "api-version", "api-version=2024-10-21"}),
        ({"messages": said("user")}, {"system", "developer"}),
        ({"tools": [1]}, {"tools", "schema.const"}),
        ({"tool_choice": "required"}, {"tool_choice"}),
        ({"response_format": {"type": "json_object"}}, {"response_format", "schema.const"}),
        ({"messages": said("user")}, {"messages"}),
        ({"messages": "odd"}, {"system"}),
        ({"messages": ["odd", {"content": "x"}, {"role": 3}, {"role": ["system"]}]}, {"system"}),
        ({"input": ["a"]}, {"system"}),
    ],
)
def test_what_fits_or_must_not_be_lost_is_left_as_it_is(
    body: dict[str, Any], rejects: set[str]
) -> None:
    """The very same object comes back, so that nothing is copied for nothing."""
    same, changes = adapt(body, frozenset(rejects))
    assert same is body
    assert changes == ()


@pytest.mark.parametrize(
    ("body", "rejects", "adapted"),
    [
        ({"messages": [], "seed": 1, "top_k": 2}, set(), {"messages": [], "random_seed": 1}),
        ({"messages": [], "max_completion_tokens": 1}, set(), {"messages": [], "max_tokens": 1}),
        ({"messages": [], "max_tokens": 1}, {"max_tokens"}, {"messages": []}),
        ({"messages": [], "max_completion_tokens": 1}, {"max_tokens"}, {"messages": []}),
        ({"messages": [], "seed": 1, "random_seed": 2}, set(), {"messages": [], "random_seed": 2}),
        ({"messages": [], "seed": 1}, {"random_seed"}, {"messages": []}),
        ({"messages": [], "audio": {}}, set(), {"messages": [], "audio": {}}),
        ({"input": "x", "top_k": 2}, set(), {"input": "x", "top_k": 2}),
        ({"input": "x", "seed": 2}, set(), {"input": "x", "random_seed": 2}),
    ],
)
def test_a_server_that_knows_few_members_is_sent_those(
    body: dict[str, Any], rejects: set[str], adapted: dict[str, Any]
) -> None:
    """Mistral's list holds for chats; what says what is asked stays, for the server to judge."""
    assert adapt(body, frozenset(rejects), MISTRAL)[0] == adapted


def test_no_member_takes_the_place_of_another() -> None:
    """Two members that would come to bear one name: the first has it, the loss is declared."""
    dialect = Dialect(name="d", renames={"a": "x", "b": "x", "max_tokens": "max_completion_tokens"})
    body = {"a": 1, "b": 2}
    assert adapt(body, frozenset(), dialect) == (
        {"x": 1},
        (Change("a sent as x"), dropped("b=2")),
    )


def test_no_member_is_sent_under_a_name_that_is_not_known_there() -> None:
    """Where ``max_completion_tokens`` goes by another name, it is no way out for ``max_tokens``."""
    dialect = Dialect(name="d", renames={"max_completion_tokens": "most"})
    adapted, changes = adapt({"max_tokens": 5}, frozenset({"max_tokens"}), dialect)
    assert (adapted, changes) == ({}, (dropped("max_tokens=5"),))


def test_a_limit_of_tokens_is_renamed_for_who_knows_the_other_name_only() -> None:
    """``max_tokens`` and ``max_completion_tokens`` mean nearly the same; neither is lost."""
    dialect = Dialect(name="d", members=frozenset({"messages", "max_tokens"}))
    body = {"messages": [], "max_completion_tokens": 7}
    adapted, changes = adapt(body, frozenset(), dialect)
    assert adapted == {"messages": [], "max_tokens": 7}
    assert not any(change.lossy for change in changes)


def test_the_sdk_dialect_changes_nothing() -> None:
    """Where nothing is known, the body goes out as the SDK wrote it."""
    body = {"messages": said("developer"), "max_tokens": 1, "x": 2}
    assert adapt(body, frozenset()) == (body, ())
    assert not SDK.adapts


def test_a_value_nested_as_deep_as_a_parser_goes_is_dropped_all_the_same() -> None:
    """Its text in the trail is an ellipsis."""
    deep: Any = []
    for _ in range(200_000):
        deep = [deep]
    adapted, changes = adapt({"metadata": deep}, frozenset({"metadata"}))
    assert adapted == {}
    assert changes == (dropped("metadata=..."),)


@pytest.mark.parametrize("levels", [1, 50, 200, 2000])
def test_a_schema_nested_too_deep_is_no_error(levels: int) -> None:
    """What lies deeper than servers take is sent as it stands; nothing raises."""
    body = {"tools": [{"function": {"parameters": nested(levels)}}], "seed": 1}
    adapted, changes = adapt(body, frozenset({"schema.const", "seed"}))
    found = Change("schema keyword const sent as enum") in changes
    assert found is (levels < 64)
    assert "seed" not in adapted


@given(body=bodies, rejects=lessons, dialect=dialects)
@settings(deadline=None, max_examples=200)
def test_adapting_never_raises_and_never_touches_the_original(
    body: Any, rejects: frozenset[str], dialect: Dialect
) -> None:
    """Whatever the body holds: the next target is sent what the caller wrote."""
    before = copy.deepcopy(body)
    adapted, changes = adapt(body, rejects, dialect)
    assert body == before
    assert (adapted is body) == (not changes)
    assert bool(changes) == (adapted != body)
    assert len({change.text for change in changes}) == len(changes)


@given(body=bodies, rejects=lessons, dialect=dialects)
@settings(deadline=None, max_examples=200)
def test_adapting_twice_changes_nothing_more(
    body: Any, rejects: frozenset[str], dialect: Dialect
) -> None:
    """What was adapted already fits."""
    adapted, _ = adapt(body, rejects, dialect)
    again, changes = adapt(adapted, rejects, dialect)
    assert again is adapted
    assert changes == ()


@given(body=bodies, rejects=lessons, dialect=dialects)
@settings(deadline=None)
def test_nothing_is_left_that_could_have_been_mended(
    body: Any, rejects: frozenset[str], dialect: Dialect
) -> None:
    """No refused member that may be left out remains, and none that may not is lost."""
    adapted, _ = adapt(body, rejects, dialect)
    refused = rejects | dialect.refuses
    assert not {name for name in adapted if name in refused and droppable(name, adapted[name])}
    assert not refused & RENAMES.keys() & adapted.keys()
    kept = {name for name in body if not droppable(name, body[name])} - dialect.renames.keys()
    assert kept <= adapted.keys()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("temperature", 1, True),
        ("never_heard_of", None, True),
        ("tool_choice", "auto", True),
        ("tool_choice", "none", False),
        ("response_format", {"type": "text"}, True),
        ("response_format", {"type": "json_object"}, False),
        *((name, object(), False) for name in sorted(ESSENTIAL)),
    ],
)
def test_only_what_does_not_say_what_is_asked_is_droppable(
    name: str, value: object, expected: bool
) -> None:
    """Members unknown to us are settings; those that bear the question never go."""
    assert droppable(name, value) is expected
