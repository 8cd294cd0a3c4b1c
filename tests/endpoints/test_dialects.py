"""The dialects that are known, and those that users write as tables."""

from __future__ import annotations

import copy
import re
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.failure.kinds import FailureKind
from github_models_azure._core.request.fit import SDK, adapt
from github_models_azure._core.route.needs import Operation
from github_models_azure.endpoints import DIALECTS, PRESETS, Dialect, read_dialect
from github_models_azure.endpoints.dialects import dialect_of

BASE = DIALECTS["openai-compatible"]
FIELDS = {field.name for field in fields(Dialect) if field.init} - {"name"}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_goes_by_its_name(name: str) -> None:
    """It prints as that, and is a value that can be hashed, compared and copied."""
    dialect = DIALECTS[name]
    assert f"{dialect}" == dialect.name == name
    assert hash(dialect) == hash(replace(dialect))
    assert replace(dialect) == dialect
    assert copy.deepcopy(dialect) == dialect
    assert f"name={name!r}" in repr(dialect)
    assert dialect_of(name) is dialect
    assert dialect_of(dialect) is dialect


def test_no_two_dialects_are_the_same() -> None:
    """Those without any difference but the name would be one too many, but for servers that are
    told apart by it."""
    alike: dict[Dialect, list[str]] = {}
    for dialect in DIALECTS.values():
        alike.setdefault(replace(dialect, name=""), []).append(dialect.name)
    assert sorted(names for names in alike.values() if len(names) > 1) == [
        ["ollama", "llama-cpp"],
        ["openai-compatible", "openrouter", "together", "litellm", "lm-studio"],
    ]


def test_the_dialects_cannot_be_changed() -> None:
    """Settings add some in a mapping of their own."""
    with pytest.raises(TypeError):
        DIALECTS["mine"] = BASE  # type: ignore[index]


def test_only_these_change_bodies() -> None:
    """All others send what the caller wrote, without even looking at it."""
    assert {name for name, dialect in DIALECTS.items() if dialect.adapts} == {
        "azure-openai", "cerebras", "foundry-local", "gemini", "groq", "llama-cpp",
        "llama-cpp-python", "mistral", "ollama", "openai", "openai-v1", "vllm",
    }  # fmt: skip
    payload = {"messages": [{"role": "developer", "content": [], "x": 1}], "x": 1, "seed": 1}
    for dialect in DIALECTS.values():
        if not dialect.adapts:
            assert adapt(payload, frozenset(), dialect)[0] is payload


def test_only_who_was_made_for_the_sdk_is_sent_its_version() -> None:
    """Azure's own routes need one, GitHub's took it, who is unknown is asked as ever."""
    versions: dict[str, set[str]] = {}
    for name, dialect in DIALECTS.items():
        versions.setdefault(dialect.api_version, set()).add(name)
    assert versions.pop("keep") == {"azure-models", "github", "github-legacy", "unknown"}
    assert versions.pop("2024-12-01-preview") == {"azure-openai"}
    assert set(versions) == {"drop"}


def test_keys_and_scopes_of_the_dialects() -> None:
    """One header for whom one is enough, and Entra's tokens for Azure alone."""
    auth = {name: dialect.auth for name, dialect in DIALECTS.items()}
    assert auth.pop("azure-openai") == "api-key"
    assert {name for name, how in auth.items() if how == "both"} == {"unknown", "azure-models"}
    assert set(auth.values()) == {"both", "bearer"}
    assert {name: d.scope for name, d in DIALECTS.items() if d.scope} == {
        "azure-models": "https://ml.azure.com/.default",
        "azure-openai": "https://cognitiveservices.azure.com/.default",
        "openai-v1": "https://ai.azure.com/.default",
    }


def test_githubs_tiers_hold_for_githubs_dialects() -> None:
    """The legacy one takes the bare names of old."""
    assert {name: d.model_names for name, d in DIALECTS.items() if d.is_github} == {
        "github": "id",
        "github-legacy": "legacy",
    }


def test_the_sdks_own_dialect_is_that_of_the_unknown() -> None:
    """Nothing is known, so nothing is changed."""
    assert DIALECTS["unknown"] is SDK


def test_every_dialect_answers_chats() -> None:
    """Embeddings of images are Azure's and GitHub's alone."""
    for name, dialect in DIALECTS.items():
        assert dialect.path(Operation.CHAT) == "/chat/completions"
        images = dialect.path(Operation.IMAGE_EMBEDDINGS) is not None
        assert images is (dialect.api_version == "keep"), name
    silent = {n for n, d in DIALECTS.items() if d.path(Operation.EMBEDDINGS) is None}
    assert silent == {"cerebras", "copilot", "groq"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_speaks_a_known_dialect(name: str) -> None:
    """Mostly the one of its own name."""
    others = {
        "github-azure": "github-legacy", "ollama-cloud": "ollama", "openai-api": "openai",
    }  # fmt: skip
    assert PRESETS[name].dialect is DIALECTS[others.get(name, name)]


@pytest.mark.parametrize(("value", "error", "told"), [
    ("mistrall", ValueError, "'mistrall' is not a dialect. Known: azure-models, "),
    ("", ValueError, "'' is not a dialect"),
    (None, TypeError, "not NoneType"),
    ({"name": "x"}, TypeError, "not dict"),
])  # fmt: skip
def test_something_else_is_no_dialect(value: Any, error: type[Exception], told: str) -> None:
    """The known names are listed."""
    with pytest.raises(error, match=re.escape(told)):
        dialect_of(value)


# ---- tables


def test_an_empty_table_is_what_everybody_promises() -> None:
    """A server like OpenAI, under its own name."""
    assert read_dialect("mine", {}, DIALECTS) == replace(BASE, name="mine")


def test_a_table_is_like_another_dialect_but_for_what_it_says() -> None:
    """``like`` may name one of the settings' own too."""
    near = read_dialect("near", {"like": "mistral", "tool_ids": "any"}, DIALECTS)
    assert near == replace(DIALECTS["mistral"], name="near", tool_ids="any")
    known = {**DIALECTS, "near": near}
    assert read_dialect("mine", {"like": "near"}, known) == replace(near, name="mine")


FULL: dict[str, Any] = {
    "api_version": "2024-10-21", "auth": "X-Key", "scope": "api://x/.default",
    "tool_ids": "max40", "model_names": "id", "tool_choice": False,
    "routes": {"chat": "/chat", "embeddings": ""}, "renames": {"seed": "random_seed"},
    "error_codes": {"E_LIMIT": "rate_limited"}, "required_headers": ["X-Team"],
    "reset_headers": ["X-Reset"], "drop_headers": ["Extra-Parameters"], "refuses": ["stop"],
    "members": ["messages"], "message_members": ["role"], "call_members": ["id"],
    "text_roles": ["system"], "lacks": ["tools"], "text_calls": "tags",
}  # fmt: skip


def test_a_table_may_say_everything() -> None:
    """Each field of a dialect can be written, and none is forgotten here."""
    assert set(FULL) == FIELDS
    made = read_dialect("mine", FULL, DIALECTS)
    assert made == Dialect(
        name="mine", api_version="2024-10-21", auth="X-Key", scope="api://x/.default",
        tool_ids="max40", model_names="id", tool_choice=False,
        routes={"chat": "/chat", "embeddings": ""}, renames={"seed": "random_seed"},
        error_codes={"e_limit": FailureKind.RATE_LIMITED}, required_headers=("X-Team",),
        reset_headers=("x-reset",), drop_headers=frozenset({"extra-parameters"}),
        refuses=frozenset({"stop"}), members=frozenset({"messages"}),
        message_members=frozenset({"role"}), call_members=frozenset({"id"}),
        text_roles=frozenset({"system"}), lacks=frozenset({"tools"}),
        text_calls="tags",
    )  # fmt: skip
    assert isinstance(hash(made), int)


LISTS = ("required_headers", "reset_headers", "drop_headers", "refuses", "members",
         "message_members", "call_members", "text_roles", "lacks")  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("like", "nobody", "'nobody' is not one of azure-models"),
        ("like", ["mistral"], "['mistral'] is not one of azure-models"),
        ("name", "x", "is not a field of a dialect; the fields are api_version, auth"),
        ("adapts", True, "is not a field"),
        ("apiversion", "drop", "is not a field"),
        *((field, "x", "is a list of strings") for field in LISTS),
        *((field, [1], "is a list of strings") for field in LISTS),
        *((field, {"a": "b"}, "is a list of strings") for field in LISTS),
        *(
            (field, ["a"], "is a table of strings")
            for field in ("routes", "renames", "error_codes")
        ),
        *((field, {"a": 1}, "is a table of strings") for field in ("routes", "renames")),
        *((field, 3, "is a string") for field in ("api_version", "auth", "scope", "tool_ids")),
        ("model_names", None, "is a string"),
        ("text_calls", True, "is a string"),
        ("text_calls", "xml", "'mine' has text_calls 'xml'. It is json, tags, both"),
        ("tool_choice", "no", "is true or false"),
        ("tool_choice", 0, "is true or false"),
        ("lacks", ["json"], "'json' is not a capability; the capabilities are audio, chat"),
        ("error_codes", {"x": "slow"}, "failure kinds are rate_limited, unavailable"),
        ("api_version", "latest", "'mine' has api_version 'latest'. It is keep, drop"),
        ("auth", "a b", "'mine' has auth 'a b'"),
        ("tool_ids", "short", "alnum9, plain40, max40, any"),
        ("model_names", "short", "as-given, id, legacy"),
        ("routes", {"chats": "/x"}, "Known routes are chat, embeddings, image_embeddings"),
        ("routes", {"chat": "x"}, "a path begins with /"),
        ("renames", {"a": "b", "b": "a"}, "renamed in turn"),
    ],
)
def test_a_wrong_value_is_one_clear_line(field: str, value: Any, told: str) -> None:
    """It names the dialect, the field, and what is right."""
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        read_dialect("mine", {field: value}, DIALECTS)
    said = str(caught.value)
    assert "\n" not in said
    assert f"dialects.mine.{field}" in said or f"'mine' has {field} " in said


toml = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(table=st.dictionaries(st.sampled_from([*sorted(FIELDS), "like", "x"]), toml, max_size=3))
@settings(deadline=None, max_examples=300)
def test_any_table_is_a_dialect_or_a_clear_error(table: dict[str, Any]) -> None:
    """Nothing but ``ValueError`` comes of odd tables, and the table stays as it is."""
    before = copy.deepcopy(table)
    with suppress(ValueError):
        made = read_dialect("mine", table, DIALECTS)
        assert isinstance(hash(made), int)
        assert made.name == "mine"
    assert repr(table) == repr(before)
