"""The values of a dialect: what each may be, and how a wrong one is told."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from github_models_azure._core.failure.kinds import FailureKind
from github_models_azure._core.request.dialect import CAPABILITIES, ROUTES, TOOL_IDS, Dialect
from github_models_azure._core.route.needs import ModelFacts, Operation


def test_a_plain_dialect_is_what_the_sdk_does() -> None:
    """Nothing is dropped, renamed or refused, and every operation is served where the SDK asks."""
    plain = Dialect(name="plain")
    assert not plain.adapts
    assert not plain.is_github
    assert (plain.api_version, plain.auth, plain.tool_ids) == ("keep", "both", "any")
    assert [plain.path(operation) for operation in Operation] == [
        "/chat/completions", "/embeddings", "/images/embeddings",
    ]  # fmt: skip
    assert str(plain) == f"{plain}" == "plain"


@pytest.mark.parametrize(
    ("values", "adapts"),
    [
        ({"renames": {"a": "b"}}, True),
        ({"refuses": frozenset({"seed"})}, True),
        ({"members": frozenset()}, True),
        ({"message_members": frozenset()}, True),
        ({"call_members": frozenset()}, True),
        ({"text_roles": frozenset({"system"})}, True),
        ({"tool_ids": "max40"}, True),
        ({"api_version": "drop", "auth": "bearer", "tool_choice": False}, False),
        ({"lacks": {"tools"}, "drop_headers": {"x"}, "routes": {"embeddings": ""}}, False),
    ],
)
def test_a_dialect_knows_whether_it_changes_bodies(values: dict[str, Any], adapts: bool) -> None:
    """Where it changes none, the body is not even looked at."""
    assert Dialect(name="d", **values).adapts is adapts


def test_a_dialect_is_a_value() -> None:
    """It can be compared, hashed, printed and replaced, and not be changed."""
    made = Dialect(name="d", renames={"a": "b"}, error_codes={"X": FailureKind.AUTH})
    same = Dialect(name="d", renames={"a": "b"}, error_codes={"x": FailureKind.AUTH})
    assert made == same
    assert hash(made) == hash(same)
    assert made != replace(made, renames={})
    assert "renames={'a': 'b'}" in repr(made)
    assert replace(made, refuses=frozenset({"seed"})).adapts
    with pytest.raises(FrozenInstanceError):
        made.auth = "bearer"  # type: ignore[misc]


@pytest.mark.parametrize(
    "version",
    ["keep", "drop", "v1", "preview", "2024-10-21", "2024-05-01-preview"],
)
def test_a_version_is_a_date_or_a_word(version: str) -> None:
    """What Azure takes, and the two words for what becomes of the caller's."""
    assert Dialect(name="d", api_version=version).api_version == version


@pytest.mark.parametrize(
    ("field", "value", "shown", "advice"),
    [
        ("api_version", "", "''", "keep, drop, or a version"),
        ("api_version", "2024-10", "'2024-10'", "keep, drop, or a version"),
        ("api_version", "2024-10-21&x=1", "'2024-10-21&x=1'", "keep, drop, or a version"),
        ("api_version", 3, "3", "keep, drop, or a version"),
        ("api_version", None, "None", "keep, drop, or a version"),
        ("auth", "", "''", "the name of a header"),
        ("auth", "x key", "'x key'", "the name of a header"),
        ("auth", "x\r\ny", r"'x\r\ny'", "the name of a header"),
        ("auth", None, "None", "the name of a header"),
        ("tool_ids", "long", "'long'", ", ".join(TOOL_IDS)),
        ("model_names", "given", "'given'", "as-given, id, legacy"),
        ("text_calls", "xml", "'xml'", "json, tags, both, or empty"),
        ("routes", {"chats": "/x"}, "'chats'", ", ".join(ROUTES)),
        ("routes", {"chat": "x"}, "'x'", "begins with /"),
        ("routes", {"chat": "/x?y"}, "'/x?y'", "begins with /"),
        ("routes", {"chat": None}, "None", "begins with /"),
        ("renames", {"a": "b", "b": "c"}, "'b'", "renamed in turn"),
        ("renames", {"a": "a"}, "'a'", "renamed in turn"),
        ("refuses", "seed", "'seed'", "a set of names"),
        ("members", "seed", "'seed'", "a set of names"),
        ("lacks", {"json"}, "'json'", "json_schema"),
        ("lacks", "tools", "'tools'", "json_schema"),
        ("required_headers", "X-Mine", "'X-Mine'", "a tuple of names"),
        ("reset_headers", "X-Mine", "'X-Mine'", "a tuple of names"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_right(
    field: str, value: Any, shown: str, advice: str
) -> None:
    """One line: the dialect, the field, the value, what it may be."""
    with pytest.raises(ValueError, match=re.escape(f"'mine' has {field} {shown}. ")) as caught:
        Dialect(name="mine", **{field: value})
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_error_code_means_a_failure_kind() -> None:
    """Codes are compared in lower case; a kind may be given by its value, and must be known."""
    made = Dialect(name="d", error_codes={"E_Limit": "rate_limited"})  # type: ignore[dict-item]
    assert made.error_codes == {"e_limit": FailureKind.RATE_LIMITED}
    assert made.error_codes["e_limit"] is FailureKind.RATE_LIMITED
    with pytest.raises(ValueError, match="'slow' is not a valid FailureKind"):
        Dialect(name="d", error_codes={"x": "slow"})  # type: ignore[dict-item]


def test_names_of_headers_are_compared_in_lower_case() -> None:
    """However they are written, as headers are."""
    made = Dialect(name="d", drop_headers={"Extra-Parameters"}, reset_headers=("X-Reset",))  # type: ignore[arg-type]
    assert made.drop_headers == {"extra-parameters"}
    assert made.reset_headers == ("x-reset",)


def test_any_collection_of_names_is_taken() -> None:
    """A list is as good as a set, and the value can be hashed all the same."""
    made = Dialect(name="d", refuses=["seed"], members=("a",), required_headers=["X"])  # type: ignore[arg-type]
    assert (made.refuses, made.members, made.required_headers) == ({"seed"}, {"a"}, ("X",))
    assert isinstance(hash(made), int)


def test_a_route_may_be_another_or_none() -> None:
    """An empty path is one that is not served."""
    made = Dialect(name="d", routes={"chat": "/v2/chat", "embeddings": ""})
    assert made.path(Operation.CHAT) == "/v2/chat"
    assert made.path(Operation.EMBEDDINGS) is None
    assert made.path(Operation.IMAGE_EMBEDDINGS) == "/images/embeddings"


def test_capabilities_are_the_facts_that_are_no_numbers() -> None:
    """Each can be made false in the facts of a model, as route planning does."""
    facts = ModelFacts(**dict.fromkeys(CAPABILITIES, False))
    assert facts.tools is False
    assert {"chat", "images", "json_schema", "tools"} <= CAPABILITIES
    assert not {"input_tokens", "rejects", "forced_choice"} & CAPABILITIES


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        ("alnum9", ["abcDEF123"], ["", "abcDEF12", "abcDEF1234", "abcDEF12_", "abcDEF12é"]),
        ("max40", ["x", "call_1", "x" * 40, "é\n" * 20], ["", "x" * 41]),
        ("any", ["", "x" * 99, "\n"], []),
    ],
)
def test_the_shapes_of_ids(shape: str, good: list[str], bad: list[str]) -> None:
    """What Mistral and OpenAI take, and everybody else."""
    assert all(TOOL_IDS[shape].fullmatch(value) for value in good)
    assert not any(TOOL_IDS[shape].fullmatch(value) for value in bad)


@pytest.mark.parametrize(
    ("names", "expected"), [("as-given", False), ("id", True), ("legacy", True)]
)
def test_githubs_names_come_with_githubs_tiers(names: str, expected: bool) -> None:
    """Elsewhere neither holds."""
    assert Dialect(name="d", model_names=names).is_github is expected
