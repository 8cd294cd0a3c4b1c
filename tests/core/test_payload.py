"""Fitting a body to what a target refuses, and saying what was changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.payload import DROPPABLE, RENAMES, Change, adapt, repairable

ROLES = ("system", "developer", "user", "assistant")
NAMES = [*sorted(DROPPABLE)[:6], *RENAMES, *ROLES[:2], "model", "odd"]

messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(ROLES), "content": st.text(max_size=3)})
    | st.text(max_size=3),
    max_size=4,
)
bodies = st.fixed_dictionaries(
    {"messages": messages},
    optional={name: st.integers() | st.text(max_size=5) for name in NAMES if name not in ROLES},
)


def said(*roles: str) -> list[dict[str, str]]:
    return [{"role": role, "content": "x"} for role in roles]


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
            [Change("max_tokens=5 dropped", lossy=True)],
        ),
        (
            {"max_tokens": 5},
            {"max_tokens", "max_completion_tokens"},
            {},
            [Change("max_tokens=5 dropped", lossy=True)],
        ),
        (
            {"temperature": 0.5, "top_p": 1},
            {"temperature"},
            {"top_p": 1},
            [Change("temperature=0.5 dropped", lossy=True)],
        ),
        (
            {"stop": ["x" * 100]},
            {"stop"},
            {},
            [Change("stop=" + repr(["x" * 100])[:40] + " dropped", lossy=True)],
        ),
        (
            {"messages": said("system", "user")},
            {"system"},
            {"messages": said("developer", "user")},
            [Change("role system sent as developer")],
        ),
        (
            {"messages": said("developer")},
            {"developer"},
            {"messages": said("system")},
            [Change("role developer sent as system")],
        ),
        (
            {"messages": said("system", "developer", "system")},
            {"system", "developer"},
            {"messages": said("user", "user", "user")},
            [Change("role developer sent as user"), Change("role system sent as user")],
        ),
    ],
)
def test_what_a_target_refuses_is_changed_and_declared(
    body: dict[str, Any], rejects: set[str], adapted: dict[str, Any], changes: list[Change]
) -> None:
    """Renamed where nothing is lost, else dropped; roles take the nearest one allowed."""
    assert adapt(body, frozenset(rejects)) == (adapted, tuple(changes))


@pytest.mark.parametrize(
    ("body", "rejects"),
    [
        ({"temperature": 1}, set()),
        ({"temperature": 1}, {"top_p", "max_tokens"}),
        ({"messages": said("user")}, {"system", "developer"}),
        ({"tools": [1]}, {"tools"}),
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


@given(body=bodies, rejects=st.frozensets(st.sampled_from(NAMES)))
def test_adapting_never_touches_the_original(body: Any, rejects: frozenset[str]) -> None:
    """The caller's body goes to the next target as the caller wrote it."""
    before = copy.deepcopy(body)
    adapt(body, rejects)
    assert body == before


@given(body=bodies, rejects=st.frozensets(st.sampled_from(NAMES)))
def test_adapting_twice_changes_nothing_more(body: Any, rejects: frozenset[str]) -> None:
    """What was adapted already fits."""
    adapted, _ = adapt(body, rejects)
    again, changes = adapt(adapted, rejects)
    assert again is adapted
    assert changes == ()


@given(body=bodies, rejects=st.frozensets(st.sampled_from(NAMES)))
def test_nothing_is_left_that_could_have_been_mended(body: Any, rejects: frozenset[str]) -> None:
    """After adapting, no droppable member and no role that is refused remains."""
    adapted, changes = adapt(body, rejects)
    assert not rejects & (DROPPABLE | RENAMES.keys()) & adapted.keys()
    roles = {message["role"] for message in adapted["messages"] if isinstance(message, dict)}
    assert not roles & rejects & {"system", "developer"}
    assert bool(changes) == (adapted != body)


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("temperature", True),
        ("max_tokens", True),
        ("stream_options.include_usage", True),
        ("top_p", False),
        ("messages", False),
        ("messages.0.role", False),
        ("", False),
        (None, False),
    ],
)
def test_only_what_was_sent_can_be_repaired(param: str | None, expected: bool) -> None:
    """A refused member can be mended where it is in the body and may be renamed or dropped."""
    body = {"temperature": 1, "max_tokens": 2, "stream_options": {}, "messages": []}
    assert repairable(param, body) is expected


def test_a_body_without_messages_gets_none() -> None:
    """Adapting adds no member that was not there."""
    adapted, _ = adapt({"temperature": 1}, frozenset({"temperature", "system"}))
    assert adapted == {}
