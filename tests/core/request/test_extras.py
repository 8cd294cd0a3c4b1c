"""What settings may say of every body and every attempt."""

from __future__ import annotations

from datetime import date
from math import inf, nan
from typing import Any

import pytest

from github_models_azure._core.request.extras import checked_members, checked_seconds

DEEP: Any = 1
for _ in range(40):
    DEEP = [DEEP]


def test_members_are_any_json() -> None:
    """As they are written."""
    members = {"a": None, "b": [1, 2.5, ("x", True)], "c": {"d": {"e": []}}}
    assert checked_members(members) == members


@pytest.mark.parametrize(
    ("members", "error", "says"),
    [
        ([], TypeError, "is a table of members"),
        ("x", TypeError, "is a table of members"),
        ({"model": "x"}, ValueError, "has 'model', which only the call itself may say"),
        ({"messages": []}, ValueError, "no settings say input, messages, model, stream"),
        ({"stream": True}, ValueError, "has 'stream'"),
        ({"input": "x"}, ValueError, "has 'input'"),
        ({"": 1}, ValueError, "a name is a text"),
        ({3: 1}, ValueError, "a name is a text"),
        ({"day": date(2026, 1, 1)}, TypeError, "has 'day' with a value that JSON does not have"),
        ({"a": {"b": [nan]}}, TypeError, "has 'a'"),
        ({"a": {1: 2}}, TypeError, "has 'a'"),
        ({"a": DEEP}, TypeError, "has 'a'"),
        ({"a": b"x"}, TypeError, "has 'a'"),
    ],
)
def test_other_members_are_refused(members: Any, error: type[Exception], says: str) -> None:
    """With what is wrong, and which one it is."""
    with pytest.raises(error, match=says):
        checked_members(members)


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (True, TypeError),
        ("5", TypeError),
        (None, TypeError),
        (0, ValueError),
        (-1, ValueError),
        (inf, ValueError),
        (nan, ValueError),
    ],
)
def test_a_timeout_is_a_number_of_seconds(seconds: Any, error: type[Exception]) -> None:
    """More than none, and finite."""
    assert checked_seconds(0.5) == 0.5
    with pytest.raises(error, match="timeout is "):
        checked_seconds(seconds)
