"""What settings may say of every body and every attempt."""

from __future__ import annotations

from datetime import date
from math import inf, nan
from typing import Any

import pytest

from github_models_azure._core.request.extras import (
    checked_members,
    checked_seconds,
    holds_secret,
    shown,
)

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


SECRETS: dict[str, Any] = {
    "api_key": "sk-1",
    "ApiKey": "sk-1",
    "key": "sk-1",
    "tenant_key": "sk-1",
    "token": "sk-1",
    "access-token": "sk-1",
    "Authorization": "sk-1",
    "password": "sk-1",
    "options": {"deep": [{"client_secret": "sk-1", "n": 1}]},
}


@pytest.mark.parametrize("name", SECRETS)
def test_what_is_named_like_a_secret_is_not_shown(name: str) -> None:
    """Wherever it is in a member."""
    assert holds_secret(name, SECRETS[name])
    assert "sk-1" not in shown(name, SECRETS[name])
    assert "..." in shown(name, SECRETS[name])


@pytest.mark.parametrize(
    "member",
    [
        {"max_tokens": 5},
        {"author": "me"},
        {"prompt_cache_key": "a"},
        {"stop_token_ids": [1, [2]]},
        {"options": {"keyboard": "de", "tokens": ["a"]}},
    ],
)
def test_other_members_are_shown_as_they_are(member: dict[str, Any]) -> None:
    """A name that only sounds like a secret's is none."""
    ((name, value),) = member.items()
    assert not holds_secret(name, value)
    assert shown(name, value) == f"{name}={value!r}"
